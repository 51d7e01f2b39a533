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

/// Time slices that have been judged, for the budgeting methods `Timeslices` and
/// `RatioTimeslices`.
package struct JudgedSum: Hashable, Sendable, AdditiveArithmetic {
    /// The bad shares of the slices, added up, in units of 10^-18: a wholly bad slice is 10^18.
    package var badUnits: Int128 = 0
    /// Slices with a verdict, those without events among them.
    package var judged: Int32 = 0
    /// Slices with a bad share above zero.
    package var bad: Int32 = 0
    /// Observed slices without a single event, which are good: no promise was broken in them.
    package var empty: Int32 = 0
    /// Slices that began under maintenance.
    package var excluded: Int32 = 0

    /// A whole slice in ``badUnits``.
    package static let unit: Int128 = 1_000_000_000_000_000_000

    package static let zero = JudgedSum()

    package init(
        badUnits: Int128 = 0,
        judged: Int32 = 0,
        bad: Int32 = 0,
        empty: Int32 = 0,
        excluded: Int32 = 0
    ) {
        self.badUnits = badUnits
        self.judged = judged
        self.bad = bad
        self.empty = empty
        self.excluded = excluded
    }

    package static func + (left: JudgedSum, right: JudgedSum) -> JudgedSum {
        JudgedSum(
            badUnits: left.badUnits + right.badUnits,
            judged: left.judged &+ right.judged,
            bad: left.bad &+ right.bad,
            empty: left.empty &+ right.empty,
            excluded: left.excluded &+ right.excluded
        )
    }

    package static func - (left: JudgedSum, right: JudgedSum) -> JudgedSum {
        JudgedSum(
            badUnits: left.badUnits - right.badUnits,
            judged: left.judged &- right.judged,
            bad: left.bad &- right.bad,
            empty: left.empty &- right.empty,
            excluded: left.excluded &- right.excluded
        )
    }
}
