import Timekeeping

/// Damages a text as files are damaged: by accident, by hand, and on purpose.
struct TextMutator {
    /// What is put where something else was.
    private static let pieces: [[UInt8]] =
        [
            "-9223372036854775808", "9223372036854775807", "9223372036854775808", "1e308",
            "-1e-308",
            "0", "-0", "1e9999", "NaN", "Infinity", "0x7f", "1_000", "99999999999999999999999999",
            "1.0000000000000000000000000001", "0.5", "1h30m", "1w", "999999d", "-1s", "PT1H",
            "5GiB",
            "null", "~", "true", "yes", "[]", "{}", "[[[[[[[[[[", "{{{{{{{{", "&a", "*a", "<<: *a",
            "!!binary x", "---\n", "...\n", "\t", "\r\n", "\r", "\n\n", " ", "  ", "\"", "'",
            "\"\"",
            "\\", "\\u0000", "\\ud800", "#", "# EOF\n", "%", "@", "`", "|", ">", ":", ": ", "- ",
            ",", ";", "(", ")", "--", "/*", "*/", "$$", "$1", ":cutoff_ns", "::", "\u{feff}",
            "\u{202e}", "\u{1b}[31m", "\u{7}", "\u{0}", "é", "e\u{301}", "👩‍👩‍👧‍👦", "2026-02-30",
            "0000-00-00T00:00:00Z", "9999-12-31T23:59:60Z", "1677-09-21T00:12:43Z",
            "2262-04-11T23:47:16.9Z", "+0200", "Europe/Nowhere", "CET", "'; DROP TABLE x; --",
            "zeroblob(1000000000)", "hex(zeroblob(400000000))", "randomblob(900000000)",
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",
            "../../../etc/passwd", "/dev/zero", "http://127.0.0.1:1/",
        ].map { Array($0.utf8) } + [
            [0], [0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xef, 0xbb, 0xbf],
            [0xfe, 0xff],
        ]

    /// `text` after one to four changes.
    static func mutate(_ text: [UInt8], _ chance: inout Randomness) -> [UInt8] {
        var text = text
        for _ in 0..<chance.one(of: [1, 1, 1, 2, 3, 4]) { change(&text, &chance) }
        return text
    }

    /// A word of a command line, which ends at a zero byte, after one to four changes.
    static func word(_ text: String, _ chance: inout Randomness) -> String {
        let bytes = mutate(Array(text.utf8), &chance)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func change(_ text: inout [UInt8], _ chance: inout Randomness) {
        let place = chance.index(text.count)
        let end = min(text.count, place + 1 + chance.index(40))
        switch chance.index(12) {
        case 0: text.replaceSubrange(place..<end, with: [])
        case 1: text.insert(contentsOf: chance.one(of: pieces), at: place)
        case 2 where place < text.count: text[place] ^= 1 << UInt8(chance.index(8))
        case 3: text.removeLast(text.count - place)
        case 4: replaceWord(at: place, of: &text, with: chance.one(of: pieces))
        case 5: replaceWord(at: place, of: &text, with: word(at: chance.index(text.count), text))
        case 6: text.insert(contentsOf: text[place..<end], at: chance.index(text.count))
        case 7: swapLines(&text, &chance)
        case 8: repeatPiece(&text, at: place, &chance)
        case 9: replaceNumber(&text, after: place, with: chance.one(of: pieces))
        case 10: replaceNumber(&text, after: place, with: chance.one(of: pieces))
        default: replaceWord(at: place, of: &text, with: chance.one(of: pieces))
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: byte >= 0x80
        }
    }

    private static func wordRange(at place: Int, _ text: [UInt8]) -> Range<Int> {
        var (start, end) = (min(place, text.count), min(place, text.count))
        while start > 0, isWord(text[start - 1]) { start -= 1 }
        while end < text.count, isWord(text[end]) { end += 1 }
        return start..<end
    }

    private static func word(at place: Int, _ text: [UInt8]) -> [UInt8] {
        Array(text[wordRange(at: place, text)])
    }

    private static func replaceWord(at place: Int, of text: inout [UInt8], with piece: [UInt8]) {
        text.replaceSubrange(wordRange(at: place, text), with: piece)
    }

    private static func replaceNumber(
        _ text: inout [UInt8],
        after place: Int,
        with piece: [UInt8]
    ) {
        guard let digit = text[place...].firstIndex(where: { (0x30...0x39).contains($0) }) else {
            return
        }
        replaceWord(at: digit, of: &text, with: piece)
    }

    private static func swapLines(_ text: inout [UInt8], _ chance: inout Randomness) {
        var lines = text.split(separator: 0x0a, omittingEmptySubsequences: false).map { Array($0) }
        lines.swapAt(chance.index(lines.count), chance.index(lines.count))
        text = Array(lines.joined(separator: [0x0a]))
    }

    /// Up to 200 kB of the same.
    private static func repeatPiece(
        _ text: inout [UInt8],
        at place: Int,
        _ chance: inout Randomness
    ) {
        let piece = chance.one(of: pieces)
        let times = chance.one(of: [2, 50, 5000]) / max(1, piece.count / 4)
        text.insert(contentsOf: Array(repeating: piece, count: times).joined(), at: place)
    }
}
