import Broker
import Commerce
import TestSupport
import Testing
import Timekeeping

/// Ordering keys and seeking.
struct DeliveryStateOrderTests {
    private let shop = Shop()
    private let start = Shop.epoch
    private let trouble = FailureReason(label: "trouble", detail: "the sink is away")

    /// A subscription to one publication a list of keys, a second apart.
    private func subscription(
        keys: [[UInt64]],
        _ change: (inout SubscriptionPolicy) -> Void
    ) -> DeliveryState<Batch> {
        var policy = SubscriptionPolicy()
        change(&policy)
        var state = DeliveryState<Batch>(name: "orders", policy: policy)
        var position: Int64 = 1
        for (index, keys) in keys.enumerated() {
            let events = keys.enumerated().map { place, key in
                var event = shop.event(Int(position) + place)
                event.subject = Symbol(number: key)
                return event
            }
            let time = start + .seconds(index)
            let publication = Publication(
                batch: shop.batch(events),
                firstPosition: position,
                publishTime: time
            )
            _ = state.handle(.publish(publication, .range(0..<keys.count)), at: time)
            position += Int64(keys.count)
        }
        return state
    }

    // MARK: - Order

    @Test func `a later message of a key waits until the earlier one is settled`() {
        var state = subscription(keys: [[1], [1], [2]]) { $0.isOrdered = true }
        let now = start + .seconds(3)
        let first = state.pull(9, at: now)
        #expect(first.map(\.positions) == [[1], [3]])
        _ = state.handle(.settle(first[0].id, .ack), at: now)
        #expect(state.pull(9, at: now).map(\.positions) == [[2]])
    }

    /// The same subject is another symbol in another symbol table, and the same symbol another
    /// subject.
    @Test func `a key is known by its text, in whatever symbols it stands`() {
        var policy = SubscriptionPolicy()
        policy.isOrdered = true
        var state = DeliveryState<Batch>(name: "orders", policy: policy)
        let subjects = [
            ["the first order", "the second order"], ["the second order", "a third one"],
        ]
        for (index, subjects) in subjects.enumerated() {
            let shop = Shop()
            let events = subjects.enumerated().map { place, subject in
                var event = shop.event(2 * index + place)
                event.subject = shop.symbols.symbol(for: subject, in: .order)
                return event
            }
            let publication = Publication(
                batch: shop.batch(events),
                firstPosition: Int64(2 * index + 1),
                publishTime: start
            )
            _ = state.handle(.publish(publication, .range(0..<2)), at: start)
        }
        let first = state.pull(9, at: start)
        #expect(first.map(\.positions) == [[1, 2], [4]])
        _ = state.handle(.settle(first[0].id, .ack), at: start)
        #expect(state.pull(9, at: start).map(\.positions) == [[3]])
    }

    @Test func `messages of one key in one batch are delivered together in order`() {
        var state = subscription(keys: [[1, 1, 2, 1]]) { $0.isOrdered = true }
        #expect(state.pull(9, at: start).map(\.positions) == [[1, 2, 3, 4]])
    }

    @Test func `a retried failure brings the later messages of its key again, acked or not`() {
        var state = subscription(keys: [[1, 2, 1, 3]]) { $0.isOrdered = true }
        let delivery = state.pull(9, at: start)[0]
        let failure = Settlement.Failure(place: 0, reason: trouble, isPermanent: false)
        _ = state.handle(.settle(delivery.id, .ackExcept([failure])), at: start)
        #expect(state.counts.acked == 2)
        #expect(state.pull(9, at: start + .seconds(1)).map(\.positions) == [[1, 3]])
    }

    @Test func `a dead letter frees its key for the messages after it`() {
        var state = subscription(keys: [[1, 1], [1]]) { $0.isOrdered = true }
        let delivery = state.pull(9, at: start + .seconds(2))[0]
        let failure = Settlement.Failure(place: 0, reason: trouble, isPermanent: true)
        _ = state.handle(
            .settle(delivery.id, .ackExcept([failure])),
            at: start + .seconds(2)
        )
        #expect(state.counts.acked == 1)
        #expect(state.counts.deadLettered == 1)
        #expect(state.pull(9, at: start + .seconds(2)).map(\.positions) == [[3]])
    }

    @Test func `while a key waits to retry the other keys go on`() {
        var state = subscription(keys: [[1], [1], [2]]) { $0.isOrdered = true }
        let now = start + .seconds(3)
        let first = state.pull(1, at: now)[0]
        _ = state.handle(.settle(first.id, .nack(trouble)), at: now)
        #expect(state.pull(9, at: now).map(\.positions) == [[3]])
        #expect(state.counts.backlog == 1)
        #expect(state.counts.waiting == 1)
    }

    @Test func `keys of different namespaces with one number are different keys`() {
        var state = DeliveryState<Batch>(
            name: "orders",
            policy: {
                var policy = SubscriptionPolicy()
                policy.isOrdered = true
                return policy
            }()
        )
        var cart = shop.event(1)
        cart.subjectNamespace = .cart
        for (index, event) in [shop.event(1), cart].enumerated() {
            let publication = Publication(
                batch: shop.batch([event]),
                firstPosition: Int64(index + 1),
                publishTime: start
            )
            _ = state.handle(.publish(publication, .range(0..<1)), at: start)
        }
        #expect(state.pull(9, at: start).count == 2)
    }

    // MARK: - Seek

    @Test func `seek to a time replays acked messages where they are retained`() {
        var state = subscription(keys: [[1], [2], [3]]) { $0.retainsAcked = true }
        let now = start + .seconds(3)
        for delivery in state.pull(9, at: now) {
            _ = state.handle(.settle(delivery.id, .ack), at: now)
        }
        _ = state.handle(.seek(.time(start + .seconds(1))), at: now)
        #expect(state.counts.replayed == 2)
        #expect(state.counts.acked == 1)
        #expect(state.pull(9, at: now).map(\.positions) == [[2], [3]])
    }

    @Test func `seek to a time replays nothing where acked messages are not retained`() {
        var state = subscription(keys: [[1], [2], [3]]) { _ in }
        let now = start + .seconds(3)
        for delivery in state.pull(9, at: now) {
            _ = state.handle(.settle(delivery.id, .ack), at: now)
        }
        _ = state.handle(.seek(.time(start)), at: now)
        #expect(state.counts.replayed == 0)
        #expect(state.pull(9, at: now).isEmpty)
    }

    @Test func `acked messages can be replayed for the retention and no longer`() {
        var state = subscription(keys: [[1], [2]]) {
            $0.retainsAcked = true
            $0.retention = .seconds(30)
        }
        for delivery in state.pull(9, at: start + .seconds(2)) {
            _ = state.handle(.settle(delivery.id, .ack), at: start + .seconds(2))
        }
        // The first is 30 s old now, the second 29 s.
        let now = start + .seconds(30)
        _ = state.handle(.tick, at: now)
        _ = state.handle(.seek(.time(start)), at: now)
        #expect(state.pull(9, at: now).map(\.positions) == [[2]])
    }

    @Test func `seek to a later time acks what was published before`() {
        var state = subscription(keys: [[1], [2], [3]]) { _ in }
        _ = state.handle(.seek(.time(start + .seconds(2))), at: start + .seconds(3))
        #expect(state.counts.acked == 2)
        #expect(state.pull(9, at: start + .seconds(3)).map(\.positions) == [[3]])
    }

    @Test func `a seek takes deliveries back, and settling them is stale`() {
        var state = subscription(keys: [[1]]) { _ in }
        let delivery = state.pull(1, at: start)[0]
        _ = state.handle(.seek(.time(start)), at: start)
        _ = state.handle(.settle(delivery.id, .ack), at: start)
        #expect(state.counts.staleSettlements == 1)
        #expect(state.counts.backlog == 1)
    }

    @Test func `a seek lets messages begin with their first attempt again`() {
        var state = subscription(keys: [[1]]) { _ in }
        let delivery = state.pull(1, at: start)[0]
        _ = state.handle(.settle(delivery.id, .nack(trouble)), at: start)
        _ = state.handle(.seek(.time(start)), at: start)
        #expect(state.pull(1, at: start).map(\.attempt) == [1])
    }

    @Test func `a snapshot brings back exactly what was unsettled and what came later`() {
        var state = subscription(keys: [[1, 2, 3, 4]]) { $0.retainsAcked = true }
        let delivery = state.pull(2, at: start)[0]
        _ = state.handle(.settle(delivery.id, .ack), at: start)
        let snapshot = state.snapshot(nextPosition: 5)
        let later = Publication(
            batch: shop.views(1),
            firstPosition: 5,
            publishTime: start + .seconds(1)
        )
        _ = state.handle(.publish(later, .range(0..<1)), at: start + .seconds(1))
        for delivery in state.pull(9, at: start + .seconds(1)) {
            _ = state.handle(.settle(delivery.id, .ack), at: start + .seconds(1))
        }
        #expect(state.counts.unsettled == 0)
        _ = state.handle(.seek(.snapshot(snapshot)), at: start + .seconds(2))
        #expect(
            state.pull(9, at: start + .seconds(2)).map(\.positions) == [[3, 4], [5]]
        )
        #expect(state.counts.replayed == 3)
    }

    @Test func `a snapshot taken after a seek to it is the same snapshot`() {
        var state = subscription(keys: [[1, 2], [3]]) { $0.retainsAcked = true }
        let delivery = state.pull(1, at: start + .seconds(1))[0]
        _ = state.handle(.settle(delivery.id, .ack), at: start + .seconds(1))
        let snapshot = state.snapshot(nextPosition: 4)
        for delivery in state.pull(9, at: start + .seconds(1)) {
            _ = state.handle(.settle(delivery.id, .ack), at: start + .seconds(1))
        }
        _ = state.handle(.seek(.snapshot(snapshot)), at: start + .seconds(1))
        #expect(state.snapshot(nextPosition: 4) == snapshot)
    }

    @Test func `what a seek skipped is skipped no more once another has brought it back`() {
        var state = subscription(keys: [[1, 2], [3]]) { $0.retainsAcked = true }
        let delivery = state.pull(2, at: start)[0]
        _ = state.handle(.settle(delivery.id, .ack), at: start)
        let acked = Int64(delivery.count)
        let now = start + .seconds(60)
        _ = state.handle(.seek(.time(now)), at: now)
        #expect(state.counts.stillSkipped == 3 - acked)
        #expect(state.counts.acked == 3)
        _ = state.handle(.seek(.time(start)), at: now)
        #expect(state.counts.stillSkipped == 0)
        #expect(state.counts.skipped == 3 - acked)
        #expect(state.counts.replayed == 3)
        _ = state.handle(.seek(.time(now)), at: now)
        #expect(state.counts.stillSkipped == 3)
    }

    @Test func `shed and filtered messages stay what they are through a seek`() {
        var state = subscription(keys: [[1, 2, 3]]) {
            $0.retainsAcked = true
            $0.whenFull = .shed
            $0.maximumMessages = 2
        }
        _ = state.handle(.seek(.time(start)), at: start)
        #expect(state.counts.shed == 1)
        #expect(state.pull(9, at: start).flatMap(\.positions) == [1, 2])
    }
}
