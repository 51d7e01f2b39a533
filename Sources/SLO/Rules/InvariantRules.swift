/// The Prometheus alerts on the invariants of datasets, and promtool's unit tests of them.
///
/// Several processes may tell of one warehouse, so that figures are taken together by invariant.
enum InvariantRules {
    /// The name of the group.
    static let name = "dataset-invariants"

    private struct Alert {
        var name: String
        var expression: String
        /// Minutes.
        var after = 0
        /// Nil where the series has one.
        var severity: String?
        var summary: String
    }

    private static let present = latest("dataset_anomalies")
    private static let anHourAgo = latest("dataset_anomalies offset 1h")

    private static let appeared = Alert(
        name: "DatasetAnomalies",
        expression: "\(present) > 0",
        summary: "{{ $value }} offend against {{ $labels.invariant }}"
    )
    private static let grown = Alert(
        name: "DatasetAnomaliesGrow",
        expression: "\(present) > (\(anHourAgo) > 0)",
        summary: "more offend against {{ $labels.invariant }} than an hour ago: {{ $value }}"
    )
    private static let unknown = Alert(
        name: "DatasetInvariantCheckFailing",
        expression: "max by (invariant, owner) (dataset_invariant_consecutive_failures) > 0",
        severity: "ticket",
        summary: "the last {{ $value }} looks at {{ $labels.invariant }} have failed"
    )
    private static let stale = Alert(
        name: "DatasetInvariantsStale",
        expression: """
            time() - dataset_invariants_last_refresh_timestamp_seconds
              > 3 * dataset_invariants_refresh_interval_seconds
            """,
        after: 10,
        severity: "ticket",
        summary: "the snapshot of the invariants is {{ humanizeDuration $value }} old"
    )

    private static func latest(_ series: String) -> String {
        "max by (invariant, severity, owner) (\(series))"
    }

    static var group: YAMLValue {
        .mapping([
            ("name", .text(name)),
            ("rules", .list([appeared, grown, unknown, stale].map(rule))),
        ])
    }

    private static func rule(_ alert: Alert) -> YAMLValue {
        var entries: [(key: String, value: YAMLValue)] = [
            ("alert", .text(alert.name)), ("expr", .block(alert.expression)),
        ]
        if alert.after > 0 {
            entries.append(("for", .text("\(alert.after)m")))
        }
        if let severity = alert.severity {
            entries.append(("labels", .mapping([("severity", .text(severity))])))
        }
        entries.append(("annotations", .mapping([("summary", .text(alert.summary))])))
        return .mapping(entries)
    }

    // MARK: - Tests

    static var tests: [YAMLValue] {
        let page = [("invariant", "head-is-tip"), ("owner", "data"), ("severity", "page")]
        let ticket = [("invariant", "head-is-tip"), ("owner", "data"), ("severity", "ticket")]
        let labels = "{invariant=\"head-is-tip\",severity=\"page\",owner=\"data\"}"
        return [
            test(
                "anomalies are told as long as they are there, and again as they grow",
                [("dataset_anomalies\(labels)", "0+0x30 2+0x60 5+0x90 0+0x40")],
                [
                    (appeared, 30, nil),
                    (appeared, 60, (page, "2 offend against head-is-tip")),
                    (grown, 90, nil),
                    (
                        grown, 120,
                        (page, "more offend against head-is-tip than an hour ago: 5")
                    ),
                    (grown, 180, nil),
                    (appeared, 180, (page, "5 offend against head-is-tip")),
                    (appeared, 210, nil),
                ]
            ),
            test(
                "a series that comes late, goes and comes again tells of nothing new",
                [("dataset_anomalies\(labels)", "_x59 2+0x60 stale _x28 2+0x60")],
                [
                    (appeared, 30, nil),
                    (appeared, 60, (page, "2 offend against head-is-tip")),
                    (grown, 60, nil),
                    (grown, 90, nil),
                    (appeared, 120, nil),
                    (appeared, 150, (page, "2 offend against head-is-tip")),
                    (grown, 150, nil),
                ]
            ),
            test(
                "an invariant that cannot be looked at is told",
                [
                    (
                        "dataset_invariant_consecutive_failures\(labels)",
                        "0+0x30 1+0x60 0+0x30 1+0x20 stale"
                    )
                ],
                [
                    (unknown, 30, nil),
                    (unknown, 60, (ticket, "the last 1 looks at head-is-tip have failed")),
                    (unknown, 120, nil),
                    (unknown, 150, nil),
                ]
            ),
            test(
                "a snapshot that nobody refreshes is told",
                [
                    (
                        "dataset_invariants_last_refresh_timestamp_seconds",
                        "0+0x30 1800+0x160 11400+0x60 0+0x10 stale"
                    ),
                    ("dataset_invariants_refresh_interval_seconds", "1800+0x262 stale"),
                ],
                [
                    (stale, 120, nil),
                    (stale, 150, nil),
                    (
                        stale, 180,
                        (
                            [("severity", "ticket")],
                            "the snapshot of the invariants is 2h 30m 0s old"
                        )
                    ),
                    (stale, 210, nil),
                    (stale, 270, nil),
                ]
            ),
        ]
    }

    /// A test with what an alert says after so many minutes; nil for nothing.
    private static func test(
        _ title: String,
        _ series: [(name: String, values: String)],
        _ checks: [(
            alert: Alert, minutes: Int,
            expected: (labels: [(String, String)], summary: String)?
        )]
    ) -> YAMLValue {
        .mapping([
            ("name", .text("invariants: \(title)")),
            ("interval", .text("1m")),
            (
                "input_series",
                .list(
                    series.map {
                        .mapping([("series", .text($0.name)), ("values", .text($0.values))])
                    }
                )
            ),
            (
                "alert_rule_test",
                .list(
                    checks.map { check in
                        let expected = check.expected.map { labels, summary in
                            YAMLValue.mapping([
                                (
                                    "exp_labels",
                                    .mapping(labels.map { ($0.0, YAMLValue.text($0.1)) })
                                ),
                                ("exp_annotations", .mapping([("summary", .text(summary))])),
                            ])
                        }
                        return .mapping([
                            ("eval_time", .text("\(check.minutes)m")),
                            ("alertname", .text(check.alert.name)),
                            ("exp_alerts", .list([expected].compactMap { $0 })),
                        ])
                    }
                )
            ),
        ])
    }
}
