internal import Broker
internal import Commerce
internal import Synchronization
internal import Timekeeping

/// A topic as a producer with faults publishes to it.
final class FaultyTopic: Topic {
    private let topic: any Topic<Batch>
    /// Of the producer, and of the topic itself.
    private let producer: TargetFaults
    private let partitions: TargetFaults
    private let timeline: any Timeline
    /// A batch that another one is to overtake.
    private let held = Mutex<Batch?>(nil)
    private let alteration: BatchAlteration

    init(_ topic: any Topic<Batch>, producer: TargetFaults, partitions: TargetFaults) {
        self.topic = topic
        self.producer = producer
        self.partitions = partitions
        timeline = producer.injector.timeline
        alteration = BatchAlteration(injector: producer.injector)
    }

    var name: String { topic.name }
    var published: (messages: Int64, bytes: Int64) { topic.published }

    func publish(_ batch: Batch, _ admission: Admission) async throws(CancellationError) {
        try await partitions.waitForEnd(of: .partition)
        // By when it was to be sent: what waits for a full subscription is still what the shop made
        // before.
        let active = producer.active(at: batch.count > 0 ? batch.due(of: 0) : timeline.now)
        let overtaken = held.withLock { $0.take() }
        guard !active.isEmpty || overtaken != nil else {
            return try await topic.publish(batch, admission)
        }
        for surge in active where [.spike, .drought].contains(surge.fault.kind) {
            producer.injector.touch(surge, count: batch.count)
        }
        let altered = active.reduce(batch) { alteration.alter($0, $1) }
        let key = UInt64(bitPattern: batch.origin.firstOffset)
        let hits = active.filter { $0.hits(key, seed: producer.injector.plan.seed) }
        if overtaken == nil, let reordered = hits.first(where: { $0.fault.kind == .reordered }) {
            producer.injector.touch(reordered, count: altered.count)
            held.withLock { $0 = altered }
            return
        }
        try await topic.publish(altered, admission)
        if let overtaken { try await topic.publish(overtaken, admission) }
        if let twice = hits.first(where: { $0.fault.kind == .duplicate }) {
            producer.injector.touch(twice, count: altered.count)
            try await topic.publish(altered, admission)
        }
    }

    /// The producer has ended: what is held has nothing to be overtaken by any more.
    func flush() async throws(CancellationError) {
        if let batch = held.withLock({ $0.take() }) { try await topic.publish(batch) }
    }

    func close() { topic.close() }
}

extension TargetFaults {
    /// Waits while a fault of `kind` is there.
    func waitForEnd(of kind: FaultKind) async throws(CancellationError) {
        guard !isEmpty else { return }
        while let occurrence = active(kind, at: injector.timeline.now) {
            injector.touch(occurrence)
            try await injector.timeline.sleep(until: occurrence.range.upperBound)
        }
    }
}
