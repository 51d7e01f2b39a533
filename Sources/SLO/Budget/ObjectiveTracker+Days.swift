internal import Timekeeping

extension ObjectiveTracker {
    /// The days of a measured window that spent most, each with its part of the window's budget.
    ///
    /// The parts of all days add up to what the window has spent.
    func spending(in whole: WindowMeasurement, count: Int) -> [DaySpending] {
        guard count > 0, whole.hasData else { return [] }
        var days: [DaySpending] = []
        for day in whole.window.days(in: zone) {
            let span = SliceSpan(
                period: day.range,
                asOf: whole.window.upperBound,
                slice: judgedLength ?? sliceLength
            )
            let measurement = measure(span)
            let share = share(of: measurement, in: whole)
            guard share > .zero else { continue }
            days.append(
                DaySpending(
                    date: day.date,
                    measurement: measurement,
                    spentRatio: share.divided(by: objective.budget)
                )
            )
        }
        return Array(
            days.sorted { ($1.spentRatio, $0.date) < ($0.spentRatio, $1.date) }.prefix(count)
        )
    }

    /// The zone whose days are reported: that of the calendar, else UTC.
    private var zone: CivilZone {
        if case .calendar(let window) = objective.timeWindow { window.zone } else { .utc }
    }

    /// The bad share of the whole window that lies in a part of it.
    private func share(of part: WindowMeasurement, in whole: WindowMeasurement) -> ExactRatio {
        let expected = Int128(whole.slices - whole.excluded)
        guard expected > 0 else { return .zero }
        if let judged = part.judged {
            return ExactRatio(judged.badUnits, expected * JudgedSum.unit)
        }
        let shares: [ExactRatio?] = zip(part.components, whole.components).map { part, whole in
            guard whole.total > 0 else { return nil }
            return ExactRatio(
                part.bad * Int128(whole.observed),
                whole.total * expected
            )
        }
        return objective.isComposite ? weighted(shares) : (shares.first ?? nil) ?? .zero
    }
}

extension Range<Timestamp> {
    /// The days of a zone that begin or end in the range, each as far as it lies in it.
    fileprivate func days(in zone: CivilZone) -> [(date: CivilDate, range: Range<Timestamp>)] {
        var days: [(date: CivilDate, range: Range<Timestamp>)] = []
        var date = zone.civil(at: lowerBound).date
        var start = lowerBound
        while start < upperBound {
            let next = CivilDate(daysSinceEpoch: date.daysSinceEpoch + 1)
            let end = Swift.min(zone.instant(at: CivilDateTime(date: next)), upperBound)
            // A day that a zone left out altogether has no length.
            if end > start {
                days.append((date, start..<end))
                start = end
            }
            date = next
        }
        return days
    }
}
