internal import Commerce
internal import Synchronization
package import Timekeeping

/// A subscription inside this process: performs what its ``DeliveryState`` decides.
package final class InProcessSubscription: Subscription {
    package let name: String
    package let policy: SubscriptionPolicy
    private let filter: AttributeFilter?
    private let timeline: any Timeline
    private let deadLetters: DeadLetterQueue
    private let state: Mutex<(delivery: DeliveryState, topicIsClosed: Bool)>
    /// Raised when there may be something to receive, or nothing ever again.
    private let arrival = Signal()
    /// Raised when messages have left, so that a full subscription has room.
    private let room = Signal()

    init(
        plan: InProcessBroker.SubscriptionPlan,
        deadLetters: DeadLetterQueue,
        timeline: any Timeline
    ) {
        name = plan.name
        policy = plan.policy
        filter = plan.filter
        self.timeline = timeline
        self.deadLetters = deadLetters
        state = Mutex((DeliveryState(name: plan.name, policy: plan.policy), false))
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

    func accept(_ publication: Publication, _ selection: Selection) {
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
    ) async throws(CancellationError) -> [Delivery]? {
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

    package func settle(_ delivery: Delivery, _ settlement: Settlement) {
        perform(.settle(delivery.id, settlement), at: timeline.now)
        if case .ack = settlement { return }
        // Workers that wait must learn of the new retry, which may be due before anything else.
        arrival.raise()
    }

    package func extendDeadline(of delivery: Delivery) {
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
    private func perform(_ input: DeliveryState.Input, at now: Timestamp) -> [Delivery] {
        let (actions, madeRoom, isOver) = state.withLock { state in
            let before = state.delivery.counts.unsettled
            let actions = state.delivery.handle(input, at: now)
            let after = state.delivery.counts.unsettled
            return (actions, after < before, state.topicIsClosed && after == 0)
        }
        var deliveries: [Delivery] = []
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
