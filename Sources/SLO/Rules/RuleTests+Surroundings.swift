internal import Timekeeping

/// What happens round a scrape, which is no trouble of the service: a run that has just begun, one
/// that ends, a scrape that fails, a process that starts anew, a Prometheus that comes late.
extension RuleTests {
    /// Tests that none of that sets off an alert on the budget.
    var surroundingTests: [YAMLValue] {
        guard !rules.isWeighed else { return [gaugesGoneTest] }
        return [shortRunTest, lateAndAnewTest].compactMap { $0 }
    }

    /// A minute with too many failures, and then no scrape any more.
    ///
    /// Nil where an alert is right to fire on a minute.
    private var shortRunTest: YAMLValue? {
        let alerts = rules.burnRateAlerts.map(\.alert)
        let thresholds = alerts.map { alert in
            alert.factor.approximation * rules.objective.budget.approximation
        }
        guard let highest = thresholds.max() else { return nil }
        let share = min(1, 2 * highest)
        let isSilent = zip(alerts, thresholds).allSatisfy { alert, threshold in
            alert.comparison.isOfHighRates
                && 2 * share * 60 / alert.longWindow.inSeconds < threshold
        }
        // A window of half an hour at least, for which the minute has not passed unseen.
        guard isSilent else { return nil }
        let total: Int64 = 1_000_000_000_000
        let bad = Int64((Double(total) * share).rounded())
        let before = Self.tickMinutes - 2
        return silence(
            "\(name): a minute of failures is no hour, when its run has ended",
            series(
                good: "_x\(before) 0+\(total - bad)x1 stale",
                bad: "_x\(before) 0+\(bad)x1 stale",
                seconds: "_x\(before) 0+60x1 stale"
            ),
            at: [1, 2]
        )
    }

    /// Failures from before the first scrape, and counters that begin anew at 0.
    private var lateAndAnewTest: YAMLValue {
        let late = Self.tickMinutes - 1
        let calm = 2 * Self.tickMinutes
        return silence(
            "\(name): failures from before the first scrape, or before a restart, are not new",
            series(
                good: "_x\(late) 1000000+60x\(calm) 0+60x\(calm)",
                bad: "_x\(late) 900000+0x\(calm) 0+0x\(calm)",
                seconds: "_x\(late) 5000000+60x\(calm) 0+60x\(calm)"
            ),
            at: [1, 2, 3, 4]
        )
    }

    /// The gauges of a composite that burns are gone before a second look at them.
    private var gaugesGoneTest: YAMLValue {
        let windows = rules.burnRateAlerts.flatMap { [$0.alert.longWindow, $0.alert.shortWindow] }
        let gauges = windows.compactMap { $0 }.map { window in
            Self.series(
                "\(RuleNames.burnRate){\(rules.scraped), window=\"\(PromQL.duration(window))\"}",
                "1000000x\(Self.tickMinutes - 1) stale"
            )
        }
        return silence(
            "\(name): a burn rate that nobody tells any more is none",
            series(good: "0+60x28 stale", bad: "0+60x28 stale") + gauges,
            at: [1]
        )
    }

    /// That no alert on the budget fires at these evaluations.
    private func silence(_ title: String, _ series: [YAMLValue], at ticks: [Int]) -> YAMLValue {
        .mapping([
            ("name", .text(title)),
            ("interval", .text("1m")),
            ("input_series", .list(series)),
            (
                "promql_expr_test",
                .list(
                    ticks.map { tick in
                        .mapping([
                            ("expr", .text("ALERTS{alertname!=\"SLONoData\", \(rules.selector)}")),
                            ("eval_time", .text("\(tick * Self.tickMinutes)m")),
                            ("exp_samples", .list([])),
                        ])
                    }
                )
            ),
        ])
    }
}
