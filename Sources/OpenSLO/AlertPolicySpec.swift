internal import Documents
internal import SLO

/// The spec of an AlertPolicy: what to watch, and whom to tell.
struct AlertPolicySpec: DocumentSpec {
    static let kind = DocumentKind.alertPolicy
    static var catalog: KeyPath<DocumentSet, Catalog<AlertPolicySpec>> { \.alertPolicies }

    var description: String?
    var alertWhenNoData = false
    var alertWhenResolved = false
    var alertWhenBreaching = false
    /// The version has room for one.
    var condition: Use<AlertConditionSpec>?
    var targets: [Use<AlertNotificationTargetSpec>] = []

    private static let keys = KeySet(
        "alertPolicy",
        noun: "an AlertPolicy's spec",
        required: ["conditions", "notificationTargets"],
        optional: [
            "description", "alertWhenNoData", "alertWhenResolved", "alertWhenBreaching",
        ]
    )

    init(_ reader: NodeReader?) {
        guard let fields = reader?.present(Self.keys) else { return }
        description = fields.description
        alertWhenNoData = fields["alertWhenNoData"]?.flag() ?? false
        alertWhenResolved = fields["alertWhenResolved"]?.flag() ?? false
        alertWhenBreaching = fields["alertWhenBreaching"]?.flag() ?? false
        if let list = fields["conditions"] {
            let items = list.items()
            condition =
                items.map { Use<AlertConditionSpec>($0, orName: "conditionRef") }.first ?? nil
            if list.isList, items.count != 1 {
                list.mistake(
                    "'conditions' has \(items.count) items; expected exactly one, and a policy "
                        + "more for each further condition"
                )
            }
        }
        targets =
            fields["notificationTargets"]?.items(some: "at least one target")
            .compactMap { Use<AlertNotificationTargetSpec>($0, orName: "targetRef") } ?? []
    }

    /// Follows the references of a policy that no SLO may use.
    func checkReferences(in set: DocumentSet) {
        if let condition, let document = set.follow(condition) {
            AlertConditionSpec.check(document, in: set)
        }
        for use in targets { _ = set.follow(use) }
    }

    /// Adds what the policy `document` watches to an objective.
    static func attach(
        _ document: Document<AlertPolicySpec>,
        to entry: inout ObjectiveSet.Entry,
        in set: DocumentSet
    ) {
        let spec = document.spec
        let targets = spec.targets.compactMap { set.follow($0) }
        guard let name = document.metadata.name,
            let condition = spec.condition.flatMap({ set.follow($0) }),
            let alerts = alerts(of: document, condition, for: entry.objective, in: set)
        else { return }
        entry.alerts += alerts
        entry.objective.alertPolicies.append(
            AlertPolicy(
                name: name.value,
                displayName: document.metadata.displayName,
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

    /// The rules of a policy, each with the place from which it follows.
    private static func alerts(
        of policy: Document<AlertPolicySpec>,
        _ condition: Document<AlertConditionSpec>,
        for objective: Objective,
        in set: DocumentSet
    ) -> [ObjectiveSet.Alert]? {
        guard let name = policy.metadata.name?.value, let severity = condition.spec.severity?.value,
            let lookback = condition.spec.lookbackWindow,
            let own = AlertConditionSpec.alert(of: condition)
        else { return nil }
        var alerts: [ObjectiveSet.Alert] = []
        func add(_ rule: AlertRule, at site: Site, window: Site? = nil) {
            alerts.append(
                ObjectiveSet.Alert(
                    rule: rule,
                    policy: name,
                    site: site,
                    windowSite: window ?? site
                )
            )
        }
        let annotations = policy.metadata.annotations
        if let tiers = annotations.tiers {
            let pairs = BurnRateAlert.workbook(
                period: objective.timeWindow.nominalLength,
                grid: objective.budgeting.sliceWindow ?? .seconds(60),
                minimumEvents: own.value.minimumEvents
            )
            for var alert in pairs where alert.tier.map(tiers.value.contains) == true {
                alert.severity = severity
                add(.burnRate(alert), at: tiers.site)
            }
        } else {
            add(.burnRate(own.value), at: own.site, window: lookback.site)
        }
        if let exhausted = annotations.alertWhenExhausted, exhausted.value {
            add(.budgetExhausted(BudgetExhaustedAlert(severity: severity)), at: exhausted.site)
        }
        if policy.spec.alertWhenNoData {
            let after = annotations.noDataAfter ?? lookback
            let alert = NoDataAlert(after: after.value.nominalLength, severity: severity)
            add(.noData(alert), at: after.site)
        } else if let after = annotations.noDataAfter {
            set.warn(
                "'weir.dev/no-data-after' has no effect without 'alertWhenNoData: true'",
                at: after.site
            )
        }
        return alerts
    }
}

/// The spec of an AlertNotificationTarget.
struct AlertNotificationTargetSpec: DocumentSpec {
    static let kind = DocumentKind.alertNotificationTarget
    static var catalog: KeyPath<DocumentSet, Catalog<AlertNotificationTargetSpec>> {
        \.alertNotificationTargets
    }

    var target: Located<String>?

    private static let keys = KeySet(
        "alertNotificationTarget",
        noun: "an AlertNotificationTarget's spec",
        required: ["target"],
        optional: ["description"]
    )

    init(_ reader: NodeReader?) {
        guard let fields = reader?.present(Self.keys) else { return }
        _ = fields.description
        target = fields["target"]?.locatedText(expected: "a target such as slack")
    }
}
