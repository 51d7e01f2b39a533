internal import Timekeeping

/// What to watch of an objective, and whom to tell: the OpenSLO `AlertPolicy`, resolved.
///
/// OpenSLO has one condition in a policy; several rules come from our annotations.
package struct AlertPolicy: Hashable, Sendable {
    package var name: String
    package var displayName: String?
    package var description: String?
    package var rules: [AlertRule]
    package var alertWhenNoData: Bool
    package var alertWhenResolved: Bool
    package var alertWhenBreaching: Bool
    package var targets: [NotificationTarget]

    package init(
        name: String,
        displayName: String? = nil,
        description: String? = nil,
        rules: [AlertRule],
        alertWhenNoData: Bool = false,
        alertWhenResolved: Bool = false,
        alertWhenBreaching: Bool = true,
        targets: [NotificationTarget] = []
    ) {
        self.name = name
        self.displayName = displayName
        self.description = description
        self.rules = rules
        self.alertWhenNoData = alertWhenNoData
        self.alertWhenResolved = alertWhenResolved
        self.alertWhenBreaching = alertWhenBreaching
        self.targets = targets
    }
}

/// Somebody to tell: the OpenSLO `AlertNotificationTarget`.
package struct NotificationTarget: Hashable, Sendable {
    package var name: String
    /// Free text, such as `slack` or `webhook`.
    package var target: String

    package init(name: String, target: String) {
        self.name = name
        self.target = target
    }
}

/// Fires while nothing of the period's error budget is left.
package struct BudgetExhaustedAlert: Hashable, Sendable {
    package var severity: String

    package init(severity: String) {
        self.severity = severity
    }
}

/// Fires while nothing has been measured for a while.
package struct NoDataAlert: Hashable, Sendable {
    /// How long nothing must have been measured.
    package var after: Duration
    package var severity: String

    package init(after: Duration, severity: String) {
        self.after = after
        self.severity = severity
    }
}

/// One condition of a policy.
package enum AlertRule: Hashable, Sendable {
    case burnRate(BurnRateAlert)
    case budgetExhausted(BudgetExhaustedAlert)
    case noData(NoDataAlert)

    package var severity: String {
        switch self {
        case .burnRate(let alert): alert.severity
        case .budgetExhausted(let alert): alert.severity
        case .noData(let alert): alert.severity
        }
    }

    /// Whether it tells of budget being spent, and not of missing data.
    package var isAboutSpending: Bool { if case .noData = self { false } else { true } }

    package var tier: AlertTier? {
        if case .burnRate(let alert) = self { alert.tier } else { nil }
    }

    /// What tells it from the other rules of its policy: the tier where it has one, else the kind
    /// with its windows.
    package var name: String {
        switch self {
        case .burnRate(let alert):
            alert.tier?.rawValue
                ?? "burn-rate-\(alert.factor)-\(DurationText.write(alert.longWindow))"
                + (alert.shortWindow.map { "-\(DurationText.write($0))" } ?? "")
        case .budgetExhausted: "budget-exhausted"
        case .noData: "no-data"
        }
    }
}
