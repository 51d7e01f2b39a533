internal import Documents
package import Timekeeping

extension ObjectiveTracker {
    /// The windows of burn rates that every report shows: the SRE Workbook's, scaled to the period.
    package var burnRateWindows: [Duration] {
        let pairs = BurnRateAlert.workbook(
            period: objective.timeWindow.nominalLength,
            grid: slice
        )
        var windows = Set(pairs.flatMap { [$0.longWindow, $0.shortWindow].compactMap(\.self) })
        for policy in objective.alertPolicies {
            for case .burnRate(let alert) in policy.rules {
                windows.formUnion([alert.longWindow, alert.shortWindow].compactMap(\.self))
            }
        }
        return windows.sorted()
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
    private var projectionWindow: Duration {
        let pairs = BurnRateAlert.workbook(
            period: objective.timeWindow.nominalLength,
            grid: slice
        )
        return pairs.first?.longWindow ?? slice
    }

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
            return (.partial, "\(measurement.observed) of \(measurement.expected) slices observed")
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
}
