internal import Foundation

/// The passwords in the URLs of the command line, which every user of the machine can read in the
/// list of processes.
enum SecretArguments {
    /// Writes stars over them, in the memory that the system shows as the command line; the
    /// arguments that are parsed are a copy.
    static func hide() {
        let arguments = CommandLine.arguments
        for index in arguments.indices {
            guard let original = CommandLine.unsafeArgv[index] else { continue }
            for place in passwords(in: Array(arguments[index].utf8)).joined() {
                original[place] = CChar(bitPattern: UInt8(ascii: "*"))
            }
        }
    }

    /// `text` with stars over the passwords of a URL in it.
    static func masked(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for place in passwords(in: bytes).joined() {
            bytes[place] = UInt8(ascii: "*")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where the passwords of a URL stand: before its `@`, and as options, as libpq takes them.
    static func passwords(in bytes: [UInt8]) -> [Range<Int>] {
        guard bytes.firstRange(of: Array("://".utf8)) != nil else { return [] }
        let options = ["password=", "sslpassword="].flatMap { name in
            bytes.ranges(of: Array(name.utf8)).map { range in
                let rest = bytes[range.upperBound...]
                return range.upperBound..<(rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.endIndex)
            }
        }
        return options + (password(in: bytes).map { [$0] } ?? [])
    }

    /// Between the first colon behind `//` and the last `@`.
    private static func password(in bytes: [UInt8]) -> Range<Int>? {
        guard let scheme = bytes.firstRange(of: Array("://".utf8)),
            let at = bytes.lastIndex(of: UInt8(ascii: "@")), at >= scheme.upperBound,
            let colon = bytes[scheme.upperBound..<at].firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return (colon + 1)..<at
    }
}
