internal import Foundation

/// The passwords in the URLs of the command line, which every user of the machine can read in the
/// list of processes.
enum SecretArguments {
    /// Writes stars over them, in the memory that the system shows as the command line; the
    /// arguments that are parsed are a copy.
    static func hide() {
        let arguments = CommandLine.arguments
        for index in arguments.indices {
            guard let original = CommandLine.unsafeArgv[index],
                let password = password(in: Array(arguments[index].utf8))
            else { continue }
            for place in password {
                original[place] = CChar(bitPattern: UInt8(ascii: "*"))
            }
        }
    }

    /// Where the password of a URL stands: between the first colon behind `//` and the last `@`.
    static func password(in bytes: [UInt8]) -> Range<Int>? {
        guard let scheme = bytes.firstRange(of: Array("://".utf8)),
            let at = bytes.lastIndex(of: UInt8(ascii: "@")), at >= scheme.upperBound,
            let colon = bytes[scheme.upperBound..<at].firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return (colon + 1)..<at
    }
}
