internal import Reports
internal import SLO
internal import Timekeeping

/// What stages, subscriptions, objectives and faults say, a section each.
extension RunReport {
    // MARK: - Latency

    var latencySection: Section {
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

    var stageSection: Section {
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

    /// How many rejected records are shown.
    private static let shownRejections = 10

    /// What did not go the normal way, by who counted it and why.
    var exceptionSection: Section {
        let rows = exceptionRows
        var blocks: [ReportDocument.Block] = []
        if rows.isEmpty {
            let nothing = "nothing was late, rejected, dead-lettered or duplicate"
            blocks.append(.note(published > 0 ? Cell(nothing, .good) : Cell("no data", .absent)))
        } else {
            blocks.append(
                .table(
                    Table(
                        caption: "Exceptions by reason",
                        columns: [
                            .text("where"), .text("what"), .text("reason"), .number("count"),
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
        func add(_ place: String, _ what: String, _ reasons: [String: Int64]) {
            for (reason, count) in RunReport.byCount(reasons) where count > 0 {
                rows.append([Cell(place), Cell(what), Cell(reason), .count(count, ifAny: .warning)])
            }
        }
        for producer in producers {
            add(producer.name, "rejected", producer.rejected)
            add(producer.name, "left out", ["lines without pieces": producer.droppedItems ?? 0])
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
            add(subscription.name, "dead-lettered", subscription.deadLettersByReason)
            add(
                subscription.name,
                "dead-lettered",
                ["no reason named": subscription.deadLettered &- named]
            )
            add(subscription.name, "expired", ["older than the retention": subscription.expired])
            add(subscription.name, "shed", ["the subscription was full": subscription.shed])
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

extension RunReport {
    /// What the faults are a rehearsal of.
    var scenarioFacts: [Fact] {
        guard let scenario else { return [] }
        let about = scenario.description.map { ": \($0)" } ?? ""
        return [Fact("scenario", Cell("\(scenario.name)\(about)"))]
    }

    /// Nothing where no fault was to happen.
    var faultSections: [Section] {
        guard let faults, !faults.isEmpty else { return [] }
        let table = Table(
            "faults",
            [
                .text("fault"), .text("target"), .text("started"), .number("effects"),
                .text("visible"), .text("alert"), .text("ended"), .text("recovered"),
            ],
            of: faults,
            limit: 50
        ) { fault in
            [
                Cell(fault.name), Cell(fault.target), Cell(fault.start), .count(fault.effects),
                RunReport.after(fault.start, fault.visible, otherwise: "not in an objective"),
                fault.alert.map { alert in
                    let wait = RunReport.after(fault.start, fault.alerted, otherwise: "")
                    return Cell("\(alert) \(wait.text)", .bad)
                } ?? Cell("none", .absent),
                RunReport.after(fault.start, fault.end, otherwise: ""),
                RunReport.after(fault.start, fault.recovered, otherwise: "not by the end"),
            ]
        }
        return [
            Section(
                title: "Faults",
                blocks: faultSentences.map { .note(Cell($0)) } + [.table(table)]
            )
        ]
    }

    /// How many faults have a sentence of their own; further ones are counted.
    private static let faultsListed = 5

    /// What became of the faults, a sentence each.
    var faultSentences: [String] {
        let faults = faults ?? []
        let listed = faults.prefix(RunReport.faultsListed).map(sentence)
        let more = faults.count - listed.count
        return listed + (more > 0 ? ["and \(more) more faults"] : [])
    }

    private func sentence(of fault: Fault) -> String {
        let length = RunReport.wait(fault.start, fault.end) ?? "some time"
        let subject = "\(fault.name) (\(fault.target), for \(length))"
        guard fault.effects > 0 else { return "\(subject) changed nothing" }
        let seen =
            RunReport.wait(fault.start, fault.visible).map { "seen after \($0)" }
            ?? "not seen by any objective"
        let alerted =
            RunReport.wait(fault.start, fault.alerted).map { "alert after \($0)" } ?? "no alert"
        guard let recovered = fault.recovered else {
            return "\(subject): \(seen), \(alerted), not recovered by the end"
        }
        let after = RunReport.wait(fault.end, recovered) ?? "some time"
        let isBefore = recovered <= fault.end
        return "\(subject): \(seen), \(alerted), recovered "
            + (isBefore ? "before it ended" : "\(after) after it ended")
    }

    /// How long after `start` it was, such as `+52s`.
    private static func after(_ start: String, _ instant: String?, otherwise: String) -> Cell {
        wait(start, instant).map { Cell("+\($0)") } ?? Cell(otherwise, .absent)
    }

    /// The time from `start` to `instant`; nil where there is no such instant.
    private static func wait(_ start: String, _ instant: String?) -> String? {
        guard let instant, let from = Timestamp(rfc3339: start),
            let to = Timestamp(rfc3339: instant)
        else { return nil }
        return ReportNumbers.duration(seconds: (to - from).inSeconds)
    }
}
