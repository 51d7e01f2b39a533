internal import Reports

/// The part of a report that fits on a line for each objective (`schema_version` 1).
package struct SLOStatus: WrittenListing, Sendable {
    private struct Line: Encodable {
        var name: String
        var state: String
        var reason: String
        var target: String
        var sli: SLOReport.Figure?
        var remainingRatio: SLOReport.Figure?
        var coverage: SLOReport.Figure?
        var gate: GateVerdict
    }

    private enum CodingKeys: CodingKey {
        case schemaVersion
        case asOf
        case objectives
    }

    private let schemaVersion = 1
    private let asOf: String
    private let objectives: [Line]
    private let lines: [String]

    /// The status of each objective of `report`.
    package init(_ report: SLOReport) {
        asOf = report.asOf
        lines = report.objectives.map(\.line)
        objectives = report.objectives.map {
            Line(
                name: $0.name,
                state: $0.state,
                reason: $0.reason,
                target: $0.target,
                sli: $0.measured.sli,
                remainingRatio: $0.budget.remainingRatio,
                coverage: $0.measured.coverage,
                gate: $0.gate
            )
        }
    }

    package func text(colour: Bool) -> String {
        ReportText.printableLines(lines.joined(separator: "\n")) + "\n"
    }
}
