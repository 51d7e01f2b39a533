internal import Timekeeping

extension ObjectiveRules {
    var alerts: [YAMLValue] {
        objective.alertPolicies.flatMap { policy in
            policy.rules.compactMap { rule -> YAMLValue? in
                switch rule {
                case .burnRate(let alert):
                    policy.alertWhenBreaching ? burnRate(alert, policy) : nil
                case .budgetExhausted(let alert):
                    policy.alertWhenBreaching ? exhausted(alert, policy) : nil
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

    private func burnRate(_ alert: BurnRateAlert, _ policy: AlertPolicy) -> YAMLValue {
        var conditions = [alert.longWindow, alert.shortWindow].compactMap { $0 }.map { window in
            """
            (sum without (sloth_window) (\(RuleNames.spent(PromQL.duration(window)))\
            {\(selector)}) \(alert.comparison.symbol) \(threshold(alert)))
            """
        }
        if alert.minimumEvents > 0 {
            let increase = RuleNames.increase(PromQL.duration(alert.longWindow))
            conditions.append(
                """
                (sum without (sloth_window, result) (\(increase){\(selector)}) \
                >= \(alert.minimumEvents))
                """
            )
        }
        return rule(
            text(alert, policy),
            conditions.joined(separator: "\nand\n"),
            after: alert.alertAfter
        )
    }

    private func exhausted(_ alert: BudgetExhaustedAlert, _ policy: AlertPolicy) -> YAMLValue {
        rule(
            text(alert, policy),
            "slo:period_error_budget_remaining:ratio{\(selector)} <= 0"
        )
    }

    /// Counters that are gone, or stand still, for as long as the alert says.
    ///
    /// The time is kept by `for`, not by a range: a Prometheus that has just begun has nothing in
    /// any range, and knows of no silence. What stands still is seen within five minutes, which
    /// hold two samples of any usual scrape.
    private func noData(_ alert: NoDataAlert, _ policy: AlertPolicy) -> YAMLValue {
        rule(
            text(alert, policy),
            """
            absent(\(RuleNames.events){\(scraped)})
            or
            (sum by (slo) (increase(\(RuleNames.events){\(scraped)}[5m])) == 0)
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
