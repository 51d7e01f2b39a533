package import Broker
package import Commerce
internal import Synchronization
package import Timekeeping

/// Publishes a source to a topic, open loop: when an event is due follows from the load profile
/// or from the log, never from how fast anyone else is.
package struct ProducerStage: Sendable {
    /// When events are due.
    package enum Pace: Sendable {
        /// At the time each event carries: the shopper model sets it from the load profile.
        case asRecorded
        /// In proportion to the log's own clock, from the first event on.
        case replay(speed: Double)
        /// A log, as fast as it is taken.
        case replayAtOnce
        /// The shopper model, as fast as it is taken: events happen when they are asked for.
        case flatOut
    }

    private let topic: any Topic<Batch>
    private let timeline: any Timeline
    private let meter: ProducerMeter
    private let pace: Pace
    private let batchLimit: Int
    /// How long what may become one event with what comes next is held back for it.
    private let quietTime = Duration.milliseconds(200)

    package init(
        topic: any Topic<Batch>,
        timeline: any Timeline,
        meter: ProducerMeter,
        pace: Pace,
        batchLimit: Int = 512
    ) {
        self.topic = topic
        self.timeline = timeline
        self.meter = meter
        self.pace = pace
        self.batchLimit = batchLimit
    }

    /// Publishes all of `source`; the topic stays open.
    ///
    /// - Throws: ``InputError`` if the source cannot be read on; `CancellationError` when the
    ///   task is cancelled, with everything before that published.
    package func run(_ source: consuming sending any EventSource) async throws {
        var source = source
        let pool = BatchPool()
        var schedule = try await firstSchedule(&source)
        var heldSince: Timestamp?
        while true {
            try Task.checkCancellation()
            let now = timeline.now
            var horizon = schedule.horizon(at: now)
            if case .flatOut = pace { horizon = now }
            if schedule.speed == 0 { schedule = .allDue(at: now) }
            var builder = BatchBuilder(
                stream: source.stream,
                symbols: source.symbols,
                capacity: batchLimit,
                pool: pool
            )
            let next = try source.fill(&builder, until: horizon, limit: batchLimit)
            let made = builder.events.count
            meter.read(builder)
            if made > 0 {
                let batch = builder.finish(schedule: schedule)
                let finished = timeline.now
                try await topic.publish(batch)
                meter.published(batch, making: finished - now, since: finished, at: timeline.now)
            }
            guard let next else { return }
            if let arrival = source.arrival {
                heldSince = arrival.holdsBack ? heldSince ?? now : nil
                if try await wait(for: arrival, heldSince: heldSince) {
                    source.settle()
                    heldSince = nil
                }
                continue
            }
            // A full batch, or a replay at once, has more after it that is due already.
            if made < batchLimit, schedule.speed != 0 {
                let due = schedule.due(next)
                // Events closer together than a tick are published in one batch.
                try await timeline.sleep(until: max(due, now + timeline.tick))
            } else {
                await Task.yield()
            }
        }
    }

    /// Waits until more arrives; true if what is held back has been so for long enough.
    ///
    /// Counted from when that began, so that a record an hour away from the next one and one of
    /// a steady trickle are both published soon.
    private func wait(for arrival: InputArrival, heldSince: Timestamp?) async throws -> Bool {
        let deadline = heldSince.map { $0 + quietTime }
        try await timeline.wait(for: arrival.signal, since: arrival.version, until: deadline)
        return deadline.map { $0 <= timeline.now } ?? false
    }

    private func firstSchedule(_ source: inout any EventSource) async throws -> ReplaySchedule {
        switch pace {
        case .asRecorded: return .asRecorded
        case .replayAtOnce, .flatOut: return .allDue(at: timeline.now)
        case .replay(let speed):
            while true {
                var none = BatchBuilder(stream: source.stream, symbols: source.symbols, capacity: 0)
                let began = timeline.now
                let first = try source.fill(&none, until: .distantPast, limit: 0)
                meter.read(none)
                if let arrival = source.arrival {
                    let heldSince = arrival.holdsBack ? began : nil
                    if try await wait(for: arrival, heldSince: heldSince) { source.settle() }
                    continue
                }
                let now = timeline.now
                return ReplaySchedule(eventTime: first ?? now, sendTime: now, speed: speed)
            }
        }
    }
}

/// The counts of a producer.
package final class ProducerMeter: Sendable {
    /// The counts of a producer.
    package struct Counts: Sendable {
        package var published: Int64 = 0
        /// Records of a log that became these events.
        package var records: Int64 = 0
        /// Lines of events that were left out, since they have no pieces.
        package var droppedItems: Int64 = 0
        /// Records no event could be made of, by the class of the reason.
        package var rejected: [String: Int64] = [:]
        /// The first of them, to be shown.
        package var firstRejections: [Rejection] = []
        /// The last publication.
        package var ended: Timestamp?
        /// How long it took to make what was published, and to hand it over, which takes long
        /// where subscriptions are full.
        package var making = Duration.zero
        package var publishing = Duration.zero

        package init() {}
    }

    /// How many rejections are kept to be shown; all are counted.
    package static let shownRejections = 100

    /// The stage's name in the pipeline.
    package let name: String
    private let counts = Mutex(Counts())
    private let onRejection: (@Sendable (Rejection) -> Void)?

    /// A meter at zero; `onRejection` hears of every rejection at once.
    package init(name: String, onRejection: (@Sendable (Rejection) -> Void)? = nil) {
        self.name = name
        self.onRejection = onRejection
    }

    /// Everything so far.
    package var total: Counts { counts.withLock { $0 } }

    /// Counts a batch that it took so long to make, was made at `finished`, and published by `now`.
    func published(
        _ batch: Batch,
        making: Duration,
        since finished: Timestamp,
        at now: Timestamp
    ) {
        counts.withLock { counts in
            counts.published += Int64(batch.count)
            counts.ended = now
            counts.making += making
            counts.publishing += now - finished
        }
    }

    func read(_ builder: BatchBuilder) {
        let rejections = builder.rejections
        counts.withLock { counts in
            counts.records += Int64(builder.records)
            counts.droppedItems += Int64(builder.droppedItems)
            for rejection in rejections {
                counts.rejected[rejection.reason, default: 0] += Int64(rejection.records)
                if counts.firstRejections.count < ProducerMeter.shownRejections {
                    counts.firstRejections.append(rejection)
                }
            }
        }
        if let onRejection {
            rejections.forEach(onRejection)
        }
    }
}
