package import Broker
package import Commerce
internal import Synchronization
package import Timekeeping

/// What one stage did, counted as it does it; read by reports and by the live line.
package final class StageMeter: Sendable {
    /// The counts of a stage.
    package struct Counts: Sendable {
        /// Messages taken from the subscription, each delivery anew.
        package var received: Int64 = 0
        /// Messages processed for the first time.
        package var processed: Int64 = 0
        /// Messages that had been processed before, and changed nothing.
        package var duplicates: Int64 = 0
        /// Purchases of an order that was counted under another id, and add nothing to it.
        package var repeatedOrders: Int64 = 0
        /// Messages whose identity was counted with another content, and add nothing to it.
        package var conflicts: Int64 = 0
        /// Messages that came after their window was closed.
        package var late: Int64 = 0
        /// Messages that were refused, or given up, by the class of the reason.
        package var failures: [String: Int64] = [:]
        /// Calls to a store that failed and were tried again.
        package var storeRetries: Int64 = 0
        /// Calls to a store that succeeded.
        package var storeCalls: Int64 = 0
        /// From the intended send to the acknowledgement, one a message.
        package var latency = LatencyRecorder()
        /// Processing one set of deliveries, from receipt to settlement: a job.
        package var jobs = LatencyRecorder()
        /// How many jobs there were.
        package var jobCount: Int64 = 0
        /// How many jobs kept within each of the stage's limits, in their order.
        package var jobsWithin: [Int64]
        private let jobLimits: [Limit]

        init(jobLimits: [Limit]) {
            self.jobLimits = jobLimits
            jobsWithin = Array(repeating: 0, count: jobLimits.count)
        }

        /// Counts a job that took `duration`.
        mutating func recordJob(_ duration: Duration) {
            let nanoseconds = duration.inNanoseconds
            jobs.record(nanoseconds)
            jobCount += 1
            for place in jobLimits.indices where jobLimits[place].accepts(nanoseconds) {
                jobsWithin[place] += 1
            }
        }

        /// Counts the messages that were not processed, by the class of the reason.
        mutating func countFailures(of settlement: Settlement) {
            guard case .ackExcept(let failed) = settlement else { return }
            for failure in failed {
                failures[failure.reason.label, default: 0] += 1
            }
        }
    }

    /// A bound on how long a job may take, that an objective asks about.
    ///
    /// Jobs are held to it one by one: a histogram would know them to three digits only.
    package struct Limit: Hashable, Sendable {
        package var nanoseconds: Int64
        /// Whether a job of just that length is within the limit.
        package var isInclusive: Bool

        package init(nanoseconds: Int64, isInclusive: Bool) {
            self.nanoseconds = nanoseconds
            self.isInclusive = isInclusive
        }

        func accepts(_ nanoseconds: Int64) -> Bool {
            isInclusive ? nanoseconds <= self.nanoseconds : nanoseconds < self.nanoseconds
        }
    }

    /// The stage's name in the pipeline.
    package let name: String
    package let jobLimits: [Limit]
    private let counts: Mutex<Counts>
    /// The latencies since the last ``takeSlice()``.
    private let slice = Mutex(LatencyRecorder())

    /// A meter at zero, which holds jobs to `jobLimits`.
    package init(name: String, jobLimits: [Limit] = []) {
        self.name = name
        self.jobLimits = jobLimits
        counts = Mutex(Counts(jobLimits: jobLimits))
    }

    /// Everything so far.
    package var total: Counts {
        // A slice that is not taken yet belongs to the total as well; its lock is held, so that
        // it is not taken between the two looks. They are added up outside, for the stage waits.
        let (open, counted) = slice.withLock { open in (open, counts.withLock { $0 }) }
        var total = counted
        total.latency.add(open)
        return total
    }

    /// How many jobs there were so far, and how many kept within each limit.
    package var jobCounts: (all: Int64, within: [Int64]) {
        counts.withLock { ($0.jobCount, $0.jobsWithin) }
    }

    /// The latencies since the last call.
    package func takeSlice() -> LatencySummary {
        let taken = slice.withLock { slice in
            let taken = slice
            slice = LatencyRecorder()
            counts.withLock { $0.latency.add(taken) }
            return taken
        }
        return taken.summary
    }

    /// Changes the counts.
    package func update<Result>(_ body: (inout sending Counts) -> sending Result) -> sending Result
    {
        counts.withLock(body)
    }

    /// Records the latency of the selected messages, which are acknowledged at `now`.
    package func recordLatency(_ batch: Batch, _ selection: Selection, at now: Timestamp) {
        guard !selection.isEmpty else { return }
        slice.withLock { slice in
            if batch.schedule.speed == 0 {
                let waited = now.nanoseconds - batch.schedule.sendTime.nanoseconds
                slice.record(waited, count: Int64(selection.count))
                return
            }
            selection.forEach { place in
                let due = batch.due(batch.events[place])
                // A time far from any clock is late or early beyond what can be told.
                let (waited, overflow) = now.nanoseconds.subtractingReportingOverflow(
                    due.nanoseconds
                )
                slice.record(overflow ? LatencyRecorder.longest : waited)
            }
        }
    }
}

/// Latencies in nanoseconds, to three significant digits, in a histogram of the HDR kind: buckets
/// of a nanosecond up to 2,048 of them, then 1,024 to each doubling.
package struct LatencyRecorder: Sendable {
    /// Anything longer is recorded as this, which the maximum shows.
    package static let longest: Int64 = 86_400_000_000_000

    /// As far as the longest latency so far takes them.
    private var counts: [Int64] = []
    private var total: Int64 = 0
    private var sum = 0.0
    private var maximum: Int64 = 0

    package init() {}

    /// Records a latency, at least 0, which `count` messages had.
    package mutating func record(_ nanoseconds: Int64, count: Int64 = 1) {
        let value = min(max(nanoseconds, 0), LatencyRecorder.longest)
        let bucket = LatencyRecorder.bucket(of: value)
        if bucket >= counts.count {
            counts += Array(repeating: 0, count: (bucket | 1023) + 1 - counts.count)
        }
        counts[bucket] += count
        total += count
        sum += Double(value) * Double(count)
        maximum = max(maximum, value)
    }

    /// Adds everything that `other` recorded.
    package mutating func add(_ other: LatencyRecorder) {
        if other.counts.count > counts.count {
            counts += Array(repeating: 0, count: other.counts.count - counts.count)
        }
        for bucket in other.counts.indices {
            counts[bucket] += other.counts[bucket]
        }
        total += other.total
        sum += other.sum
        maximum = max(maximum, other.maximum)
    }

    private static func bucket(of value: Int64) -> Int {
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
        var bucket = 0
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
