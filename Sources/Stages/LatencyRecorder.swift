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
