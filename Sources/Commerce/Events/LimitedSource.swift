package import Timekeeping

/// A source that ends early: after a number of events, before an end time, or both.
package struct LimitedSource<Base: EventSource>: EventSource {
    private var base: Base
    /// How many events may still be made.
    private var remaining: Int
    private let end: Timestamp
    private let isPaced: Bool

    /// The first `events` events of `base`, as far as their times lie before `end`.
    ///
    /// - Parameters:
    ///   - base: The source that goes on for longer.
    ///   - events: How many events there are at most; nil for any number.
    ///   - end: Events of this time or a later one are not made; nil for no end.
    ///   - isPaced: False where the events of `base` have the time they are asked for (a traffic
    ///     model without a load): asked at `end` or later, it has then ended.
    package init(
        _ base: Base,
        events: Int? = nil,
        end: Timestamp? = nil,
        isPaced: Bool = true
    ) {
        self.base = base
        remaining = events ?? .max
        self.end = end ?? .distantFuture
        self.isPaced = isPaced
    }

    package var stream: Symbol { base.stream }
    package var symbols: SymbolTable { base.symbols }

    package var arrival: InputArrival? { remaining > 0 ? base.arrival : nil }

    package mutating func settle() {
        base.settle()
    }

    package mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        guard remaining > 0, end > .distantPast, isPaced || horizon < end else { return nil }
        let before = builder.events.count
        let lastBeforeEnd = Timestamp(nanoseconds: end.nanoseconds - 1)
        let next = try base.fill(
            &builder,
            until: min(horizon, lastBeforeEnd),
            limit: min(limit, remaining)
        )
        remaining -= builder.events.count - before
        guard remaining > 0, let next, next < end else { return nil }
        return next
    }
}

extension LimitedSource: Sendable where Base: Sendable {}
