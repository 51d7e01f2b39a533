import Broker
import Commerce
import TestSupport
import Testing
import Timekeeping

/// The rules of delivery, one a test.
struct DeliveryStateRuleTests {
    private let shop = Shop()
    private let start = Shop.epoch
    private let trouble = FailureReason(label: "trouble", detail: "the sink is away")

    /// A subscription with one publication of `count` messages.
    private func subscription(
        of count: Int,
        _ change: (inout SubscriptionPolicy) -> Void = { _ in }
    ) -> DeliveryState<Batch> {
        var policy = SubscriptionPolicy()
        policy.minimumBackoff = .milliseconds(100)
        change(&policy)
        var state = DeliveryState<Batch>(name: "orders", policy: policy)
        publish(shop.views(count), at: 1, to: &state)
        return state
    }

    private func publish(_ batch: Batch, at position: Int64, to state: inout DeliveryState<Batch>) {
        let publication = Publication(
            batch: batch,
            firstPosition: position,
            publishTime: start
        )
        _ = state.handle(.publish(publication, .range(0..<batch.count)), at: start)
    }

    @Test func `the backoff doubles from the minimum up to the maximum`() {
        var policy = SubscriptionPolicy()
        policy.minimumBackoff = .milliseconds(100)
        policy.maximumBackoff = .seconds(1)
        let waits = (1...6).map { policy.backoff(failures: $0) }
        #expect(
            waits == [
                .milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800),
                .seconds(1), .seconds(1),
            ]
        )
    }

    @Test func `the backoff stays at the maximum however often a message fails`() {
        let policy = SubscriptionPolicy()
        #expect(policy.backoff(failures: 63) == policy.maximumBackoff)
        #expect(policy.backoff(failures: .max) == policy.maximumBackoff)
        #expect(policy.backoff(failures: 0) == policy.minimumBackoff)
    }

    @Test func `a minimum backoff above the maximum is cut to the maximum`() {
        var policy = SubscriptionPolicy()
        policy.minimumBackoff = .seconds(5)
        policy.maximumBackoff = .seconds(3)
        #expect(policy.backoff(failures: 1) == .seconds(3))
    }

    @Test func `a nacked message comes again when its backoff has passed and not before`() {
        var state = subscription(of: 1)
        let first = state.pull(1, at: start)
        _ = state.handle(.settle(first[0].id, .nack(trouble)), at: start)
        #expect(state.nextWake == start + .milliseconds(100))
        #expect(state.pull(1, at: start + .milliseconds(99)).isEmpty)
        let second = state.pull(1, at: start + .milliseconds(100))
        #expect(second.map(\.attempt) == [2])
    }

    @Test func `a permanent failure is dead-lettered at the first attempt`() {
        var state = subscription(of: 3)
        let delivery = state.pull(3, at: start)[0]
        let failure = Settlement.Failure(place: 1, reason: trouble, isPermanent: true)
        let later = start + .seconds(1)
        let letters = state.letters(settling: delivery, .ackExcept([failure]), at: later)
        #expect(letters.map(\.place) == [1])
        #expect(letters.map(\.attempts) == [1])
        #expect(letters.map(\.reason) == [trouble])
        #expect(letters.map(\.firstFailure) == [later])
        #expect(letters.map(\.subscription) == ["orders"])
        #expect(state.counts.acked == 2)
        #expect(state.counts.deadLettered == 1)
    }

    @Test func `without a dead-letter policy even a permanent failure is tried again`() {
        var state = subscription(of: 1) { $0.maximumAttempts = nil }
        var now = start
        for attempt in 1...20 {
            let delivery = state.pull(1, at: now)[0]
            #expect(delivery.attempt == attempt)
            let failure = Settlement.Failure(place: 0, reason: trouble, isPermanent: true)
            #expect(state.letters(settling: delivery, .ackExcept([failure]), at: now).isEmpty)
            now = now + state.policy.maximumBackoff
        }
        #expect(state.counts.waiting == 1)
    }

    @Test func `a dead letter tells attempts and the first and the last failure`() {
        var state = subscription(of: 1) { $0.maximumAttempts = 3 }
        var now = start
        var letters: [DeadLetter<Batch>] = []
        for _ in 1...3 {
            now = now + .seconds(1)
            let delivery = state.pull(1, at: now)[0]
            letters += state.letters(settling: delivery, .nack(trouble), at: now)
        }
        #expect(letters.map(\.attempts) == [3])
        #expect(letters.map(\.firstFailure) == [start + .seconds(1)])
        #expect(letters.map(\.lastFailure) == [start + .seconds(3)])
        #expect(state.counts.unsettled == 0)
        #expect(state.unsettledBytes == 0)
    }

    @Test func `an expired deadline counts as an attempt like a nack`() {
        var state = subscription(of: 1) { $0.maximumAttempts = 2 }
        _ = state.pull(1, at: start)
        _ = state.handle(.tick, at: start + .seconds(60))
        #expect(state.counts.expiredDeadlines == 1)
        let again = state.pull(1, at: start + .seconds(61))
        #expect(again.map(\.attempt) == [2])
        let letters = state.handle(.tick, at: start + .seconds(121)).deadLetters
        #expect(letters.map(\.reason) == [.deadlineExpired])
    }

    @Test func `a deadline holds until its last nanosecond`() {
        var state = subscription(of: 1)
        _ = state.pull(1, at: start)
        _ = state.handle(.tick, at: start + .seconds(60) - .nanoseconds(1))
        #expect(state.counts.outstanding == 1)
        _ = state.handle(.tick, at: start + .seconds(60))
        #expect(state.counts.outstanding == 0)
        #expect(state.counts.waiting == 1)
    }

    @Test func `extending a deadline starts it anew`() {
        var state = subscription(of: 1)
        let delivery = state.pull(1, at: start)[0]
        _ = state.handle(.extend(delivery.id), at: start + .seconds(40))
        _ = state.handle(.tick, at: start + .seconds(99))
        #expect(state.counts.outstanding == 1)
        #expect(state.nextWake == start + .seconds(100))
        _ = state.handle(.tick, at: start + .seconds(100))
        #expect(state.counts.expiredDeadlines == 1)
    }

    @Test func `a deadline is set to be earlier or later than that of the policy`() {
        var state = subscription(of: 2)
        let deliveries = state.pull(1, at: start) + state.pull(1, at: start)
        _ = state.handle(.extend(deliveries[0].id, by: .seconds(5)), at: start)
        _ = state.handle(.extend(deliveries[1].id, by: .seconds(600)), at: start)
        #expect(state.nextWake == start + .seconds(5))
        _ = state.handle(.tick, at: start + .seconds(5))
        #expect(state.counts.expiredDeadlines == 1)
        _ = state.handle(.tick, at: start + .seconds(599))
        #expect(state.counts.outstanding == 1)
        _ = state.handle(.tick, at: start + .seconds(600))
        #expect(state.counts.expiredDeadlines == 2)
    }

    @Test func `a settlement after the deadline changes nothing and is counted`() {
        var state = subscription(of: 1)
        let delivery = state.pull(1, at: start)[0]
        _ = state.handle(.tick, at: start + .seconds(60))
        _ = state.handle(.settle(delivery.id, .ack), at: start + .seconds(60))
        #expect(state.counts.acked == 0)
        #expect(state.counts.staleSettlements == 1)
        #expect(state.counts.waiting == 1)
    }

    @Test func `a message is not delivered again while it is outstanding`() {
        var state = subscription(of: 2)
        #expect(state.pull(10, at: start).count == 1)
        #expect(state.pull(10, at: start + .seconds(59)).isEmpty)
    }

    @Test func `a large batch is split and its parts are settled apart`() {
        var state = subscription(of: 10)
        let parts = (0..<4).flatMap { _ in state.pull(3, at: start) }
        #expect(parts.map(\.positions) == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10]])
        _ = state.handle(.settle(parts[1].id, .ack), at: start)
        #expect(state.counts.acked == 3)
        #expect(state.counts.outstanding == 7)
    }

    @Test func `a pull gathers several publications up to its limit`() {
        var state = subscription(of: 2)
        publish(shop.views(2, from: 3), at: 3, to: &state)
        publish(shop.views(2, from: 5), at: 5, to: &state)
        #expect(state.pull(5, at: start).map(\.positions) == [[1, 2], [3, 4], [5]])
    }

    @Test func `what the filter does not let pass is counted and not delivered`() {
        var state = DeliveryState<Batch>(name: "orders", policy: SubscriptionPolicy())
        let publication = Publication(
            batch: shop.views(5),
            firstPosition: 1,
            publishTime: start
        )
        _ = state.handle(.publish(publication, .places([1, 4])), at: start)
        #expect(state.counts.filtered == 3)
        #expect(state.pull(9, at: start).map(\.positions) == [[2, 5]])
        #expect(state.counts.isConserved)
    }

    @Test func `a batch larger than the limit passes when the subscription is empty`() {
        var policy = SubscriptionPolicy()
        policy.maximumMessages = 2
        var state = DeliveryState<Batch>(name: "orders", policy: policy)
        #expect(state.hasRoom(messages: 3, bytes: 1))
        publish(shop.views(3), at: 1, to: &state)
        #expect(!state.hasRoom(messages: 1, bytes: 1))
        let delivery = state.pull(3, at: start)[0]
        #expect(!state.hasRoom(messages: 1, bytes: 1))
        _ = state.handle(.settle(delivery.id, .ack), at: start)
        #expect(state.hasRoom(messages: 3, bytes: 1))
    }

    @Test func `bytes fill a subscription as messages do`() {
        let batch = shop.views(2)
        var policy = SubscriptionPolicy()
        policy.maximumBytes = batch.byteCount + batch.bytesPerMessage
        var state = DeliveryState<Batch>(name: "orders", policy: policy)
        publish(batch, at: 1, to: &state)
        #expect(state.unsettledBytes == batch.byteCount)
        #expect(state.hasRoom(messages: 1, bytes: batch.bytesPerMessage))
        #expect(!state.hasRoom(messages: 2, bytes: batch.byteCount))
    }

    @Test func `a full subscription that sheds drops the rest of a batch and counts it`() {
        var state = subscription(of: 5) {
            $0.whenFull = .shed
            $0.maximumMessages = 3
        }
        #expect(state.counts.shed == 2)
        #expect(state.hasRoom(messages: 100, bytes: 100))
        publish(shop.views(4, from: 6), at: 6, to: &state)
        #expect(state.counts.shed == 6)
        #expect(state.pull(9, at: start).flatMap(\.positions) == [1, 2, 3])
    }

    @Test func `what is dropped is named in runs of neighbours, without what a filter kept out`() {
        var policy = SubscriptionPolicy()
        policy.retention = .seconds(30)
        policy.whenFull = .shed
        policy.maximumMessages = 4
        var state = DeliveryState<Batch>(name: "orders", policy: policy)
        let publication = Publication(
            batch: shop.views(9),
            firstPosition: 11,
            publishTime: start
        )
        func positions(_ actions: [DeliveryState<Batch>.Action]) -> [ClosedRange<Int64>] {
            actions.compactMap {
                if case .drop(let messages) = $0 { messages.positions } else { nil }
            }
        }
        let shed = state.handle(.publish(publication, .places([0, 1, 3, 4, 6, 7, 8])), at: start)
        #expect(positions(shed) == [17...19])
        let expired = state.handle(.tick, at: start + .seconds(30))
        #expect(positions(expired) == [11...12, 14...15])
        #expect(state.counts.shed == 3)
        #expect(state.counts.expired == 4)
    }

    @Test func `shedding looks at bytes as well`() {
        let size = shop.views(1).byteCount
        let state = subscription(of: 5) {
            $0.whenFull = .shed
            $0.maximumBytes = 2 * size + size / 2
        }
        #expect(state.counts.backlog == 2)
        #expect(state.counts.shed == 3)
    }

    @Test func `a message expires when the retention has passed and not before`() {
        var state = subscription(of: 2) { $0.retention = .seconds(30) }
        _ = state.handle(.tick, at: start + .seconds(30) - .nanoseconds(1))
        #expect(state.counts.expired == 0)
        _ = state.handle(.tick, at: start + .seconds(30))
        #expect(state.counts.expired == 2)
        #expect(state.pull(2, at: start + .seconds(30)).isEmpty)
    }

    @Test func `a message that is out when its retention passes may still be acked`() {
        var state = subscription(of: 1) { $0.retention = .seconds(30) }
        let delivery = state.pull(1, at: start)[0]
        _ = state.handle(.tick, at: start + .seconds(40))
        _ = state.handle(.settle(delivery.id, .ack), at: start + .seconds(40))
        #expect(state.counts.acked == 1)
        #expect(state.counts.expired == 0)
    }

    @Test func `a failed message expires instead of coming again after its retention`() {
        var state = subscription(of: 1) { $0.retention = .seconds(30) }
        let delivery = state.pull(1, at: start)[0]
        _ = state.handle(.settle(delivery.id, .nack(trouble)), at: start + .seconds(30))
        #expect(state.pull(1, at: start + .seconds(31)).isEmpty)
        #expect(state.counts.expired == 1)
    }

    @Test func `the next wake is the retention of what nobody takes`() {
        let state = subscription(of: 1) { $0.retention = .seconds(30) }
        #expect(state.nextWake == start + .seconds(30))
    }

    @Test func `failures of messages that were not delivered are not counted`() {
        var state = subscription(of: 2)
        let delivery = state.pull(1, at: start)[0]
        let failures = [0, 1].map {
            Settlement.Failure(place: $0, reason: trouble, isPermanent: false)
        }
        _ = state.handle(.settle(delivery.id, .ackExcept(failures)), at: start)
        #expect(state.counts.nacked == 1)
        #expect(state.counts.backlog == 1)
    }
}

extension DeliveryState<Batch> {
    /// Pulls, and gives the deliveries.
    mutating func pull(_ limit: Int, at now: Timestamp) -> [Delivery<Batch>] {
        handle(.pull(limit), at: now).deliveries
    }

    /// Settles, and gives the dead letters.
    mutating func letters(
        settling delivery: Delivery<Batch>,
        _ settlement: Settlement,
        at now: Timestamp
    ) -> [DeadLetter<Batch>] {
        handle(.settle(delivery.id, settlement), at: now).deadLetters
    }
}

extension [DeliveryState<Batch>.Action] {
    var deliveries: [Delivery<Batch>] {
        compactMap {
            guard case .deliver(let delivery) = $0 else { return nil }
            return delivery
        }
    }

    var deadLetters: [DeadLetter<Batch>] {
        compactMap {
            guard case .deadLetter(let letter) = $0 else { return nil }
            return letter
        }
    }
}
