package import Timekeeping

/// One alert: inactive, pending while its condition has not held long enough, or firing.
package struct AlertMachine: Sendable {
    /// Where the machine is; a resolved alert is inactive again.
    package enum State: Sendable {
        case inactive
        case pending(since: Timestamp)
        case firing(AlertEpisode)
    }

    package let identity: AlertIdentity
    package let rule: AlertRule
    package let revision: Revision
    package private(set) var state = State.inactive

    package init(identity: AlertIdentity, rule: AlertRule, revision: Revision) {
        self.identity = identity
        self.rule = rule
        self.revision = revision
    }

    /// The alerts of an objective, in the order of its policies; rules of one name get numbers.
    package static func machines(of objective: Objective, revision: Revision) -> [AlertMachine] {
        var used: [String: Int] = [:]
        var machines: [AlertMachine] = []
        for policy in objective.alertPolicies {
            for rule in policy.rules {
                let name = "\(policy.name)/\(rule.name)"
                let count = (used[name] ?? 0) + 1
                used[name] = count
                let identity = AlertIdentity(
                    objective: objective.name,
                    service: objective.service,
                    policy: policy.name,
                    rule: count > 1 ? "\(rule.name)-\(count)" : rule.name,
                    severity: rule.severity,
                    tier: rule.tier
                )
                machines.append(
                    AlertMachine(identity: identity, rule: rule, revision: revision)
                )
            }
        }
        return machines
    }

    /// The episode that goes on, or nil if it is not firing.
    package var episode: AlertEpisode? {
        if case .firing(let episode) = state { episode } else { nil }
    }

    /// Whether the condition holds and has not held long enough.
    package var isPending: Bool {
        if case .pending = state { true } else { false }
    }

    /// Takes note of whether the condition holds; nil if nothing was observed.
    ///
    /// That neither fires nor resolves it; a wait begins anew: what is not known to hold has not
    /// held. Asks for the evidence only when the alert fires or is resolved, which it tells.
    package mutating func handle(
        _ holds: Bool?,
        at instant: Timestamp,
        evidence: () -> AlertEvidence
    ) -> AlertTransition? {
        guard let holds else {
            if isPending { state = .inactive }
            return nil
        }
        switch (state, holds) {
        case (.inactive, true) where delay > .zero:
            state = .pending(since: instant)
            return nil
        case (.pending(let since), true) where instant - since < delay:
            return nil
        case (.inactive, true), (.pending, true):
            let episode = AlertEpisode(
                alert: identity,
                revision: revision,
                start: instant,
                end: nil,
                evidence: evidence(),
                endEvidence: nil
            )
            state = .firing(episode)
            return .fired(episode)
        case (.firing(var episode), false):
            episode.end = instant
            episode.endEvidence = evidence()
            state = .inactive
            return .resolved(episode)
        case (.pending, false):
            state = .inactive
            return nil
        case (.inactive, false), (.firing, true):
            return nil
        }
    }

    private var delay: Duration {
        if case .burnRate(let alert) = rule { alert.alertAfter } else { .zero }
    }
}

/// Which alert: the same name for the same rule of the same objective, run after run.
package struct AlertIdentity: Hashable, Sendable, CustomStringConvertible {
    package var objective: String
    package var service: String
    package var policy: String
    /// Unique within the policy: the tier, or the kind with its windows.
    package var rule: String
    package var severity: String
    package var tier: AlertTier?

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
