internal import FoundationEssentials
internal import Reports

extension RunReport {
    /// The report as JSON: keys in `snake_case` and sorted, so that two reports compare by line.
    ///
    /// Names that come from data (event names, reasons, subscriptions) are keys too, and stay as
    /// they are. What was not measured is left out.
    package func json() throws -> String {
        try JSONText.write(self)
    }

    /// The report that ``json()`` wrote.
    package init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(RunReport.self, from: Data(json.utf8))
    }
}
