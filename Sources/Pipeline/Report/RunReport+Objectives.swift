internal import Reports
package import SLO
internal import Timekeeping

extension RunReport {
    /// How an objective stood at the end of the run, over its whole period.
    package struct Objective: Codable, Sendable {
        package var name: String
        /// `ok`, `at-risk`, `breached`, `partial` or `no-data`.
        package var state: String
        /// Why, in one sentence.
        package var reason: String
        package var target: String
        /// Events; nil for a composite, the events of whose parts are not of one kind.
        package var good: SLOReport.Count?
        package var total: SLOReport.Count?
        /// The good share of what was observed; nil where nothing was.
        package var sli: SLOReport.Figure?
        /// The part of the error budget that is left, below 0 where too much was spent.
        package var remainingRatio: SLOReport.Figure?
        /// The observed share of the period so far.
        package var coverage: SLOReport.Figure?
        /// Whether the good share of what was observed is at least the target, or nil.
        ///
        /// A short run may miss it and have spent little of a month's budget.
        package var meetsTarget: Bool?
        /// What `--gate` makes of it.
        package var gate: GateVerdict

        init(_ status: ObjectiveStatus) {
            name = status.objective.name
            state = status.state.rawValue
            reason = status.reason
            target = status.objective.target.description
            if !status.objective.isComposite {
                let measurement = status.measurement
                good = .init(measurement.scale.events(measurement.events.good))
                total = .init(measurement.scale.events(measurement.events.total))
            }
            sli = SLOReport.Figure(status.measurement.sli)
            remainingRatio = SLOReport.Figure(status.budget.remainingRatio)
            coverage = SLOReport.Figure(status.measurement.coverage)
            meetsTarget = status.isMeetingTarget
            gate = status.gateVerdict
        }
    }

    /// One time that an alert fired.
    package struct Alert: Codable, Sendable {
        /// `objective/policy/rule`.
        package var alert: String
        package var severity: String
        package var start: String
        /// Nil where it was firing at the end of the run.
        package var end: String?

        init(_ episode: AlertEpisode) {
            alert = episode.alert.description
            severity = episode.alert.severity
            start = episode.start.description
            end = episode.end?.description
        }
    }

    /// Nothing where the run is held to nothing.
    var objectiveSections: [Section] {
        guard let objectives, !objectives.isEmpty else { return [] }
        let states = Table(
            "objectives",
            [
                .text("objective"), .text("state"), .number("SLI"), .number("target"),
                .number("budget left"), .number("covered"), .text("why"),
            ],
            of: objectives
        ) { objective in
            [
                Cell(objective.name), Cell(objective.state, objective.mark),
                Cell(FigureText.percent(objective.sli)),
                Cell(FigureText.percent(target: objective.target)),
                Cell(FigureText.percent(objective.remainingRatio, digits: 2)),
                Cell(FigureText.percent(objective.coverage)), Cell(objective.reason),
            ]
        }
        var blocks: [ReportDocument.Block] = [.table(states)]
        if let alerts, !alerts.isEmpty {
            let episodes = Table(
                "alerts",
                [.text("alert"), .text("severity"), .text("fired"), .text("resolved")],
                of: alerts,
                limit: 50
            ) {
                [
                    Cell($0.alert), Cell($0.severity, .bad), Cell($0.start),
                    $0.end.map { Cell($0) } ?? Cell("still firing", .bad),
                ]
            }
            blocks.append(.table(episodes))
        }
        return [Section(title: "Objectives", blocks: blocks)]
    }
}

extension RunReport.Objective {
    fileprivate var mark: ReportDocument.Mark {
        switch ObjectiveState(rawValue: state) {
        case .ok: .good
        case .atRisk, .partial: .warning
        case .breached: .bad
        case .noData, nil: .absent
        }
    }
}
