package import Reports

extension RunReport {
    typealias Cell = ReportDocument.Cell
    typealias Column = ReportDocument.Column
    typealias Fact = ReportDocument.Fact
    typealias Table = ReportDocument.Table
    typealias Section = ReportDocument.Section

    /// The equation that holds at every instant for every subscription.
    static let equation =
        "published = acked + outstanding + backlog + waiting + dead-lettered + expired "
        + "+ filtered + shed"

    /// How many subscriptions stand side by side in the conservation table.
    private static let subscriptionsAcross = 6

    /// What the report says, for any form.
    package var document: ReportDocument {
        ReportDocument(
            kind: "Run report",
            title: pipeline,
            subject: "run",
            verdict: verdict,
            facts: runFacts,
            sections: [
                latencySection, conservationSection, stageSection, exceptionSection,
            ] + faultSections + objectiveSections + salesSections,
            cards: cards,
            plots: plots,
            footer: "Schema version \(schemaVersion) · \(started) to \(ended)"
        )
    }

    private var runFacts: [Fact] {
        var facts = [
            Fact("took", Cell(ReportNumbers.duration(seconds: durationSeconds))),
            Fact("started", Cell(started)),
            Fact("ended", Cell(ended)),
            Fact("input", Cell(inputText)),
            Fact("published", Cell.count(published)),
            Fact("rate", rateCell),
        ]
        facts += simulationFacts
        if let rawStore {
            facts.append(
                Fact(
                    "raw store",
                    Cell("\(rawStore.store): \(ReportNumbers.count(rawStore.events)) events")
                )
            )
        }
        if let warehouse {
            facts.append(Fact("warehouse", Cell(warehouse.store)))
        }
        return facts
    }

    private var inputText: String {
        var text = "\(input.kind) \(input.stream)"
        if let seed = input.seed {
            text += ", seed \(seed)"
        }
        if let speed = input.speed {
            text += ", \(ReportNumbers.significant(speed)) times its own pace"
        }
        return text
    }

    private var rateCell: Cell {
        let reached = published > 0 ? ReportNumbers.rate(rate.reached) : "–"
        guard let asked = rate.asked else {
            return Cell(
                "\(reached) reached; asked: \(rate.profile)",
                published > 0 ? .none : .absent
            )
        }
        let text = "\(reached) reached of \(ReportNumbers.rate(asked)) asked"
        guard published > 0, asked > 0, rate.reached.isFinite else { return Cell(text, .absent) }
        return Cell(
            "\(text) (\(ReportNumbers.percent(rate.reached / asked)))",
            rate.isLate(by: 0.01) ? .warning : .none
        )
    }

    // MARK: - Latency

    private var latencySection: Section {
        let head: [Column] = [
            .text("stage"), .number("messages"), .number("mean"), .number("p50"), .number("p90"),
            .number("p99"), .number("p99.9"), .number("max"),
        ]
        let stages = Table("Latency by stage", head, of: stages) {
            [Cell($0.name)] + RunReport.cells($0.latency)
        }
        guard !self.stages.isEmpty else {
            return Section(title: "Latency", blocks: [.note(Cell("no data", .absent))])
        }
        return Section(
            title: "Latency",
            blocks: [
                .note(Cell("from \(input.latencyFrom) to the stage's acknowledgement")),
                .table(stages),
            ]
        )
    }

    private static func cells(_ latency: Latency) -> [Cell] {
        let values = [
            latency.meanMs, latency.p50Ms, latency.p90Ms, latency.p99Ms, latency.p999Ms,
            latency.maxMs,
        ]
        return [Cell.count(latency.count)]
            + values.map { latency.count > 0 ? RunReport.cell(milliseconds: $0) : .absent }
    }

    /// A latency, or that there is none.
    static func cell(milliseconds: Double?) -> Cell {
        milliseconds.map { Cell(ReportNumbers.latency(milliseconds: $0)) } ?? .absent
    }

    // MARK: - Conservation

    private var conservationSection: Section {
        guard !subscriptions.isEmpty else {
            return Section(
                title: "Conservation",
                blocks: [.note(Cell("no subscriptions", .absent))]
            )
        }
        var tables: [ReportDocument.Block] = []
        for start in stride(from: 0, to: subscriptions.count, by: RunReport.subscriptionsAcross) {
            let end = min(start + RunReport.subscriptionsAcross, subscriptions.count)
            tables.append(.table(conservationTable(Array(subscriptions[start..<end]))))
        }
        let deliveries = Table(
            "Deliveries",
            [
                .text("subscription"), .text("topic"), .number("delivered"),
                .number("redelivered"), .number("nacked"), .number("deadlines passed"),
            ],
            of: subscriptions
        ) {
            [
                Cell($0.name), Cell($0.topic), .count($0.delivered), .count($0.redelivered),
                .count($0.nacked), .count($0.expiredDeadlines),
            ]
        }
        return Section(
            title: "Conservation",
            blocks: [.note(Cell(RunReport.equation))] + tables + [.table(deliveries)]
        )
    }

    /// A column a subscription, so that the equation reads as a sum from top to bottom.
    private func conservationTable(_ subscriptions: [Subscription]) -> Table {
        let names = ["published"] + (subscriptions.first?.states.map(\.name) ?? [])
        var rows = names.enumerated().map { index, name -> [Cell] in
            let sign = index == 0 ? "" : index == 1 ? "= " : "+ "
            return [Cell(sign + name)]
                + subscriptions.map { subscription in
                    guard index > 0 else { return .count(subscription.published) }
                    let state = subscription.states[index - 1]
                    let worrying = !["acked", "filtered"].contains(state.name)
                    return .count(state.count, ifAny: worrying ? .warning : .none)
                }
        }
        rows.append(
            [Cell("holds")]
                + subscriptions.map { subscription in
                    if !subscription.addsUp {
                        let off = subscription.surplus
                        let text = off == 0 ? "" : " off by \(ReportNumbers.count(off))"
                        return Cell("✗ VIOLATED\(text)", .bad)
                    }
                    return subscription.published > 0 ? Cell("✓", .good) : .absent
                }
        )
        return Table(
            caption: "Conservation by subscription",
            columns: [.text("state")] + subscriptions.map { Column.number($0.name) },
            rows: rows
        )
    }

    // MARK: - Stages

    private var stageSection: Section {
        let work = Table(
            "Work of each stage",
            [
                .text("stage"), .text("kind"), .text("subscription"), .number("processed"),
                .number("duplicate"), .number("late"), .number("failed"),
                .number("store retries"),
            ],
            of: stages
        ) { stage in
            [
                Cell(stage.name), Cell(stage.kind), Cell(stage.subscription),
                .count(stage.processed), .count(stage.duplicates),
                .count(stage.late, ifAny: .warning),
                .count(stage.failures.values.reduce(0, &+), ifAny: .warning),
                .count(stage.storeRetries, ifAny: .warning),
            ]
        }
        let jobs = Table(
            "Processing one set of deliveries",
            [
                .text("stage"), .number("sets"), .number("mean"), .number("p50"), .number("p90"),
                .number("p99"), .number("p99.9"), .number("max"),
            ],
            of: stages
        ) {
            [Cell($0.name)] + RunReport.cells($0.jobs)
        }
        return Section(
            title: "Stages",
            blocks: stages.isEmpty
                ? [.note(Cell("no stages", .absent))] : [.table(work), .table(jobs)]
        )
    }
}
