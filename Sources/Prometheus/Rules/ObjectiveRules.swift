internal import SLO
internal import Timekeeping

/// The Prometheus rules of one objective.
///
/// Ratios are made of sums of counts, never of other ratios, so that a busy hour weighs more than
/// a quiet one. A window in which nothing happened has the error ratio 0; one of which nothing was
/// scraped has none. What was not observed has spent nothing, so that a young service is not held
/// to its first minutes.
///
/// How much of a window was observed is taken from the same samples as the counts. Where a scrape
/// is missing, a run ends or Prometheus comes late, both lack the same, and what is known of a
/// minute is never taken for an hour.
struct ObjectiveRules {
    let objective: Objective
    var origin = RuleOrigin.scrape

    /// Sloth's identity of an objective: service and name.
    var identifier: String { "\(objective.service)-\(objective.name)" }

    /// The labels that tell the objective on every series.
    var identity: [(key: String, value: String)] {
        [
            ("slo", objective.name),
            ("sloth_id", identifier),
            ("sloth_service", objective.service),
            ("sloth_slo", objective.name),
        ]
    }

    var selector: String { "sloth_id=\(PromQL.quoted(identifier))" }
    var scraped: String { "slo=\(PromQL.quoted(objective.name))" }

    /// Whether no sum of counts has its ratio: a composite of weighed components.
    ///
    /// In `Timeslices` a slice is bad or good as a whole, and those can be counted.
    var isWeighed: Bool {
        if case .timeslices = objective.budgeting { return false }
        return objective.isComposite
    }

    /// The length of the budget's window, where it rolls.
    var rollingPeriod: Duration? {
        if case .rolling(let period) = objective.timeWindow { period } else { nil }
    }

    /// The alerts on burn rates that notify someone.
    var burnRateAlerts: [(policy: AlertPolicy, alert: BurnRateAlert)] {
        objective.alertPolicies.filter(\.alertWhenBreaching).flatMap { policy in
            policy.rules.compactMap { rule in
                if case .burnRate(let alert) = rule { (policy, alert) } else { nil }
            }
        }
    }

    /// All windows of which something is recorded, the shortest first.
    var windows: [Duration] {
        let ofAlerts = burnRateAlerts.flatMap { [$0.alert.longWindow, $0.alert.shortWindow] }
        let limit = objective.timeWindow.nominalLength
        let ofDashboards = RuleNames.dashboardWindows.filter { $0 <= limit }
        let all = Set(ofAlerts.compactMap { $0 } + ofDashboards + [rollingPeriod].compactMap { $0 })
        return all.sorted()
    }

    /// The groups in the order in which they need each other.
    ///
    /// Long windows have a group of their own, which is evaluated less often: they read days of
    /// samples, and a minute hardly moves them.
    var groups: [YAMLValue] {
        let long = windows.filter { $0 >= .seconds(86_400) }
        let short = windows.filter { $0 < .seconds(86_400) }
        return [
            group("sli-recordings", interval: nil, short.flatMap(recordings)),
            group("long-sli-recordings", interval: "2m", long.flatMap(recordings)),
            group("meta-recordings", interval: nil, metaRecordings),
            group("alerts", interval: nil, alerts),
        ].compactMap { $0 }
    }

    /// The names of ``groups``.
    var groupNames: [String] {
        groups.compactMap { group in
            guard case .entries(let entries) = group, case .text(let name)? = entries.first?.value
            else { return nil }
            return name
        }
    }

    private func group(_ name: String, interval: String?, _ rules: [YAMLValue]) -> YAMLValue? {
        guard !rules.isEmpty else { return nil }
        var entries: [(key: String, value: YAMLValue)] = [
            ("name", .text("sloth-slo-\(name)-\(identifier)"))
        ]
        if let interval {
            entries.append(("interval", .text(interval)))
        }
        return .mapping(entries + [("rules", .list(rules))])
    }

    private func record(
        _ name: String,
        _ expression: String,
        _ labels: [(key: String, value: String)] = []
    ) -> YAMLValue {
        .mapping([
            ("record", .text(name)),
            ("expr", .block(expression)),
            ("labels", .mapping((identity + labels).map { ($0.key, .text($0.value)) })),
        ])
    }

    private func recordings(of length: Duration) -> [YAMLValue] {
        let window = PromQL.duration(length)
        let windowLabel = [("sloth_window", window)]
        let counts = counts(over: length).map {
            record(RuleNames.increase(window), $0.expression, windowLabel + $0.labels)
        }
        let shares = isWeighed ? weighedShares(of: length) : shares(of: length)
        return counts + shares.map { record($0.name, $0.expression, windowLabel) }
    }

    private typealias Share = (name: String, expression: String)

    private func shares(of length: Duration) -> [Share] {
        let window = PromQL.duration(length)
        let increase = RuleNames.increase(window)
        let ratio = RuleNames.errorRatio(window)
        let observed = RuleNames.observed(window)
        return [
            (
                ratio,
                PromQL.decimal(
                    """
                    sum without (result) (\(increase){\(selector), result="bad"})
                      / (sum without (result) (\(increase){\(selector)}) > 0)
                    or
                    sum without (result) (\(increase){\(selector)}) * 0\(unlessUnseen(in: length))
                    """
                )
            ),
            (observed, observedShare(of: length)),
            (
                RuleNames.spent(window),
                PromQL.decimal("\(ratio){\(selector)} * \(observed){\(selector)}")
            ),
        ]
    }

    /// Of a composite, as the engine that is scraped has weighed its components.
    private func weighedShares(of length: Duration) -> [Share] {
        let window = PromQL.duration(length)
        func latest(_ gauge: String) -> String {
            "max by (slo) (\(gauge){\(scraped), window=\"\(DurationText.write(length))\"})"
        }
        return [
            (RuleNames.errorRatio(window), PromQL.decimal("1 - \(latest(RuleNames.sli))")),
            (
                RuleNames.spent(window),
                PromQL.decimal("\(latest(RuleNames.burnRate)) * \(objective.budget)")
            ),
        ]
    }

    private var metaRecordings: [YAMLValue] {
        let budget = objective.budget.description
        let shortest = windows.first.map(PromQL.duration) ?? "5m"
        let days = objective.timeWindow.nominalLength.inSeconds / 86_400
        let spent: String?
        if rollingPeriod == nil, origin == .queries {
            // Prometheus has no calendar, and nothing else is scraped.
            spent = nil
        } else if let rollingPeriod {
            spent = """
                sum without (sloth_window) (\(RuleNames.spent(PromQL.duration(rollingPeriod)))\
                {\(selector)}) / \(budget)
                """
        } else {
            // Prometheus has no calendar; the engine that is scraped has.
            spent = "1 - max by (slo) (\(RuleNames.remaining){\(scraped)})"
        }
        let rates = [
            record("slo:objective:ratio", "vector(\(objective.target))"),
            record("slo:error_budget:ratio", "vector(\(budget))"),
            record(
                "slo:time_period:days",
                "vector(\(days == days.rounded() ? "\(Int64(days))" : "\(days)"))"
            ),
            record(
                "slo:current_burn_rate:ratio",
                """
                sum without (sloth_window) (\(RuleNames.errorRatio(shortest)){\(selector)}) \
                / \(budget)
                """
            ),
        ]
        let period = spent.map { spent in
            [
                record("slo:period_burn_rate:ratio", spent),
                record(
                    "slo:period_error_budget_remaining:ratio",
                    "1 - slo:period_burn_rate:ratio{\(selector)}"
                ),
            ]
        }
        let info = [
            record(
                "sloth_slo_info",
                "vector(1)",
                [
                    ("sloth_mode", "weir"),
                    ("sloth_objective", objective.target.percentText),
                    ("sloth_spec", "openslo/v1"),
                    ("sloth_version", "weir/v1"),
                ]
            )
        ]
        return rates + (period ?? []) + info
    }

    // MARK: - What was counted and observed over a window

    /// An expression of good and bad events, with the labels that it does not bring along.
    typealias Count = (expression: String, labels: [(key: String, value: String)])

    func counts(over length: Duration) -> [Count] {
        guard origin == .scrape else { return queriedCounts(over: length) }
        let window = PromQL.duration(length)
        return [("sum by (result) (increase(\(RuleNames.events){\(scraped)}[\(window)]))", [])]
    }

    /// How many events there were, whatever the budget counts.
    func events(over length: Duration) -> String {
        let window = PromQL.duration(length)
        if objective.budgeting.sliceWindow == nil {
            return "sum(\(RuleNames.increase(window)){\(selector)})"
        }
        return origin == .queries
            ? queriedEvents(over: length)
            : "sum(increase(\(RuleNames.measuredEvents){\(scraped)}[\(window)]))"
    }

    /// The observed share of a window, at most 1.
    ///
    /// `increase` treats the seconds as it treats the events: both reach from the first sample in
    /// the window to the last, over what lies between two scrapes, and not over a restart.
    func observedShare(of length: Duration) -> String {
        guard origin == .scrape else {
            return "clamp_max(\(presence(of: present, over: length)), 1)"
        }
        let window = PromQL.duration(length)
        func increase(_ counter: String) -> String {
            "max by (slo) (increase(\(counter){\(scraped)}[\(window)]))"
        }
        return """
            clamp_max(
              \(increase(RuleNames.observedSeconds))
                / (\(PromQL.seconds(length)) - \(increase(RuleNames.excludedSeconds)))
              or
              \(presence(of: "sum by (slo) (\(RuleNames.events){\(scraped)})", over: length)),
              1
            )
            """
    }

    /// What removes a window in which nothing was observed.
    ///
    /// Two samples, one before a gap and one after it, have an increase of 0, and say nothing of
    /// what was between them. Seconds that are not counted leave it as it is.
    func unlessUnseen(in length: Duration) -> String {
        guard origin == .scrape else { return "" }
        let seconds = "\(RuleNames.observedSeconds){\(scraped)}[\(PromQL.duration(length))]"
        return "\nunless on (slo)\n(max by (slo) (increase(\(seconds))) == 0)"
    }

    /// The share of a window in which `series` was there, of what tells nothing of that itself.
    ///
    /// As many steps as there are between its samples, so that a single one is nothing.
    func presence(of series: String, over length: Duration) -> String {
        let step = max(15, Int64(length.inSeconds) / 120)
        let count = "count_over_time((\(series))[\(PromQL.duration(length)):\(step)s])"
        return "(\(count) - 1) * \(step) / \(PromQL.seconds(length))"
    }

    /// For how long a counter has to stand still until that is silence: what is counted by slices
    /// moves once in each of them, and five minutes hold two samples of any usual scrape.
    var standstill: Duration {
        .seconds(300) + (objective.budgeting.sliceWindow ?? .zero)
    }
}

/// What is counted over a window where the objective's own queries say so.
extension ObjectiveRules {
    /// Why no rules can be made of the queries of `objective`; nil where they can.
    static func obstacle(toQueriesOf objective: Objective) -> String? {
        if !objective.isQueried
            || objective.components.flatMap(\.indicator.sources)
                .contains(where: { $0.kind != .prometheus })
        {
            return "it is not measured by queries of a Prometheus"
        }
        if objective.isComposite {
            return "it is a composite, whose components only the engine weighs"
        }
        return nil
    }

    /// How wide the slices are into which a query without a slice of its own is cut.
    private var step: Duration { objective.budgeting.sliceWindow ?? .seconds(60) }

    /// Good and bad, as ``counts(over:)`` has them.
    func queriedCounts(over length: Duration) -> [Count] {
        let (good, total) = goodAndTotal(over: length)
        return [
            (good, [("result", "good")]),
            ("clamp_min(\n\(total)\n-\n\(good),\n0)", [("result", "bad")]),
        ]
    }

    /// The query whose being there tells that something was observed.
    var present: String {
        let indicator = objective.components[0].indicator
        return "sum(\(query(indicator.sources[indicator.sources.count - 1])))"
    }

    private func query(_ source: MetricSource) -> String { source.query ?? "" }

    private func goodAndTotal(over length: Duration) -> (good: String, total: String) {
        let slice: String
        switch objective.budgeting {
        case .occurrences: return events(of: objective.components[0].indicator, over: length)
        case .timeslices(let window, let target):
            slice = "((\(share(of: window))) >= bool \(target))"
        case .ratioTimeslices(let window): slice = "(\(share(of: window)))"
        }
        let range = "[\(PromQL.duration(length)):\(PromQL.duration(step))]"
        return ("sum_over_time(\(slice)\(range))", "count_over_time(\(slice)\(range))")
    }

    /// The good share of one slice; of an observed one without events, all of it.
    private func share(of slice: Duration) -> String {
        let (good, total) = events(of: objective.components[0].indicator, over: slice)
        return "clamp_max(\(good) / (\(total) > 0), 1) or (\(total) * 0 + 1)"
    }

    /// All events within a window, whatever the budget counts.
    func queriedEvents(over length: Duration) -> String {
        events(of: objective.components[0].indicator, over: length).total
    }

    private func events(
        of indicator: Indicator,
        over length: Duration
    ) -> (good: String, total: String) {
        let range = "[\(PromQL.duration(length)):\(PromQL.duration(step))]"
        switch indicator {
        case .threshold(let threshold):
            // Every value is an event.
            let metric = query(threshold.metric)
            let holds = "\(threshold.comparison.symbol) bool \(threshold.value)"
            return (
                "sum(sum_over_time(((\(metric)) \(holds))\(range)))",
                "sum(count_over_time((\(metric))\(range)))"
            )
        case .ratio(let ratio):
            func count(_ source: MetricSource) -> String {
                let query = query(source)
                // As reports read it.
                switch QueryReading(source, isCounter: ratio.isCounter, slice: step).form {
                case .counter: return increase(of: query, over: length)
                case .count: return "sum(sum_over_time((\(query))\(range)))"
                case .rate:
                    return "(sum(avg_over_time((\(query))\(range))) * \(PromQL.seconds(length)))"
                }
            }
            switch ratio.terms {
            case .goodTotal(let good, let total): return (count(good), count(total))
            case .badTotal(let bad, let total):
                return ("clamp_min(\(count(total)) - \(count(bad)), 0)", count(total))
            case .raw(let source, let type):
                // Every slice weighs the same.
                let share = "clamp(\(query(source)), 0, 1)"
                let good = type == .success ? share : "(1 - \(share))"
                return (
                    "sum(sum_over_time((\(good))\(range)))",
                    "sum(count_over_time((\(query(source)))\(range)))"
                )
            }
        }
    }

    /// The increase of counters, each by itself and then added up, so that one that begins anew
    /// or goes takes nothing with it; of other expressions, the increase of the whole.
    private func increase(of query: String, over length: Duration) -> String {
        let window = PromQL.duration(length)
        guard let series = PromQL.summands(of: query) else {
            return "sum(increase((\(query))[\(window):\(PromQL.duration(step))]))"
        }
        return "sum(increase(\(series)[\(window)]))"
    }
}
