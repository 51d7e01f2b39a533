import Broker
import Commerce
import TestSupport
import Testing
import Timekeeping

/// Every sequence of a few inputs, for every kind of subscription, against ``NaiveSubscription``.
struct DeliveryStateExhaustiveTests {
    @Test(arguments: Kind.allCases)
    func `every short history is what a naive subscription makes of it`(kind: Kind) {
        let topic = TinyTopic()
        var explored = 0
        let violation = explore(World(topic, kind.policy), kind.depth, [], &explored)
        #expect(violation == nil)
        // A search that prunes everything would pass as well.
        #expect(explored > 50_000)
    }

    /// The first history of at most `depth` further steps that breaks a rule.
    private func explore(
        _ world: World,
        _ depth: Int,
        _ history: [Step],
        _ explored: inout Int
    ) -> String? {
        guard depth > 0 else { return nil }
        for step in Step.allCases where world.allows(step) {
            explored += 1
            var next = world
            do {
                try next.take(step)
            } catch {
                return "\(history + [step]): \(error)"
            }
            if let violation = explore(next, depth - 1, history + [step], &explored) {
                return violation
            }
        }
        return nil
    }
}

/// The subscriptions that are explored.
enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case plain
    case ordered
    case shedding = "shed with room for 3"
    case retaining = "retaining acked messages"
    case oneAttempt = "at most one attempt"
    case noDeadLetters = "no dead letters"
    case shortRetention = "short retention"
    case shortRetaining = "short retention, retaining acked messages"
    case orderedWithoutDeadLetters = "ordered, no dead letters"

    var testDescription: String { rawValue }

    /// Seven steps let a message fail with others of its key after it, and come again.
    var depth: Int { self == .ordered ? 7 : 6 }

    var policy: SubscriptionPolicy {
        var policy = SubscriptionPolicy()
        policy.ackDeadline = .seconds(10)
        // Shorter than half a deadline after one failure, longer after two.
        policy.minimumBackoff = .seconds(4)
        policy.maximumBackoff = .seconds(8)
        policy.maximumAttempts = 2
        switch self {
        case .plain: break
        case .ordered: policy.isOrdered = true
        case .shedding:
            policy.whenFull = .shed
            policy.maximumMessages = 3
        case .retaining: policy.retainsAcked = true
        case .oneAttempt: policy.maximumAttempts = 1
        case .noDeadLetters: policy.maximumAttempts = nil
        case .shortRetention: policy.retention = .seconds(12)
        case .shortRetaining:
            policy.retention = .seconds(12)
            policy.retainsAcked = true
        case .orderedWithoutDeadLetters:
            policy.isOrdered = true
            policy.maximumAttempts = nil
        }
        return policy
    }
}

/// What can happen; each acts on the delivery that is out the longest.
enum Step: CaseIterable {
    case publish
    case pullOne
    case pullThree
    case ack
    case nack
    /// The first message can never be processed, the others were.
    case ackExceptFirst
    /// The first message failed for now, the others were processed.
    case nackFirst
    case settleStale
    case extend
    /// Half a deadline passes, and nobody notices.
    case halfDeadline
    /// A whole deadline passes.
    case wholeDeadline
    case seekToStart
    case seekToNow
    case snapshot
    case seekToSnapshot
}

/// Three publications of two messages, whose ordering keys meet within and across them.
struct TinyTopic {
    static let keys = [[1, 1], [1, 2], [2, 1]]

    let batches: [Batch]

    init() {
        let shop = Shop()
        batches = TinyTopic.keys.enumerated().map { index, keys in
            shop.batch(
                keys.enumerated().map { place, key in
                    var event = shop.event(index * 2 + place + 1)
                    event.subject = Symbol(number: UInt64(key))
                    return event
                }
            )
        }
    }
}

/// A subscription, the naive one beside it, and the time.
struct World {
    let topic: TinyTopic
    var state: DeliveryState<Batch>
    var naive: NaiveSubscription
    var now = Shop.epoch
    var published = 0
    var snapshot: (real: DeliverySnapshot, naive: NaiveSubscription.Snapshot)?
    /// A delivery that was settled once.
    var gone: DeliveryID?
    /// What it has said to be dropped, by position.
    var dropped: [Int64: DroppedMessages.Cause] = [:]
    /// How many it has said that seeks have skipped.
    var skipped: Int64 = 0

    typealias Violation = NaiveSubscription.Violation

    init(_ topic: TinyTopic, _ policy: SubscriptionPolicy) {
        self.topic = topic
        state = DeliveryState<Batch>(name: "tiny", policy: policy)
        naive = NaiveSubscription(policy: policy)
    }

    /// Whether `step` can change anything: the others are left out of the search.
    func allows(_ step: Step) -> Bool {
        switch step {
        case .publish: published < topic.batches.count
        case .pullOne, .pullThree, .seekToStart, .seekToNow, .halfDeadline, .wholeDeadline:
            published > 0
        case .ack, .nack, .ackExceptFirst, .nackFirst, .extend: naive.oldestDelivery != nil
        case .settleStale: gone != nil
        case .snapshot: published > 0 && snapshot == nil
        case .seekToSnapshot: snapshot != nil
        }
    }

    /// Takes `step` in both subscriptions.
    ///
    /// - Throws: A ``Violation`` if they differ, or a rule is broken.
    mutating func take(_ step: Step) throws {
        naive.letters = []
        var letters: [NaiveSubscription.Letter] = []
        for action in try act(step) {
            switch action {
            case .deliver: continue
            case .drop(let messages): try note(messages)
            case .deadLetter(let letter):
                letters.append(
                    .init(
                        message: Int(letter.publication.position(at: letter.place)) - 1,
                        attempts: letter.attempts,
                        reason: letter.reason.label,
                        firstFailure: letter.firstFailure,
                        lastFailure: letter.lastFailure
                    )
                )
            }
        }
        for (message, known) in naive.messages.enumerated() {
            let cause: DroppedMessages.Cause? =
                known.fate == .shed ? .shed : known.fate == .expired ? .expired : nil
            guard dropped[Int64(message + 1)] == cause else {
                throw Violation("message \(message) is \(known.fate), and that is not said")
            }
        }
        guard skipped == state.counts.skipped else {
            throw Violation("\(state.counts.skipped) are skipped, and \(skipped) are said to be")
        }
        guard letters == naive.letters else {
            throw Violation("dead letters are \(letters), not \(naive.letters)")
        }
        guard state.counts == naive.counts else {
            throw Violation("counts are \(state.counts), not \(naive.counts)")
        }
        guard state.counts.isConserved else {
            throw Violation("messages are not conserved: \(state.counts)")
        }
        guard (state.unsettledBytes == 0) == (state.counts.unsettled == 0) else {
            throw Violation("\(state.unsettledBytes) bytes are unsettled")
        }
        // Often enough: the search goes through every other step as well.
        if step == .nackFirst || step == .seekToSnapshot || step == .wholeDeadline {
            try checkStanding()
        }
    }

    /// Holds what is told of each message to what became of it.
    private func checkStanding() throws {
        let standing = state.standing(at: now)
        for (index, message) in naive.messages.enumerated() {
            let position = Int64(index + 1)
            let place = standing.run(of: position)?.place
            let end = standing.exceptions.last(of: position)?.end.state
            let isTold =
                switch (message.fate, place, end) {
                case (.backlog, .backlog?, _), (.backlog, .held?, _), (.backlog, .ready?, _),
                    (.ready, .ready?, _), (.waiting, .waiting?, _), (.outstanding, .inFlight?, _),
                    (.acked, nil, nil), (.acked, nil, .acked?), (.acked, nil, .skipped?),
                    (.acked, nil, .broughtBack?), (.deadLettered, nil, .deadLettered?),
                    (.expired, nil, .expired?), (.shed, nil, .shed?):
                    true
                default: false
                }
            guard isTold else {
                throw Violation(
                    "message \(index) is \(message.fate), and told as "
                        + "\(String(describing: place)), \(String(describing: end))"
                )
            }
        }
    }

    private mutating func note(_ messages: DroppedMessages) throws {
        if messages.cause == .skipped {
            skipped += messages.count
            return
        }
        for position in messages.positions {
            guard dropped.updateValue(messages.cause, forKey: position) == nil else {
                throw Violation("message \(position - 1) is dropped twice")
            }
        }
    }

    private mutating func act(_ step: Step) throws -> [DeliveryState<Batch>.Action] {
        switch step {
        case .publish:
            let publication = Publication(
                batch: topic.batches[published],
                firstPosition: Int64(published * 2 + 1),
                publishTime: now
            )
            naive.publish(published, keys: TinyTopic.keys[published], at: now)
            published += 1
            return state.handle(.publish(publication, .range(0..<2)), at: now)
        case .pullOne: return try pull(1)
        case .pullThree: return try pull(3)
        case .ack: return settle(.ack, failing: 0, permanently: false)
        case .nack: return settle(.nack(World.trouble), failing: .max, permanently: false)
        case .ackExceptFirst: return settle(nil, failing: 1, permanently: true)
        case .nackFirst: return settle(nil, failing: 1, permanently: false)
        case .settleStale:
            guard let gone else { return [] }
            naive.settle(gone, failures: [:], at: now)
            return state.handle(.settle(gone, .ack), at: now)
        case .extend:
            guard let id = naive.oldestDelivery else { return [] }
            naive.extend(id, at: now)
            return state.handle(.extend(id), at: now)
        case .halfDeadline:
            now = now + .seconds(5)
            return []
        case .wholeDeadline:
            now = now + .seconds(10)
            naive.passTime(to: now)
            return state.handle(.tick, at: now)
        case .seekToStart, .seekToNow, .snapshot, .seekToSnapshot: return seek(step)
        }
    }

    private static let trouble = FailureReason(label: "trouble", detail: "the sink is away")

    private mutating func pull(_ limit: Int) throws -> [DeliveryState<Batch>.Action] {
        naive.passTime(to: now)
        let isOrdered = state.policy.isOrdered
        let least = isOrdered ? min(limit, naive.freeKeys) : 0
        let expected = isOrdered ? [] : naive.pull(limit, at: now)
        let actions = state.handle(.pull(limit), at: now)
        var delivered: [Int] = []
        for case .deliver(let delivery) in actions {
            try naive.note(delivery, at: now)
            delivered += delivery.positions.map { Int($0) - 1 }
        }
        if isOrdered {
            guard delivered.count >= least else {
                throw Violation("\(delivered) were delivered of at least \(least) free messages")
            }
        } else if delivered != expected {
            throw Violation("\(delivered) were delivered, not \(expected)")
        }
        return actions
    }

    /// Settles the oldest delivery, of which the first `count` messages failed; nil for a
    /// settlement that names them.
    private mutating func settle(
        _ settlement: Settlement?,
        failing count: Int,
        permanently isPermanent: Bool
    ) -> [DeliveryState<Batch>.Action] {
        guard let id = naive.oldestDelivery, let lease = naive.leases[id] else { return [] }
        var failures: [Int: (reason: FailureReason, isPermanent: Bool)] = [:]
        for message in lease.messages.prefix(count) {
            failures[message] = (World.trouble, isPermanent)
        }
        let named = failures.keys.sorted().map {
            Settlement.Failure(place: $0 % 2, reason: World.trouble, isPermanent: isPermanent)
        }
        naive.settle(id, failures: failures, at: now)
        gone = id
        return state.handle(.settle(id, settlement ?? .ackExcept(named)), at: now)
    }

    private mutating func seek(_ step: Step) -> [DeliveryState<Batch>.Action] {
        switch step {
        case .snapshot:
            snapshot = (
                state.snapshot(nextPosition: Int64(published * 2 + 1)), naive.snapshot
            )
            return []
        case .seekToSnapshot:
            guard let snapshot else { return [] }
            naive.seek { snapshot.naive.unsettled.contains($0) || $0 >= snapshot.naive.next }
            return state.handle(.seek(.snapshot(snapshot.real)), at: now)
        default:
            let target = step == .seekToNow ? now : Shop.epoch
            let messages = naive.messages
            naive.seek { messages[$0].publishTime >= target }
            return state.handle(.seek(.time(target)), at: now)
        }
    }
}
