internal import DequeModule
internal import Synchronization
internal import Timekeeping

/// Numbers what is published to a topic and shares it with its subscriptions.
final class TopicQueue: Sendable {
    private struct State {
        var messages: Int64 = 0
        var bytes: Int64 = 0
        var isClosed = false
        /// What publishers hold until there is room, by when they came.
        var waiting: [(number: UInt64, batch: WaitingBatch<CarriedBatch>)] = []
        var lastWaiting: UInt64 = 0
    }

    let name: String
    private let subscriptions: [SubscriptionQueue]
    private let timeline: any Timeline
    private let positions: PositionNumbering
    // Lock order: a topic's state, then the numbering's, then a subscription's. Never the other
    // way round.
    private let state = Mutex(State())

    init(
        name: String,
        positions: PositionNumbering,
        subscriptions: [SubscriptionQueue],
        timeline: any Timeline
    ) {
        self.name = name
        self.subscriptions = subscriptions
        self.timeline = timeline
        self.positions = positions
    }

    var published: (messages: Int64, bytes: Int64) {
        state.withLock { ($0.messages, $0.bytes) }
    }

    /// The position that the next message will have, or one before it: all messages of the topic
    /// before it are in the subscriptions by now.
    var nextPosition: Int64 { state.withLock { _ in positions.next } }

    /// What publishers hold until there is room.
    var waiting: [WaitingBatch<CarriedBatch>] { state.withLock { $0.waiting.map(\.batch) } }

    func publish(
        _ batch: CarriedBatch,
        _ admission: Admission
    ) async throws(CancellationError) {
        guard batch.count > 0 else { return }
        let selections = subscriptions.map { $0.matching(batch) }
        var number: UInt64?
        while true {
            // The signal's version is read before the look at the room, so that room made
            // in between is not missed.
            let versions = subscriptions.map(\.roomVersion)
            guard let full = offer(batch, selections, admission, number) else { break }
            number = note(batch, waitsFor: subscriptions[full].name, number)
            do throws(CancellationError) {
                try await subscriptions[full].waitForRoom(since: versions[full])
            } catch {
                state.withLock { $0.waiting.removeAll { $0.number == number } }
                throw error
            }
        }
        for subscription in subscriptions {
            subscription.wakeReceivers()
        }
    }

    /// Notes that a publisher waits; `number` is that of its wait so far.
    private func note(
        _ batch: CarriedBatch,
        waitsFor subscription: String,
        _ number: UInt64?
    ) -> UInt64 {
        let now = timeline.now
        return state.withLock { state in
            let since = state.waiting.first { $0.number == number }?.batch.since
            state.waiting.removeAll { $0.number == number }
            let number = number ?? state.lastWaiting + 1
            state.lastWaiting = max(state.lastWaiting, number)
            let batch = WaitingBatch(
                batch: batch,
                subscription: subscription,
                since: since ?? now
            )
            state.waiting.append((number, batch))
            return number
        }
    }

    /// Publishes where every subscription has room, which ends the wait `number`; else gives the
    /// place of one that has not.
    private func offer(
        _ batch: CarriedBatch,
        _ selections: [Selection],
        _ admission: Admission,
        _ number: UInt64?
    ) -> Int? {
        state.withLock { state in
            precondition(!state.isClosed, "published to a topic that was closed")
            for (index, subscription) in subscriptions.enumerated()
            where !subscription.hasRoom(for: batch, selections[index], admission) {
                return index
            }
            let publication = Publication(
                batch: batch,
                firstPosition: positions.take(batch.count),
                publishTime: timeline.now
            )
            if let number { state.waiting.removeAll { $0.number == number } }
            state.messages += Int64(batch.count)
            state.bytes += Int64(batch.byteCount)
            for (index, subscription) in subscriptions.enumerated() {
                subscription.accept(publication, selections[index])
            }
            return nil
        }
    }

    func close() {
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

/// The messages of a subscription: performs what its ``DeliveryState`` decides.
final class SubscriptionQueue: Sendable {
    let name: String
    let policy: SubscriptionPolicy
    private let filter: AttributeFilter?
    private let timeline: any Timeline
    private let givenUp: GivenUpQueue
    private let state: Mutex<(delivery: DeliveryState<CarriedBatch>, topicIsClosed: Bool)>
    /// Raised when there may be something to receive, or nothing ever again.
    private let arrival = Signal()
    /// Raised when messages have left, so that a full subscription has room.
    private let room = Signal()

    init(
        plan: SubscriptionPlan,
        givenUp: GivenUpQueue,
        timeline: any Timeline
    ) {
        name = plan.name
        policy = plan.policy
        filter = plan.filter
        self.timeline = timeline
        self.givenUp = givenUp
        let delivery = DeliveryState<CarriedBatch>(
            name: plan.name,
            policy: plan.policy,
            delayLimits: plan.delayLimits
        )
        state = Mutex((delivery, false))
    }

    var counts: SubscriptionCounts {
        state.withLock { $0.delivery.counts }
    }

    /// When the oldest message that is not acked was published.
    var oldestUnacked: Timestamp? {
        state.withLock { $0.delivery.oldestUnacked }
    }

    /// When the oldest message that is not acked should have been sent.
    var oldestDue: Timestamp? {
        state.withLock { $0.delivery.oldestDue }
    }

    /// How many messages kept within each limit by `now`, and how many did not.
    func delays(at now: Timestamp) -> [DurationLimit: DelayCount] {
        state.withLock { state in
            let delays = state.delivery.delays(at: now)
            return Dictionary(
                zip(state.delivery.delayLimits, delays),
                uniquingKeysWith: { first, _ in first }
            )
        }
    }

    /// Where every message is.
    var standing: SubscriptionStanding<CarriedBatch> {
        // What takes its time is done with a copy, so that no worker waits for it.
        let (copy, now) = state.withLock { ($0.delivery.copyForStanding, timeline.now) }
        return copy.standing(at: now)
    }

    // MARK: - The topic's side

    /// The messages that the filter lets pass.
    func matching(_ batch: CarriedBatch) -> Selection {
        let all = Selection.range(0..<batch.count)
        guard let filter else { return all }
        return all.partitioned { place in
            filter.evaluate { batch.attribute($0, of: place) }
        }.included
    }

    func hasRoom(
        for batch: CarriedBatch,
        _ selection: Selection,
        _ admission: Admission
    ) -> Bool {
        state.withLock {
            $0.delivery.hasRoom(
                messages: selection.count,
                bytes: selection.count * batch.bytesPerMessage,
                admission
            )
        }
    }

    /// The lowest position of a message that is not settled; nil where all are.
    var firstUnsettled: Int64? { state.withLock { $0.delivery.firstUnsettled } }

    func accept(_ publication: Publication<CarriedBatch>, _ selection: Selection) {
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

    func receive(
        atMost limit: Int,
        until deadline: Timestamp?
    ) async throws(CancellationError) -> [Delivery<CarriedBatch>]? {
        while true {
            let version = arrival.version
            let now = timeline.now
            let deliveries = perform(.pull(limit), at: now).deliveries
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
            let earliest = [wake, deadline].compactMap { $0 }.min()
            try await timeline.wait(for: arrival, since: version, until: earliest)
        }
    }

    func settle(_ id: DeliveryID, _ settlement: Settlement) -> Bool {
        let done = perform(.settle(id, settlement), at: timeline.now)
        let wasOut = done.after.staleSettlements == done.before.staleSettlements
        if case .ack = settlement { return wasOut }
        // Workers that wait must learn of the new retry, which may be due before anything else.
        arrival.raise()
        return wasOut
    }

    func extendDeadline(of id: DeliveryID, by duration: Duration?) {
        perform(.extend(id, by: duration), at: timeline.now)
        // Who waits must learn of a deadline that is now before all others.
        if duration != nil { arrival.raise() }
    }

    /// The ack state now, to ``seek(to:)`` later; `nextPosition` is the topic's.
    func snapshot(nextPosition: Int64) -> DeliverySnapshot {
        state.withLock { $0.delivery.snapshot(nextPosition: nextPosition) }
    }

    /// The time by which it goes.
    var now: Timestamp { timeline.now }

    /// What a seek would do.
    func outcome(of target: SeekTarget) -> SeekOutcome {
        // With a copy, so that no worker waits for it.
        let (copy, now) = state.withLock { ($0.delivery, timeline.now) }
        return copy.outcome(of: target, at: now)
    }

    /// Makes messages acked or not acked in bulk.
    func seek(to target: SeekTarget) -> SeekOutcome {
        let done = perform(.seek(target), at: timeline.now)
        let outcome = SeekOutcome(done.before, done.after)
        if outcome.skipped > 0 { room.raise() }
        arrival.raise()
        return outcome
    }

    /// Lets the state decide, keeps what it gives up, wakes who waits, and gives its deliveries,
    /// and the counts before and after.
    @discardableResult
    private func perform(
        _ input: DeliveryState<CarriedBatch>.Input,
        at now: Timestamp
    ) -> (
        deliveries: [Delivery<CarriedBatch>], before: SubscriptionCounts, after: SubscriptionCounts
    ) {
        let (actions, before, after, isClosed) = state.withLock { state in
            let before = state.delivery.counts
            let actions = state.delivery.handle(input, at: now)
            return (actions, before, state.delivery.counts, state.topicIsClosed)
        }
        let madeRoom = after.unsettled < before.unsettled
        let isOver = isClosed && after.unsettled == 0
        var deliveries: [Delivery<CarriedBatch>] = []
        for action in actions {
            switch action {
            case .deliver(let delivery): deliveries.append(delivery)
            case .deadLetter(let letter): givenUp.append(letter)
            case .drop(let messages): givenUp.append(messages)
            }
        }
        if madeRoom {
            room.raise()
        }
        // Other workers wait for what a settlement released, or for the end.
        if isOver || (madeRoom && policy.isOrdered) {
            arrival.raise()
        }
        return (deliveries, before, after)
    }
}

/// What the subscriptions of a broker gave up, until it is stored.
///
/// It has no bound of its own: a dead letter that had no room would be lost. Its growth is
/// bounded by its reader, which every pipeline runs beside the stages, and by the subscriptions'
/// flow control, since only messages that were let in can fail; what is dropped takes an entry a
/// run of messages.
final class GivenUpQueue: Sendable {
    private struct Contents {
        var letters: Deque<DeadLetter<CarriedBatch>> = []
        var dropped: Deque<DroppedMessages> = []
        var isClosed = false
        /// Whether what was taken last may not be kept yet.
        var isOut = false
    }

    private let contents = Mutex(Contents())
    private let changed = Signal()

    func append(_ letter: DeadLetter<CarriedBatch>) {
        contents.withLock { $0.letters.append(letter) }
        changed.raise()
    }

    func append(_ messages: DroppedMessages) {
        contents.withLock { contents in
            let end = contents.dropped.count - 1
            if end >= 0, contents.dropped[end].merge(messages) { return }
            contents.dropped.append(messages)
        }
        changed.raise()
    }

    /// Whether nothing is left to be taken, and what was taken is kept.
    var isKept: Bool {
        contents.withLock { $0.letters.isEmpty && $0.dropped.isEmpty && !$0.isOut }
    }

    func close() {
        contents.withLock { $0.isClosed = true }
        changed.raise()
    }

    func take(atMost limit: Int) async throws(CancellationError) -> GivenUp<CarriedBatch>? {
        while true {
            let version = changed.version
            let (taken, isClosed) = contents.withLock { contents in
                let taken = GivenUp(
                    letters: Array(contents.letters.prefix(limit)),
                    dropped: Array(contents.dropped.prefix(limit))
                )
                contents.letters.removeFirst(taken.letters.count)
                contents.dropped.removeFirst(taken.dropped.count)
                // Who asks for more has kept what it was given before.
                contents.isOut = !taken.letters.isEmpty || !taken.dropped.isEmpty
                return (taken, contents.isClosed)
            }
            if !taken.letters.isEmpty || !taken.dropped.isEmpty { return taken }
            if isClosed { return nil }
            try await changed.wait(since: version)
        }
    }
}
