internal import Timekeeping

extension ObjectiveTracker {
    /// Moves the alerts to the slices that have ended by now, and says what became of them.
    ///
    /// To be called once for each slice, after its counts are recorded.
    ///
    /// Missing data neither fires nor resolves a burn-rate alert. What was not observed has spent
    /// nothing, so that an alert fires on what is known; and a firing one is compared with the
    /// bad share of what was observed alone, so that a gap does not make it look better. Where
    /// every slice was observed the two are the same, and where none was nothing changes.
    package mutating func evaluate() -> [AlertTransition] {
        guard let now else { return [] }
        var transitions: [AlertTransition] = []
        for index in alerts.indices {
            let rule = alerts[index].rule
            let isFiring = alerts[index].episode != nil
            let holds = holds(rule, at: now, isFiring: isFiring)
            // Most slices change nothing, and then nothing is made of them.
            if holds == nil || holds == isFiring, !alerts[index].isPending {
                continue
            }
            let evidence = evidence(for: rule, at: now)
            if let transition = alerts[index].handle(holds, at: now, evidence: { evidence }) {
                transitions.append(transition)
            }
        }
        return transitions
    }

    private func holds(_ rule: AlertRule, at now: Timestamp, isFiring: Bool) -> Bool? {
        switch rule {
        case .burnRate(let alert): return holds(alert, at: now, isFiring: isFiring)
        case .budgetExhausted:
            let span = currentSpan(asOf: now)
            guard let spent = spentShare(span) else { return nil }
            guard spent.compares(.greaterThanOrEqual, to: .one, of: objective.budget) else {
                return false
            }
            return measure(span).hasEvents(objective.minimumEvents)
        case .noData(let alert):
            if isUnderMaintenance { return nil }
            return isSilent(for: alert.after, asOf: now)
        }
    }

    private func holds(_ alert: BurnRateAlert, at now: Timestamp, isFiring: Bool) -> Bool? {
        // The short window first: most of the time it is enough to say no.
        if let window = alert.shortWindow {
            guard let short = share(last: window, asOf: now, isFiring: isFiring) else {
                return nil
            }
            guard exceeds(alert, short) else { return false }
        }
        guard let long = share(last: alert.longWindow, asOf: now, isFiring: isFiring) else {
            return nil
        }
        guard exceeds(alert, long) else { return false }
        guard alert.minimumEvents > 0 else { return true }
        return measure(last: alert.longWindow, asOf: now).hasEvents(alert.minimumEvents)
    }

    private func share(
        last window: Duration,
        asOf now: Timestamp,
        isFiring: Bool
    ) -> ExactRatio? {
        let spent = spentShare(last: window, asOf: now)
        guard isFiring, spent != nil else { return spent }
        return measure(last: window, asOf: now).errorRatio ?? spent
    }

    private func exceeds(_ alert: BurnRateAlert, _ share: ExactRatio) -> Bool {
        share.compares(alert.comparison, to: alert.factor, of: objective.budget)
    }

    private func evidence(for rule: AlertRule, at now: Timestamp) -> AlertEvidence {
        switch rule {
        case .burnRate(let alert):
            return .burnRate(
                long: burnRate(last: alert.longWindow, asOf: now),
                short: alert.shortWindow.map { burnRate(last: $0, asOf: now) },
                rule: alert
            )
        case .budgetExhausted:
            let measurement = measure(currentSpan(asOf: now))
            return .budget(measurement, ErrorBudget(measurement, target: objective.target))
        case .noData:
            return .silence(since: silentSince ?? now)
        }
    }
}
