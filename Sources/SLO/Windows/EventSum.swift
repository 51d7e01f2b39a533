/// The events of some slices, and how many of the slices were observed.
package struct EventSum: Hashable, Sendable, AdditiveArithmetic {
    package var good: Int64 = 0
    package var total: Int64 = 0
    /// Events under maintenance, which are in neither of the above.
    package var excludedGood: Int64 = 0
    package var excludedTotal: Int64 = 0
    /// Slices in which something reported, be it that nothing happened.
    package var observed: Int32 = 0
    /// Slices under maintenance, reported or not.
    package var excluded: Int32 = 0

    package static let zero = EventSum()

    package init(
        good: Int64 = 0,
        total: Int64 = 0,
        excludedGood: Int64 = 0,
        excludedTotal: Int64 = 0,
        observed: Int32 = 0,
        excluded: Int32 = 0
    ) {
        self.good = good
        self.total = total
        self.excludedGood = excludedGood
        self.excludedTotal = excludedTotal
        self.observed = observed
        self.excluded = excluded
    }

    package var bad: Int64 { total &- good }

    // Running sums only ever grow and are only ever subtracted from later ones, so wrapping
    // around would cancel out; a window itself is far too small for it.

    package static func + (left: EventSum, right: EventSum) -> EventSum {
        EventSum(
            good: left.good &+ right.good,
            total: left.total &+ right.total,
            excludedGood: left.excludedGood &+ right.excludedGood,
            excludedTotal: left.excludedTotal &+ right.excludedTotal,
            observed: left.observed &+ right.observed,
            excluded: left.excluded &+ right.excluded
        )
    }

    package static func - (left: EventSum, right: EventSum) -> EventSum {
        EventSum(
            good: left.good &- right.good,
            total: left.total &- right.total,
            excludedGood: left.excludedGood &- right.excludedGood,
            excludedTotal: left.excludedTotal &- right.excludedTotal,
            observed: left.observed &- right.observed,
            excluded: left.excluded &- right.excluded
        )
    }
}
