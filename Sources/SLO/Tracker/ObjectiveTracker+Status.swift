internal import Reports
package import Timekeeping

extension ObjectiveTracker {
    /// The windows of burn rates that every report shows: those that its alerts look at.
    package var burnRateWindows: [Duration] {
        Set(burnRateRules.flatMap { [$0.longWindow, $0.shortWindow].compactMap(\.self) }).sorted()
    }

    /// Those of its alerts; where it has none, the SRE Workbook's, scaled to the period.
    private var burnRateRules: [BurnRateAlert] {
        let own = objective.alertPolicies.flatMap(\.rules).compactMap { rule in
            if case .burnRate(let alert) = rule { alert } else { nil }
        }
        return own.isEmpty
            ? BurnRateAlert.workbook(period: objective.timeWindow.nominalLength, grid: slice) : own
    }

    /// The period that `instant` falls into: the rolling window up to it, or that of the calendar.
    ///
    /// An instant at which a calendar period starts ends the one before: a report made at midnight
    /// is about the day that is over.
    package func period(at instant: Timestamp) -> Range<Timestamp> {
        switch objective.timeWindow {
        case .rolling(let length): (instant - length)..<instant
        case .calendar(let window): window.period(containing: instant - .nanoseconds(1))
        }
    }

    /// How the objective stands at `instant`, by default the latest that was handed in.
    ///
    /// The slice in which `instant` lies has not ended and does not count. Nil before the first
    /// instant was handed in.
    package func status(
        asOf instant: Timestamp? = nil,
        policy: StatusPolicy = .standard,
        worstDays: Int = 5
    ) -> ObjectiveStatus? {
        guard let asOf = instant ?? now else { return nil }
        let period = period(at: asOf)
        let measurement = measure(currentSpan(asOf: asOf))
        let budget = ErrorBudget(measurement, target: objective.target)
        let firing = alerts.compactMap(\.episode)
        let (state, reason) = judgement(measurement, budget, firing, asOf: asOf, policy)
        let projection = projectionWindow
        return ObjectiveStatus(
            objective: objective,
            revision: revision,
            asOf: asOf,
            state: state,
            reason: reason,
            period: period,
            measurement: measurement,
            lastReport: lastReports.compactMap(\.self).max(),
            budget: budget,
            burnRates: burnRateWindows.map { burnRate(last: $0, asOf: asOf) },
            projectedExhaustion: exhaustion(
                budget,
                burning: measure(last: projection, asOf: asOf).spentShare,
                in: period,
                asOf: asOf
            ),
            projectionWindow: projection,
            worstDays: spending(in: measurement, count: worstDays),
            previous: previous(to: period, asOf: asOf),
            faults: faults,
            firing: firing
        )
    }

    /// The current period in slices.
    func currentSpan(asOf instant: Timestamp) -> SliceSpan {
        let slice = judgedLength ?? sliceLength
        switch objective.timeWindow {
        case .rolling(let length): return SliceSpan(last: length, before: instant, slice: slice)
        case .calendar:
            return SliceSpan(period: period(at: instant), asOf: instant, slice: slice)
        }
    }

    /// The long window of the fast pair: an hour for 30 days.
    private var projectionWindow: Duration { burnRateRules.map(\.longWindow).min() ?? slice }

    private func previous(to period: Range<Timestamp>, asOf: Timestamp) -> PreviousPeriod? {
        let earlier: Range<Timestamp>
        let measurement: WindowMeasurement
        switch objective.timeWindow {
        case .rolling(let length):
            earlier = (period.lowerBound - length)..<period.lowerBound
            measurement = measure(last: length, asOf: period.lowerBound)
        case .calendar(let window):
            earlier = window.period(before: period.lowerBound)
            measurement = measure(period: earlier, asOf: asOf)
        }
        guard measurement.hasData else { return nil }
        return PreviousPeriod(
            period: earlier,
            measurement: measurement,
            budget: ErrorBudget(measurement, target: objective.target)
        )
    }

    /// Remaining budget · period / burn rate (reference formula of the SRE Workbook's chapter 5).
    private func exhaustion(
        _ budget: ErrorBudget,
        burning share: ExactRatio?,
        in period: Range<Timestamp>,
        asOf: Timestamp
    ) -> Timestamp? {
        guard !budget.isExhausted, let share, share > .zero, let remaining = budget.remainingRatio,
            let whole = budget.spentShare.map({ _ in period.upperBound - period.lowerBound })
        else { return nil }
        // remaining · period / (share / budget)
        let time =
            remaining
            .multiplied(by: ExactRatio(Int128(whole.inNanoseconds), 1))
            .multiplied(by: ExactRatio(budget.share))
            .multiplied(by: ExactRatio(share.denominator, share.numerator))
        let nanoseconds = time.numerator / time.denominator
        let limit: Timestamp
        switch objective.timeWindow {
        case .rolling: limit = asOf + whole
        case .calendar: limit = period.upperBound
        }
        guard nanoseconds <= Int128((limit - asOf).inNanoseconds) else { return nil }
        return asOf + .nanoseconds(Int64(nanoseconds))
    }

    private func judgement(
        _ measurement: WindowMeasurement,
        _ budget: ErrorBudget,
        _ firing: [AlertEpisode],
        asOf: Timestamp,
        _ policy: StatusPolicy
    ) -> (ObjectiveState, String) {
        let latest = lastReports.compactMap(\.self).max()
        guard measurement.hasData else {
            if latest != nil, let silent = lastReports.firstIndex(of: nil) {
                return (.noData, "nothing has measured \(objective.components[silent].name)")
            }
            if let latest, let width = objective.budgeting.sliceWindow, asOf - latest < width {
                return (.noData, "not one slice of \(DurationText.write(width)) is over yet")
            }
            return (.noData, "nothing was observed in the period")
        }
        let limit = max(policy.staleAfter, slice * 2)
        if !isUnderMaintenance, let why = silence(measurement, asOf: asOf, limit: limit) {
            return (.noData, why)
        }
        if measurement.events.total == 0 {
            return (.noData, "no event was counted in the period")
        }
        if !measurement.hasEvents(objective.minimumEvents) {
            let total = measurement.scale.events(measurement.events.total)
            return (.partial, "\(total) events of the \(objective.minimumEvents) it takes")
        }
        if budget.isOverspent { return (.breached, "more is spent than the budget") }
        if let coverage = measurement.coverage, coverage < policy.minimumCoverage {
            return (
                .partial,
                "\(ReportNumbers.count(measurement.observed)) of "
                    + "\(ReportNumbers.count(measurement.expected)) slices observed"
            )
        }
        if let episode = firing.first(where: { $0.isAboutSpending }) {
            return (.atRisk, "the alert \(episode.alert.rule) is firing")
        }
        let isLow =
            budget.spentShare?.compares(.greaterThanOrEqual, to: policy.riskAt, of: budget.share)
            ?? false
        if isLow { return (.atRisk, "\(policy.riskAt) of the budget or more is spent") }
        return (.ok, "within the budget")
    }

    // MARK: - Silence
    //
    // No traffic is no data, whether its slices are missing or say 0 of 0. A component that
    // reports nothing is silent after a fixed time; one that reports 0 of 0 is silent when it is
    // quiet for longer than its traffic explains, since a service with few events has gaps.

    /// So many times as long as events are apart on average is no longer chance.
    private static let unusualGap: Int128 = 10

    /// Why nothing can be said of now, though there was data before; nil if it can.
    ///
    /// `measurement` is of the whole period, `limit` how long nothing may have been reported.
    func silence(
        _ measurement: WindowMeasurement,
        asOf instant: Timestamp,
        limit: Duration
    ) -> String? {
        for (index, component) in objective.components.enumerated() {
            let of = objective.isComposite ? " of \(component.name)" : ""
            if let last = lastReports[index], instant - last > limit {
                return "nothing\(of) was observed since \(last)"
            }
            guard let last = lastEvents[index], instant - last > limit,
                isQuiet(index, measurement, for: instant - last)
            else { continue }
            return "no event\(of) was counted since \(last): 0 of 0 in every slice"
        }
        return nil
    }

    /// Whether a gap of `duration` is longer than the traffic of the period explains.
    private func isQuiet(
        _ index: Int,
        _ measurement: WindowMeasurement,
        for duration: Duration
    ) -> Bool {
        let sum = measurement.components[index]
        let gap = Int128(duration.inNanoseconds)
        guard sum.total > 0, gap > 0 else { return gap > 0 }
        let observed = Int128(sum.observed) * Int128(sliceLength)
        return ExactRatio(sum.total, scale.unitsPerEvent)
            > ExactRatio(observed * ObjectiveTracker.unusualGap, gap)
    }

    /// Whether a component has been silent for `duration` by `now`; nil before anything began.
    func isSilent(for duration: Duration, asOf now: Timestamp) -> Bool? {
        guard let began else { return nil }
        for (index, component) in objective.components.enumerated() {
            if now - (lastReports[index] ?? began) >= duration { return true }
            let quiet = now - (lastEvents[index] ?? began)
            let average = component.indicator.sources.compactMap(\.averageOver).max()
            guard quiet >= max(duration, average ?? .zero) else { continue }
            if isQuiet(index, measure(currentSpan(asOf: now)), for: quiet) { return true }
        }
        return false
    }

    /// Since when the component that was silent longest has had no event.
    var silentSince: Timestamp? {
        guard let began else { return nil }
        return lastEvents.map { $0 ?? began }.min()
    }

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
            if isCalm(index, at: now) { continue }
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

    /// Whether an alert is known not to change without a look at the sums: it is at rest, and in
    /// the window that it asks for first nothing was bad.
    private func isCalm(_ index: Int, at now: Timestamp) -> Bool {
        guard !isRestless[index], !alerts[index].isPending, alerts[index].episode == nil else {
            return false
        }
        guard let lastBad else { return true }
        guard case .burnRate(let alert) = alerts[index].rule else { return false }
        // Twice the window: its beginning may be read from a coarser slice.
        return now - lastBad > (alert.shortWindow ?? alert.longWindow) * 2
    }

    /// Whether a rule holds where something was observed and nothing was bad, or is about
    /// something else than what was bad.
    func holdsOnNothing(_ rule: AlertRule) -> Bool {
        switch rule {
        case .burnRate(let alert): exceeds(alert, .zero)
        case .budgetExhausted:
            ExactRatio.zero.compares(.greaterThanOrEqual, to: .one, of: objective.budget)
        case .noData: true
        }
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
