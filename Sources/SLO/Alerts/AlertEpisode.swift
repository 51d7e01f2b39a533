package import Timekeeping

/// Which alert: the same name for the same rule of the same objective, run after run.
package struct AlertIdentity: Hashable, Sendable, CustomStringConvertible {
    package var objective: String
    package var service: String
    package var policy: String
    /// Unique within the policy: the tier, or the kind with its windows.
    package var rule: String
    package var severity: String
    package var tier: AlertTier?

    package init(
        objective: String,
        service: String,
        policy: String,
        rule: String,
        severity: String,
        tier: AlertTier?
    ) {
        self.objective = objective
        self.service = service
        self.policy = policy
        self.rule = rule
        self.severity = severity
        self.tier = tier
    }

    /// `objective/policy/rule`.
    package var description: String { "\(objective)/\(policy)/\(rule)" }
}

/// One time that an alert fired, from its start to its end.
package struct AlertEpisode: Sendable, Identifiable {
    package var alert: AlertIdentity
    /// Of the objective, when it fired.
    package var revision: Revision
    package var start: Timestamp
    /// Nil while it is firing.
    package var end: Timestamp?
    /// The sums that fired it.
    package var evidence: AlertEvidence
    /// The sums that ended it.
    package var endEvidence: AlertEvidence?

    /// The alert and when it started: the same whenever the same history is followed again.
    package var id: String { "\(alert)@\(start)" }

    /// Whether it reports budget being spent, and not of missing data.
    package var isAboutSpending: Bool {
        if case .silence = evidence { false } else { true }
    }
}

/// Why an alert fired or was resolved.
package enum AlertEvidence: Sendable {
    /// The two windows that were compared with the factor.
    case burnRate(long: BurnRateReading, short: BurnRateReading?, rule: BurnRateAlert)
    /// The budget of the period.
    case budget(WindowMeasurement, ErrorBudget)
    /// Nothing was observed since an instant.
    case silence(since: Timestamp)
}

/// A change of an alert.
package enum AlertTransition: Sendable {
    case fired(AlertEpisode)
    case resolved(AlertEpisode)

    package var episode: AlertEpisode {
        switch self {
        case .fired(let episode), .resolved(let episode): episode
        }
    }
}
