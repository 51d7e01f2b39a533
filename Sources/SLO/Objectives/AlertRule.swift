internal import Documents

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
