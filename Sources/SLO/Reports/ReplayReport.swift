package import Reports

/// What would have been spent and fired with other objectives
/// (`schema_version` 1).
package struct ReplayReport: WrittenReport, Codable, Sendable {
    /// An objective as its documents have it, and as it was changed.
    package struct Comparison: Codable, Sendable {
        package var asWritten: SLOReport.Objective
        package var changed: SLOReport.Objective
    }

    package var schemaVersion = 1
    package var asOf: String
    package var source: String
    /// Such as `target=99.95`.
    package var changes: [String]
    package var objectives: [Comparison]

    /// The comparison of two reports on the same objectives and history.
    package init(asWritten: SLOReport, changed: SLOReport, changes: [String]) {
        asOf = changed.asOf
        source = changed.source
        self.changes = changes
        objectives = zip(asWritten.objectives, changed.objectives).map {
            Comparison(asWritten: $0, changed: $1)
        }
    }

    /// The comparison, for any format.
    package var document: ReportDocument {
        ReportDocument(
            kind: "SLO replay",
            title: objectives.count == 1 ? objectives[0].changed.title : "Objectives",
            subject: "replay",
            verdict: .init("with \(changes.joined(separator: ", "))"),
            facts: [
                .init("as of", .init(asOf)),
                .init("history", .init(source)),
            ],
            sections: objectives.map(\.section),
            plots: objectives.compactMap(\.changed.plot),
            footer: "Schema version \(schemaVersion) · as of \(asOf)"
        )
    }
}

extension ReplayReport.Comparison {
    private typealias Cell = ReportDocument.Cell

    fileprivate var section: ReportDocument.Section {
        let figures: [(String, (SLOReport.Objective) -> Cell)] = [
            ("state", { Cell($0.state, $0.mark) }),
            ("target", { Cell(FigureText.percent(target: $0.target)) }),
            ("window", { Cell($0.window.length) }),
            ("SLI", { Cell(FigureText.percent($0.measured.sli, digits: 6)) }),
            ("budget, minutes", { Cell(FigureText.number($0.budget.allowedMinutes)) }),
            ("spent", { Cell(FigureText.percent($0.budget.spentRatio, digits: 2)) }),
            ("left", { Cell(FigureText.percent($0.budget.remainingRatio, digits: 2)) }),
            ("exhausted", { Cell($0.projectedExhaustion ?? "not within the period") }),
            ("alerts fired", { Cell("\($0.alerts.count)") }),
            ("still firing", { Cell("\($0.alerts.count { $0.end == nil })") }),
        ]
        let table = ReportDocument.Table(
            "figures",
            [.text(""), .number("as written"), .number("changed")],
            of: figures
        ) { [Cell($0.0), $0.1(asWritten), $0.1(changed)] }
        var blocks: [ReportDocument.Block] = [.table(table)]
        for (title, objective) in [("as written", asWritten), ("changed", changed)]
        where !objective.alerts.isEmpty {
            let episodes = objective.alerts.prefix(50).map { alert in
                "\(alert.start) to \(alert.end ?? "now, still firing"): \(alert.alert), "
                    + alert.because
            }
            blocks.append(
                .list(
                    title: "fired, \(title)",
                    items: Array(episodes),
                    more: Int64(objective.alerts.count - episodes.count)
                )
            )
        }
        return ReportDocument.Section(title: changed.title, blocks: blocks)
    }
}
