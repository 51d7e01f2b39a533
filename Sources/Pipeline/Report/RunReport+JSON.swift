internal import FoundationEssentials

extension RunReport {
    /// The report that ``json()`` wrote.
    package init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(RunReport.self, from: Data(json.utf8))
    }
}
