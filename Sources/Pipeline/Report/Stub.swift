internal import Foundation
package enum ReportFormat { case json
    package init?(path: String) { self = .json }
    package func render(_ report: RunReport) throws -> String { try report.json() }
}
extension RunReport {
    package func json() throws -> String {
        let e = JSONEncoder(); e.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]; e.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try e.encode(self), as: UTF8.self)
    }
    package func text(colour: Bool) -> String { (try? json()) ?? "" }
}
