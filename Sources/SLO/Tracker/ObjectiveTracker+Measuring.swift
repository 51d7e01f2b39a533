package import Timekeeping

extension ObjectiveTracker {
    /// The measurement of the `length` before `instant`, in whole slices.
    package func measure(last length: Duration, asOf instant: Timestamp) -> WindowMeasurement {
        measure(SliceSpan(last: length, before: instant, slice: judgedLength ?? sliceLength))
    }

    /// The measurement of a period, as far as it had passed at `instant`.
    ///
    /// A slice belongs to the period in which it starts.
    package func measure(
        period: Range<Timestamp>,
        asOf instant: Timestamp
    ) -> WindowMeasurement {
        measure(SliceSpan(period: period, asOf: instant, slice: judgedLength ?? sliceLength))
    }

    /// The measurement of all that was counted since the first instant that was handed in, as far
    /// as it is kept; nil before there was one.
    package func measureAll() -> WindowMeasurement? {
        guard let began, let now else { return nil }
        let width = judgedLength ?? sliceLength
        let start = Timestamp(nanoseconds: began.nanoseconds.flooringQuotient(width) * width)
        return measure(period: start..<now, asOf: now)
    }

    /// The burn rate over the `length` before `instant`, with its sums.
    package func burnRate(last length: Duration, asOf instant: Timestamp) -> BurnRateReading {
        BurnRateReading(
            window: length,
            measurement: measure(last: length, asOf: instant),
            budget: objective.budget
        )
    }

    func measure(_ span: SliceSpan) -> WindowMeasurement {
        judged == nil ? measureEvents(span) : measureSlices(span)
    }

    private func measureEvents(_ span: SliceSpan) -> WindowMeasurement {
        let answers = events.map { $0.sum(of: span.elapsed) }
        let read = answers[0].read
        let excluded = Int64(answers[0].sum.excluded)
        let sums = answers.map(\.sum)
        // An unobserved part would make the whole look good.
        let hasData = sums.allSatisfy { $0.observed > 0 }
        let expected = Int64(read.count) + span.ahead - excluded
        return WindowMeasurement(
            unit: .events,
            window: instants(of: read, width: sliceLength),
            sliceWidth: slice,
            slices: Int64(read.count) + span.ahead,
            elapsed: Int64(read.count),
            excluded: excluded,
            observed: sums.map { Int64($0.observed) }.min() ?? 0,
            hasData: hasData,
            scale: scale,
            components: sums,
            excludedEvents: events.indices.map { excludedEvents(of: $0, in: read) },
            judged: nil,
            errorRatio: hasData ? errorRatio(sums) : nil,
            spentShare: hasData ? spentShare(sums, of: expected) : nil,
            doubt: answers.reduce(Int64(0)) { $0 + wholeEvents($1.doubt.total) }
        )
    }

    private func measureSlices(_ span: SliceSpan) -> WindowMeasurement {
        let width = judgedLength ?? sliceLength
        let parts = width / sliceLength
        let answer =
            judged?.sum(of: span.elapsed)
            ?? .init(sum: .zero, read: span.elapsed, doubt: .zero)
        let sum = answer.sum
        let slices = Int64(answer.read.count) + span.ahead
        let range = (answer.read.lowerBound * parts)..<(answer.read.upperBound * parts)
        return WindowMeasurement(
            unit: .slices,
            window: instants(of: answer.read, width: width),
            sliceWidth: .nanoseconds(width),
            slices: slices,
            elapsed: Int64(answer.read.count),
            excluded: Int64(sum.excluded),
            observed: Int64(sum.judged),
            hasData: sum.judged > 0,
            scale: scale,
            components: events.map { $0.sum(of: range).sum },
            excludedEvents: events.indices.map { excludedEvents(of: $0, in: range) },
            judged: sum,
            errorRatio: sum.judged > 0
                ? ExactRatio(sum.badUnits, Int128(sum.judged) * JudgedSum.unit) : nil,
            spentShare: spentShare(sum, of: slices - Int64(sum.excluded)),
            doubt: Int64(answer.doubt.judged)
        )
    }

    /// Events that some units are, a part of one counting as a whole.
    private func wholeEvents(_ units: Int128) -> Int64 {
        Int64(clamping: (units + scale.unitsPerEvent - 1) / scale.unitsPerEvent)
    }

    private func instants(of slices: Range<Int64>, width: Int64) -> Range<Timestamp> {
        let lower = Timestamp(nanoseconds: slices.lowerBound * width)
        return lower..<Timestamp(nanoseconds: slices.upperBound * width)
    }

    // MARK: - Shares

    /// The bad share of the window before `instant`, what was not observed counting as nothing;
    /// nil if nothing was observed.
    ///
    /// The same figure as ``WindowMeasurement/spentShare``, without the sums behind it: alerts ask
    /// for it every slice. Of a composite of which a part was not observed, what the others spent.
    func spentShare(last length: Duration, asOf instant: Timestamp) -> ExactRatio? {
        spentShare(SliceSpan(last: length, before: instant, slice: judgedLength ?? sliceLength))
    }

    /// The same over a span of slices, those that lie ahead counting as nothing.
    func spentShare(_ span: SliceSpan) -> ExactRatio? {
        if let answer = judged?.sum(of: span.elapsed) {
            let expected = Int64(answer.read.count) + span.ahead - Int64(answer.sum.excluded)
            return spentShare(answer.sum, of: expected)
        }
        let first = events[0].sum(of: span.elapsed)
        let expected = Int64(first.read.count) + span.ahead - Int64(first.sum.excluded)
        // Nearly every objective has one component, and no array is made for it.
        guard objective.isComposite else { return spentShare(first.sum, of: expected) }
        return spentShare(events.map { $0.sum(of: span.elapsed).sum }, of: expected)
    }

    private func spentShare(_ sum: JudgedSum, of expected: Int64) -> ExactRatio? {
        guard sum.judged > 0, expected > 0 else { return nil }
        return ExactRatio(sum.badUnits, Int128(expected) * JudgedSum.unit)
    }

    private func spentShare(_ sum: EventSum, of expected: Int64) -> ExactRatio? {
        guard sum.observed > 0, expected > 0 else { return nil }
        // Observed, and nothing happened: nothing failed.
        guard sum.total > 0 else { return .zero }
        return ExactRatio(sum.bad * Int128(sum.observed), sum.total * Int128(expected))
    }

    private func spentShare(_ sums: [EventSum], of expected: Int64) -> ExactRatio? {
        guard objective.isComposite else { return spentShare(sums[0], of: expected) }
        let shares = sums.map { spentShare($0, of: expected) }
        guard shares.contains(where: { $0 != nil }) else { return nil }
        return weighted(shares)
    }

    private func errorRatio(_ sums: [EventSum]) -> ExactRatio? {
        let ratios = sums.map { sum in
            sum.total > 0 ? ExactRatio(sum.bad, sum.total) : nil
        }
        guard objective.isComposite else { return ratios[0] }
        guard ratios.contains(where: { $0 != nil }) else { return nil }
        return weighted(ratios)
    }

    /// The sum of what the components lose, each to 18 decimals times its weight.
    ///
    /// OpenSLO: a burning component burns the composite at the same rate, times its weight.
    /// Weights are not divided by their sum, as in its example for `RatioTimeslices`, where two
    /// components of 95% make 90%. A component with a target of its own burns at the rate of its
    /// own budget.
    func weighted(_ ratios: [ExactRatio?]) -> ExactRatio {
        let units = zip(objective.components, ratios).reduce(Int128(0)) { sum, part in
            guard let ratio = part.1 else { return sum }
            return sum
                + part.0.weigh(
                    .decimalUnits(of: ratio.numerator, in: ratio.denominator),
                    of: objective.budget
                )
        }
        return ExactRatio(units, JudgedSum.unit)
    }

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

// MARK: - Slices

extension ObjectiveTracker {
    /// What was counted in each observed slice from `start` on, maintenance or not, as far back as
    /// slices are kept one by one: what a history is to keep.
    ///
    /// A slice under maintenance in which nothing happened is not among them.
    package func slices(of component: Int = 0, from start: Timestamp) -> [Slice] {
        let open = events[component].open
        let length = slice.inNanoseconds
        let first = max(open.lowerBound, start.nanoseconds.flooringQuotient(length))
        guard first < open.upperBound else { return [] }
        return (first..<open.upperBound).compactMap { number in
            let sum = events[component].value(of: number)
            let aside = excludedEvents(of: component, in: number..<(number + 1))
            guard sum.observed > 0 || aside.total > 0 else { return nil }
            return Slice(
                start: Timestamp(nanoseconds: number * length),
                good: sum.good + aside.good,
                total: sum.total + aside.total
            )
        }
    }
}
