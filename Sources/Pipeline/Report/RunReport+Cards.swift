internal import Reports

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
            let maximum = RunReport.cell(milliseconds: latency?.maxMs).text
            let middle = RunReport.cell(milliseconds: latency?.p50Ms).text
            cards.append(
                Fact(
                    "p99 of \(stage.name)",
                    RunReport.cell(milliseconds: latency?.p99Ms),
                    remark: "p50 \(middle), max \(maximum)"
                )
            )
        }
        if !subscriptions.isEmpty {
            let unsettled = subscriptions.reduce(0) { $0 &+ $1.unsettled }
            let dead = subscriptions.reduce(0) { $0 &+ $1.deadLettered }
            cards.append(
                Fact(
                    "unsettled",
                    published > 0 ? .count(unsettled, ifAny: .warning) : .absent,
                    remark: "messages left at the end"
                )
            )
            cards.append(
                Fact(
                    "dead letters",
                    published > 0 ? .count(dead, ifAny: .warning) : .absent,
                    remark: published + rejected > 0
                        ? "\(ReportNumbers.count(rejected)) records rejected" : ""
                )
            )
        }
        return cards + (warehouse.map { RunReport.cards(of: $0.totals) } ?? [])
    }

    private var rateCard: Fact {
        guard published > 0, rate.reached.isFinite else { return Fact("rate", .absent) }
        let reached = Cell(ReportNumbers.rate(rate.reached))
        guard let asked = rate.asked, asked > 0 else {
            return Fact("rate", reached, remark: "asked: \(rate.profile)")
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
