internal import Timekeeping

/// Texts from outside, made safe to show: names and rejected rows can hold anything.
package enum ReportText {
    /// `text` as it may stand in a page, with what `escape` has for further scalars of it.
    static func escaped(
        _ text: String,
        longest: Int,
        _ escape: (Unicode.Scalar) -> String?
    ) -> String {
        var escaped = ""
        // By scalar: a combining mark after "<" would hide it from a comparison of characters.
        for scalar in printable(text, longest: longest).unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped += escape(scalar) ?? String(scalar)
            }
        }
        return escaped
    }

    /// The longest text that is shown whole.
    package static let longest = 240

    /// The longest sentence, or line of a message, that is shown whole.
    package static let longestLine = 4000

    /// `text` in one line without control characters or secrets, cut after ``longest`` characters.
    ///
    /// Control characters control a terminal, and direction overrides disguise text.
    package static func printable(_ text: String, longest: Int = longest) -> String {
        var shown = String.UnicodeScalarView()
        var left = longest
        // Counts scalars, since one character may be any number of them.
        for scalar in SecretText.masked(text).unicodeScalars {
            guard left > 0 else { return String(shown) + "…" }
            left -= 1
            shown.append(isShown(scalar) ? scalar : "\u{FFFD}")
        }
        return String(shown)
    }

    /// `text` as ``printable(_:longest:)`` makes it, line by line.
    package static func printableLines(_ text: String) -> String {
        // By scalar: as a character, a line end may be one with what comes before it.
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { printable(String($0), longest: longestLine) }.joined(separator: "\n")
    }

    /// Whether `scalar` is harmless on a terminal.
    package static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E: true
        case 0x00...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: false
        default: true
        }
    }

    /// `scalar`, one of those that are not shown, as JSON, YAML and PromQL escape it.
    package static func escape(_ scalar: Unicode.Scalar) -> String {
        "\\u" + scalar.value.text(width: 4, radix: 16)
    }

    /// How wide a line of prose may be on a terminal, in columns.
    private static let terminal = 80

    /// `text`, one line, cut between words so that no line is wider than a terminal of `columns`,
    /// or than one reads with ease.
    ///
    /// Further lines stand two columns further in than the first. A word that is wider stays whole.
    static func wrapped(_ text: String, _ columns: Int = .max) -> [String] {
        let terminal = min(terminal, columns)
        guard width(text) > terminal else { return [text] }
        let indent = text.prefix { $0 == " " }
        var lines: [String] = []
        var line = String(indent)
        var isEmpty = true
        for word in text.dropFirst(indent.count).split(separator: " ") {
            if !isEmpty, width(line) + 1 + width(String(word)) > terminal {
                lines.append(line)
                line = indent + "  "
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return lines + [line]
    }

    /// How many columns of a terminal `text` takes.
    package static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + width(of: $1) }
    }

    private static func width(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: break
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }
}
