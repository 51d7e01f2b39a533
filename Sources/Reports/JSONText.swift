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

    /// `value` as JSON on one line, with keys as they are.
    ///
    /// It may hold secrets and what would steer a terminal; ``shown(_:)`` takes them out.
    package static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// The value that ``write(_:)`` has written as `json`.
    package static func read<Value: Decodable>(_ json: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Value.self, from: Data(json.utf8))
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
