import Broker
import Commerce
import TestSupport
import Timekeeping

/// A subscription as one would explain it: one state a message, and no cleverness.
///
/// It takes part in the exhaustive tests as the judge of ``DeliveryState``, which moves runs of
/// messages through queues. Its messages are numbered from 0; the topic's positions, from 1.
struct NaiveSubscription {
    enum Fate {
        case backlog
        /// Failed before, and may be delivered again.
        case ready
        case outstanding
        case waiting
        case acked
        case deadLettered
        case expired
        case shed

        var isUnsettled: Bool {
            switch self {
            case .backlog, .ready, .outstanding, .waiting: true
            case .acked, .deadLettered, .expired, .shed: false
            }
        }
    }

    struct Message {
        var fate: Fate
        /// Whether only a seek says that it is acked.
        var isSkipped = false
        var failures = 0
        var firstFailure: Timestamp?
        let publishTime: Timestamp
        let publication: Int
        let key: Int
    }

    struct Lease {
        var messages: [Int]
        var deadline: Timestamp
        var order: Int
    }

    struct Retry {
        var messages: [Int]
        var instant: Timestamp
        var order: Int
    }

    /// A dead letter, as far as it can be foreseen.
    struct Letter: Equatable {
        var message: Int
        var attempts: Int
        var reason: String
        var firstFailure: Timestamp
        var lastFailure: Timestamp
    }

    struct Snapshot {
        var unsettled: Set<Int>
        var next: Int
    }

    /// What contradicts the rules.
    struct Violation: Error, CustomStringConvertible {
        var description: String

        init(_ description: String) {
            self.description = description
        }
    }

    let policy: SubscriptionPolicy
    var messages: [Message] = []
    var ready: [Int] = []
    var leases: [DeliveryID: Lease] = [:]
    var retries: [Retry] = []
    var letters: [Letter] = []
    /// Where acked messages are retained, those before this one no longer are.
    var trimmed = 0
    var happened = SubscriptionCounts()
    private var lastOrder = 0

    init(policy: SubscriptionPolicy) {
        self.policy = policy
    }

    /// The delivery that is out the longest.
    var oldestDelivery: DeliveryID? { leases.keys.min() }

    private func count(_ fates: Fate...) -> Int64 {
        Int64(messages.count { fates.contains($0.fate) })
    }

    /// The counts that follow from the messages' states and from what happened.
    var counts: SubscriptionCounts {
        var counts = happened
        counts.published = Int64(messages.count)
        counts.backlog = count(.backlog, .ready)
        counts.outstanding = count(.outstanding)
        counts.waiting = count(.waiting)
        counts.acked = count(.acked)
        counts.deadLettered = count(.deadLettered)
        counts.expired = count(.expired)
        counts.shed = count(.shed)
        return counts
    }

    private mutating func nextOrder() -> Int {
        lastOrder += 1
        return lastOrder
    }

    mutating func publish(_ publication: Int, keys: [Int], at now: Timestamp) {
        for key in keys {
            let isFull = messages.count { $0.fate.isUnsettled } >= policy.maximumMessages
            messages.append(
                Message(
                    fate: isFull && policy.whenFull == .shed ? .shed : .backlog,
                    publishTime: now,
                    publication: publication,
                    key: key
                )
            )
        }
    }

    // MARK: - Time

    mutating func passTime(to now: Timestamp) {
        let due = leases.filter { $0.value.deadline <= now }
            .sorted { ($0.value.deadline, $0.value.order) < ($1.value.deadline, $1.value.order) }
        for (id, lease) in due {
            leases[id] = nil
            happened.expiredDeadlines += Int64(lease.messages.count)
            fail(lease.messages, acked: [], at: now) { _ in (.deadlineExpired, false) }
        }
        for retry in retries.filter({ $0.instant <= now })
            .sorted(by: { ($0.instant, $0.order) < ($1.instant, $1.order) })
        {
            for message in retry.messages {
                messages[message].fate = .ready
            }
            ready += retry.messages
        }
        retries.removeAll { $0.instant <= now }
        for index in messages.indices
        where messages[index].fate == .backlog && isTooOld(index, now) {
            messages[index].fate = .expired
        }
        trim(now)
    }

    func isTooOld(_ message: Int, _ now: Timestamp) -> Bool {
        messages[message].publishTime + policy.retention <= now
    }

    private mutating func trim(_ now: Timestamp) {
        while trimmed < messages.count, isTooOld(trimmed, now) {
            let publication = messages[trimmed].publication
            let all = messages.indices.filter { messages[$0].publication == publication }
            guard !all.contains(where: { messages[$0].fate.isUnsettled }) else { return }
            trimmed += all.count
        }
    }

    // MARK: - Delivering

    /// The messages that a pull must deliver, in their order; not for ordered subscriptions.
    mutating func pull(_ limit: Int, at now: Timestamp) -> [Int] {
        var delivered: [Int] = []
        while delivered.count < limit {
            let next: Int
            if !ready.isEmpty {
                next = ready.removeFirst()
            } else if let first = messages.firstIndex(where: { $0.fate == .backlog }) {
                next = first
            } else {
                break
            }
            if isTooOld(next, now) {
                messages[next].fate = .expired
            } else {
                messages[next].fate = .outstanding
                delivered.append(next)
            }
        }
        return delivered
    }

    /// Checks one delivery against the rules that hold for every subscription, and notes it.
    mutating func note(_ delivery: Delivery<Batch>, at now: Timestamp) throws {
        let places = delivery.positions.map { Int($0) - 1 }
        for message in places {
            guard leases.values.allSatisfy({ !$0.messages.contains(message) }) else {
                throw Violation("message \(message) was delivered while it is outstanding")
            }
            guard delivery.attempt == messages[message].failures + 1 else {
                throw Violation("message \(message) has attempt \(delivery.attempt)")
            }
            if policy.isOrdered {
                try noteOrdered(message, with: places)
            }
        }
        guard delivery.deadline == now + policy.ackDeadline else {
            throw Violation("the deadline of \(places) is \(delivery.deadline)")
        }
        happened.delivered += Int64(places.count)
        if delivery.attempt > 1 {
            happened.redelivered += Int64(places.count)
        }
        leases[delivery.id] = Lease(
            messages: places,
            deadline: delivery.deadline,
            order: nextOrder()
        )
    }

    private mutating func noteOrdered(_ message: Int, with companions: [Int]) throws {
        guard [.backlog, .ready].contains(messages[message].fate) else {
            throw Violation("message \(message) was delivered as \(messages[message].fate)")
        }
        for earlier in 0..<message
        where messages[earlier].key == messages[message].key
            && messages[earlier].fate.isUnsettled && !companions.contains(earlier)
        {
            throw Violation("message \(message) was delivered before \(earlier) was settled")
        }
        ready.removeAll { $0 == message }
        messages[message].fate = .outstanding
    }

    /// How many keys have a message that may be delivered: an ordered pull of that many delivers
    /// at least one of each.
    var freeKeys: Int {
        let busy = messages.filter { [.outstanding, .waiting].contains($0.fate) }.map(\.key)
        let pending = messages.filter { [.backlog, .ready].contains($0.fate) }.map(\.key)
        return Set(pending).subtracting(busy).count
    }

    // MARK: - Settling

    /// Settles a delivery, of which the messages in `failures` failed.
    mutating func settle(
        _ id: DeliveryID,
        failures: [Int: (reason: FailureReason, isPermanent: Bool)],
        at now: Timestamp
    ) {
        guard let lease = leases.removeValue(forKey: id) else {
            happened.staleSettlements += 1
            return
        }
        let failed = lease.messages.filter { failures[$0] != nil }
        let acked = lease.messages.filter { failures[$0] == nil }
        happened.nacked += Int64(failed.count)
        fail(failed, acked: acked, at: now) { failures[$0] ?? (.deadlineExpired, false) }
    }

    private mutating func fail(
        _ failed: [Int],
        acked: [Int],
        at now: Timestamp,
        why: (Int) -> (reason: FailureReason, isPermanent: Bool)
    ) {
        var retried: [Int] = []
        for message in failed {
            let attempts = messages[message].failures + 1
            let (reason, isPermanent) = why(message)
            if let most = policy.maximumAttempts, attempts >= most || isPermanent {
                messages[message].fate = .deadLettered
                letters.append(
                    Letter(
                        message: message,
                        attempts: attempts,
                        reason: reason.label,
                        firstFailure: messages[message].firstFailure ?? now,
                        lastFailure: now
                    )
                )
            } else {
                retried.append(message)
            }
        }
        for message in acked {
            let isBehindRetried = retried.contains {
                $0 < message && messages[$0].key == messages[message].key
            }
            if policy.isOrdered && isBehindRetried {
                retried.append(message)
            } else {
                messages[message].fate = .acked
            }
        }
        guard let first = retried.first else { return }
        for message in retried {
            messages[message].fate = .waiting
            messages[message].failures += 1
            messages[message].firstFailure = messages[message].firstFailure ?? now
        }
        retries.append(
            Retry(
                messages: retried.sorted(),
                instant: now + policy.backoff(failures: messages[first].failures),
                order: nextOrder()
            )
        )
    }

    mutating func extend(_ id: DeliveryID, at now: Timestamp) {
        guard leases[id] != nil else {
            happened.staleSettlements += 1
            return
        }
        let deadline = now + policy.ackDeadline
        // Of deliveries with the same deadline the one that had it first expires first.
        guard leases[id]?.deadline != deadline else { return }
        let order = nextOrder()
        leases[id]?.deadline = deadline
        leases[id]?.order = order
    }

    // MARK: - Seeking

    var snapshot: Snapshot {
        Snapshot(
            unsettled: Set(messages.indices.filter { messages[$0].fate.isUnsettled }),
            next: messages.count
        )
    }

    mutating func seek(_ isUnsettledAfter: (Int) -> Bool) {
        for index in messages.indices {
            let wasUnsettled = messages[index].fate.isUnsettled
            let isKept = policy.retainsAcked && index >= trimmed && messages[index].fate == .acked
            guard wasUnsettled || isKept else { continue }
            let again = isUnsettledAfter(index)
            if again && !wasUnsettled {
                happened.replayed += 1
                if messages[index].isSkipped { happened.unskipped += 1 }
                messages[index].isSkipped = false
            }
            if !again && wasUnsettled {
                happened.skipped += 1
                messages[index].isSkipped = true
            }
            messages[index].fate = again ? .backlog : .acked
            messages[index].failures = 0
            messages[index].firstFailure = nil
        }
        ready = []
        leases = [:]
        retries = []
    }
}
