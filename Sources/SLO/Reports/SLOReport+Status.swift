internal import Reports

extension SLOReport {
    /// The part of a report that fits on a line for each objective.
    private struct Status: Encodable {
        struct Line: Encodable {
            var name: String
            var state: String
            var reason: String
            var target: String
            var sli: Figure?
            var remainingRatio: Figure?
            var coverage: Figure?
            var gate: GateVerdict
        }

        var schemaVersion = 1
        var asOf: String
        var objectives: [Line]
    }

    /// How each objective stands, as JSON and no more than that; ends with a newline.
    package func statusJSON() throws -> String {
        try JSONText.write(
            Status(
                asOf: asOf,
                objectives: objectives.map {
                    Status.Line(
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
            )
        )
    }
}
