/// What a tracker decides: which events are sent when, which are sent again, which are dropped.
///
/// A value without a clock; ``TrackerDriver`` performs what it says. One batch is under way at a
/// time, so events are sent in the order in which they were tracked.
package struct TrackerState: Sendable {
    /// What there is to do.
    package enum Step: Hashable, Sendable {
        /// Send this body, and tell of the answer.
        case send([UInt8])
        /// Nothing, before that time or something new.
        case wait(until: Duration?)
        /// Nothing any more.
        case end
    }

    /// What came of a batch.
    package enum Outcome: Hashable, Sendable {
        case accepted
        /// It would be refused again.
        case refused(TrackerCounts.DropReason, String)
        /// It may be accepted another time.
        case failed(String, retryAfter: Duration?)
    }

    private struct Waiting {
        var json: [UInt8]
        var since: Duration
    }

    /// A collector may ask for so much patience and no more.
    private static let longestRetryAfter = Duration.seconds(300)

    package private(set) var counts = TrackerCounts()
    /// How many events were let in, and of how many of these it is decided what became of them.
    package private(set) var admitted = 0
    package private(set) var settled = 0

    private let options: TrackerOptions
    private var events: [Waiting] = []
    private var bytes = 0
    /// How many of the first events are one batch, under way or to be sent again; 0 for none.
    private var batch = 0
    /// The sizes of the next batches, where a larger one was refused.
    private var parts: [Int] = []
    private var attempts = 0
    private var retryAt: Duration?
    /// Up to this number, events do not wait for others.
    private var flushed = 0
    private var closesAt: Duration?

    package init(_ options: TrackerOptions) {
        self.options = options
    }

    /// Takes an event in; whether there may be something else to do now.
    package mutating func add(_ json: [UInt8], at now: Duration) -> Bool {
        counts.tracked += 1
        if let reason = reasonToDrop(json) {
            counts.dropped[reason, default: 0] += 1
            return false
        }
        let before = bytes
        events.append(Waiting(json: json, since: now))
        bytes += json.count + 1
        admitted += 1
        counts.waiting += 1
        return events.count == 1 || events.count == options.batchCount
            || before <= options.batchBytes && bytes > options.batchBytes
    }

    private func reasonToDrop(_ json: [UInt8]) -> TrackerCounts.DropReason? {
        if options.address == nil { return .noCollector }
        if closesAt != nil { return .closed }
        if json.count + 2 > options.batchBytes { return .tooLarge }
        let isFull =
            events.count >= options.queueCount || bytes + json.count + 1 > options.queueBytes
        return isFull ? .full : nil
    }

    /// Lets no event wait for others that is there now.
    package mutating func flush() { flushed = admitted }

    /// Takes no more events in, and drops at `deadline` what was not sent by then.
    package mutating func close(at deadline: Duration) {
        closesAt = min(closesAt ?? deadline, deadline)
        flush()
    }

    /// Drops whatever waits.
    package mutating func abandon() {
        drop(events.count, .unsent)
        (batch, parts) = (0, [])
    }

    /// What to do at `now`; not to be asked while a batch is under way.
    package mutating func next(at now: Duration) -> Step {
        if let closesAt, now >= closesAt { abandon() }
        guard let first = events.first else {
            return closesAt == nil ? .wait(until: nil) : .end
        }
        if let retryAt, now < retryAt { return .wait(until: min(retryAt, closesAt ?? retryAt)) }
        if batch == 0, !parts.isEmpty { batch = parts.removeFirst() }
        if batch == 0 {
            let size = fittingCount
            let isWhole = size < events.count || size >= options.batchCount
            let age = first.since + options.batchAge
            guard isWhole || flushed > settled || now >= age else { return .wait(until: age) }
            batch = size
        }
        var body = [UInt8(ascii: "[")]
        for event in events[..<batch] {
            if body.count > 1 { body.append(UInt8(ascii: ",")) }
            body += event.json
        }
        body.append(UInt8(ascii: "]"))
        return .send(body)
    }

    /// How many of the first events make a batch.
    private var fittingCount: Int {
        var (count, size) = (0, 1)
        for event in events.prefix(max(1, options.batchCount)) {
            size += event.json.count + 1
            if count > 0, size > options.batchBytes { break }
            count += 1
        }
        return count
    }

    /// Takes note of what came of the batch under way; `chance` spreads repetitions in time.
    package mutating func settle(_ outcome: Outcome, at now: Duration, chance: UInt64) {
        // Given up in the meantime.
        guard batch > 0 else { return }
        switch outcome {
        case .accepted:
            counts.trouble = nil
            counts.sent += batch
            remove(batch)
            endBatch()
        case .refused(let reason, let words):
            counts.trouble = words
            // One event may have it refused, and the others are as they should be.
            if batch > 1, reason == .malformed || reason == .tooLarge {
                parts = [batch / 2, batch - batch / 2] + parts
            } else {
                drop(batch, reason)
            }
            endBatch()
        case .failed(let words, let retryAfter):
            counts.trouble = words
            counts.retries += 1
            attempts += 1
            retryAt = now + pause(retryAfter, chance)
        }
    }

    private mutating func endBatch() {
        (batch, attempts, retryAt) = (0, 0, nil)
    }

    /// How long to wait after a failure: any time up to a limit that doubles.
    private func pause(_ retryAfter: Duration?, _ chance: UInt64) -> Duration {
        let first = options.firstPause.milliseconds
        guard let retryAfter else {
            let doubled = first.multipliedReportingOverflow(by: 1 << min(attempts - 1, 30))
            let limit = options.longestPause.milliseconds
            return Self.jitter(
                upTo: doubled.overflow ? limit : min(limit, doubled.partialValue),
                chance
            )
        }
        return min(retryAfter, Self.longestRetryAfter) + Self.jitter(upTo: first, chance)
    }

    private static func jitter(upTo limit: Int64, _ chance: UInt64) -> Duration {
        .milliseconds(Int64(chance % UInt64(max(0, limit) + 1)))
    }

    private mutating func drop(_ count: Int, _ reason: TrackerCounts.DropReason) {
        guard count > 0 else { return }
        counts.dropped[reason, default: 0] += count
        remove(count)
    }

    private mutating func remove(_ count: Int) {
        bytes -= events[..<count].reduce(0) { $0 + $1.json.count + 1 }
        events.removeFirst(count)
        settled += count
        counts.waiting -= count
    }
}

extension Duration {
    /// Whole milliseconds, at most so many that a sum with others is none too large.
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return min(max(0, seconds), 1 << 40) * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
