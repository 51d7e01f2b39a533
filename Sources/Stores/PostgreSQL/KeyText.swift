internal import Timekeeping

/// Texts that are part of a key: an index of PostgreSQL takes 2,700 bytes at most.
package enum KeyText {
    /// The longest text that is stored as it is, in bytes; a key has up to three.
    package static let longest = 800

    /// `text`, or where it is too long its beginning with a hash (FNV-1a) of all of it.
    package static func stored(_ text: String) -> String {
        guard text.utf8.count > longest else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: longest - 30)
        while end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return "\(text[..<end])…\(String(fnv1a(text.utf8), radix: 16))"
    }
}
