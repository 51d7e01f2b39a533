internal import FoundationEssentials

extension SLOReport {
    /// The report as JSON: keys in `snake_case` and sorted, so that two reports compare by line;
    /// ends with a newline.
    package func json() throws -> String {
        try JSONText.write(self)
    }

    /// The report that ``json()`` wrote.
    package init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(SLOReport.self, from: Data(json.utf8))
    }
}

/// How this room writes JSON.
enum JSONText {
    static func write(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }
}
