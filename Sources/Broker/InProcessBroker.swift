internal import DequeModule
internal import Synchronization
package import Timekeeping

/// One subscription to be made.
package struct SubscriptionPlan: Sendable {
    package var name: String
    package var topic: String
    package var policy: SubscriptionPolicy
    package var filter: AttributeFilter?

    package init(
        name: String,
        topic: String,
        policy: SubscriptionPolicy,
        filter: AttributeFilter? = nil
    ) {
        self.name = name
        self.topic = topic
        self.policy = policy
        self.filter = filter
    }
}

/// The broker inside this process: topics, subscriptions and the queue of dead letters.
///
/// - Guarantees: at least once to every subscription, in the order of publication while nothing
///   fails; conservation of messages at every transition.
/// - Non-guarantees: nothing outlives the process. What was published and not settled when it
///   ends is published again by the next run over the same input.
package final class InProcessBroker<Batch: MessageBatch>: PubSub {
    package let topics: [InProcessTopic<Batch>]
    package let subscriptions: [InProcessSubscription<Batch>]
    private let deadLetterQueue: DeadLetterQueue<Batch>

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
        let queue = DeadLetterQueue<Batch>()
        let subscriptions = plans.map { plan in
            (plan.topic, InProcessSubscription(plan: plan, deadLetters: queue, timeline: timeline))
        }
        self.subscriptions = subscriptions.map(\.1)
        let positions = PositionNumbering(from: firstPosition)
        self.topics = topics.map { topic in
            InProcessTopic(
                name: topic,
                positions: positions,
                subscriptions: subscriptions.filter { $0.0 == topic }.map(\.1),
                timeline: timeline
            )
        }
        deadLetterQueue = queue
    }

    package func topic(_ name: String) -> (any Topic<Batch>)? {
        topics.first { $0.name == name }
    }

    package func subscription(_ name: String) -> (any Subscription<Batch>)? {
        subscriptions.first { $0.name == name }
    }

    package func deadLetters(
        atMost limit: Int
    ) async throws(CancellationError) -> [DeadLetter<Batch>]? {
        try await deadLetterQueue.take(atMost: limit)
    }

    /// Says that nothing more will be given up: call it once every subscriber has ended.
    package func closeDeadLetters() {
        deadLetterQueue.close()
    }
}

/// A topic inside this process: numbers what is published and shares it with its subscriptions.
package final class InProcessTopic<Batch: MessageBatch>: Topic {
    private struct State {
        var messages: Int64 = 0
        var bytes: Int64 = 0
        var isClosed = false
    }

    package let name: String
    private let subscriptions: [InProcessSubscription<Batch>]
    private let timeline: any Timeline
    private let positions: PositionNumbering
    // Lock order: a topic's state, then the numbering's, then a subscription's. Never the other
    // way round.
    private let state = Mutex(State())

    init(
        name: String,
        positions: PositionNumbering,
        subscriptions: [InProcessSubscription<Batch>],
        timeline: any Timeline
    ) {
        self.name = name
        self.subscriptions = subscriptions
        self.timeline = timeline
        self.positions = positions
    }

    package var published: (messages: Int64, bytes: Int64) {
        state.withLock { ($0.messages, $0.bytes) }
    }

    /// The position that the next message will have, or one before it.
    package var nextPosition: Int64 { positions.next }

    package func publish(_ batch: Batch) async throws(CancellationError) {
        guard batch.count > 0 else { return }
        let selections = subscriptions.map { $0.matching(batch) }
        while true {
            // The signal's version is read before the look at the room, so that room made
            // in between is not missed.
            let versions = subscriptions.map(\.roomVersion)
            guard let full = offer(batch, selections) else { break }
            try await subscriptions[full].waitForRoom(since: versions[full])
        }
        for subscription in subscriptions {
            subscription.wakeReceivers()
        }
    }

    /// Publishes where every subscription has room; else gives the place of one that has not.
    private func offer(_ batch: Batch, _ selections: [Selection]) -> Int? {
        state.withLock { state in
            precondition(!state.isClosed, "published to a topic that was closed")
            for (index, subscription) in subscriptions.enumerated()
            where !subscription.hasRoom(for: batch, selections[index]) {
                return index
            }
            let publication = Publication(
                batch: batch,
                firstPosition: positions.take(batch.count),
                publishTime: timeline.now
            )
            state.messages += Int64(batch.count)
            state.bytes += Int64(batch.byteCount)
            for (index, subscription) in subscriptions.enumerated() {
                subscription.accept(publication, selections[index])
            }
            return nil
        }
    }

    package func close() {
        state.withLock { $0.isClosed = true }
        for subscription in subscriptions {
            subscription.topicClosed()
        }
    }
}

/// Numbers the messages of a broker: those of all its topics together, so that two topics that
/// are kept in one store have no position in common.
final class PositionNumbering: Sendable {
    private let state: Mutex<Int64>

    /// A numbering that begins at `first`.
    init(from first: Int64) {
        state = Mutex(first)
    }

    /// The position that is given next.
    var next: Int64 { state.withLock { $0 } }

    /// Gives `count` positions, one after the other, of which this is the first.
    func take(_ count: Int) -> Int64 {
        state.withLock { next in
            defer { next += Int64(count) }
            return next
        }
    }
}

/// A subscription inside this process: performs what its ``DeliveryState`` decides.
package final class InProcessSubscription<Batch: MessageBatch>: Subscription {
    package let name: String
    package let policy: SubscriptionPolicy
    private let filter: AttributeFilter?
    private let timeline: any Timeline
    private let deadLetters: DeadLetterQueue<Batch>
    private let state: Mutex<(delivery: DeliveryState<Batch>, topicIsClosed: Bool)>
    /// Raised when there may be something to receive, or nothing ever again.
    private let arrival = Signal()
    /// Raised when messages have left, so that a full subscription has room.
    private let room = Signal()

    init(
        plan: SubscriptionPlan,
        deadLetters: DeadLetterQueue<Batch>,
        timeline: any Timeline
    ) {
        name = plan.name
        policy = plan.policy
        filter = plan.filter
        self.timeline = timeline
        self.deadLetters = deadLetters
        state = Mutex((DeliveryState<Batch>(name: plan.name, policy: plan.policy), false))
    }

    package var counts: SubscriptionCounts {
        state.withLock { $0.delivery.counts }
    }

    /// When the oldest message that is not acked was published.
    package var oldestUnacked: Timestamp? {
        state.withLock { $0.delivery.oldestUnacked }
    }

    // MARK: - The topic's side

    /// The messages that the filter lets pass.
    func matching(_ batch: Batch) -> Selection {
        let all = Selection.range(0..<batch.count)
        guard let filter else { return all }
        return all.partitioned { place in
            filter.evaluate { batch.attribute($0, of: place) }
        }.included
    }

    func hasRoom(for batch: Batch, _ selection: Selection) -> Bool {
        state.withLock {
            $0.delivery.hasRoom(
                messages: selection.count,
                bytes: selection.count * batch.bytesPerMessage
            )
        }
    }

    func accept(_ publication: Publication<Batch>, _ selection: Selection) {
        perform(.publish(publication, selection), at: publication.publishTime)
    }

    func wakeReceivers() {
        arrival.raise()
    }

    var roomVersion: UInt64 { room.version }

    func waitForRoom(since version: UInt64) async throws(CancellationError) {
        // While the subscriber is away, deadlines and retention may make room as well.
        let wake = state.withLock { $0.delivery.nextWake }
        try await timeline.wait(for: room, since: version, until: wake)
        perform(.tick, at: timeline.now)
    }

    func topicClosed() {
        state.withLock { $0.topicIsClosed = true }
        arrival.raise()
    }

    // MARK: - The subscriber's side

    package func receive(
        atMost limit: Int,
        until deadline: Timestamp?
    ) async throws(CancellationError) -> [Delivery<Batch>]? {
        while true {
            let version = arrival.version
            let now = timeline.now
            let deliveries = perform(.pull(limit), at: now)
            if !deliveries.isEmpty { return deliveries }
            let (wake, isClosed, counts) = state.withLock {
                ($0.delivery.nextWake, $0.topicIsClosed, $0.delivery.counts)
            }
            if isClosed, counts.unsettled == 0 { return nil }
            if let deadline,
                deadline <= now || (isClosed && counts.outstanding == counts.unsettled)
            {
                return []
            }
            let earliest = [wake, deadline].compactMap(\.self).min()
            try await timeline.wait(for: arrival, since: version, until: earliest)
        }
    }

    package func settle(_ delivery: Delivery<Batch>, _ settlement: Settlement) {
        perform(.settle(delivery.id, settlement), at: timeline.now)
        if case .ack = settlement { return }
        // Workers that wait must learn of the new retry, which may be due before anything else.
        arrival.raise()
    }

    package func extendDeadline(of delivery: Delivery<Batch>) {
        perform(.extend(delivery.id), at: timeline.now)
    }

    /// The ack state now, to ``seek(to:)`` later; `nextPosition` is the topic's.
    package func snapshot(nextPosition: Int64) -> DeliverySnapshot {
        state.withLock { $0.delivery.snapshot(nextPosition: nextPosition) }
    }

    /// Makes messages acked or not acked in bulk.
    package func seek(to target: SeekTarget) {
        perform(.seek(target), at: timeline.now)
        arrival.raise()
    }

    /// Lets the state decide, keeps its dead letters, wakes who waits, and gives its deliveries.
    @discardableResult
    private func perform(
        _ input: DeliveryState<Batch>.Input,
        at now: Timestamp
    ) -> [Delivery<Batch>] {
        let (actions, madeRoom, isOver) = state.withLock { state in
            let before = state.delivery.counts.unsettled
            let actions = state.delivery.handle(input, at: now)
            let after = state.delivery.counts.unsettled
            return (actions, after < before, state.topicIsClosed && after == 0)
        }
        var deliveries: [Delivery<Batch>] = []
        for action in actions {
            switch action {
            case .deliver(let delivery): deliveries.append(delivery)
            case .deadLetter(let letter): deadLetters.append(letter)
            }
        }
        if madeRoom {
            room.raise()
        }
        // Other workers wait for what a settlement released, or for the end.
        if isOver || (madeRoom && policy.isOrdered) {
            arrival.raise()
        }
        return deliveries
    }
}

/// What the subscriptions of a broker gave up, until it is stored.
///
/// It has no bound of its own: a dead letter that had no room would be lost. Its growth is
/// bounded by its reader, which every pipeline runs beside the stages, and by the subscriptions'
/// flow control, since only messages that were let in can be given up.
final class DeadLetterQueue<Batch: MessageBatch>: Sendable {
    private struct Contents {
        var letters: Deque<DeadLetter<Batch>> = []
        var isClosed = false
    }

    private let contents = Mutex(Contents())
    private let changed = Signal()

    func append(_ letter: DeadLetter<Batch>) {
        contents.withLock { $0.letters.append(letter) }
        changed.raise()
    }

    func close() {
        contents.withLock { $0.isClosed = true }
        changed.raise()
    }

    func take(atMost limit: Int) async throws(CancellationError) -> [DeadLetter<Batch>]? {
        while true {
            let version = changed.version
            let (taken, isClosed) = contents.withLock { contents in
                let taken = Array(contents.letters.prefix(limit))
                contents.letters.removeFirst(taken.count)
                return (taken, contents.isClosed)
            }
            if !taken.isEmpty { return taken }
            if isClosed { return nil }
            try await changed.wait(since: version)
        }
    }
}
