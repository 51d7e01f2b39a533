package import Reports
internal import SLO

/// What a terminal shows of a run: in 80 columns, and of a healthy run in 25 lines at most.
extension RunReport {
    /// The verdict, what was asked and reached, the objectives, and what did not go the normal way.
    package var summary: ReportDocument {
        ReportDocument(
            kind: "Run report",
            title: title,
            subject: "run",
            lead: scenario?.description ?? "",
            verdict: judged.cell,
            facts: briefFacts,
            sections: storySections + briefStages + briefObjectives + briefExceptions
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
            facts.append(Fact("simulated", Cell(simulation.period)))
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
        let firing = (alerts ?? []).count { $0.end == nil }
        let fired = (alerts ?? []).count
        // With a scenario, what happened tells of them.
        let alertNote: [ReportDocument.Block] =
            fired == 0 || scenario != nil
            ? []
            : [.note(Cell("alerts: \(fired) fired, \(firing) still firing", .bad))]
        let table = objectiveTable(objectives, limit: 12)
        return [Section(title: "Objectives", blocks: [.table(table)] + alertNote)]
    }

    /// Only where there are any.
    private var briefExceptions: [Section] {
        let exceptions = exceptionSection
        let hasAny = exceptions.blocks.contains { if case .note = $0 { false } else { true } }
        return hasAny ? [exceptions] : []
    }
}
