internal import Histogram
internal import Timekeeping

/// Latencies in nanoseconds, in an HDR histogram with three significant digits.
package struct LatencyRecorder: Sendable {
    /// Anything longer is recorded as this, which the maximum shows.
    package static let longest: Int64 = 86_400_000_000_000

    private var histogram = Histogram<UInt64>(
        highestTrackableValue: UInt64(longest),
        numberOfSignificantValueDigits: .three
    )
    /// Values from here to ``runEnd`` fall in the same bucket as the last one.
    private var runStart: UInt64 = 1
    private var runEnd: UInt64 = 0
    private var runCount: UInt64 = 0
    private var runMaximum: UInt64 = 0

    package init() {}

    /// Records a latency, at least 0; messages of a batch mostly fall in the bucket of the one
    /// before, and cost two comparisons.
    package mutating func record(_ nanoseconds: Int64, count: UInt64 = 1) {
        let value = UInt64(min(max(nanoseconds, 0), LatencyRecorder.longest))
        if value >= runStart && value <= runEnd {
            runCount += count
            runMaximum = max(runMaximum, value)
            return
        }
        flush()
        runStart = histogram.lowestEquivalentForValue(value)
        runEnd = histogram.highestEquivalentForValue(value)
        runCount = count
        runMaximum = value
    }

    private mutating func flush() {
        guard runCount > 0 else { return }
        if runCount > 1 {
            histogram.record(runStart, count: runCount - 1)
        }
        histogram.record(runMaximum)
        runCount = 0
    }

    /// Adds everything that `other` recorded.
    package mutating func add(_ other: LatencyRecorder) {
        var other = other
        other.flush()
        flush()
        histogram.add(other.histogram)
        runStart = 1
        runEnd = 0
    }

    /// Forgets everything.
    package mutating func reset() {
        histogram.reset()
        runStart = 1
        runEnd = 0
        runCount = 0
    }

    /// How what was recorded lies about `bounds`, which are in nanoseconds and ascend.
    ///
    /// A value within 0.1% of a bound may be counted on the other side of it, and the sum is as
    /// exact as that.
    package func distribution(upTo bounds: [Int64]) -> LatencyDistribution {
        var flushed = self
        flushed.flush()
        var counts = Array(repeating: Int64(0), count: bounds.count)
        var distribution = LatencyDistribution(counts: [], count: 0, sum: 0)
        var place = 0
        for step in flushed.histogram.recordedValues() {
            while place < bounds.count, Int64(step.value) > bounds[place] { place += 1 }
            if place < bounds.count { counts[place] += Int64(step.count) }
            let middle = flushed.histogram.medianEquivalentForValue(step.value)
            distribution.count += Int64(step.count)
            distribution.sum += Double(middle) * Double(step.count)
        }
        var below: Int64 = 0
        distribution.counts = counts.map { count in
            below += count
            return below
        }
        return distribution
    }

    /// What was recorded, in nanoseconds.
    package var summary: LatencySummary {
        var flushed = self
        flushed.flush()
        let histogram = flushed.histogram
        guard histogram.totalCount > 0 else { return LatencySummary() }
        func at(_ percentile: Double) -> Int64 {
            Int64(histogram.valueAtPercentile(percentile))
        }
        return LatencySummary(
            count: Int64(histogram.totalCount),
            p50: at(50),
            p90: at(90),
            p99: at(99),
            p999: at(99.9),
            maximum: Int64(histogram.max)
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

/// Percentiles in nanoseconds; all 0 where ``count`` is.
package struct LatencySummary: Hashable, Sendable, Codable {
    package var count: Int64 = 0
    package var p50: Int64 = 0
    package var p90: Int64 = 0
    package var p99: Int64 = 0
    package var p999: Int64 = 0
    package var maximum: Int64 = 0

    package init() {}

    package init(
        count: Int64,
        p50: Int64,
        p90: Int64,
        p99: Int64,
        p999: Int64,
        maximum: Int64
    ) {
        self.count = count
        self.p50 = p50
        self.p90 = p90
        self.p99 = p99
        self.p999 = p999
        self.maximum = maximum
    }
}
