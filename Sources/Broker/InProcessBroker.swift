package import Timekeeping

/// One subscription to be made.
package struct SubscriptionPlan: Sendable {
    package var name: String
    package var topic: String
    package var policy: SubscriptionPolicy
    package var filter: AttributeFilter?
    /// The bounds on how long a message may take from its intended send, of which it counts how
    /// many messages kept within them.
    package var delayLimits: [DurationLimit]

    package init(
        name: String,
        topic: String,
        policy: SubscriptionPolicy,
        filter: AttributeFilter? = nil,
        delayLimits: [DurationLimit] = []
    ) {
        self.delayLimits = delayLimits
        self.name = name
        self.topic = topic
        self.policy = policy
        self.filter = filter
    }
}

/// The broker inside this process: topics, subscriptions and the queue of dead letters.
///
/// It is a typed face of ``TopicQueue``, ``SubscriptionQueue`` and ``GivenUpQueue``, which carry
/// batches of whatever kind.
///
/// - Guarantees: at least once to every subscription, in the order of publication while nothing
///   fails; conservation of messages at every transition.
/// - Non-guarantees: nothing outlives the process. What was published and not settled when it
///   ends is published again by the next run over the same input.
package final class InProcessBroker<Batch: MessageBatch>: PubSub {
    package let topics: [InProcessTopic<Batch>]
    package let subscriptions: [InProcessSubscription<Batch>]
    private let givenUpQueue = GivenUpQueue()

    /// A broker with these topics and subscriptions, which stay as they are.
    ///
    /// - Parameters:
    ///   - topics: Their names.
    ///   - firstPosition: The position of the first message; a topic gives its messages
    ///     ascending ones, and no two topics give the same.
    ///   - plans: The subscriptions; each names one of the topics.
    ///   - timeline: The clock of publish times, deadlines and backoffs.
    package init(
        topics: [String],
        firstPosition: Int64,
        subscriptions plans: [SubscriptionPlan],
        timeline: any Timeline
    ) {
        let queues = plans.map { [givenUpQueue] plan in
            SubscriptionQueue(plan: plan, givenUp: givenUpQueue, timeline: timeline)
        }
        subscriptions = queues.map(InProcessSubscription.init)
        let positions = PositionNumbering(from: firstPosition)
        self.topics = topics.map { topic in
            InProcessTopic(
                queue: TopicQueue(
                    name: topic,
                    positions: positions,
                    subscriptions: zip(plans, queues).filter { $0.0.topic == topic }.map(\.1),
                    timeline: timeline
                )
            )
        }
    }

    package func topic(_ name: String) -> (any Topic<Batch>)? {
        topics.first { $0.name == name }
    }

    package func subscription(_ name: String) -> (any Subscription<Batch>)? {
        subscriptions.first { $0.name == name }
    }

    package func givenUp(atMost limit: Int) async throws(CancellationError) -> GivenUp<Batch>? {
        try await givenUpQueue.take(atMost: limit).map { taken in
            GivenUp(
                letters: taken.letters.map { $0.carrying(Batch.self) },
                dropped: taken.dropped
            )
        }
    }

    /// Whether nothing that was given up still waits to be kept by whoever takes it.
    package var hasKeptGivenUp: Bool { givenUpQueue.isKept }

    /// Says that nothing more will be given up: call it once every subscriber has ended.
    package func closeGivenUp() {
        givenUpQueue.close()
    }
}

/// A topic inside this process: numbers what is published and shares it with its subscriptions.
package final class InProcessTopic<Batch: MessageBatch>: Topic {
    private let queue: TopicQueue

    init(queue: TopicQueue) {
        self.queue = queue
    }

    package var name: String { queue.name }

    package var published: (messages: Int64, bytes: Int64) { queue.published }

    /// The position that the next message will have, or one before it.
    package var nextPosition: Int64 { queue.nextPosition }

    /// What publishers hold until every subscription has room.
    package var waiting: [WaitingBatch<Batch>] { queue.waiting.map { $0.carrying(Batch.self) } }

    package func publish(
        _ batch: Batch,
        _ admission: Admission
    ) async throws(CancellationError) {
        try await queue.publish(CarriedBatch(batch), admission)
    }

    package func close() {
        queue.close()
    }
}

/// A subscription inside this process.
package final class InProcessSubscription<Batch: MessageBatch>: Subscription {
    private let queue: SubscriptionQueue

    init(queue: SubscriptionQueue) {
        self.queue = queue
    }

    package var name: String { queue.name }

    package var policy: SubscriptionPolicy { queue.policy }

    package var counts: SubscriptionCounts { queue.counts }

    /// The lowest position of a message that is not settled; nil where all are.
    package var firstUnsettled: Int64? { queue.firstUnsettled }

    /// When the oldest message that is not acked was published.
    package var oldestUnacked: Timestamp? { queue.oldestUnacked }

    /// When the oldest message that is not acked should have been sent.
    package var oldestDue: Timestamp? { queue.oldestDue }

    /// How many messages kept within each limit of the plan by `now`, and how many did not.
    package func delays(at now: Timestamp) -> [DurationLimit: DelayCount] {
        queue.delays(at: now)
    }

    package func receive(
        atMost limit: Int,
        until deadline: Timestamp?
    ) async throws(CancellationError) -> [Delivery<Batch>]? {
        try await queue.receive(atMost: limit, until: deadline)?.map { $0.carrying(Batch.self) }
    }

    @discardableResult
    package func settle(_ delivery: Delivery<Batch>, _ settlement: Settlement) -> Bool {
        queue.settle(delivery.id, settlement)
    }

    package func extendDeadline(of delivery: Delivery<Batch>, by duration: Duration?) {
        queue.extendDeadline(of: delivery.id, by: duration)
    }

    /// Where every message is.
    package var standing: SubscriptionStanding<Batch> { queue.standing.carrying(Batch.self) }

    /// The ack state now, to ``seek(to:)`` later; `nextPosition` is the topic's.
    package func snapshot(nextPosition: Int64) -> DeliverySnapshot {
        queue.snapshot(nextPosition: nextPosition)
    }

    /// The time by which it goes.
    package var now: Timestamp { queue.now }

    /// What a seek would do.
    package func outcome(of target: SeekTarget) -> SeekOutcome { queue.outcome(of: target) }

    /// Makes messages acked or not acked in bulk.
    @discardableResult
    package func seek(to target: SeekTarget) -> SeekOutcome { queue.seek(to: target) }
}
