package import Reports
internal import Timekeeping

extension SLOReport {
    typealias Cell = ReportDocument.Cell
    typealias Fact = ReportDocument.Fact
    typealias Table = ReportDocument.Table
    typealias Section = ReportDocument.Section

    /// The report, for any format.
    package var document: ReportDocument {
        ReportDocument(
            kind: "SLO report",
            title: objectives.count == 1 ? objectives[0].title : "Objectives",
            subject: "report",
            verdict: verdict,
            facts: [
                Fact("as of", Cell(asOf)),
                Fact("history", Cell(source)),
                Fact("objectives", .count(Int64(objectives.count))),
            ],
            sections: [overview] + objectives.map(\.section),
            cards: objectives.prefix(6).map(\.card),
            plots: objectives.compactMap { $0.plot(marking: deployments ?? []) },
            footer: "Schema version \(schemaVersion) · as of \(asOf)"
        )
    }

    private var verdict: Cell {
        guard !objectives.isEmpty else { return Cell("no objectives", .absent) }
        let counts = ObjectiveState.allCases.map { state in
            (state, objectives.count { $0.state == state.rawValue })
        }
        let text = counts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0.rawValue)" }
            .joined(separator: ", ")
        let worst = counts.filter { $0.1 > 0 }.map { $0.0.mark }
        if worst.contains(.bad) { return Cell(text, .bad) }
        if worst.contains(.absent) { return Cell(text, .absent) }
        return Cell(text, worst.contains(.warning) ? .warning : .good)
    }

    private var overview: Section {
        let table = Table(
            "objectives",
            [
                .text("objective"), .text("state"), .number("SLI"), .number("target"),
                .number("budget left"), .number("minutes left"), .number("covered"), .text("why"),
            ],
            of: objectives
        ) { objective in
            [
                Cell(objective.name), Cell(objective.state, objective.mark),
                Cell(FigureText.percent(objective.measured.sli)),
                Cell(FigureText.percent(target: objective.target)),
                Cell(FigureText.percent(objective.budget.remainingRatio, digits: 2)),
                Cell(FigureText.number(objective.budget.remainingMinutes)),
                Cell(FigureText.percent(objective.measured.coverage)),
                Cell(objective.reason),
            ]
        }
        return Section(title: "Overview", blocks: [.table(table)])
    }
}

extension ObjectiveState {
    var mark: ReportDocument.Mark {
        switch self {
        case .ok: .good
        case .atRisk, .partial: .warning
        case .breached: .bad
        case .noData: .absent
        }
    }
}

extension SLOReport.Objective {
    var mark: ReportDocument.Mark { ObjectiveState(rawValue: state)?.mark ?? .absent }
    var title: String { displayName ?? name }

    var line: String {
        "\(name): \(state), SLI \(FigureText.percent(measured.sli)) of "
            + "\(FigureText.percent(target: target)), budget left "
            + "\(FigureText.percent(budget.remainingRatio, digits: 2)), "
            + "covered \(FigureText.percent(measured.coverage)); \(reason)"
    }

    var card: ReportDocument.Fact {
        ReportDocument.Fact(
            title,
            .init(FigureText.percent(budget.remainingRatio, digits: 2), mark),
            remark: "of the budget left, \(state)"
        )
    }

    /// What is left of the budget over the period.
    var plot: Plot? { plot(marking: []) }

    /// What is left of the budget over the period, with a line at each of `deployments`.
    func plot(marking deployments: [SLOReport.Deployment]) -> Plot? {
        let instants = burnDown.compactMap { Timestamp(rfc3339: $0.at) }
        guard let start = Timestamp(rfc3339: window.start), instants.count == burnDown.count,
            instants.count > 1
        else { return nil }
        let series = Plot.Series(
            name: "budget left",
            ink: .member(0),
            values: burnDown.map { $0.remainingRatio.map { $0 * 100 } }
        ) {
            ReportNumbers.fixed($0, 1) + "%"
        }
        // One point draws no line.
        guard series.values.count(where: { $0 != nil }) > 1 else { return nil }
        let times = instants.map { ($0 - start).inSeconds }
        var plot = Plot(
            title: "Error budget of \(title)",
            caption: "per cent of the budget that is left; overspent is drawn as none",
            series: [series],
            times: times,
            horizontal: .time(end: times.last ?? 1),
            vertical: .quantity(highest: 100, unit: "%", whole: false)
        )
        plot.marks = deployments.compactMap { deployment in
            Timestamp(rfc3339: deployment.marked).map { marked in
                Plot.Mark(
                    time: (marked - start).inSeconds,
                    label: "deployed \(deployment.version)"
                )
            }
        }
        return plot
    }
}
