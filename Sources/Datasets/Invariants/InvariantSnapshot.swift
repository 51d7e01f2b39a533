package import Timekeeping

/// What the last refresh found, and since when.
package struct InvariantSnapshot: Hashable, Sendable {
    /// The state of one invariant.
    package struct Standing: Hashable, Sendable {
        package var invariant: String
        package var severity: String
        package var owner: String
        package var description: String
        /// The violations at the last successful check.
        package var count: Int64
        /// When that was; nil before the first success.
        package var refreshed: Timestamp?
        /// How long that took.
        package var took: Duration
        /// How many checks have failed since.
        package var failures: Int64
        /// Why the last of these failed; nil if none did.
        package var failure: String?

        package init(
            invariant: String,
            severity: String,
            owner: String,
            description: String,
            count: Int64 = 0,
            refreshed: Timestamp? = nil,
            took: Duration = .zero,
            failures: Int64 = 0,
            failure: String? = nil
        ) {
            self.invariant = invariant
            self.severity = severity
            self.owner = owner
            self.description = description
            self.count = count
            self.refreshed = refreshed
            self.took = took
            self.failures = failures
            self.failure = failure
        }

        /// An invariant that was never checked.
        package init(_ invariant: Invariant) {
            self.init(
                invariant: invariant.name,
                severity: invariant.severity.rawValue,
                owner: invariant.owner,
                description: invariant.description
            )
        }
    }

    /// A violation, present or past.
    package struct Anomaly: Hashable, Sendable {
        package var invariant: String
        package var subject: String
        package var detail: String
        package var firstSeen: Timestamp
        package var lastSeen: Timestamp
        /// When it was first missed again; nil while it is there.
        package var gone: Timestamp?

        package init(
            invariant: String,
            subject: String,
            detail: String,
            firstSeen: Timestamp,
            lastSeen: Timestamp,
            gone: Timestamp? = nil
        ) {
            self.invariant = invariant
            self.subject = subject
            self.detail = detail
            self.firstSeen = firstSeen
            self.lastSeen = lastSeen
            self.gone = gone
        }
    }

    /// How long an anomaly is remembered after it has gone.
    package static let memory = Duration.seconds(90 * 86_400)

    /// By name.
    package var standings: [Standing]
    /// By invariant, subject and when they were first seen.
    package var anomalies: [Anomaly]

    package init(standings: [Standing] = [], anomalies: [Anomaly] = []) {
        self.standings = standings
        self.anomalies = anomalies
    }

    /// The oldest check behind any figure; nil if there are none, or one is missing.
    package var asOf: Timestamp? {
        let times = standings.map(\.refreshed)
        return times.contains(nil) ? nil : times.compactMap(\.self).min()
    }

    /// The snapshot after a refresh at `now` that found `findings`.
    ///
    /// A failed check leaves the figures as they were, and is counted. An
    /// anomaly that comes back after it had gone is a new one. Invariants without
    /// nothing are forgotten.
    package func replaced(
        by findings: [InvariantFinding],
        of set: InvariantSet,
        at now: Timestamp
    ) -> InvariantSnapshot {
        var after = InvariantSnapshot()
        let refused = set.refused.map { InvariantFinding($0.name, .failed($0.reason), took: .zero) }
        for finding in findings + refused {
            let name = finding.invariant
            let known = anomalies.filter { $0.invariant == name }
            var standing =
                standings.first { $0.invariant == name }
                ?? Standing(invariant: name, severity: "", owner: "", description: "")
            if let invariant = set.invariants.first(where: { $0.name == name }) {
                standing.severity = invariant.severity.rawValue
                standing.owner = invariant.owner
                standing.description = invariant.description
            }
            switch finding.outcome {
            case .found(let count, let violations):
                standing.count = count
                standing.refreshed = now
                standing.took = finding.took
                standing.failures = 0
                standing.failure = nil
                after.anomalies += InvariantSnapshot.merge(known, violations, of: name, at: now)
            case .failed(let reason):
                standing.failures += 1
                standing.failure = reason
                after.anomalies += known
            }
            after.standings.append(standing)
        }
        after.standings.sort { $0.invariant < $1.invariant }
        after.anomalies.sort {
            ($0.invariant, $0.subject, $0.firstSeen) < ($1.invariant, $1.subject, $1.firstSeen)
        }
        return after
    }

    private static func merge(
        _ known: [Anomaly],
        _ violations: [InvariantFinding.Violation],
        of invariant: String,
        at now: Timestamp
    ) -> [Anomaly] {
        var present: [String: Anomaly] = [:]
        for anomaly in known where anomaly.gone == nil { present[anomaly.subject] = anomaly }
        var merged = known.filter { $0.gone.map { now - $0 < memory } ?? false }
        for violation in violations {
            var anomaly =
                present.removeValue(forKey: violation.subject)
                ?? Anomaly(
                    invariant: invariant,
                    subject: violation.subject,
                    detail: "",
                    firstSeen: now,
                    lastSeen: now
                )
            anomaly.detail = violation.detail
            anomaly.lastSeen = now
            merged.append(anomaly)
        }
        // order-free: the caller sorts.
        for (_, var anomaly) in present {
            anomaly.gone = now
            merged.append(anomaly)
        }
        return merged
    }
}
