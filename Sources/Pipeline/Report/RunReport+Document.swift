package import Reports
internal import Stages
internal import Storage

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

    /// What the report says, for any form.
    package var document: ReportDocument {
        ReportDocument(
            kind: scenario == nil ? "Run report" : "Scenario report",
            title: title,
            subject: "run",
            lead: scenario?.description ?? "",
            verdict: judged.cell,
            facts: runFacts,
            sections: storySections + objectiveSections + timelineSections + [stageSection]
                + collectorSections + [exceptionSection] + faultSections + [conservationSection]
                + salesSections,
            cards: cards,
            footer: "Schema version \(schemaVersion) · \(ReportNumbers.instant(started)) to "
                + ReportNumbers.instant(ended)
        )
    }

    private var runFacts: [Fact] {
        var facts = [
            Fact("took", Cell(ReportNumbers.duration(seconds: durationSeconds))),
            Fact("started", Cell.instant(started)),
            Fact("ended", Cell.instant(ended)),
            Fact("input", Cell(inputText)),
            Fact("published", Cell.count(published)),
            Fact("rate", rateCell),
        ]
        facts += simulationFacts
        if let rawStore {
            facts.append(
                Fact(
                    "raw store",
                    Cell("\(rawStore.store), \(ReportNumbers.count(rawStore.events)) events")
                )
            )
        }
        if let warehouse {
            facts.append(Fact("warehouse", Cell(warehouse.store)))
        }
        if simulation == nil, let command {
            facts.append(Fact("command", Cell(command)))
        }
        return facts
    }

    private var inputText: String {
        var text = "\(input.kind) \(input.stream)"
        if let seed = input.seed {
            text += ", seed \(seed)"
        }
        if let before = input.eventsBefore, before > 0 {
            text +=
                "; its shoppers come in new sessions, after the \(ReportNumbers.count(before)) "
                + "events that were stored before"
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
        if let changed = changedLoad { return Cell("\(text), \(changed)") }
        return Cell(
            "\(text) (\(ReportNumbers.percent(rate.reached / asked)))",
            rate.isLate(by: 0.01) ? .warning : .none
        )
    }

    /// Why the rate that was reached is no share of the one that was asked for; nil where it is.
    private var changedLoad: String? {
        let kinds = faultStories.filter { FaultStory.ofTraffic.contains($0.kind) }.map(\.kind)
        return kinds.isEmpty
            ? nil : "which the scenario changed for a time (\(kinds.joined(separator: ", ")))"
    }

    /// That it was a simulation, and all that it takes to repeat it; nothing for a run in real
    /// time.
    var simulationFacts: [Fact] {
        guard let simulation else { return [] }
        let tick = ReportNumbers.duration(seconds: simulation.tickSeconds)
        return [
            Fact("simulated", Cell("\(simulation.period), in virtual time")),
            Fact("tick", Cell("\(tick): events gather so long, which is part of every latency")),
            Fact(
                "kept",
                Cell(
                    simulation.keepsRawEvents
                        ? "raw events, aggregates and exceptions"
                        : "aggregates and exceptions; raw events are counted, not kept"
                )
            ),
            Fact("digest", Cell(simulation.digest)),
            Fact("replay", Cell(simulation.replay)),
        ]
    }

    /// Whether the states of every subscription add up to what was published.
    ///
    /// Nil without any published message: nothing was checked then.
    var isConserved: Bool? {
        guard published > 0 else { return nil }
        return subscriptions.allSatisfy(\.addsUp)
    }

    var published: Int64 {
        let collected = (collectors ?? []).reduce(0) { $0 + $1.accepted + $1.recovered }
        return producers.reduce(collected) { $0 + $1.published }
    }

    var rejected: Int64 {
        producers.reduce(0) { $0 + $1.rejected.values.reduce(0, +) }
    }
}

extension RunReport.Simulation {
    /// The virtual time that was asked for.
    var period: String { "\(ReportNumbers.instant(from)) to \(ReportNumbers.instant(to))" }
}

extension RunReport.Subscription {
    /// Every state with its name, in the order of the equation.
    var states: [(name: String, count: Int64)] {
        [
            ("acked", acked),
            ("outstanding", outstanding),
            ("backlog", backlog),
            ("waiting", waitingToRetry),
            ("dead-lettered", deadLettered),
            ("expired", expired),
            ("filtered", filtered),
            ("shed", shed),
        ]
    }

    /// The sum of the states is computed here once more: a report that merely repeats the
    /// broker's word would show ✓ beside figures that do not add up.
    var addsUp: Bool { conserved && surplus == 0 }

    /// Published messages less those in any state.
    var surplus: Int64 { states.reduce(published) { $0 &- $1.count } }

    var unsettled: Int64 { outstanding &+ backlog &+ waitingToRetry }
}

extension RunReport {
    /// The few figures that one reads from across the room.
    var cards: [Fact] {
        var cards = [
            Fact(
                "published",
                .count(published),
                remark: "events in \(ReportNumbers.duration(seconds: durationSeconds))"
            ),
            rateCard,
        ]
        for stage in stages.prefix(3) {
            let latency = stage.latency.count > 0 ? stage.latency : nil
            let maximum = Cell.latency(milliseconds: latency?.maxMs).text
            let middle = Cell.latency(milliseconds: latency?.p50Ms).text
            cards.append(
                Fact(
                    "p99 of \(stage.name)",
                    Cell.latency(milliseconds: latency?.p99Ms),
                    remark: "p50 \(middle), max \(maximum)"
                )
            )
        }
        if !subscriptions.isEmpty {
            cards.append(
                Fact(
                    "unsettled",
                    published > 0 ? each(\.unsettled) : .absent,
                    remark: "messages left at the end"
                )
            )
            cards.append(
                Fact(
                    "dead letters",
                    published > 0 ? each(\.deadLettered) : .absent,
                    remark: published + rejected > 0
                        ? "\(ReportNumbers.count(rejected)) records rejected" : ""
                )
            )
        }
        return cards + ordersAtStake + (warehouse.map { RunReport.cards(of: $0.totals) } ?? [])
    }

    /// The orders that came late at the stage that has most of them, and those that are counted
    /// nowhere, since the subscription gave them up that revenue is counted from.
    private var ordersAtStake: [Fact] {
        let late = stages.max { ($0.slowOrders?.count ?? 0) < ($1.slowOrders?.count ?? 0) }
        let dead = subscriptions.first { isCounted($0) && $0.deadOrders != nil }
        return [
            late.flatMap { stage in
                stage.slowOrders.map {
                    card("orders late", $0, "\(done(by: stage.name)) by \(stage.name)")
                }
            },
            dead.flatMap { subscription in
                subscription.deadOrders.map {
                    card("orders given up", $0, "not in the revenue")
                }
            },
        ].compactMap(\.self)
    }

    /// Whether revenue is counted from it.
    func isCounted(_ subscription: Subscription) -> Bool {
        stages.contains { $0.subscription == subscription.name && $0.kind == "analytics" }
    }

    private func card(_ name: String, _ orders: Orders, _ whose: String) -> Fact {
        Fact(
            name,
            .count(orders.count, ifAny: .warning),
            remark: "\(whose), worth \(orders.worthText)"
        )
    }

    /// A count of messages, by subscription where there are any: one event is a message to each.
    private func each(_ count: (Subscription) -> Int64) -> Cell {
        let some = subscriptions.filter { count($0) > 0 }
        guard !some.isEmpty else { return .count(0) }
        let texts = some.prefix(2).map { "\(ReportNumbers.count(count($0))) \($0.name)" }
        let more = some.count > 2 ? " …" : ""
        return Cell(texts.joined(separator: ", ") + more, .warning)
    }

    private var rateCard: Fact {
        guard published > 0, rate.reached.isFinite else { return Fact("rate", .absent) }
        let reached = Cell(ReportNumbers.rate(rate.reached))
        guard let asked = rate.asked, asked > 0 else {
            return Fact("rate", reached, remark: "asked: \(rate.profile)")
        }
        if let changed = changedLoad {
            return Fact("rate", reached, remark: "\(ReportNumbers.rate(asked)) asked, \(changed)")
        }
        let share = ReportNumbers.percent(rate.reached / asked)
        return Fact(
            "rate",
            Cell(reached.text, rate.isLate(by: 0.01) ? .warning : .none),
            remark: "\(share) of \(ReportNumbers.rate(asked)) asked"
        )
    }

    private static func cards(of totals: Totals) -> [Fact] {
        [
            Fact(
                "revenue",
                revenue(totals.sales, otherwise: .absent),
                remark: "refunds \(refunds(totals.sales, otherwise: .absent).text)"
            ),
            Fact(
                "orders",
                .count(totals.orders),
                remark: "\(ReportNumbers.count(totals.units)) units"
            ),
            Fact(
                "conversion",
                conversion(totals, otherwise: .absent),
                remark: "from viewing to buying"
            ),
            Fact(
                "shoppers",
                distinct(totals.shoppers, otherwise: .absent),
                remark: "sessions " + distinct(totals.sessions, otherwise: .absent).text
            ),
        ]
    }
}
