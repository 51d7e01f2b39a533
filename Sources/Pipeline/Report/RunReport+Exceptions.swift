internal import Reports

extension RunReport {
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
}
