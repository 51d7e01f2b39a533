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

        var rule: YAMLValue {
            var entries: [(key: String, value: YAMLValue)] = [
                ("alert", .text(name)), ("expr", .block(expression)),
            ]
            if after > 0 { entries.append(("for", "\(after)m")) }
            if let severity { entries.append(("labels", ["severity": .text(severity)])) }
            entries.append(("annotations", ["summary": .text(summary)]))
            return .mapping(entries)
        }

        /// Silent after so many minutes.
        func isSilent(at minutes: Int) -> YAMLValue { .alert(name, at: minutes, []) }

        /// Firing after so many minutes, with these labels and this summary.
        func fires(
            at minutes: Int,
            _ labels: [(key: String, value: YAMLValue)],
            _ summary: String
        ) -> YAMLValue {
            .alert(
                name,
                at: minutes,
                [["exp_labels": .mapping(labels), "exp_annotations": ["summary": .text(summary)]]]
            )
        }
    }

    private static let present = latest("dataset_anomalies")
    private static let anHourAgo = latest("dataset_anomalies offset 1h")

    private static let appeared = Alert(
        name: "DatasetAnomalies",
        expression: "\(present) > 0",
        summary: "{{ $labels.invariant }}: {{ $value }} violations"
    )
    private static let grown = Alert(
        name: "DatasetAnomaliesGrow",
        expression: "\(present) > (\(anHourAgo) > 0)",
        summary: "{{ $labels.invariant }}: {{ $value }} violations, more than an hour ago"
    )
    private static let unknown = Alert(
        name: "DatasetInvariantCheckFailing",
        expression: "max by (invariant, owner) (dataset_invariant_consecutive_failures) > 0",
        severity: "ticket",
        summary: "check {{ $labels.invariant }} failed {{ $value }} times in a row"
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
        let alerts = [appeared, grown, unknown, stale]
        return ["name": .text(name), "rules": .list(alerts.map(\.rule))]
    }

    // MARK: - Tests

    static var tests: [YAMLValue] {
        let page: [(key: String, value: YAMLValue)] = [
            ("invariant", "head-is-tip"), ("owner", "data"), ("severity", "page"),
        ]
        let ticket: [(key: String, value: YAMLValue)] = [
            ("invariant", "head-is-tip"), ("owner", "data"), ("severity", "ticket"),
        ]
        let labels = "{invariant=\"head-is-tip\",severity=\"page\",owner=\"data\"}"
        func test(_ title: String, _ series: [YAMLValue], _ alerts: [YAMLValue]) -> YAMLValue {
            .unitTest("invariants: \(title)", series, alerts: alerts)
        }
        return [
            test(
                "anomalies fire as long as they are there, and again as they grow",
                [.series("dataset_anomalies\(labels)", "0+0x30 2+0x60 5+0x90 0+0x40")],
                [
                    appeared.isSilent(at: 30),
                    appeared.fires(at: 60, page, "head-is-tip: 2 violations"),
                    grown.isSilent(at: 90),
                    grown.fires(at: 120, page, "head-is-tip: 5 violations, more than an hour ago"),
                    grown.isSilent(at: 180),
                    appeared.fires(at: 180, page, "head-is-tip: 5 violations"),
                    appeared.isSilent(at: 210),
                ]
            ),
            test(
                "a series that begins late, ends and begins again has not grown",
                [.series("dataset_anomalies\(labels)", "_x59 2+0x60 stale _x28 2+0x60")],
                [
                    appeared.isSilent(at: 30),
                    appeared.fires(at: 60, page, "head-is-tip: 2 violations"),
                    grown.isSilent(at: 60),
                    grown.isSilent(at: 90),
                    appeared.isSilent(at: 120),
                    appeared.fires(at: 150, page, "head-is-tip: 2 violations"),
                    grown.isSilent(at: 150),
                ]
            ),
            test(
                "an invariant that cannot be checked fires",
                [
                    .series(
                        "dataset_invariant_consecutive_failures\(labels)",
                        "0+0x30 1+0x60 0+0x30 1+0x20 stale"
                    )
                ],
                [
                    unknown.isSilent(at: 30),
                    unknown.fires(at: 60, ticket, "check head-is-tip failed 1 times in a row"),
                    unknown.isSilent(at: 120),
                    unknown.isSilent(at: 150),
                ]
            ),
            test(
                "a snapshot that is not refreshed fires",
                [
                    .series(
                        "dataset_invariants_last_refresh_timestamp_seconds",
                        "0+0x30 1800+0x160 11400+0x60 0+0x10 stale"
                    ),
                    .series("dataset_invariants_refresh_interval_seconds", "1800+0x262 stale"),
                ],
                [
                    stale.isSilent(at: 120),
                    stale.isSilent(at: 150),
                    stale.fires(
                        at: 180,
                        [("severity", "ticket")],
                        "the snapshot of the invariants is 2h 30m 0s old"
                    ),
                    stale.isSilent(at: 210),
                    stale.isSilent(at: 270),
                ]
            ),
        ]
    }
}
