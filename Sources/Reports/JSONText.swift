internal import FoundationEssentials

/// JSON as every report is written: keys in `snake_case` and sorted, so that two reports compare
/// by line.
///
/// What is nil is left out.
package enum JSONText {
    /// `value` as JSON, ending with a newline.
    package static func write(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return shown(String(decoding: try encoder.encode(value), as: UTF8.self)) + "\n"
    }

    /// `json` without secrets, and with what would steer a terminal as an escape.
    package static func shown(_ json: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in SecretText.masked(json).unicodeScalars {
            if ReportText.isShown(scalar) || scalar == "\n" {
                shown.append(scalar)
            } else {
                shown.append(contentsOf: ReportText.escape(scalar).unicodeScalars)
            }
        }
        return String(shown)
    }
}
