internal import Timekeeping

/// A set of whole numbers, kept as the fewest closed intervals that hold them.
///
/// What a subscription has consumed of a stream is one interval as a rule, and a few while
/// something in the middle is missing.
package struct IntervalSet: Hashable, Sendable {
    /// Ascending, disjoint and not adjacent.
    package private(set) var intervals: [ClosedRange<Int64>] = []

    /// The empty set.
    package init() {}

    /// The set of all numbers in `intervals`, which may overlap and come in any order.
    package init(_ intervals: some Sequence<ClosedRange<Int64>>) {
        for interval in intervals {
            insert(interval)
        }
    }

    /// How many numbers it holds, or the greatest number there is.
    package var count: Int64 {
        intervals.reduce(0) { sum, interval in
            sum.addingSaturated(interval.upperBound.subtractingSaturated(interval.lowerBound))
                .addingSaturated(1)
        }
    }

    /// Whether `number` is in the set.
    package func contains(_ number: Int64) -> Bool {
        let index = firstIndex(endingAtOrAfter: number)
        return index < intervals.count && intervals[index].contains(number)
    }

    /// Whether any number of `range` is in the set.
    package func intersects(_ range: ClosedRange<Int64>) -> Bool {
        let index = firstIndex(endingAtOrAfter: range.lowerBound)
        return index < intervals.count && intervals[index].overlaps(range)
    }

    /// Adds all numbers of `range`.
    package mutating func insert(_ range: ClosedRange<Int64>) {
        if let last = intervals.last, last.upperBound < range.lowerBound {
            // The common case: what is consumed follows what was.
            if last.upperBound == range.lowerBound - 1 {
                intervals[intervals.count - 1] = last.lowerBound...range.upperBound
            } else {
                intervals.append(range)
            }
            return
        }
        // Everything that overlaps or touches the range is replaced by the union.
        let first = firstIndex(
            endingAtOrAfter: range.lowerBound == .min ? .min : range.lowerBound - 1
        )
        var end = first
        var union = range
        while end < intervals.count,
            intervals[end].lowerBound <= range.upperBound
                || intervals[end].lowerBound - 1 == range.upperBound
        {
            let lower = min(union.lowerBound, intervals[end].lowerBound)
            union = lower...max(union.upperBound, intervals[end].upperBound)
            end += 1
        }
        intervals.replaceSubrange(first..<end, with: CollectionOfOne(union))
    }

    private func firstIndex(endingAtOrAfter number: Int64) -> Int {
        intervals.partitioningIndex { $0.upperBound >= number }
    }
}
