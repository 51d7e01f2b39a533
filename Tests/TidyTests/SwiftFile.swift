import Foundation

/// A Swift file, with its code apart from its comments and literals.
struct SwiftFile {
    let file: TextFile
    /// The lines with comments and the contents of literals blanked; columns stay.
    let code: [String]

    init(_ file: TextFile) {
        self.file = file
        var blanker = LiteralBlanker(Array(file.text.utf8))
        code = blanker.blank()
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// A file made up for a test.
    init(path: String, _ text: String) {
        self.init(TextFile(path: path, text: text))
    }

    var path: String { file.path }

    /// Whether one of the `count` lines above `line`, or the line itself, has a comment.
    func hasComment(near line: Int, above count: Int) -> Bool {
        file.lines[max(0, line - count)...line].contains { $0.contains("//") }
    }
}

extension String {
    /// Whether `text` stands in it, byte for byte; much faster than `contains`, which compares
    /// characters.
    func mentions(_ text: String) -> Bool {
        withCString { whole in
            text.withCString { part in strstr(whole, part) != nil }
        }
    }
}

extension StringProtocol {
    /// The places where `word` stands and no identifier, and no member access, ends before it.
    func places(of word: String) -> [String.Index] {
        var places: [String.Index] = []
        var rest = self[...]
        while let range = rest.firstRange(of: word) {
            let before = self[..<range.lowerBound].last
            let isInside = before.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
            if word.first == "." || isInside != true {
                places.append(range.lowerBound)
            }
            rest = rest[range.upperBound...]
        }
        return places
    }
}
