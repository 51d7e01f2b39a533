internal import SLO
internal import Timekeeping

extension ObjectiveRules {
    var alerts: [YAMLValue] {
        objective.alertPolicies.flatMap { policy in
            policy.rules.compactMap { rule -> YAMLValue? in
                guard rule.isAboutSpending ? policy.alertWhenBreaching : policy.alertWhenNoData
                else { return nil }
                switch rule {
                case .burnRate(let alert):
                    return write(rule, policy, burnRate(alert, policy), after: alert.alertAfter)
                case .budgetExhausted:
                    return exhausted.map { write(rule, policy, $0) }
                case .noData(let alert):
                    return write(rule, policy, noData, after: alert.after)
                }
            }
        }
    }

    // MARK: - Expressions

    /// What an alert's burn rate comes to as a bad share of the window: factor · budget.
    func threshold(_ alert: BurnRateAlert) -> String {
        alert.factor.timesText(objective.budget)
    }

    /// Fires on what is known to be spent of the whole windows.
    ///
    /// Once it fires, a gap does not end it, as in the engine: then the bad shares of what was
    /// observed decide, and while the short window holds nothing, nothing is decided. It ends with
    /// the last sample of the long window, lest the alert of a run that is gone go on for ever.
    private func burnRate(_ alert: BurnRateAlert, _ policy: AlertPolicy) -> String {
        let limit = threshold(alert)
        func value(_ name: (String) -> String, of window: Duration) -> String {
            "sum without (sloth_window) (\(name(PromQL.duration(window))){\(selector)})"
        }
        let spent = [alert.longWindow, alert.shortWindow].compactMap { $0 }.map { window in
            "(\(value(RuleNames.spent, of: window)) \(alert.comparison.symbol) \(limit))"
        }
        let long = value(RuleNames.errorRatio, of: alert.longWindow)
        var ratio = "(\(long) \(alert.comparison.symbol) \(limit))"
        if let short = alert.shortWindow.map({ value(RuleNames.errorRatio, of: $0) }) {
            let opposite = "\(alert.comparison.opposite) \(limit)"
            ratio = """
                \(long)
                unless
                (\(short) \(opposite))
                unless
                ((\(long) \(opposite)) and \(short))
                """
        }
        let firing = [
            ("alertname", Self.alertName(alert)), ("alertstate", "firing"),
            ("policy", policy.name),
        ].map { "\($0)=\(PromQL.quoted($1))" }.joined(separator: ", ")
        let expression = """
            \(spent.joined(separator: "\nand\n"))
            or
            \(ratio)
            and on (sloth_id)
            ALERTS{\(firing), \(selector)}
            """
        return enough(alert.minimumEvents, over: alert.longWindow, for: expression)
    }

    /// `expression`, where there were so many events in a window.
    private func enough(
        _ minimum: Int64,
        over window: Duration,
        for expression: String
    ) -> String {
        guard minimum > 0 else { return expression }
        return "(\n\(expression)\n)\nand on ()\n(\(events(over: window)) >= \(minimum))"
    }

    /// Nil where Prometheus would need a calendar, which only the engine that is scraped has.
    private var exhausted: String? {
        guard let rollingPeriod else {
            return origin == .scrape
                ? "slo:period_error_budget_remaining:ratio{\(selector)} <= 0" : nil
        }
        let spent = RuleNames.spent(PromQL.duration(rollingPeriod))
        return enough(
            objective.minimumEvents,
            over: rollingPeriod,
            for: "sum without (sloth_window) (\(spent){\(selector)}) >= \(objective.budget)"
        )
    }

    /// Counters that are gone, or stand still, for as long as the alert says.
    ///
    /// The time is kept by `for`, not by a range: a Prometheus that has just begun has nothing in
    /// any range, and knows of no silence.
    private var noData: String {
        let range = PromQL.duration(standstill)
        let (series, moved) =
            origin == .queries
            ? (present, queriedEvents(over: standstill))
            : (
                "\(RuleNames.events){\(scraped)}",
                "sum by (slo) (increase(\(RuleNames.events){\(scraped)}[\(range)]))"
            )
        return """
            absent(\(series))
            or
            (\(moved) == 0)
            """
    }

    // MARK: - What an alert says

    /// The alert's name: the tier's, else its window's.
    static func alertName(_ alert: BurnRateAlert) -> String {
        let suffix =
            alert.tier.map { $0.rawValue.prefix(1).uppercased() + $0.rawValue.dropFirst() }
            ?? PromQL.duration(alert.longWindow)
        return "SLOBurnRate\(suffix)"
    }

    private func title(of rule: AlertRule) -> (name: String, summary: String) {
        switch rule {
        case .burnRate(let alert):
            let windows = [alert.longWindow, alert.shortWindow].compactMap { $0 }
                .map(PromQL.duration).joined(separator: " and ")
            let limit = "\(alert.comparison.symbol) \(alert.factor)"
            return (Self.alertName(alert), "burn rate \(limit) over \(windows)")
        case .budgetExhausted:
            return ("SLOBudgetExhausted", "nothing is left of the error budget")
        case .noData(let alert):
            let time = PromQL.duration(alert.after)
            return ("SLONoData", "nothing has been measured for \(time)")
        }
    }

    private func labels(of rule: AlertRule, _ policy: AlertPolicy) -> [(String, String)] {
        var labels = identity.map { ($0.key, $0.value) }
        labels.append(("policy", policy.name))
        labels.append(("severity", rule.severity))
        labels.append(("sloth_severity", rule.severity))
        if let owner = objective.owner { labels.append(("owner", owner)) }
        if let tier = rule.tier { labels.append(("tier", tier.rawValue)) }
        return labels.sorted { $0.0 < $1.0 }
    }

    private func annotations(of rule: AlertRule) -> [(String, String)] {
        let summary = title(of: rule).summary
        var annotations = [
            ("title", "(\(rule.severity)) \(objective.service) \(objective.name)"),
            ("summary", "\(objective.displayName ?? objective.name): \(summary)"),
        ]
        if let description = objective.description {
            annotations.append(("description", description))
        }
        return annotations
    }

    private func write(
        _ rule: AlertRule,
        _ policy: AlertPolicy,
        _ expression: String,
        after delay: Duration = .zero
    ) -> YAMLValue {
        // The texts as they are: Prometheus expands templates in labels and annotations.
        func literals(_ texts: [(String, String)]) -> YAMLValue {
            .mapping(texts.map { ($0.0, .text($0.1.replacing("{{", with: "{{ \"{{\" }}"))) })
        }
        var entries: [(key: String, value: YAMLValue)] = [
            ("alert", .text(title(of: rule).name)), ("expr", .block(expression)),
        ]
        if delay > .zero { entries.append(("for", .text(PromQL.duration(delay)))) }
        entries.append(("labels", literals(labels(of: rule, policy))))
        entries.append(("annotations", literals(annotations(of: rule))))
        return .mapping(entries)
    }

    /// How a firing alert looks to a unit test.
    func expectation(of rule: AlertRule, _ policy: AlertPolicy) -> YAMLValue {
        [
            "exp_labels": .mapping(labels(of: rule, policy).map { ($0.0, .text($0.1)) }),
            "exp_annotations": .mapping(annotations(of: rule).map { ($0.0, .text($0.1)) }),
        ]
    }
}
