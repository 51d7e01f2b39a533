internal import Documents
internal import Timekeeping

/// Promtool's unit tests of the rules of one objective.
///
/// Each alert is shown a clean history as long as its long window, an outage, and a recovery: it
/// must be silent before, fire at the first evaluation after its detection time, and be silent
/// again once the short window has passed. What surrounds a scrape is in
/// ``surroundingTests``.
struct RuleTests {
    let rules: ObjectiveRules

    /// How often rules are evaluated in the tests: seldom, since a window of days is looked at.
    static let tick = Duration.seconds(60 * tickMinutes)
    static let tickMinutes = 30

    var name: String { rules.objective.name }

    /// Tests of ratios, of every alert on a burn rate that can fire, of the spent budget and of
    /// missing data.
    var tests: [YAMLValue] {
        (rules.isWeighed ? [] : [quietTest, mixedTest]) + surroundingTests
            + rules.burnRateAlerts.compactMap { burnRateTest($0.alert, $0.policy) }
            + [exhaustedTest, noDataTest, standstillTest].compactMap { $0 }
    }

    // MARK: - Recordings

    private var quietTest: YAMLValue {
        test(
            "\(name): a quiet window has no errors and spends nothing",
            good: "5+0x40",
            bad: "0+0x40",
            expressions: [
                ("\(RuleNames.errorRatio("5m")){\(rules.selector)}", "0"),
                ("slo:current_burn_rate:ratio{\(rules.selector)}", "0"),
            ] + (rules.rollingPeriod == nil ? [] : [remaining("1")])
        )
    }

    private var mixedTest: YAMLValue {
        test(
            "\(name): a ratio is one of sums",
            good: "0+3x40",
            bad: "0+1x40",
            expressions: [("\(RuleNames.errorRatio("5m")){\(rules.selector)}", "0.25")]
        )
    }

    private func remaining(_ value: String) -> (String, String) {
        ("slo:period_error_budget_remaining:ratio{\(rules.selector)}", value)
    }

    private func test(
        _ title: String,
        good: String,
        bad: String,
        expressions: [(expression: String, value: String)]
    ) -> YAMLValue {
        let checks = expressions.map { expression, value -> YAMLValue in
            .mapping([
                // Without their labels, which the alerts' tests look at.
                ("expr", .text("sum(\(expression))")),
                ("eval_time", .text("\(Self.tickMinutes)m")),
                (
                    "exp_samples",
                    .list([.mapping([("labels", .text("{}")), ("value", .number(value))])])
                ),
            ])
        }
        return .mapping([
            ("name", .text(title)),
            ("interval", .text("1m")),
            ("input_series", .list(series(good: good, bad: bad))),
            ("promql_expr_test", .list(checks)),
        ])
    }

    /// The scrape of an objective; `seconds` are those in which something reported.
    func series(good: String, bad: String, seconds: String? = nil) -> [YAMLValue] {
        var series = [("good", good), ("bad", bad)].map { result, values in
            Self.series("\(RuleNames.events){\(rules.scraped), result=\"\(result)\"}", values)
        }
        if rules.objective.budgeting.sliceWindow != nil {
            series.append(Self.series("\(RuleNames.measuredEvents){\(rules.scraped)}", good))
        }
        if let seconds {
            let none = seconds.split(separator: " ").map { part in
                // As many samples as there are of the seconds, all 0.
                part.first == "_" || part == "stale"
                    ? String(part) : "0x" + (part.split(separator: "x").dropFirst().last ?? "0")
            }
            series.append(Self.series("\(RuleNames.observedSeconds){\(rules.scraped)}", seconds))
            series.append(
                Self.series(
                    "\(RuleNames.excludedSeconds){\(rules.scraped)}",
                    none.joined(separator: " ")
                )
            )
        }
        return series
    }

    static func series(_ name: String, _ values: String) -> YAMLValue {
        .mapping([("series", .text(name)), ("values", .text(values))])
    }

    // MARK: - Alerts

    /// Nil where the alert cannot fire, fires on low burn rates, or its windows are not of whole
    /// minutes.
    private func burnRateTest(_ alert: BurnRateAlert, _ policy: AlertPolicy) -> YAMLValue? {
        let windows = [alert.longWindow, alert.shortWindow ?? alert.longWindow]
        let minutes = windows.map { Int($0.inNanoseconds / 60_000_000_000) }
        guard zip(windows, minutes).allSatisfy({ .seconds(60 * $1) == $0 && $1 > 1 }),
            alert.isReachable(target: rules.objective.target),
            let detection = alert.detectionTime(
                errorRatio: .one,
                target: rules.objective.target
            )
        else { return nil }
        switch alert.comparison {
        case .lessThan, .lessThanOrEqual: return nil
        case .greaterThan, .greaterThanOrEqual: break
        }
        let start = Self.ticks(minutes[0])
        let delay = alert.alertAfter.inSeconds / 60
        let detected = start + Int(detection.inSeconds / 60) + 1
        let fired = Self.ticks(Self.ticks(detected) + Int(delay.rounded(.up)))
        let cleared = Self.ticks(fired + 1 + minutes[1] + 1)
        let outage = fired - start + 1
        let calm = cleared - start - outage
        let expected = rules.expectation(of: alert, policy)
        let alertName = ObjectiveRules.alertName(alert)
        return .mapping([
            ("name", .text("\(name): \(alertName) fires on an outage, and no longer")),
            ("interval", .text("1m")),
            ("input_series", .list(series(of: alert, clean: start, outage: outage, calm: calm))),
            (
                "alert_rule_test",
                .list([
                    check(alertName, at: start, []),
                    check(alertName, at: fired, [expected]),
                    check(alertName, at: cleared, []),
                ])
            ),
        ])
    }

    /// So many minutes without a failure, with nothing else, and without one again.
    private func series(
        of alert: BurnRateAlert,
        clean: Int,
        outage: Int,
        calm: Int
    ) -> [YAMLValue] {
        // As many a minute as the alert asks for.
        let rate = max(60, Int(alert.minimumEvents) / Int(alert.longWindow.inSeconds / 60) + 1)
        let counts = series(
            good: "0+\(rate)x\(clean) \(rate * clean)+0x\(outage - 1) "
                + "\(rate * (clean + 1))+\(rate)x\(calm)",
            bad: "0+0x\(clean) \(rate)+\(rate)x\(outage - 1) \(rate * outage)+0x\(calm)",
            seconds: "0+60x\(clean + outage + calm + 1)"
        )
        guard rules.isWeighed else { return counts }
        // What the engine says of it: all of the budget's rate, and then none of it.
        let highest = 1 / rules.objective.budget.approximation
        return counts
            + [alert.longWindow, alert.shortWindow].compactMap { $0 }.flatMap { window in
                let labels = "{\(rules.scraped), window=\"\(DurationText.write(window))\"}"
                return [
                    (RuleNames.burnRate, "0x\(clean) \(highest)x\(outage - 1) 0x\(calm)"),
                    (RuleNames.sli, "1x\(clean) 0x\(outage - 1) 1x\(calm)"),
                ].map { Self.series($0 + labels, $1) }
            }
    }

    /// `minutes`, up to a whole evaluation.
    private static func ticks(_ minutes: Int) -> Int {
        (minutes + tickMinutes - 1) / tickMinutes * tickMinutes
    }

    func check(_ alert: String, at minutes: Int, _ expected: [YAMLValue]) -> YAMLValue {
        .mapping([
            ("eval_time", .text("\(minutes)m")),
            ("alertname", .text(alert)),
            ("exp_alerts", .list(expected)),
        ])
    }

    private var exhaustedTest: YAMLValue? {
        let alerts = rules.objective.alertPolicies.filter(\.alertWhenBreaching).flatMap { policy in
            policy.rules.compactMap { rule -> YAMLValue? in
                if case .budgetExhausted(let alert) = rule {
                    rules.expectation(of: alert, policy)
                } else {
                    nil
                }
            }
        }
        guard !alerts.isEmpty else { return nil }
        let input: [YAMLValue]
        if let period = rules.rollingPeriod {
            // Of nearly all that is counted, a thousandth would be left.
            guard rules.objective.budget < ExactDecimal.nearlyAll,
                !rules.isWeighed
            else { return nil }
            let rate = max(1, rules.objective.minimumEvents)
            input = series(
                good: "0+\(rate)x30 \(rate * 30)+0x40",
                bad: "0+0x30 \(rate)+\(rate * 2000)x40",
                // As if the whole period had been observed, which nobody waits for.
                seconds: "0+\(Int64(period.inSeconds))x71"
            )
        } else {
            input = [
                .mapping([
                    ("series", .text("\(RuleNames.remaining){\(rules.scraped)}")),
                    ("values", .text("1+0x30 0+0x40")),
                ])
            ]
        }
        return .mapping([
            ("name", .text("\(name): a spent budget is told")),
            ("interval", .text("1m")),
            ("input_series", .list(input)),
            (
                "alert_rule_test",
                .list([
                    check("SLOBudgetExhausted", at: Self.tickMinutes, []),
                    check("SLOBudgetExhausted", at: 2 * Self.tickMinutes, alerts),
                ])
            ),
        ])
    }

    /// The counters are gone, after they were there from the beginning.
    private var noDataTest: YAMLValue? {
        noDataAlerts.map { alerts in
            let calm = 2 * Self.tickMinutes
            let gone = Self.ticks(calm + 1)
            return noDataTest(
                "\(name): missing data are told",
                good: "0+1x\(calm) stale",
                bad: "0+0x\(calm) stale",
                silentAt: [0, calm, gone],
                firing: alerts.count,
                at: Self.ticks(gone + Self.minutes(alerts.longest))
            )
        }
    }

    /// The counters stand still; a Prometheus that has just begun cannot know that.
    private var standstillTest: YAMLValue? {
        noDataAlerts.map { alerts in
            let seen = Self.ticks(1)
            let end = Self.ticks(seen + Self.minutes(alerts.longest))
            return noDataTest(
                "\(name): counters that stand still are told",
                good: "7+0x\(end)",
                bad: "0+0x\(end)",
                silentAt: [0, seen],
                firing: alerts.count,
                at: end
            )
        }
    }

    private var noDataAlerts: (count: Int, longest: Duration)? {
        let lengths = rules.objective.alertPolicies.filter(\.alertWhenNoData).flatMap(\.rules)
            .compactMap { rule in
                if case .noData(let alert) = rule { alert.after } else { nil }
            }
        return lengths.max().map { (lengths.count, $0) }
    }

    private static func minutes(_ duration: Duration) -> Int {
        Int((duration.inSeconds / 60).rounded(.up))
    }

    /// Asks for this objective's alerts alone, since the other ones have no data all the time.
    private func noDataTest(
        _ title: String,
        good: String,
        bad: String,
        silentAt silent: [Int],
        firing count: Int,
        at fired: Int
    ) -> YAMLValue {
        let alerts =
            "count(ALERTS{alertname=\"SLONoData\", alertstate=\"firing\", \(rules.selector)})"
        let firing = YAMLValue.mapping([
            ("labels", .text("{}")), ("value", .number("\(count)")),
        ])
        let checks = (silent.map { ($0, []) } + [(fired, [firing])]).map { minutes, samples in
            YAMLValue.mapping([
                ("expr", .text(alerts)),
                ("eval_time", .text("\(minutes)m")),
                ("exp_samples", .list(samples)),
            ])
        }
        return .mapping([
            ("name", .text(title)),
            ("interval", .text("1m")),
            ("input_series", .list(series(good: good, bad: bad))),
            ("promql_expr_test", .list(checks)),
        ])
    }
}

extension ExactDecimal {
    fileprivate static let nearlyAll = ExactDecimal(digits: 998, scale: 3) ?? .one
}
