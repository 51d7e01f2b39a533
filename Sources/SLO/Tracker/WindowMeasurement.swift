package import Timekeeping

/// The measurement of a window, with every sum behind its figures.
package struct WindowMeasurement: Sendable {
    /// What is counted: events (`Occurrences`) or judged time slices.
    package enum Unit: String, Hashable, Sendable {
        case events
        case slices
    }

    package var unit: Unit
    /// From the start of the first slice that was read to the end of the last one.
    package var window: Range<Timestamp>
    /// How long one of the slices is that are counted below.
    package var sliceWidth: Duration
    /// Slices of the whole window, those that lie ahead in a calendar period among them.
    package var slices: Int64
    /// Those of them that have ended.
    package var elapsed: Int64
    /// Those of them that began under maintenance; they count in nothing else.
    package var excluded: Int64
    /// Those of them in which something reported; of a composite, in its least observed component.
    package var observed: Int64
    /// Whether any component was observed at all.
    package var hasData: Bool
    /// The unit in which events are counted.
    package var scale: CountScale
    /// The events of each component.
    package var components: [EventSum]
    /// Those of each component under maintenance, which are in none of the figures.
    package var excludedEvents: [EventSum]
    /// The verdicts on the time slices; nil for `Occurrences`.
    package var judged: JudgedSum?
    /// The bad share of what was observed; nil if nothing was counted.
    package var errorRatio: ExactRatio?
    /// The bad share of the whole window: what was not observed has spent nothing, and is no
    /// success either, but lacks from ``coverage``.
    package var spentShare: ExactRatio?
    /// How many units the window may hold that were not asked for, because its edge lies where
    /// only coarse sums are kept; zero if it is exact.
    package var doubt: Int64

    /// The good share of what was observed; nil if nothing was counted.
    ///
    /// Below zero if the weights of a composite sum to more than one and enough fails.
    package var sli: ExactRatio? {
        errorRatio.map { ExactRatio($0.denominator - $0.numerator, $0.denominator) }
    }

    /// The events of all components together: to ask whether there are any, or enough.
    package var events: EventSum { components.reduce(.zero, +) }

    /// Whether it holds at least `count` events, of all components together.
    package func hasEvents(_ count: Int64) -> Bool {
        scale.events(events.total) >= MeasuredNumber(count)
    }

    /// Slices that should have been observed by now.
    package var expected: Int64 { max(0, elapsed - excluded) }

    /// The observed share of the slices that have ended; nil if there are none to observe.
    package var coverage: ExactRatio? {
        expected > 0 ? ExactRatio(Int128(observed), Int128(expected)) : nil
    }
}

/// A window in numbered slices: those that have ended, and how many lie ahead.
struct SliceSpan {
    var elapsed: Range<Int64>
    var ahead: Int64 = 0

    /// The `length` that ends with the last whole slice before `instant`, in whole slices and at
    /// least one.
    init(last length: Duration, before instant: Timestamp, slice: Int64) {
        let end = instant.nanoseconds.flooringQuotient(slice)
        let count = max(1, (length.inNanoseconds + slice - 1) / slice)
        elapsed = (end - count)..<end
    }

    /// The slices that start within `period`, as far as they have ended by `instant`.
    init(period: Range<Timestamp>, asOf instant: Timestamp, slice: Int64) {
        let lower = SliceSpan.ceiling(period.lowerBound, slice)
        let upper = SliceSpan.ceiling(period.upperBound, slice)
        let end = min(upper, instant.nanoseconds.flooringQuotient(slice))
        elapsed = lower..<max(lower, end)
        ahead = upper - elapsed.upperBound
    }

    private static func ceiling(_ instant: Timestamp, _ slice: Int64) -> Int64 {
        -(-instant.nanoseconds).flooringQuotient(slice)
    }
}

/// The error budget of a period: what may be lost, what has been, what is left.
///
/// The budget is of the whole period. What has not been lived or not been observed yet has spent
/// none of it; where part of the period is missing, the budget in events is the one that the
/// period has at the traffic observed so far, and ``isEstimated`` says so.
package struct ErrorBudget: Sendable {
    /// One less the target.
    package var share: ExactDecimal
    /// The bad share of the whole window; nil if nothing was observed.
    package var spentShare: ExactRatio?
    /// Events or slices that may be bad; nil if that cannot be determined.
    ///
    /// Nil for `Occurrences` of several components, whose events are not of one kind.
    package var allowed: ExactRatio?
    /// Events or slices that were bad, slices by their bad share; nil if nothing was observed.
    package var spent: ExactRatio?
    /// The time for which everything may be bad.
    package var time: Duration
    /// Whether ``allowed`` rests on traffic that has not been seen.
    package var isEstimated: Bool

    /// The budget of what was measured over a period.
    package init(_ measurement: WindowMeasurement, target: ExactDecimal) {
        share = target.complement
        spentShare = measurement.spentShare
        let counted = measurement.slices - measurement.excluded
        let length = Int128(max(0, counted)) * Int128(measurement.sliceWidth.inNanoseconds)
        let nanoseconds = length * Int128(share.digits) / Int128(Int64.powerOfTen(share.scale))
        time = .nanoseconds(Int64(clamping: nanoseconds))
        isEstimated = measurement.observed < counted
        switch measurement.unit {
        case .slices:
            allowed = ExactRatio(Int128(counted), 1).multiplied(by: ExactRatio(share))
            if measurement.hasData {
                spent = measurement.judged.map { ExactRatio($0.badUnits, JudgedSum.unit) }
            }
            isEstimated = false
        case .events:
            guard measurement.components.count == 1, let sum = measurement.components.first,
                sum.observed > 0
            else { return }
            let unit = measurement.scale.unitsPerEvent
            let total = ExactRatio(sum.total * Int128(counted), Int128(sum.observed))
            allowed = total.multiplied(by: ExactRatio(1, unit)).multiplied(by: ExactRatio(share))
            spent = ExactRatio(sum.bad, unit)
        }
    }

    /// The spent part of the budget: 1 is all of it, and more than 1 is more than there was.
    package var spentRatio: ExactRatio? { spentShare?.divided(by: share) }

    /// What is left of it: below zero if more was spent than there was.
    package var remainingRatio: ExactRatio? { spentRatio.map { ExactRatio.one - $0 } }

    /// Events or slices that may still be bad: below zero if too many were.
    package var remaining: ExactRatio? {
        guard let allowed, let spent else { return nil }
        return allowed - spent
    }

    /// The spent part of ``time``.
    package var spentTime: Duration? { spentRatio.map { time(of: $0) } }

    /// What is left of ``time``: below zero if more was spent than there was.
    package var remainingTime: Duration? { spentTime.map { time - $0 } }

    /// Whether more was spent than there was.
    package var isOverspent: Bool { isSpent(.greaterThan) }

    /// Whether nothing is left.
    package var isExhausted: Bool { isSpent(.greaterThanOrEqual) }

    private func isSpent(_ comparison: ThresholdComparison) -> Bool {
        spentShare?.compares(comparison, to: .one, of: share) ?? false
    }

    private func time(of ratio: ExactRatio) -> Duration {
        let product = ratio.multiplied(by: ExactRatio(Int128(time.inNanoseconds), 1))
        return .nanoseconds(Int64(clamping: product.numerator / product.denominator))
    }
}

/// Good and bad as the budget counts them: events, or time slices by their bad share.
///
/// The events of a composite are those of all its components together, without their weights;
/// no sum of counts has its ratio.
package struct ObjectiveCount: Sendable {
    package var good: ExactRatio
    package var bad: ExactRatio
    /// Events, whatever the budget counts.
    package var events: ExactRatio
    /// The seconds in which something reported; of a composite, its least observed component.
    package var observedSeconds: ExactRatio
    /// The seconds under maintenance, of which nothing is counted.
    package var excludedSeconds: ExactRatio

    /// What was counted in a window.
    package init(_ measurement: WindowMeasurement) {
        func seconds(_ slices: Int64) -> ExactRatio {
            let width = Int128(measurement.sliceWidth.inNanoseconds)
            return ExactRatio(Int128(slices) * width, 1_000_000_000)
        }
        let unit = measurement.scale.unitsPerEvent
        events = ExactRatio(measurement.events.total, unit)
        observedSeconds = seconds(measurement.observed)
        excludedSeconds = seconds(measurement.excluded)
        if let judged = measurement.judged {
            let whole = Int128(judged.judged) * JudgedSum.unit
            // Weights above one can lose more than the slice.
            bad = ExactRatio(judged.badUnits, JudgedSum.unit)
            good = ExactRatio(max(0, whole - judged.badUnits), JudgedSum.unit)
        } else {
            good = ExactRatio(measurement.events.good, unit)
            bad = ExactRatio(measurement.events.bad, unit)
        }
    }

    /// Nothing counted.
    package static let zero = ObjectiveCount()

    private init() {
        good = .zero
        bad = .zero
        events = .zero
        observedSeconds = .zero
        excludedSeconds = .zero
    }
}

extension ObjectiveTracker {
    /// What was counted since the tracker began: what a counter says, at 0 before the first event.
    package var count: ObjectiveCount {
        guard let began, let now else { return .zero }
        // From the start of the slice in which it began, for that one counts as well.
        let width = judgedLength ?? sliceLength
        let first = Timestamp(nanoseconds: began.nanoseconds.flooringQuotient(width) * width)
        let end = Timestamp(nanoseconds: (now.nanoseconds.flooringQuotient(width) + 1) * width)
        return ObjectiveCount(measure(period: first..<end, asOf: end))
    }
}
