import Foundation
import Pipeline

/// What each kind of fault is to do to a run.
extension FaultSimulationTests {
    struct Kind {
        var fault: String
        /// What must be so of the report, beside that of a run without the fault.
        var check: @Sendable (_ report: RunReport, _ clean: RunReport) -> Bool
    }

    static func fault(_ kind: String, _ target: String, _ more: String = "") -> String {
        "{kind: \(kind), target: \(target), at: 20s, for: 20s\(more)}"
    }

    static func stage(_ report: RunReport, _ name: String) -> RunReport.Stage? {
        report.stages.first { $0.name == name }
    }

    static func failures(_ report: RunReport, _ label: String) -> Int64 {
        stage(report, "ingest")?.failures[label] ?? 0
    }

    static let kinds: [Kind] = [
        Kind(fault: fault("unavailable", "raw")) { report, clean in
            stage(report, "ingest")?.storeRetries ?? 0 > 0
                && report.rawStore?.events == clean.rawStore?.events
        },
        Kind(fault: fault("slow", "raw", ", by: 3s")) { report, clean in
            (stage(report, "ingest")?.latency.maxMs ?? 0) >= 3000
                && report.rawStore?.events == clean.rawStore?.events
        },
        Kind(fault: fault("failing", "warehouse", ", share: 0.5")) { report, clean in
            stage(report, "analytics")?.storeRetries ?? 0 > 0
                && report.warehouse?.totals.orders == clean.warehouse?.totals.orders
        },
        Kind(fault: fault("out-of-connections", "raw", ", limit: 120")) { report, clean in
            stage(report, "ingest")?.storeRetries ?? 0 > 0
                && report.rawStore?.events == clean.rawStore?.events
        },
        Kind(fault: fault("acknowledgement-lost", "raw", ", share: 0.5")) { report, clean in
            stage(report, "ingest")?.duplicates ?? 0 > 0
                && report.rawStore?.events == clean.rawStore?.events
        },
        Kind(fault: fault("acknowledgement-lost", "warehouse", ", share: 0.5")) { report, clean in
            report.warehouse?.totals.events == clean.warehouse?.totals.events
        },
        Kind(fault: fault("metadata-blocks-lost", "warehouse", ", share: 0.5")) { report, clean in
            let effects = report.faults?.first?.effects ?? 0
            return effects > 0 && effects < 200
                && report.warehouse?.totals.events == clean.warehouse?.totals.events
        },
        Kind(fault: fault("crash", "analytics", ", every: 3s")) { report, clean in
            report.subscriptions[1].expiredDeadlines > 0
                && report.warehouse?.totals.events == clean.warehouse?.totals.events
        },
        Kind(fault: fault("hang", "ingest")) { report, clean in
            (stage(report, "ingest")?.latency.maxMs ?? 0) > 19_000
                && report.rawStore?.events == clean.rawStore?.events
        },
        Kind(fault: fault("drop", "analytics", ", share: 0.5")) { report, clean in
            let (seen, all) = (report.warehouse?.totals.events, clean.warehouse?.totals.events)
            return (seen?.values.reduce(0, +) ?? 0) < (all?.values.reduce(0, +) ?? 0)
                && report.rawStore?.events == clean.rawStore?.events
                && report.subscriptions[1].acked == clean.subscriptions[1].acked
        },
        Kind(fault: fault("alter", "analytics", ", factor: 2")) { report, clean in
            (report.warehouse?.totals.sales.first?.revenueMinor ?? 0)
                > (clean.warehouse?.totals.sales.first?.revenueMinor ?? 0)
                && report.warehouse?.totals.orders == clean.warehouse?.totals.orders
        },
        Kind(fault: fault("partition", "analytics")) { report, clean in
            (stage(report, "analytics")?.latency.maxMs ?? 0) > 19_000
                && report.warehouse?.totals.events == clean.warehouse?.totals.events
        },
        Kind(fault: fault("partition", "events")) { report, clean in
            (stage(report, "ingest")?.latency.maxMs ?? 0) > 19_000
                && report.rawStore?.events == clean.rawStore?.events
        },
        Kind(fault: fault("duplicate", "shop", ", share: 0.5")) { report, clean in
            stage(report, "ingest")?.duplicates ?? 0 > 0
                && stage(report, "analytics")?.duplicates ?? 0 > 0
                && report.rawStore?.events == clean.rawStore?.events
                && report.warehouse?.totals.events == clean.warehouse?.totals.events
        },
        Kind(fault: fault("reordered", "shop", ", share: 0.5")) { report, clean in
            report.rawStore?.events == clean.rawStore?.events
                && report.warehouse?.totals.events == clean.warehouse?.totals.events
        },
        Kind(fault: fault("late", "shop", ", by: 2h, share: 0.5")) { report, clean in
            stage(report, "analytics")?.late ?? 0 > 0
                && report.rawStore?.events == clean.rawStore?.events
        },
        Kind(fault: fault("malformed", "shop", ", share: 0.5")) { report, _ in
            failures(report, "value-negative") > 0
        },
        Kind(fault: fault("oversized", "shop", ", limit: 500, share: 0.5")) { report, clean in
            report.rawStore?.events == clean.rawStore?.events
                && (report.faults?.first?.effects ?? 0) > 0
        },
        Kind(fault: fault("schema-change", "shop")) { report, _ in
            failures(report, "currency-missing") > 0
        },
        Kind(fault: fault("empty-transaction-id", "shop")) { report, _ in
            failures(report, "transaction-id-empty") > 0
        },
        Kind(fault: fault("repeated-transaction-id", "shop")) { report, clean in
            report.rawStore?.events == clean.rawStore?.events
        },
        Kind(fault: fault("clock-skew", "shop", ", by: 2d")) { report, _ in
            failures(report, "time-in-future") > 0
        },
        Kind(fault: fault("spike", "shop", ", factor: 5")) { report, clean in
            let more = Double(published(report) - published(clean))
            return abs(more - 800) < 5 * 1000.0.squareRoot()
        },
        Kind(fault: fault("flash-sale", "shop", ", factor: 5")) { report, clean in
            published(report) > published(clean) + 600
        },
        Kind(fault: fault("bot-flood", "shop", ", factor: 5")) { report, clean in
            let lists = report.warehouse?.totals.events["view_item_list"] ?? 0
            return lists > (clean.warehouse?.totals.events["view_item_list"] ?? 0) + 500
        },
        Kind(fault: fault("drought", "shop", ", factor: 0")) { report, clean in
            abs(Double(published(clean) - published(report)) - 200) < 5 * 200.0.squareRoot()
        },
    ]

    static func published(_ report: RunReport) -> Int64 {
        report.producers.reduce(0) { $0 + $1.published }
    }
}
