internal import SLO
internal import Timekeeping

/// Promtool's unit tests of the rules of one objective.
///
/// Each alert is shown a clean history as long as its long window, an outage, and a recovery: it
/// must be silent before, fire at the first evaluation after its detection time, and be silent
/// again once the short window has passed. Further tests are of what happens round a scrape and is
/// no trouble of the service: a run that has just begun, one that ends, a scrape that fails, a
/// process that starts anew, a Prometheus that comes late.
struct RuleTests {
    let rules: ObjectiveRules

    /// How often rules are evaluated in the tests: seldom, since windows are days long.
    static let tick = Duration.seconds(60 * tickMinutes)
    static let tickMinutes = 30

    private var name: String { rules.objective.name }

    /// Tests of ratios, of every alert on a burn rate that can fire, of the spent budget and of
    /// missing data.
    var tests: [YAMLValue] {
        let ratios = rules.isWeighed ? [] : [quietTest, mixedTest]
        let surroundings =
            rules.isWeighed
            ? [gaugesGoneTest] : [shortRunTest, lateAndAnewTest].compactMap { $0 }
        return ratios + surroundings
            + rules.burnRateAlerts.compactMap { burnRateTest($0.alert, $0.policy) }
            + [exhaustedTest, noDataTest, standstillTest].compactMap { $0 }
    }

    // MARK: - Series

    /// The scrape of an objective; `seconds` are those in which something reported.
    private func series(good: String, bad: String, seconds: String? = nil) -> [YAMLValue] {
        func scraped(_ name: String, _ values: String, labels: String = "") -> YAMLValue {
            .series("\(name){\(rules.scraped)\(labels)}", values)
        }
        var series = [
            scraped(RuleNames.events, good, labels: ", result=\"good\""),
            scraped(RuleNames.events, bad, labels: ", result=\"bad\""),
        ]
        if rules.objective.budgeting.sliceWindow != nil {
            series.append(scraped(RuleNames.measuredEvents, good))
        }
        if let seconds {
            let none = seconds.split(separator: " ").map { part in
                // As many samples as there are of the seconds, all 0.
                part.first == "_" || part == "stale"
                    ? String(part) : "0x" + (part.split(separator: "x").dropFirst().last ?? "0")
            }
            series.append(scraped(RuleNames.observedSeconds, seconds))
            series.append(scraped(RuleNames.excludedSeconds, none.joined(separator: " ")))
        }
        return series
    }

    /// `minutes`, up to a whole evaluation.
    private static func ticks(_ minutes: Int) -> Int {
        (minutes + tickMinutes - 1) / tickMinutes * tickMinutes
    }

    private static func minutes(_ duration: Duration) -> Int {
        Int((duration.inSeconds / 60).rounded(.up))
    }

    // MARK: - Recordings

    private var quietTest: YAMLValue {
        var sums = [
            ("\(RuleNames.errorRatio("5m")){\(rules.selector)}", "0"),
            ("slo:current_burn_rate:ratio{\(rules.selector)}", "0"),
        ]
        if rules.rollingPeriod != nil {
            sums.append(("slo:period_error_budget_remaining:ratio{\(rules.selector)}", "1"))
        }
        return .unitTest(
            "\(name): a quiet window has no errors and spends nothing",
            series(good: "5+0x40", bad: "0+0x40"),
            expressions: sums.map { sum($0, $1) }
        )
    }

    private var mixedTest: YAMLValue {
        .unitTest(
            "\(name): a ratio is one of sums",
            series(good: "0+3x40", bad: "0+1x40"),
            expressions: [sum("\(RuleNames.errorRatio("5m")){\(rules.selector)}", "0.25")]
        )
    }

    /// Without the labels, which the alerts' tests check.
    private func sum(_ expression: String, _ value: String) -> YAMLValue {
        .expression("sum(\(expression))", at: Self.tickMinutes, value)
    }

    // MARK: - Burn rates

    /// Nil where the alert cannot fire, fires on low burn rates, or its windows are not of whole
    /// minutes.
    private func burnRateTest(_ alert: BurnRateAlert, _ policy: AlertPolicy) -> YAMLValue? {
        let windows = [alert.longWindow, alert.shortWindow ?? alert.longWindow]
        let minutes = windows.map { Int($0.inNanoseconds / 60_000_000_000) }
        let target = rules.objective.target
        guard zip(windows, minutes).allSatisfy({ .seconds(60 * $1) == $0 && $1 > 1 }),
            alert.comparison.isOfHighRates, alert.isReachable(target: target),
            let detection = alert.detectionTime(errorRatio: .one, target: target)
        else { return nil }
        let start = Self.ticks(minutes[0])
        let detected = start + Int(detection.inSeconds / 60) + 1
        let fired = Self.ticks(Self.ticks(detected) + Self.minutes(alert.alertAfter))
        let cleared = Self.ticks(fired + 1 + minutes[1] + 1)
        let outage = fired - start + 1
        let alertName = ObjectiveRules.alertName(alert)
        return .unitTest(
            "\(name): \(alertName) fires on an outage, and no longer",
            series(of: alert, clean: start, outage: outage, calm: cleared - start - outage),
            alerts: [
                .alert(alertName, at: start, []),
                .alert(alertName, at: fired, [rules.expectation(of: .burnRate(alert), policy)]),
                .alert(alertName, at: cleared, []),
            ]
        )
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
                ].map { YAMLValue.series($0 + labels, $1) }
            }
    }

    // MARK: - Budget and missing data

    private var exhaustedTest: YAMLValue? {
        let objective = rules.objective
        let alerts = objective.alertPolicies.filter(\.alertWhenBreaching).flatMap { policy in
            policy.rules.compactMap { rule -> YAMLValue? in
                guard case .budgetExhausted = rule else { return nil }
                return rules.expectation(of: rule, policy)
            }
        }
        guard !alerts.isEmpty else { return nil }
        let input: [YAMLValue]
        if let period = rules.rollingPeriod {
            // Of nearly all that is counted, a thousandth would be left.
            guard objective.budget < ExactDecimal.nearlyAll, !rules.isWeighed else { return nil }
            let rate = max(1, objective.minimumEvents)
            input = series(
                good: "0+\(rate)x30 \(rate * 30)+0x40",
                bad: "0+0x30 \(rate)+\(rate * 2000)x40",
                // As if the whole period had been observed, which takes too long.
                seconds: "0+\(Int64(period.inSeconds))x71"
            )
        } else {
            input = [.series("\(RuleNames.remaining){\(rules.scraped)}", "1+0x30 0+0x40")]
        }
        return .unitTest(
            "\(name): a spent budget fires",
            input,
            alerts: [
                .alert("SLOBudgetExhausted", at: Self.tickMinutes, []),
                .alert("SLOBudgetExhausted", at: 2 * Self.tickMinutes, alerts),
            ]
        )
    }

    /// The counters are gone, after they were there from the beginning.
    private var noDataTest: YAMLValue? {
        noDataAlerts.map { alerts in
            let calm = 2 * Self.tickMinutes
            let gone = Self.ticks(calm + 1)
            return noDataTest(
                "\(name): missing data fire",
                series(good: "0+1x\(calm) stale", bad: "0+0x\(calm) stale"),
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
                "\(name): counters that stand still fire",
                series(good: "7+0x\(end)", bad: "0+0x\(end)"),
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

    /// Asks for this objective's alerts alone, since the other ones have no data all the time.
    private func noDataTest(
        _ title: String,
        _ series: [YAMLValue],
        silentAt silent: [Int],
        firing count: Int,
        at fired: Int
    ) -> YAMLValue {
        let alerts =
            "count(ALERTS{alertname=\"SLONoData\", alertstate=\"firing\", \(rules.selector)})"
        return .unitTest(
            title,
            series,
            expressions: silent.map { YAMLValue.expression(alerts, at: $0, nil) }
                + [YAMLValue.expression(alerts, at: fired, "\(count)")]
        )
    }

    // MARK: - What surrounds a scrape

    /// That no alert on the budget fires at these evaluations.
    private func silence(_ title: String, _ series: [YAMLValue], at ticks: [Int]) -> YAMLValue {
        let alerts = "ALERTS{alertname!=\"SLONoData\", \(rules.selector)}"
        return .unitTest(
            "\(name): \(title)",
            series,
            expressions: ticks.map { YAMLValue.expression(alerts, at: $0 * Self.tickMinutes, nil) }
        )
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
            "a minute of failures does not fire once its run has ended",
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
            "failures from before the first scrape, or before a restart, are not new",
            series(
                good: "_x\(late) 1000000+60x\(calm) 0+60x\(calm)",
                bad: "_x\(late) 900000+0x\(calm) 0+0x\(calm)",
                seconds: "_x\(late) 5000000+60x\(calm) 0+60x\(calm)"
            ),
            at: [1, 2, 3, 4]
        )
    }

    /// The gauges of a composite that burns are gone before they are evaluated again.
    private var gaugesGoneTest: YAMLValue {
        let windows = rules.burnRateAlerts.flatMap { [$0.alert.longWindow, $0.alert.shortWindow] }
        let gauges = windows.compactMap { $0 }.map { window in
            YAMLValue.series(
                "\(RuleNames.burnRate){\(rules.scraped), window=\"\(PromQL.duration(window))\"}",
                "1000000x\(Self.tickMinutes - 1) stale"
            )
        }
        return silence(
            "a burn rate that is not exposed any more does not fire",
            series(good: "0+60x28 stale", bad: "0+60x28 stale") + gauges,
            at: [1]
        )
    }
}

extension ExactDecimal {
    fileprivate static let nearlyAll = ExactDecimal(digits: 998, scale: 3) ?? .one
}
