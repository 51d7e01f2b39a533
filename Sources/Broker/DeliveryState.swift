internal import DequeModule
internal import HeapModule
package import Timekeeping

/// The delivery state of one subscription: a pure value without clock, lock or I/O.
///
/// It moves whole runs of messages (``Parcel``), never single ones, except where an ordering
/// key, a filter or a failure takes a run apart. Every transition conserves messages
/// (``SubscriptionCounts/isConserved``); debug builds check that against what the queues hold.
package struct DeliveryState<Batch: MessageBatch>: Sendable {
    /// What happens to a subscription.
    package enum Input: Sendable {
        /// A publication arrived, of which the filter lets `Selection` pass.
        case publish(Publication<Batch>, Selection)
        /// A subscriber asks for at most that many messages.
        case pull(Int)
        case settle(DeliveryID, Settlement)
        /// The deadline starts anew: after so long, or after that of the policy.
        case extend(DeliveryID, by: Duration? = nil)
        /// Time has passed.
        case tick
        case seek(SeekTarget)
    }

    /// What the driver must do about it.
    package enum Action: Sendable {
        case deliver(Delivery<Batch>)
        case deadLetter(DeadLetter<Batch>)
        /// Keep that these were never delivered to the end.
        case drop(DroppedMessages)
    }

    package let name: String
    package let policy: SubscriptionPolicy
    package internal(set) var counts = SubscriptionCounts()
    /// The bounds on how long a message may take from its intended send, of which it counts how
    /// many messages kept within them.
    package let delayLimits: [DurationLimit]
    /// What came to an end, by limit.
    private var delays: [DelayCount]
    /// What the unsettled messages take of the flow-control budget.
    package internal(set) var unsettledBytes = 0

    /// Messages in a common state: some of one batch, that have failed equally often.
    struct Parcel: Sendable {
        var publication: Publication<Batch>
        var selection: Selection
        var failures = 0
        /// Nil where they have not failed yet.
        var failure: FailureRecord?

        var count: Int { selection.count }

        /// Keeps the first `room` messages and gives the rest, or nil if there is none.
        mutating func split(at room: Int) -> Parcel? {
            guard count > room else { return nil }
            var rest = self
            (selection, rest.selection) = selection.split(at: room)
            return rest
        }
    }

    struct Lease: Sendable {
        var parcel: Parcel
        var since: Timestamp
        var deadline: Timestamp
        /// How often its deadline began anew.
        var extensions = 0
    }

    /// An entry of a time queue; `order` keeps entries of one instant in the order they came.
    struct Timed<Value: Sendable>: Comparable, Sendable {
        var instant: Timestamp
        var order: UInt64
        var value: Value

        static func < (left: Timed, right: Timed) -> Bool {
            (left.instant, left.order) < (right.instant, right.order)
        }

        static func == (left: Timed, right: Timed) -> Bool {
            (left.instant, left.order) == (right.instant, right.order)
        }
    }

    /// Never delivered yet, in the order of publication.
    var backlog: Deque<Parcel> = []
    /// To be delivered before the backlog: failed before, or released by an ordering key.
    var ready: Deque<Parcel> = []
    var outstanding: [DeliveryID: Lease] = [:]
    /// One entry a lease and extension; an entry whose lease is gone or extended is skipped.
    var deadlines = Heap<Timed<DeliveryID>>()
    var waiting = Heap<Timed<Parcel>>()
    var ordering = OrderingState<Batch>()
    /// Every publication within the retention, where acked messages are retained.
    var records: Deque<Record> = []
    /// What did not go the usual way.
    var exceptions = ExceptionalEnds()
    private var lastDelivery: UInt64 = 0
    private var lastOrder: UInt64 = 0

    /// An empty subscription called `name`, which holds messages to `delayLimits`.
    package init(name: String, policy: SubscriptionPolicy, delayLimits: [DurationLimit] = []) {
        self.name = name
        self.policy = policy
        self.delayLimits = delayLimits
        delays = delayLimits.map { _ in DelayCount() }
    }

    /// Whether a batch of `messages` and `bytes` may be published without anyone waiting.
    ///
    /// An empty subscription that blocks takes any batch, so that one larger than the limit cannot
    /// block for ever. One that sheds takes any, and all of it only where there is room.
    package func hasRoom(messages: Int, bytes: Int, _ admission: Admission = .byPolicy) -> Bool {
        if policy.whenFull == .shed && admission == .byPolicy { return true }
        if policy.whenFull == .block && counts.unsettled == 0 { return true }
        return Int(counts.unsettled) + messages <= policy.maximumMessages
            && unsettledBytes + bytes <= policy.maximumBytes
    }

    /// The next instant at which time alone changes what can be delivered.
    package var nextWake: Timestamp? {
        let expiry = backlog.first.map { $0.publication.publishTime + policy.retention }
        return [deadlines.min?.instant, waiting.min?.instant, expiry].compactMap { $0 }.min()
    }

    /// When the oldest message that is not acked was published; nil if there is none.
    package var oldestUnacked: Timestamp? {
        // A scan, for gauges: the delivery path does not ask for it.
        unsettledParcels.lazy.map { $0.publication.publishTime }.min()
    }

    /// When the oldest message that is not acked should have been sent; nil if there is none.
    package var oldestDue: Timestamp? {
        unsettledParcels.lazy.compactMap { $0.publication.batch.firstDue(in: $0.selection) }.min()
    }

    /// How many messages kept within each of ``delayLimits`` by `now`, and how many did not.
    ///
    /// A message that waits counts as soon as it is beyond the limit, and not again when it comes
    /// to an end.
    package func delays(at now: Timestamp) -> [DelayCount] {
        guard !delayLimits.isEmpty else { return [] }
        let parcels = unsettledParcels
        return zip(delayLimits, delays).map { limit, ended in
            var count = ended
            let begin = limit.earliestBegin(at: now)
            for parcel in parcels {
                let batch = parcel.publication.batch
                count.beyond += Int64(batch.countDue(before: begin, in: parcel.selection))
            }
            return count
        }
    }

    /// Takes in what happened at `now` and says what to do about it.
    package mutating func handle(_ input: Input, at now: Timestamp) -> [Action] {
        var actions: [Action] = []
        switch input {
        case .publish(let publication, let matching):
            publish(publication, matching, at: now, &actions)
        case .pull(let maximum):
            passTime(to: now, &actions)
            pull(maximum, at: now, &actions)
        case .settle(let id, let settlement):
            settle(id, settlement, at: now, &actions)
        case .extend(let id, let duration):
            extend(id, by: duration, at: now)
        case .tick:
            passTime(to: now, &actions)
        case .seek(let target):
            seek(target, at: now, &actions)
        }
        assert(counts.isConserved, "messages are not conserved: \(counts)")
        assert(queuesAgreeWithCounts, "the queues do not agree with the counts: \(counts)")
        return actions
    }

    // MARK: - Publishing

    private mutating func publish(
        _ publication: Publication<Batch>,
        _ matching: Selection,
        at now: Timestamp,
        _ actions: inout [Action]
    ) {
        let batch = publication.batch
        counts.published += Int64(batch.count)
        counts.filtered += Int64(batch.count - matching.count)
        var admitted = matching
        if policy.whenFull == .shed {
            let room = min(
                policy.maximumMessages - Int(counts.unsettled),
                (policy.maximumBytes - unsettledBytes) / max(1, batch.bytesPerMessage)
            )
            if room < matching.count {
                let (head, tail) = matching.split(at: max(0, room))
                admitted = head
                counts.shed += Int64(tail.count)
                exceptions.add(.init(.shed, publication.firstPosition, tail, at: now))
                drop(tail, of: publication, as: .shed, at: now, &actions)
            }
        }
        if policy.retainsAcked {
            records.append(Record(publication: publication, admitted: admitted))
        }
        guard !admitted.isEmpty else { return }
        counts.backlog += Int64(admitted.count)
        unsettledBytes += admitted.count * batch.bytesPerMessage
        backlog.append(Parcel(publication: publication, selection: admitted))
    }

    // MARK: - Delivering

    private mutating func pull(_ maximum: Int, at now: Timestamp, _ actions: inout [Action]) {
        var room = maximum
        while room > 0, let parcel = nextParcel(at: now, atMost: room, &actions) {
            room -= parcel.count
            lastDelivery += 1
            let id = DeliveryID(number: lastDelivery)
            let deadline = now + policy.ackDeadline
            outstanding[id] = Lease(parcel: parcel, since: now, deadline: deadline)
            schedule(id, deadline)
            counts.backlog -= Int64(parcel.count)
            counts.outstanding += Int64(parcel.count)
            counts.delivered += Int64(parcel.count)
            if parcel.failures > 0 {
                counts.redelivered += Int64(parcel.count)
            }
            actions.append(
                .deliver(
                    Delivery(
                        id: id,
                        publication: parcel.publication,
                        selection: parcel.selection,
                        attempt: parcel.failures + 1,
                        deadline: deadline
                    )
                )
            )
        }
    }

    /// Takes the next messages that may be delivered from the queues; expires what is too old.
    ///
    /// A parcel that is larger than `room` is split, except one that owns ordering keys: its
    /// messages must not reach two subscribers.
    private mutating func nextParcel(
        at now: Timestamp,
        atMost room: Int,
        _ actions: inout [Action]
    ) -> Parcel? {
        while true {
            let parcel: Parcel
            if var first = ready.popFirst() {
                if !policy.isOrdered, let rest = first.split(at: room) { ready.prepend(rest) }
                parcel = first
            } else if var first = backlog.popFirst() {
                if let rest = first.split(at: room) { backlog.prepend(rest) }
                guard let free = policy.isOrdered ? ordering.claim(first) : first
                else { continue }
                parcel = free
            } else {
                return nil
            }
            guard parcel.publication.publishTime + policy.retention <= now else { return parcel }
            expire(parcel, at: now, &actions)
            releaseKeys(of: parcel, keeping: .range(0..<0))
        }
    }

    private mutating func schedule(_ id: DeliveryID, _ deadline: Timestamp) {
        lastOrder += 1
        deadlines.insert(Timed(instant: deadline, order: lastOrder, value: id))
    }

    private mutating func extend(_ id: DeliveryID, by duration: Duration?, at now: Timestamp) {
        guard outstanding[id] != nil else {
            counts.staleSettlements += 1
            return
        }
        let deadline = now + (duration ?? policy.ackDeadline)
        outstanding[id]?.deadline = deadline
        outstanding[id]?.extensions += 1
        schedule(id, deadline)
    }

    // MARK: - Settling

    private mutating func settle(
        _ id: DeliveryID,
        _ settlement: Settlement,
        at now: Timestamp,
        _ actions: inout [Action]
    ) {
        guard let lease = outstanding.removeValue(forKey: id) else {
            counts.staleSettlements += 1
            return
        }
        dropStaleDeadlines()
        var parcel = lease.parcel
        counts.outstanding -= Int64(parcel.count)
        switch settlement {
        case .ack:
            conclude(parcel, parcel.selection, as: .acked, at: now)
            releaseKeys(of: parcel, keeping: .range(0..<0))
        case .nack(let reason):
            counts.nacked += Int64(parcel.count)
            fail(&parcel, parcel.selection, .common(reason), at: now, &actions)
        case .ackExcept(let failures):
            let reasons = Dictionary(
                failures.map { ($0.place, $0) },
                uniquingKeysWith: { first, _ in first }
            )
            let (failed, acked) = parcel.selection.partitioned { reasons[$0] != nil }
            counts.nacked += Int64(failed.count)
            fail(&parcel, failed, acked: acked, .each(reasons), at: now, &actions)
        }
    }

    /// Decides between another attempt and a dead letter for each message of `failed`.
    private mutating func fail(
        _ parcel: inout Parcel,
        _ failed: Selection,
        acked: Selection = .range(0..<0),
        _ reasons: FailureReasons,
        at now: Timestamp,
        _ actions: inout [Action]
    ) {
        let failure = FailureRecord(
            first: parcel.failure?.first ?? now,
            last: now,
            reasons: reasons
        )
        // What is acked beside them has failed as often as before.
        let processed = parcel
        parcel.failures += 1
        parcel.failure = failure
        let attempts = parcel.failures
        let limit = policy.maximumAttempts
        let (dead, retried) = failed.partitioned { place in
            limit.map { attempts >= $0 || reasons.isPermanent(at: place) } ?? false
        }
        // Pub/Sub redelivers the later messages of a key with the one that failed, acked or not.
        let (again, done) = withLaterOfSameKey(parcel, retried: retried, acked: acked)
        conclude(processed, done, as: .acked, at: now)
        dead.forEach { place in
            actions.append(
                .deadLetter(
                    DeadLetter(
                        subscription: name,
                        publication: parcel.publication,
                        place: place,
                        attempts: attempts,
                        reason: reasons[place] ?? FailureReason(label: "unknown", detail: ""),
                        firstFailure: failure.first,
                        lastFailure: now
                    )
                )
            )
        }
        conclude(parcel, dead, as: .deadLettered, at: now)
        if !again.isEmpty {
            var retry = parcel
            retry.selection = again
            counts.waiting += Int64(again.count)
            lastOrder += 1
            waiting.insert(
                Timed(
                    instant: now + policy.backoff(failures: attempts),
                    order: lastOrder,
                    value: retry
                )
            )
        }
        releaseKeys(of: parcel, keeping: again)
    }

    /// Messages leave the subscription for good.
    private mutating func conclude(
        _ parcel: Parcel,
        _ selection: Selection,
        as state: Record.State,
        at now: Timestamp
    ) {
        let count = Int64(selection.count)
        guard count > 0 else { return }
        for (place, limit) in delayLimits.enumerated() {
            let begin = limit.earliestBegin(at: now)
            let beyond = Int64(parcel.publication.batch.countDue(before: begin, in: selection))
            delays[place].beyond += beyond
            // What was given up in time is no matter of how long it took.
            if state == .acked { delays[place].within += count - beyond }
        }
        switch state {
        case .acked: counts.acked += count
        case .deadLettered: counts.deadLettered += count
        case .expired: counts.expired += count
        case .unsettled, .skipped, .notAdmitted:
            preconditionFailure("\(state) is not a conclusion")
        }
        unsettledBytes -= selection.count * parcel.publication.batch.bytesPerMessage
        if state != .acked || parcel.failures > 0 {
            exceptions.add(
                .init(
                    state,
                    parcel.publication.firstPosition,
                    selection,
                    at: now,
                    failures: parcel.failures,
                    parcel.failure
                )
            )
        }
        if policy.retainsAcked {
            note(state, of: selection, in: parcel.publication)
        }
    }

    /// Gives up what is in the backlog, and too old.
    private mutating func expire(_ parcel: Parcel, at now: Timestamp, _ actions: inout [Action]) {
        counts.backlog -= Int64(parcel.count)
        conclude(parcel, parcel.selection, as: .expired, at: now)
        drop(parcel.selection, of: parcel.publication, as: .expired, at: now, &actions)
    }

    func drop(
        _ selection: Selection,
        of publication: Publication<Batch>,
        as cause: DroppedMessages.Cause,
        at now: Timestamp,
        _ actions: inout [Action]
    ) {
        for positions in selection.runs(from: publication.firstPosition) {
            actions.append(
                .drop(
                    DroppedMessages(
                        subscription: name,
                        cause: cause,
                        positions: positions,
                        first: now,
                        last: now
                    )
                )
            )
        }
    }

    // MARK: - Time

    private mutating func passTime(to now: Timestamp, _ actions: inout [Action]) {
        dropStaleDeadlines()
        while let first = deadlines.min, first.instant <= now {
            deadlines.removeMin()
            if var parcel = outstanding.removeValue(forKey: first.value)?.parcel {
                counts.outstanding -= Int64(parcel.count)
                counts.expiredDeadlines += Int64(parcel.count)
                fail(&parcel, parcel.selection, .common(.deadlineExpired), at: now, &actions)
            }
            dropStaleDeadlines()
        }
        while let first = waiting.min, first.instant <= now {
            waiting.removeMin()
            counts.waiting -= Int64(first.value.count)
            counts.backlog += Int64(first.value.count)
            ready.append(first.value)
        }
        while let first = backlog.first, first.publication.publishTime + policy.retention <= now {
            backlog.removeFirst()
            expire(first, at: now, &actions)
        }
        while let first = records.first, first.publication.publishTime + policy.retention <= now {
            guard !first.states.contains(.unsettled) else { break }
            records.removeFirst()
        }
    }

    /// Forgets queued deadlines of deliveries that were settled or extended since.
    private mutating func dropStaleDeadlines() {
        while let first = deadlines.min, outstanding[first.value]?.deadline != first.instant {
            deadlines.removeMin()
        }
    }
}

/// Messages of a subscription that are held to a bound on how long they may take from their
/// intended send.
///
/// What is given up, expires or is shed before it is beyond the limit counts nowhere.
package struct DelayCount: Hashable, Sendable {
    /// Acked within the limit.
    package var within: Int64 = 0
    /// Not acked within the limit, whatever became of them.
    package var beyond: Int64 = 0

    package init() {}
}
