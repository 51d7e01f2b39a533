internal import Timekeeping

/// Running sums over numbered slices: any window costs two look-ups, whatever its length.
///
/// Each level of the resolution keeps the sum of everything before each multiple of its width. A
/// window is the difference of two of these. Where its edge has grown too old for the fine levels,
/// the multiple of a coarser level below it is taken, and the answer says how much lies between
/// the two: the figures are off by no more than that. Windows that meet at an edge add up exactly.
package struct SlidingSums<Sum: AdditiveArithmetic & Sendable>: Sendable {
    /// The contents of a window.
    package struct Answer: Sendable {
        package var sum: Sum
        /// The slices that were read: those that were asked for, or wider at the lower edge.
        package var read: Range<Int64>
        /// The difference between the requested edges and those that were read.
        ///
        /// The true sum is within this of ``sum``, in each of its counts; zero if it is exact.
        package var doubt: Sum
    }

    /// The running sums at the multiples of one width.
    private struct Ring: Sendable {
        let ratio: Int64
        let capacity: Int
        /// The number of the first multiple that was ever kept, which lies at index 0.
        let first: Int64
        var newest: Int64
        var marks: [Sum]

        init(_ level: SliceResolution.Level, origin: Int64) {
            ratio = level.ratio
            capacity = level.count
            first = origin.flooringQuotient(level.ratio)
            newest = first
            marks = [.zero]
        }

        var oldest: Int64 { newest - Int64(marks.count) + 1 }

        func index(_ multiple: Int64) -> Int {
            Int(multiple - first) % capacity
        }

        mutating func append(_ mark: Sum) {
            newest += 1
            if marks.count < capacity {
                marks.append(mark)
            } else {
                marks[index(newest)] = mark
            }
        }

        mutating func add(_ sum: Sum, after slice: Int64) {
            var multiple = max(slice.flooringQuotient(ratio) + 1, oldest)
            while multiple <= newest {
                marks[index(multiple)] += sum
                multiple += 1
            }
        }
    }

    package let resolution: SliceResolution
    private var rings: [Ring] = []
    /// Of everything that was ever counted.
    private var total = Sum.zero
    /// The first slice of all; nothing is known of those before it.
    package private(set) var origin: Int64?
    /// The slice after the last one that is open.
    package private(set) var end: Int64 = 0

    /// Sums of no slices.
    package init(_ resolution: SliceResolution) {
        self.resolution = resolution
    }

    /// Opens every slice up to and with `slice`, giving each what `opening` says it begins with.
    package mutating func advance(to slice: Int64, opening: (Int64) -> Sum = { _ in .zero }) {
        if origin == nil {
            begin(at: slice)
        } else if slice - end > resolution.reach {
            // All that was has left every window by then.
            begin(at: slice - resolution.reach)
        }
        while end <= slice {
            total += opening(end)
            end += 1
            for index in rings.indices where end % rings[index].ratio == 0 {
                rings[index].append(total)
            }
        }
    }

    private mutating func begin(at slice: Int64) {
        origin = slice
        end = slice
        total = .zero
        rings = resolution.levels.map { Ring($0, origin: slice) }
    }

    /// The slices that can still be added to.
    package var open: Range<Int64> {
        guard let finest = rings.first, let origin else { return 0..<0 }
        return max(finest.oldest, origin)..<end
    }

    /// Adds to a slice that is ``open``.
    package mutating func add(_ sum: Sum, to slice: Int64) {
        precondition(open.contains(slice), "the slice is open")
        total += sum
        for index in rings.indices {
            rings[index].add(sum, after: slice)
        }
    }

    /// The counts of a slice that is ``open``.
    package func value(of slice: Int64) -> Sum {
        precondition(open.contains(slice), "the slice is open")
        let ring = rings[0]
        return ring.marks[ring.index(slice + 1)] - ring.marks[ring.index(slice)]
    }

    /// The counts of the slices of `range`.
    ///
    /// Those not yet open count nothing, and neither does a range of which nothing is kept any
    /// more. One whose beginning is not kept is read from where it is, unless it goes back to
    /// before the first slice of all: then it is the sum of everything up to its end.
    package func sum(of range: Range<Int64>) -> Answer {
        guard let origin, let coarsest = rings.last, range.lowerBound < end,
            range.upperBound > max(origin, coarsest.oldest * coarsest.ratio)
        else { return Answer(sum: .zero, read: range, doubt: .zero) }
        let lower = mark(before: range.lowerBound)
        let upper = mark(before: range.upperBound)
        return Answer(
            sum: upper.sum - lower.sum,
            read: lower.slice..<upper.slice,
            doubt: lower.doubt + upper.doubt
        )
    }

    /// The sum of everything before `slice`, or before the nearest multiple below it.
    private func mark(before slice: Int64) -> (sum: Sum, slice: Int64, doubt: Sum) {
        if slice <= origin ?? 0 { return (.zero, slice, .zero) }
        if slice >= end { return (total, slice, .zero) }
        for ring in rings where slice >= ring.oldest * ring.ratio {
            let multiple = slice.flooringQuotient(ring.ratio)
            let sum = ring.marks[ring.index(multiple)]
            guard multiple * ring.ratio < slice else { return (sum, slice, .zero) }
            let next = multiple < ring.newest ? ring.marks[ring.index(multiple + 1)] : total
            return (sum, max(multiple * ring.ratio, origin ?? 0), next - sum)
        }
        // Older than anything that is kept: the window begins later than was asked.
        guard let oldest = rings.last else { return (.zero, slice, .zero) }
        return (oldest.marks[oldest.index(oldest.oldest)], oldest.oldest * oldest.ratio, .zero)
    }
}

/// How finely sums are kept, the finer the nearer to now.
package struct SliceResolution: Hashable, Sendable {
    /// Running sums at every multiple of a width, as far back as a span.
    package struct Level: Hashable, Sendable {
        /// In slices of the finest level.
        package var ratio: Int64
        /// How many multiples are kept.
        package var count: Int
    }

    /// The width of a slice: that of the finest level.
    package let slice: Duration
    /// Finest first.
    package let levels: [Level]

    /// Levels of these widths and spans, finest first.
    ///
    /// Each width is a multiple of the one before, and each span reaches back over at least one
    /// step of the next level.
    package init(_ levels: [(width: Duration, span: Duration)]) {
        guard let finest = levels.first, finest.width > .zero else {
            preconditionFailure("a resolution has at least one level, of some width")
        }
        slice = finest.width
        let unit = finest.width.inNanoseconds
        self.levels = levels.map { level in
            let width = level.width.inNanoseconds
            precondition(width % unit == 0, "a level is a multiple of the finest")
            let count = (level.span.inNanoseconds + width - 1) / width
            return Level(ratio: width / unit, count: Int(count) + 1)
        }
        for (fine, coarse) in zip(self.levels, self.levels.dropFirst()) {
            precondition(
                coarse.ratio % fine.ratio == 0
                    && Int64(fine.count - 1) * fine.ratio >= coarse.ratio,
                "each level reaches back to the next, which is a multiple of it"
            )
        }
    }

    /// Every slice of the whole span: exact, and as large as that.
    package static func exact(slice: Duration, span: Duration) -> SliceResolution {
        SliceResolution([(slice, max(span, slice))])
    }

    /// Slices for the last two hours, then minutes for a day, ten minutes for three days, hours
    /// for the rest of the span; each at least as wide as a slice.
    package static func live(slice: Duration, span: Duration) -> SliceResolution {
        let wanted: [(width: Duration, span: Duration)] = [
            (.seconds(60), .seconds(25 * 3600)),
            (.seconds(600), .seconds(73 * 3600)),
            (.seconds(3600), span),
        ]
        // Wide slices still need a few of them.
        var levels = [(width: slice, span: max(.seconds(130 * 60), slice * 64))]
        for level in wanted where levels[levels.count - 1].span < span {
            let last = levels.count - 1
            let width = levels[last].width.inNanoseconds
            let steps = (level.width.inNanoseconds + width - 1) / width
            if steps > 1 {
                levels.append((.nanoseconds(width * steps), level.span))
            } else {
                // As wide as this already: what is there reaches back as far instead.
                levels[last].span = max(levels[last].span, level.span)
            }
        }
        return SliceResolution(levels)
    }

    /// How far back the coarsest level reaches, in slices.
    package var reach: Int64 {
        levels.map { Int64($0.count - 1) * $0.ratio }.max() ?? 0
    }
}

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
