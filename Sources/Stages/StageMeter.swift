package import Broker
package import Commerce
package import Storage
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
        /// Up to when a stage that goes by event time has counted what happened; nil before that.
        package var watermark: Timestamp?
        private let jobLimits: [DurationLimit]

        init(jobLimits: [DurationLimit]) {
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

    /// The stage's name in the pipeline.
    package let name: String
    package let jobLimits: [DurationLimit]
    private let counts: Mutex<Counts>
    /// What a message may take by the strictest objective on that; nil where none is.
    package let patience: DurationLimit?
    /// The purchases among those that took longer.
    private let late = Mutex(OrderTally())
    /// The latencies since the last ``takeSlice()``.
    private let slice = Mutex(LatencyRecorder())
    /// How long the workers have worked, and those that work now.
    private let work = Mutex(Work())

    private struct Work {
        var nanoseconds: Int64 = 0
        var begun: [Int: Timestamp] = [:]
        /// What each worker has done of the job it is at.
        var jobs: [Int: Job] = [:]
        var own = WorkSums()
        /// Who took what is not settled yet.
        var takers: [DeliveryID: Int] = [:]

        mutating func end(_ worker: Int, at now: Timestamp) {
            guard let since = begun.removeValue(forKey: worker) else { return }
            let worked = (now - since).inNanoseconds
            nanoseconds += worked
            jobs[worker, default: Job()].nanoseconds += worked
        }
    }

    private struct Job {
        var nanoseconds: Int64 = 0
        var settled = 0
    }

    /// A meter at zero, which holds jobs to `jobLimits` and messages to `patience`.
    package init(
        name: String,
        jobLimits: [DurationLimit] = [],
        patience: DurationLimit? = nil
    ) {
        self.name = name
        self.patience = patience
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

    /// How long the workers together have worked by `now`.
    package func busyTime(at now: Timestamp) -> Duration {
        let nanoseconds = work.withLock { work in
            // order-free: added up
            work.begun.values.reduce(work.nanoseconds) { $0 + (now - $1).inNanoseconds }
        }
        return .nanoseconds(nanoseconds)
    }

    /// A worker has something to do from `now` on: what it has just `taken`, if anything.
    package func workBegins(
        of worker: Int,
        at now: Timestamp,
        with taken: [Delivery<Batch>] = []
    ) {
        work.withLock { work in
            for delivery in taken { work.takers[delivery.id] = worker }
            work.end(worker, at: now)
            work.begun[worker] = now
        }
    }

    /// A worker waits from `now` on, or has ended.
    ///
    /// What it has worked since it last settled messages is one job of its own.
    package func workEnds(of worker: Int, at now: Timestamp) {
        work.withLock { work in
            work.end(worker, at: now)
            guard let job = work.jobs[worker], job.settled > 0 else { return }
            work.own.add(events: job.settled, nanoseconds: job.nanoseconds)
            work.jobs[worker] = nil
        }
    }

    /// A worker has waited for its store while it worked, which is not work of its own.
    package func waited(_ duration: Duration, worker: Int) {
        work.withLock { $0.jobs[worker, default: Job()].nanoseconds -= duration.inNanoseconds }
    }

    /// A worker has settled `delivery`.
    package func settled(_ delivery: Delivery<Batch>, worker: Int) {
        work.withLock { work in
            work.jobs[worker, default: Job()].settled += delivery.count
            work.takers[delivery.id] = nil
        }
    }

    /// The worker that took a delivery; nil where none has, or it has settled that.
    package func worker(of delivery: DeliveryID) -> Int? {
        work.withLock { $0.takers[delivery] }
    }

    /// The jobs so far, each with the messages it settled and the work of the stage itself: the
    /// time without that of its store.
    package var ownWork: WorkSums { work.withLock { $0.own } }

    /// Up to when a stage that goes by event time has counted what happened; nil before that.
    package var watermark: Timestamp? { counts.withLock { $0.watermark } }

    /// Calls to a store that failed and were tried again, so far.
    package var storeRetries: Int64 { counts.withLock { $0.storeRetries } }

    /// How many messages so far took longer than ``patience``, to three digits; nil without one.
    package var lateMessages: Int64? {
        guard let patience else { return nil }
        let spread = total.latency.distribution(upTo: [patience.nanoseconds])
        return spread.count - (spread.counts.first ?? 0)
    }

    /// The purchases among the messages that took longer than ``patience``, each message once.
    package var lateOrders: OrderTally { late.withLock { $0 } }

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
        let longest: Int64 = slice.withLock { slice in
            if let due = batch.commonDue {
                let waited = now.nanoseconds - due.nanoseconds
                slice.record(waited, count: Int64(selection.count))
                return waited
            }
            var longest = Int64.min
            selection.forEach { place in
                let waited = StageMeter.wait(since: batch.due(of: place), at: now)
                longest = max(longest, waited)
                slice.record(waited)
            }
            return longest
        }
        guard let patience, !patience.accepts(longest) else { return }
        late.withLock { late in
            selection.forEach { place in
                let due = batch.commonDue ?? batch.due(of: place)
                guard !patience.accepts(StageMeter.wait(since: due, at: now)) else { return }
                late.add(batch, place)
            }
        }
    }

    /// How long a message has waited; one of a time far from any clock is late or early beyond
    /// what can be counted.
    @inline(__always)
    private static func wait(since due: Timestamp, at now: Timestamp) -> Int64 {
        let (waited, overflow) = now.nanoseconds.subtractingReportingOverflow(due.nanoseconds)
        return overflow ? LatencyRecorder.longest : waited
    }
}
