internal import Foundation
internal import Reports

/// The secrets that the process was given: in its arguments, which every user of the machine can
/// read in the list of processes, and in its environment.
enum SecretArguments {
    /// Writes stars over those of the arguments, in the memory that the system shows as the
    /// command line; what is parsed is a copy.
    static func hide() {
        _ = given
        let arguments = CommandLine.arguments
        for index in arguments.indices {
            guard let original = CommandLine.unsafeArgv[index] else { continue }
            for place in SecretText.secrets(in: arguments[index]).joined() {
                original[place] = CChar(bitPattern: UInt8(ascii: "*"))
            }
        }
    }

    /// `text` without secrets: those that were given, wherever they appear,
    /// and whatever looks like one.
    static func masked(_ text: String) -> String {
        var text = text
        for (secret, shown) in given where text.utf8.count >= secret.utf8.count {
            text = replacing(secret, with: shown, in: text)
        }
        return SecretText.masked(text)
    }

    /// Fewer bytes may be a word of any sentence.
    private static let leastLength = 6

    /// What is replaced and by what, whole values first.
    private static let given: [(secret: String, shown: String)] = {
        let environment = ProcessInfo.processInfo.environment
        var values: Set<String> = []
        var secrets: Set<String> = []
        for value in CommandLine.arguments + environment.values {
            let places = SecretText.secrets(in: value)
            guard !places.isEmpty else { continue }
            values.insert(value)
            let bytes = Array(value.utf8)
            for place in places {
                let parts = bytes[place].split(separator: UInt8(ascii: ":"), maxSplits: 1)
                secrets.formUnion(
                    // What comes before a colon is a user's name, or a key.
                    ([bytes[place]] + parts.dropFirst()).map {
                        String(decoding: $0, as: UTF8.self)
                    }
                )
            }
        }
        for (name, value) in environment where SecretText.isTelling(name) { secrets.insert(value) }
        secrets.formUnion(secrets.compactMap(\.removingPercentEscapes))
        let long = secrets.filter { $0.utf8.count >= leastLength }
        return values.sorted(by: isLonger).map { ($0, SecretText.masked(value: $0)) }
            + long.sorted(by: isLonger).map { ($0, SecretText.mask) }
    }()

    private static func isLonger(_ left: String, _ right: String) -> Bool {
        (right.utf8.count, left) < (left.utf8.count, right)
    }

    /// `text` with `shown` for each `secret` in it that is not part of a longer word.
    private static func replacing(
        _ secret: String,
        with shown: String,
        in text: String
    ) -> String {
        let bytes = Array(text.utf8)
        let ranges = bytes.ranges(of: Array(secret.utf8)).filter { range in
            !isWord(bytes[..<range.lowerBound].last) && !isWord(bytes[range.upperBound...].first)
        }
        guard !ranges.isEmpty else { return text }
        var result: [UInt8] = []
        var end = 0
        for range in ranges {
            result += bytes[end..<range.lowerBound] + Array(shown.utf8)
            end = range.upperBound
        }
        return String(decoding: result + bytes[end...], as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return (48...57).contains(byte) || (97...122).contains(byte | 32)
    }
}
