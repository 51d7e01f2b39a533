/// The events of some slices, and how many of the slices were observed.
package struct EventSum: Hashable, Sendable, AdditiveArithmetic {
    /// In units of the tracker's ``CountScale``.
    package var good: Int128 = 0
    package var total: Int128 = 0
    /// Slices in which something reported, be it that nothing happened.
    package var observed: Int32 = 0
    /// Slices under maintenance, reported or not; their events are in neither of the above.
    package var excluded: Int32 = 0

    package static let zero = EventSum()

    package init(
        good: Int128 = 0,
        total: Int128 = 0,
        observed: Int32 = 0,
        excluded: Int32 = 0
    ) {
        self.good = good
        self.total = total
        self.observed = observed
        self.excluded = excluded
    }

    package var bad: Int128 { total &- good }

    // Running sums only ever grow and are only ever subtracted from later ones, so wrapping
    // around would cancel out; a window itself is far too small for it.

    package static func + (left: EventSum, right: EventSum) -> EventSum {
        EventSum(
            good: left.good &+ right.good,
            total: left.total &+ right.total,
            observed: left.observed &+ right.observed,
            excluded: left.excluded &+ right.excluded
        )
    }

    package static func - (left: EventSum, right: EventSum) -> EventSum {
        EventSum(
            good: left.good &- right.good,
            total: left.total &- right.total,
            observed: left.observed &- right.observed,
            excluded: left.excluded &- right.excluded
        )
    }
}
