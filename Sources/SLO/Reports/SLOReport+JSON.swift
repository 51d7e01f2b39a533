internal import FoundationEssentials
internal import Reports

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
