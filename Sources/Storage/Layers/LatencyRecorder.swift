internal import Timekeeping

/// Latencies in nanoseconds, to three significant digits, in a histogram of the HDR kind: buckets
/// of a nanosecond up to 2,048 of them, then 1,024 to each doubling.
@usableFromInline
package struct LatencyRecorder: Sendable {
    /// Anything longer is recorded as this, which the maximum shows.
    @inlinable package static var longest: Int64 { 86_400_000_000_000 }

    /// As far as the longest latency so far takes them.
    @usableFromInline var counts: [Int64] = []
    /// The lowest bucket that holds anything: nothing looks at those below it.
    @usableFromInline var first = Int.max
    @usableFromInline var total: Int64 = 0
    @usableFromInline var sum = 0.0
    @usableFromInline var maximum: Int64 = 0

    package init() {}

    /// Records a latency, at least 0, which `count` messages had.
    @inlinable
    package mutating func record(_ nanoseconds: Int64, count: Int64 = 1) {
        let value = min(max(nanoseconds, 0), LatencyRecorder.longest)
        let bucket = LatencyRecorder.bucket(of: value)
        if bucket >= counts.count {
            lengthen(to: bucket)
        }
        counts[bucket] += count
        first = min(first, bucket)
        total += count
        sum += Double(value) * Double(count)
        maximum = max(maximum, value)
    }

    @usableFromInline
    mutating func lengthen(to bucket: Int) {
        counts += Array(repeating: 0, count: (bucket | 1023) + 1 - counts.count)
    }

    /// Adds everything that `other` recorded.
    package mutating func add(_ other: LatencyRecorder) {
        guard other.total > 0 else { return }
        if other.counts.count > counts.count {
            counts += Array(repeating: 0, count: other.counts.count - counts.count)
        }
        first = min(first, other.first)
        for bucket in other.first..<other.counts.count {
            counts[bucket] += other.counts[bucket]
        }
        total += other.total
        sum += other.sum
        maximum = max(maximum, other.maximum)
    }

    @inlinable
    static func bucket(of value: Int64) -> Int {
        let shift = max(0, 53 - value.leadingZeroBitCount)
        return (shift << 10) + Int(value >> Int64(shift))
    }

    /// The highest value that falls in `bucket`.
    private static func highest(in bucket: Int) -> Int64 {
        let shift = max(0, (bucket >> 10) - 1)
        return (Int64(bucket - (shift << 10) + 1) << Int64(shift)) - 1
    }

    /// How what was recorded lies about `bounds`, which are in nanoseconds and ascend.
    ///
    /// A value within 0.1% of a bound may be counted as above it.
    package func distribution(upTo bounds: [Int64]) -> LatencyDistribution {
        var below: Int64 = 0
        var bucket = 0
        let sums = bounds.map { bound in
            while bucket < counts.count, LatencyRecorder.highest(in: bucket) <= bound {
                below += counts[bucket]
                bucket += 1
            }
            return below
        }
        return LatencyDistribution(counts: sums, count: total, sum: sum)
    }

    /// What was recorded, in nanoseconds.
    package var summary: LatencySummary {
        guard total > 0 else { return LatencySummary() }
        var below: Int64 = 0
        var bucket = first
        func at(_ percentile: Double) -> Int64 {
            // A hair less, so that rounding errors do not reach the next message.
            let share = Double(total) * percentile.nextDown / 100
            let rank = max(1, Int64(share.rounded(.up)))
            while below < rank, bucket < counts.count {
                below += counts[bucket]
                bucket += 1
            }
            return min(LatencyRecorder.highest(in: bucket - 1), maximum)
        }
        return LatencySummary(
            count: total,
            mean: Int64((sum / Double(total)).rounded()),
            p50: at(50),
            p90: at(90),
            p99: at(99),
            p999: at(99.9),
            maximum: maximum
        )
    }
}

/// How many latencies there were up to each of some bounds.
package struct LatencyDistribution: Hashable, Sendable {
    /// At each bound, those of at most that length.
    package var counts: [Int64]
    /// All of them.
    package var count: Int64
    /// In nanoseconds.
    package var sum: Double
}

/// The mean and percentiles in nanoseconds; all 0 where ``count`` is.
package struct LatencySummary: Hashable, Sendable, Codable {
    package var count: Int64 = 0
    package var mean: Int64 = 0
    package var p50: Int64 = 0
    package var p90: Int64 = 0
    package var p99: Int64 = 0
    package var p999: Int64 = 0
    package var maximum: Int64 = 0

    package init() {}

    package init(
        count: Int64,
        mean: Int64,
        p50: Int64,
        p90: Int64,
        p99: Int64,
        p999: Int64,
        maximum: Int64
    ) {
        self.count = count
        self.mean = mean
        self.p50 = p50
        self.p90 = p90
        self.p99 = p99
        self.p999 = p999
        self.maximum = maximum
    }
}
