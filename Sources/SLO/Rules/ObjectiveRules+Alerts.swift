internal import Timekeeping

extension ObjectiveRules {
    var alerts: [YAMLValue] {
        objective.alertPolicies.flatMap { policy in
            policy.rules.compactMap { rule -> YAMLValue? in
                switch rule {
                case .burnRate(let alert):
                    policy.alertWhenBreaching ? burnRate(alert, policy) : nil
                case .budgetExhausted(let alert):
                    policy.alertWhenBreaching && (rollingPeriod != nil || origin == .scrape)
                        ? exhausted(alert, policy) : nil
                case .noData(let alert):
                    policy.alertWhenNoData ? noData(alert, policy) : nil
                }
            }
        }
    }

    /// The alert's name: the tier's, else its window's.
    static func alertName(_ alert: BurnRateAlert) -> String {
        let suffix =
            alert.tier.map { $0.rawValue.prefix(1).uppercased() + $0.rawValue.dropFirst() }
            ?? PromQL.duration(alert.longWindow)
        return "SLOBurnRate\(suffix)"
    }

    /// What an alert's burn rate comes to as a bad share of the window: factor · budget.
    func threshold(_ alert: BurnRateAlert) -> String {
        alert.factor.timesText(objective.budget)
    }

    /// Fires on what is known to be spent of the whole windows.
    ///
    /// Once it fires, a gap does not end it, as in the engine: then the bad shares of what was
    /// observed decide, and while the short window holds nothing, nothing is decided. It ends with
    /// the last sample of the long window, lest the alert of a run that is gone go on for ever.
    private func burnRate(_ alert: BurnRateAlert, _ policy: AlertPolicy) -> YAMLValue {
        let text = text(alert, policy)
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
            ("alertname", text.name), ("alertstate", "firing"), ("policy", policy.name),
        ].map { "\($0)=\(PromQL.quoted($1))" }.joined(separator: ", ")
        let expression = """
            \(spent.joined(separator: "\nand\n"))
            or
            \(ratio)
            and on (sloth_id)
            ALERTS{\(firing), \(selector)}
            """
        return rule(
            text,
            enough(alert.minimumEvents, over: alert.longWindow, for: expression),
            after: alert.alertAfter
        )
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

    private func exhausted(_ alert: BudgetExhaustedAlert, _ policy: AlertPolicy) -> YAMLValue {
        guard let rollingPeriod else {
            let remaining = "slo:period_error_budget_remaining:ratio{\(selector)}"
            return rule(text(alert, policy), "\(remaining) <= 0")
        }
        let spent = RuleNames.spent(PromQL.duration(rollingPeriod))
        return rule(
            text(alert, policy),
            enough(
                objective.minimumEvents,
                over: rollingPeriod,
                for: "sum without (sloth_window) (\(spent){\(selector)}) >= \(objective.budget)"
            )
        )
    }

    /// Counters that are gone, or stand still, for as long as the alert says.
    ///
    /// The time is kept by `for`, not by a range: a Prometheus that has just begun has nothing in
    /// any range, and knows of no silence.
    private func noData(_ alert: NoDataAlert, _ policy: AlertPolicy) -> YAMLValue {
        let range = PromQL.duration(standstill)
        let (series, moved) =
            origin == .queries
            ? (present, queriedEvents(over: standstill))
            : (
                "\(RuleNames.events){\(scraped)}",
                "sum by (slo) (increase(\(RuleNames.events){\(scraped)}[\(range)]))"
            )
        return rule(
            text(alert, policy),
            """
            absent(\(series))
            or
            (\(moved) == 0)
            """,
            after: alert.after
        )
    }

    /// What an alert says of itself wherever it fires.
    private struct AlertText {
        var name: String
        var labels: [(key: String, value: String)]
        var annotations: [(key: String, value: String)]
    }

    private func text(
        _ name: String,
        _ policy: AlertPolicy,
        severity: String,
        tier: AlertTier? = nil,
        summary: String
    ) -> AlertText {
        var labels = identity + [("policy", policy.name), ("severity", severity)]
        labels.append(("sloth_severity", severity))
        if let owner = objective.owner {
            labels.append(("owner", owner))
        }
        if let tier {
            labels.append(("tier", tier.rawValue))
        }
        var annotations = [
            ("title", "(\(severity)) \(objective.service) \(objective.name)"),
            ("summary", "\(objective.displayName ?? objective.name): \(summary)"),
        ]
        if let description = objective.description {
            annotations.append(("description", description))
        }
        return AlertText(
            name: name,
            labels: labels.sorted { $0.0 < $1.0 }.map { ($0.0, $0.1) },
            annotations: annotations.map { ($0.0, $0.1) }
        )
    }

    private func rule(
        _ text: AlertText,
        _ expression: String,
        after delay: Duration = .zero
    ) -> YAMLValue {
        var entries: [(key: String, value: YAMLValue)] = [
            ("alert", .text(text.name)), ("expr", .block(expression)),
        ]
        if delay > .zero {
            entries.append(("for", .text(PromQL.duration(delay))))
        }
        entries.append(("labels", Self.literals(text.labels)))
        entries.append(("annotations", Self.literals(text.annotations)))
        return .mapping(entries)
    }

    /// The texts as they are: Prometheus expands templates in an alert's labels and annotations.
    private static func literals(_ texts: [(key: String, value: String)]) -> YAMLValue {
        .mapping(texts.map { ($0.key, .text($0.value.replacing("{{", with: "{{ \"{{\" }}"))) })
    }

    /// The alert as a unit test expects it.
    private func expectation(_ text: AlertText) -> YAMLValue {
        .mapping([
            ("exp_labels", .mapping(text.labels.map { ($0.key, .text($0.value)) })),
            ("exp_annotations", .mapping(text.annotations.map { ($0.key, .text($0.value)) })),
        ])
    }

    /// How a firing alert on a burn rate looks to a unit test.
    func expectation(of alert: BurnRateAlert, _ policy: AlertPolicy) -> YAMLValue {
        expectation(text(alert, policy))
    }

    /// How a firing alert on a spent budget looks to a unit test.
    func expectation(of alert: BudgetExhaustedAlert, _ policy: AlertPolicy) -> YAMLValue {
        expectation(text(alert, policy))
    }

    private func text(_ alert: BurnRateAlert, _ policy: AlertPolicy) -> AlertText {
        let windows = [alert.longWindow, alert.shortWindow].compactMap { $0 }
            .map(PromQL.duration).joined(separator: " and ")
        return text(
            Self.alertName(alert),
            policy,
            severity: alert.severity,
            tier: alert.tier,
            summary: "burn rate \(alert.comparison.symbol) \(alert.factor) over \(windows)"
        )
    }

    private func text(_ alert: BudgetExhaustedAlert, _ policy: AlertPolicy) -> AlertText {
        text(
            "SLOBudgetExhausted",
            policy,
            severity: alert.severity,
            summary: "nothing is left of the error budget"
        )
    }

    private func text(_ alert: NoDataAlert, _ policy: AlertPolicy) -> AlertText {
        text(
            "SLONoData",
            policy,
            severity: alert.severity,
            summary: "nothing has been measured for \(PromQL.duration(alert.after))"
        )
    }
}
