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
