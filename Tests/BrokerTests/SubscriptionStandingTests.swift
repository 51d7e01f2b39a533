import Broker
import Commerce
import TestSupport
import Testing
import Timekeeping

/// Where a subscription says that its messages are.
struct SubscriptionStandingTests {
    private let shop = Shop()
    private let start = Shop.epoch
    private let trouble = FailureReason(label: "trouble", detail: "the sink is away")

    private func subscription(
        _ change: (inout SubscriptionPolicy) -> Void = { _ in }
    ) -> DeliveryState<Batch> {
        var policy = SubscriptionPolicy()
        policy.minimumBackoff = .seconds(4)
        change(&policy)
        return DeliveryState<Batch>(name: "orders", policy: policy)
    }

    private func publish(_ batch: Batch, at position: Int64, to state: inout DeliveryState<Batch>) {
        let publication = Publication(batch: batch, firstPosition: position, publishTime: start)
        _ = state.handle(.publish(publication, .range(0..<batch.count)), at: start)
    }

    private func pull(_ count: Int, from state: inout DeliveryState<Batch>) -> [Delivery<Batch>] {
        state.handle(.pull(count), at: start).compactMap { action in
            if case .deliver(let delivery) = action { delivery } else { nil }
        }
    }

    @Test func `the backlog counts what is delivered before`() {
        var state = subscription()
        publish(shop.views(4), at: 1, to: &state)
        publish(shop.views(4, from: 5), at: 5, to: &state)
        _ = pull(2, from: &state)
        let standing = state.standing(at: start)
        #expect(standing.run(of: 7)?.place == .backlog)
        #expect(standing.countAhead(of: 3) == 0)
        #expect(standing.countAhead(of: 7) == 4)
        #expect(standing.run(of: 9) == nil)
    }

    @Test func `a delivery is told with its deadline and how often that was extended`() throws {
        var state = subscription { $0.ackDeadline = .seconds(10) }
        publish(shop.views(1), at: 1, to: &state)
        let delivery = try #require(pull(1, from: &state).first)
        for second in 1...3 {
            _ = state.handle(.extend(delivery.id), at: start + .seconds(second))
        }
        let place = state.standing(at: start + .seconds(4)).run(of: 1)?.place
        let deadline = start + .seconds(13)
        #expect(
            place == .inFlight(delivery.id, since: start, deadline: deadline, extensions: 3)
        )
    }

    @Test func `a message that failed is told with why, and when it comes again`() throws {
        var state = subscription()
        publish(shop.views(2), at: 1, to: &state)
        let delivery = try #require(pull(2, from: &state).first)
        let failure = Settlement.Failure(place: 1, reason: trouble, isPermanent: false)
        _ = state.handle(.settle(delivery.id, .ackExcept([failure])), at: start + .seconds(1))
        let run = try #require(state.standing(at: start + .seconds(2)).run(of: 2))
        #expect(run.place == .waiting(until: start + .seconds(5)))
        #expect(run.failures == 1)
        #expect(run.failure?.reasons[1] == trouble)
        #expect(run.failure?.first == start + .seconds(1))
    }

    @Test func `what is held back names the message of its key that is under way`() throws {
        var state = subscription { $0.isOrdered = true }
        let events = [1, 2, 1, 1].enumerated().map { place, key in
            var event = shop.event(place + 1)
            event.subject = Symbol(number: UInt64(key))
            return event
        }
        publish(shop.batch(events), at: 1, to: &state)
        _ = pull(2, from: &state)
        let standing = state.standing(at: start)
        // Still in the backlog, and not to be delivered all the same.
        let run = try #require(standing.run(of: 3))
        #expect(standing.blocker(of: 2, in: run)?.position == 1)
        _ = pull(2, from: &state)
        let later = state.standing(at: start)
        let held = try #require(later.run(of: 4))
        #expect(held.place == .held)
        #expect(later.blocker(of: 3, in: held)?.position == 1)
        let second = try #require(later.run(of: 2))
        #expect(later.blocker(of: 1, in: second) == nil)
    }

    @Test func `ends that are no first ack are remembered, the last ones`() throws {
        var state = subscription {
            $0.maximumAttempts = 2
            $0.minimumBackoff = .zero
        }
        publish(shop.views(2), at: 1, to: &state)
        for _ in 1...2 {
            let delivery = try #require(pull(2, from: &state).first)
            let failure = Settlement.Failure(place: 0, reason: trouble, isPermanent: false)
            _ = state.handle(.settle(delivery.id, .ackExcept([failure])), at: start)
        }
        let standing = state.standing(at: start)
        let (end, place) = try #require(standing.exceptions.last(of: 1))
        #expect(end.state == .deadLettered)
        #expect(end.failures == 2)
        #expect(end.failure?.reasons[place] == trouble)
        #expect(standing.exceptions.last(of: 2) == nil)
        #expect(standing.exceptions.completeFrom == .min)
        for position in 0..<5000 {
            publish(shop.views(1), at: Int64(10 + position), to: &state)
            let delivery = try #require(pull(1, from: &state).first)
            _ = state.handle(.settle(delivery.id, .nack(trouble)), at: start)
            let again = try #require(pull(1, from: &state).first)
            _ = state.handle(.settle(again.id, .ack), at: start)
        }
        let later = state.standing(at: start)
        #expect(later.exceptions.last(of: 1) == nil)
        #expect(later.exceptions.completeFrom > 2)
        #expect(later.exceptions.last(of: 5009)?.end.state == .acked)
    }

    @Test func `a publisher that waits is told with the subscription that is full`() async throws {
        let (shop, timeline) = (shop, VirtualTimeline())
        var policy = SubscriptionPolicy()
        policy.maximumMessages = 2
        let broker = InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 1,
            subscriptions: [
                .init(name: "ingest", topic: "events", policy: policy),
                .init(name: "other", topic: "events", policy: .init()),
            ],
            timeline: timeline
        )
        let topic = broker.topics[0]
        try await timeline.run {
            try await topic.publish(shop.views(2))
            async let blocked: Void = topic.publish(shop.views(2, from: 3))
            try await timeline.sleep(until: Shop.epoch + .seconds(5))
            let waiting = topic.waiting
            #expect(waiting.map(\.subscription) == ["ingest"])
            #expect(waiting.map(\.since) == [Shop.epoch])
            #expect(waiting.map(\.batch.count) == [2])
            let ingest = broker.subscriptions[0]
            for delivery in try await ingest.receive(atMost: 9, until: nil) ?? [] {
                ingest.settle(delivery, .ack)
            }
            try await blocked
            #expect(topic.waiting.isEmpty)
        }
    }

    @Test func `a publisher that gives up waiting is forgotten`() async throws {
        let (shop, timeline) = (shop, VirtualTimeline())
        var policy = SubscriptionPolicy()
        policy.maximumMessages = 2
        let broker = InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 1,
            subscriptions: [.init(name: "ingest", topic: "events", policy: policy)],
            timeline: timeline
        )
        let topic = broker.topics[0]
        try await timeline.run {
            try await topic.publish(shop.views(2))
            await withTaskGroup { group in
                group.addTask { try? await topic.publish(shop.views(2, from: 3)) }
                try? await timeline.sleep(until: Shop.epoch + .seconds(5))
                #expect(topic.waiting.count == 1)
                group.cancelAll()
            }
            #expect(topic.waiting.isEmpty)
        }
    }
}
