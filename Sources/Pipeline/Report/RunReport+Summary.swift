package import Reports
internal import SLO

/// What a terminal shows of a run: in 80 columns, and of a healthy run in 25 lines at most.
extension RunReport {
    /// The verdict, what was asked and reached, the objectives, and what did not go the normal way.
    package var summary: ReportDocument {
        ReportDocument(
            kind: "Run report",
            title: scenario.map { "\(pipeline), scenario \($0.name)" } ?? pipeline,
            subject: "run",
            verdict: judged.cell,
            facts: briefFacts,
            sections: briefFaults + briefStages + briefObjectives + briefExceptions
        )
    }

    private var briefFacts: [Fact] {
        let took = ReportNumbers.duration(seconds: durationSeconds)
        let reached = published > 0 ? ReportNumbers.rate(rate.reached) : "–"
        let asked = rate.asked.map { "\(ReportNumbers.rate($0)) asked" } ?? rate.profile
        var facts = [
            Fact("published", Cell("\(ReportNumbers.count(published)) events in \(took)")),
            Fact("rate", Cell("\(reached); \(asked)")),
        ]
        if let warehouse, !warehouse.totals.sales.isEmpty {
            let orders = ReportNumbers.count(warehouse.totals.orders)
            let revenue = RunReport.revenue(warehouse.totals.sales).text
            facts.append(
                Fact("sales", Cell("\(orders) orders, \(revenue)"), remark: "all in the warehouse")
            )
        }
        if let simulation {
            facts.append(Fact("simulated", Cell("\(simulation.from) to \(simulation.to)")))
            facts.append(Fact("digest", Cell(simulation.digest)))
            facts.append(Fact("replay", Cell(simulation.replay)))
        }
        return facts
    }

    private var briefStages: [Section] {
        guard !stages.isEmpty else { return [] }
        let table = Table(
            "latency from \(input.latencyFrom)",
            [
                .text("stage"), .number("messages"), .number("p50"), .number("p99"),
                .number("max"), .number("unsettled"),
            ],
            of: stages,
            limit: 8
        ) { stage in
            let known = stage.latency.count > 0 ? stage.latency : nil
            let unsettled = subscriptions.first { $0.name == stage.subscription }?.unsettled ?? 0
            return [
                Cell(stage.name), .count(stage.latency.count),
                Cell.latency(milliseconds: known?.p50Ms),
                Cell.latency(milliseconds: known?.p99Ms),
                Cell.latency(milliseconds: known?.maxMs), .count(unsettled, ifAny: .warning),
            ]
        }
        return [Section(title: "Stages", blocks: [.table(table)])]
    }

    private var briefObjectives: [Section] {
        guard let objectives, !objectives.isEmpty else { return [] }
        let table = Table(
            "this run, and the budget of the period",
            [
                .text("objective"), .text(""), .number("this run"), .number("target"),
                .number("budget left"), .text("state"),
            ],
            of: objectives,
            limit: 12
        ) { objective in
            let sign: Cell =
                switch objective.run?.meetsTarget {
                case true?: Cell("✓", .good)
                case false?: Cell("✗", .bad)
                case nil: .absent
                }
            return [
                Cell(objective.name), sign, Cell(FigureText.percent(objective.run?.sli)),
                Cell(FigureText.percent(target: objective.target)),
                Cell(FigureText.percent(objective.remainingRatio, digits: 2)),
                Cell(objective.state, objective.mark),
            ]
        }
        let firing = (alerts ?? []).count { $0.end == nil }
        let fired = (alerts ?? []).count
        let alertNote: [ReportDocument.Block] =
            fired == 0
            ? []
            : [.note(Cell("alerts: \(fired) fired, \(firing) still firing", .bad))]
        return [Section(title: "Objectives", blocks: [.table(table)] + alertNote)]
    }

    private var briefFaults: [Section] {
        guard scenario != nil else { return [] }
        let about = scenario?.description.map { [ReportDocument.Block.note(Cell($0))] } ?? []
        return [
            Section(title: "Faults", blocks: about + faultSentences.map { .note(Cell($0)) })
        ]
    }

    /// Only where there are any.
    private var briefExceptions: [Section] {
        let exceptions = exceptionSection
        let hasAny = exceptions.blocks.contains { if case .note = $0 { false } else { true } }
        return hasAny ? [exceptions] : []
    }
}
