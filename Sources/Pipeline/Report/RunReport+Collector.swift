internal import Reports

extension RunReport {
    /// What clients sent, a section a collector; what was not taken is among the exceptions.
    var collectorSections: [Section] {
        (collectors ?? []).map { collector in
            var blocks: [ReportDocument.Block] = [
                .facts([
                    Fact("requests", .count(collector.requests)),
                    Fact(
                        "accepted",
                        .count(collector.accepted),
                        remark: "events that are in the topic and in the journal"
                    ),
                    Fact(
                        "recovered",
                        .count(collector.recovered),
                        remark: "accepted by an earlier run, and published again"
                    ),
                    Fact(
                        "of them dead letters",
                        .count(
                            collector.unconformed.values.reduce(0, +),
                            ifAny: .warning
                        ),
                        remark: "could not be brought into form, and are kept as they came"
                    ),
                ])
            ]
            if !collector.conformed.isEmpty {
                let rules = Table(
                    "Values changed before events were kept",
                    [.text("rule"), .number("values")],
                    of: RunReport.byCount(collector.conformed)
                ) {
                    [Cell($0.name), .count($0.count)]
                }
                blocks.append(.table(rules))
            }
            return Section(title: "Collector \(collector.name)", blocks: blocks)
        }
    }
}
