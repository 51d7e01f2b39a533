internal import Reports
internal import SLO

/// What stages, subscriptions, objectives and faults say, a section each.
extension RunReport {
    // MARK: - Stages

    var stageSection: Section {
        guard !stages.isEmpty else {
            return Section(title: "Stages", blocks: [.note(Cell("no stages, no data", .absent))])
        }
        let latency = Table(
            "latency from \(input.latencyFrom) to acknowledgement",
            [
                .text("stage"), .number("messages"), .number("mean"), .number("p50"),
                .number("p90"), .number("p99"), .number("p99.9"), .number("max"),
            ],
            of: stages
        ) {
            [Cell($0.name)] + RunReport.cells($0.latency)
        }
        return Section(
            title: "Stages",
            blocks: (bottleneck.map { [.note($0)] } ?? []) + [.table(workTable), .table(latency)]
        )
    }

    private var workTable: Table {
        Table(
            "work of each stage",
            [
                .text("stage"), .text("kind"), .number("in"), .number("workers"),
                .number("busy"), .number("batch"), .number("batch p99"),
                .number("retries"), .number("duplicate"), .number("late"),
                .number("failed"), .number("unsettled"),
            ],
            of: stages
        ) { stage in
            let sets = stage.jobs.count
            let batch = Double(stage.latency.count) / Double(max(1, sets))
            let unsettled = subscriptions.first { $0.name == stage.subscription }?.unsettled ?? 0
            return [
                Cell(stage.name), Cell(stage.kind),
                durationSeconds > 0
                    ? Cell(ReportNumbers.rate(Double(stage.latency.count) / durationSeconds))
                    : .absent,
                Cell(stage.workers.map { ReportNumbers.count(Int64($0)) }),
                Cell(stage.busyRatio.map(ReportNumbers.percent)),
                sets > 0 ? Cell(ReportNumbers.significant(batch)) : .absent,
                Cell.latency(milliseconds: sets > 0 ? stage.jobs.p99Ms : nil),
                .count(stage.storeRetries, ifAny: .warning), .count(stage.duplicates),
                .count(stage.late, ifAny: .warning),
                .count(stage.failures.values.reduce(0, &+), ifAny: .warning),
                .count(unsettled, ifAny: .warning),
            ]
        }
    }

    /// The stage that limits the rate, or how far the busiest is from that; nil where it is not
    /// known how busy they were.
    private var bottleneck: Cell? {
        guard let busiest = busiestStage, let busy = busiest.busyRatio else { return nil }
        let share = ReportNumbers.percent(busy)
        if let strain = strain(of: busiest) {
            return Cell(
                "bottleneck: \(busiest.name), busy or waiting for its store all the time "
                    + "\(strain), and \(share) of the whole run",
                .warning
            )
        }
        return busy >= 0.8
            ? Cell("bottleneck: \(busiest.name), busy \(share) of the time", .warning)
            : Cell("no bottleneck: the busiest stage, \(busiest.name), was busy \(share)")
    }

    private static func cells(_ latency: Latency) -> [Cell] {
        let values = [
            latency.meanMs, latency.p50Ms, latency.p90Ms, latency.p99Ms, latency.p999Ms,
            latency.maxMs,
        ]
        return [Cell.count(latency.count)]
            + values.map { latency.count > 0 ? Cell.latency(milliseconds: $0) : .absent }
    }

    // MARK: - Conservation

    /// How many subscriptions stand side by side in the conservation table.
    private static let subscriptionsAcross = 6

    var conservationSection: Section {
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
            summary: conservationSentence,
            blocks: [.note(Cell(RunReport.equation))] + tables + [.table(deliveries)]
        )
    }

    /// What became of all messages.
    private var conservationSentence: Cell {
        guard published > 0 else { return Cell("no messages", .absent) }
        let broken = subscriptions.filter { !$0.addsUp }.map(\.name)
        if !broken.isEmpty {
            return Cell("NOT conserved: \(broken.joined(separator: ", "))", .bad)
        }
        if let lossy = stages.first(where: { unprocessed(by: $0) > 0 }) {
            return Cell("the subscriptions' own books add up, but \(lost(by: lossy))", .bad)
        }
        let rest = subscriptions.map { subscription in
            (subscription.name, subscription.states.dropFirst().filter { $0.count > 0 })
        }.filter { !$0.1.isEmpty }
        let all =
            subscriptions.count == 1
            ? "the subscription accounts for every message"
            : "each of the \(subscriptions.count) subscriptions accounts for every message"
        guard !rest.isEmpty else { return Cell("\(all): all acked", .good) }
        let others = rest.prefix(3).map { name, states in
            let counts = states.map { "\(ReportNumbers.count($0.count)) \($0.name)" }
            return "\(name) \(counts.joined(separator: ", "))"
        }
        let more = rest.count > 3 ? "; and \(rest.count - 3) more subscriptions" : ""
        let isWorrying = rest.contains { $0.1.contains { $0.name != "filtered" } }
        let text = "\(all): acked but for \(others.joined(separator: "; "))\(more)"
        return Cell(text, isWorrying ? .warning : .good)
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

    // MARK: - Exceptions

    /// How many rejected records are shown.
    private static let shownRejections = 10

    /// What did not go the normal way, by who counted it and why.
    var exceptionSection: Section {
        let rows = exceptionRows
        var blocks: [ReportDocument.Block] = []
        if rows.isEmpty {
            let nothing =
                "no event was rejected, dead-lettered, a duplicate, or too late for its windows"
            blocks.append(.note(published > 0 ? Cell(nothing, .good) : Cell("no data", .absent)))
        } else {
            blocks.append(
                .table(
                    Table(
                        caption: "Exceptions by reason",
                        columns: [
                            .text("where"), .text("what"), .text("reason"), .number("count"),
                            .text("one of them"),
                        ],
                        rows: rows
                    )
                )
            )
        }
        let rejections = producers.flatMap(\.rejections)
        if !rejections.isEmpty {
            let shown = Array(rejections.prefix(RunReport.shownRejections))
            blocks.append(
                .list(
                    title: "First rejections",
                    items: shown,
                    more: max(rejected, Int64(rejections.count)) - Int64(shown.count)
                )
            )
        }
        return Section(title: "Exceptions", blocks: blocks)
    }

    private var exceptionRows: [[Cell]] {
        var rows: [[Cell]] = []
        func add(
            _ place: String,
            _ what: String,
            _ reasons: [String: Int64],
            samples: [String: String] = [:]
        ) {
            for (reason, count) in RunReport.byCount(reasons) where count > 0 {
                rows.append([
                    Cell(place), Cell(what), Cell(reason), .count(count, ifAny: .warning),
                    Cell(samples[reason]),
                ])
            }
        }
        for producer in producers {
            add(producer.name, "rejected", producer.rejected)
            add(producer.name, "left out", ["lines without pieces": producer.droppedItems ?? 0])
        }
        for collector in collectors ?? [] {
            add(collector.name, "refused requests", collector.refusedRequests)
            add(collector.name, "dead letters", collector.unconformed)
            add(collector.name, "unreadable events", collector.refusedEvents)
            add(collector.name, "ignored", collector.ignored)
        }
        for stage in stages {
            add(stage.name, "late", ["beyond the allowed lateness": stage.late])
            add(stage.name, "duplicate", ["seen before": stage.duplicates])
            add(
                stage.name,
                "repeated order",
                ["its order was counted under another id": stage.repeatedOrders ?? 0]
            )
            add(
                stage.name,
                "conflict",
                ["its id was counted with another content": stage.conflicts ?? 0]
            )
            add(stage.name, "failed", stage.failures)
        }
        for subscription in subscriptions {
            let named = subscription.deadLettersByReason.values.reduce(0, &+)
            add(
                subscription.name,
                "dead-lettered",
                subscription.deadLettersByReason,
                samples: subscription.deadLetterSamples ?? [:]
            )
            add(
                subscription.name,
                "dead-lettered",
                ["no reason named": subscription.deadLettered &- named]
            )
            add(subscription.name, "expired", ["older than the retention": subscription.expired])
            add(subscription.name, "shed", ["the subscription was full": subscription.shed])
            add(
                subscription.name,
                "skipped",
                ["a seek took them for acked": subscription.skipped ?? 0]
            )
        }
        return rows
    }

    /// The most frequent first, then by name: a dictionary has no order of its own.
    static func byCount(_ counts: [String: Int64]) -> [(name: String, count: Int64)] {
        counts.map { (name: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }

    /// Nothing where the run is held to nothing.
    var objectiveSections: [Section] {
        guard let objectives, !objectives.isEmpty else { return [] }
        let why = objectives.map { "\($0.name): \($0.reason)" }
        var blocks: [ReportDocument.Block] = [
            .table(objectiveTable(objectives, limit: .max)),
            .list(title: "why", items: why, more: 0),
        ]
        if let alerts, !alerts.isEmpty {
            let episodes = Table(
                "alerts",
                [
                    .text("alert"), .text("severity"), .number("into the run"), .text("fired"),
                    .text("resolved"),
                ],
                of: alerts,
                limit: 50
            ) {
                [
                    Cell($0.alert), Cell($0.severity, .bad),
                    Cell(elapsed($0.start).map { ReportNumbers.duration(seconds: $0) }),
                    Cell.instant($0.start),
                    $0.end.map { Cell.instant($0) } ?? Cell("still firing", .bad),
                ]
            }
            blocks.append(.table(episodes))
        }
        return [Section(title: "Objectives", blocks: blocks)]
    }

    /// How the run did, and what is left of the budget of the period.
    func objectiveTable(_ objectives: [Objective], limit: Int) -> Table {
        Table(
            "this run, and the budget of the period",
            [
                .text("objective"), .text(""), .number("this run"), .number("target"),
                .number("budget left"), .text("state"),
            ],
            of: objectives,
            limit: limit
        ) { objective in
            let sign: Cell =
                switch objective.run?.meetsTarget {
                case true?: Cell("✓", .good)
                case false?: Cell("✗", .bad)
                case nil: .absent
                }
            return [
                Cell(objective.name), sign, Cell(objective.runText),
                Cell(FigureText.percent(target: objective.target)),
                Cell(FigureText.percent(objective.remainingRatio, digits: 2)),
                Cell(objective.state, objective.mark),
            ]
        }
    }
}
