extension OpenSLOResolver {
    /// Follows the references of a policy that no SLO may use.
    mutating func checkReferences(of policy: OpenSLO.Object<OpenSLO.AlertPolicySpec>) {
        if let use = policy.spec.condition, let condition = follow(use) {
            check(condition)
        }
        for use in policy.spec.notificationTargets {
            _ = follow(use)
        }
    }

    /// Adds what a policy watches to an objective.
    mutating func attach(
        _ policy: OpenSLO.Object<OpenSLO.AlertPolicySpec>,
        to entry: inout ObjectiveSet.Entry
    ) {
        let spec = policy.spec
        let targets = spec.notificationTargets.compactMap { follow($0) }
        guard let name = policy.metadata.name,
            let condition = spec.condition.flatMap({ follow($0) }),
            let alerts = alerts(of: policy, condition, for: entry.objective)
        else { return }
        entry.alerts += alerts.map {
            ObjectiveSet.Alert(
                rule: $0.rule,
                policy: name.value,
                site: $0.site,
                windowSite: $0.windowSite
            )
        }
        entry.objective.alertPolicies.append(
            AlertPolicy(
                name: name.value,
                displayName: policy.metadata.displayName,
                description: spec.description,
                rules: alerts.map(\.rule),
                alertWhenNoData: spec.alertWhenNoData,
                alertWhenResolved: spec.alertWhenResolved,
                alertWhenBreaching: spec.alertWhenBreaching,
                targets: targets.compactMap { target in
                    guard let name = target.metadata.name, let address = target.spec.target else {
                        return nil
                    }
                    return NotificationTarget(name: name.value, target: address.value)
                }
            )
        )
    }

    private struct LocatedRule {
        var rule: AlertRule
        var site: OpenSLO.Site
        var windowSite: OpenSLO.Site
    }

    private mutating func alerts(
        of policy: OpenSLO.Object<OpenSLO.AlertPolicySpec>,
        _ object: OpenSLO.Object<OpenSLO.AlertConditionSpec>,
        for objective: Objective
    ) -> [LocatedRule]? {
        let condition = object.spec
        guard let severity = condition.severity?.value, let threshold = condition.threshold,
            let lookback = condition.lookbackWindow, let comparison = condition.comparison?.value
        else { return nil }
        let minimumEvents = object.metadata.extensions.minimumEvents?.value ?? 0
        var rules: [LocatedRule] = []
        if let tiers = policy.metadata.extensions.tiers {
            let pairs = BurnRateAlert.workbook(
                period: objective.timeWindow.nominalLength,
                grid: objective.budgeting.sliceWindow ?? .seconds(60),
                minimumEvents: minimumEvents
            )
            for var alert in pairs where alert.tier.map(tiers.value.contains) == true {
                alert.severity = severity
                rules.append(
                    LocatedRule(rule: .burnRate(alert), site: tiers.site, windowSite: tiers.site)
                )
            }
        } else {
            let extensions = object.metadata.extensions
            let alert = BurnRateAlert(
                longWindow: lookback.value.nominalLength,
                shortWindow: extensions.shortWindow?.value.nominalLength,
                factor: threshold.value,
                comparison: comparison,
                alertAfter: condition.alertAfter?.value.nominalLength ?? .zero,
                tier: extensions.tier?.value,
                severity: severity,
                minimumEvents: minimumEvents
            )
            rules.append(
                LocatedRule(
                    rule: .burnRate(alert),
                    site: threshold.site,
                    windowSite: lookback.site
                )
            )
        }
        let extensions = policy.metadata.extensions
        if let exhausted = extensions.alertWhenExhausted, exhausted.value {
            let alert = BudgetExhaustedAlert(severity: severity)
            rules.append(
                LocatedRule(
                    rule: .budgetExhausted(alert),
                    site: exhausted.site,
                    windowSite: exhausted.site
                )
            )
        }
        if policy.spec.alertWhenNoData {
            let after = extensions.noDataAfter ?? lookback
            let alert = NoDataAlert(after: after.value.nominalLength, severity: severity)
            rules.append(
                LocatedRule(rule: .noData(alert), site: after.site, windowSite: after.site)
            )
        } else if let after = extensions.noDataAfter {
            warn(
                "'weir.dev/no-data-after' means nothing without 'alertWhenNoData: true'",
                at: after.site
            )
        }
        return rules
    }

    /// Holds a condition's annotations to its fields.
    mutating func check(_ condition: OpenSLO.Object<OpenSLO.AlertConditionSpec>) {
        if let short = condition.metadata.extensions.shortWindow,
            let long = condition.spec.lookbackWindow,
            short.value.nominalLength >= long.value.nominalLength
        {
            mistake(
                "the short window, \(short.value), is not shorter than the lookback window, "
                    + "\(long.value); expected about a twelfth of it",
                at: short.site
            )
        }
    }
}
