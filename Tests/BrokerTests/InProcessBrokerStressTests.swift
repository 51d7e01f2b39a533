import Broker
import Commerce
import Synchronization
import TestSupport
import Testing
import Timekeeping

/// Many publishers and workers at once: a lost wake-up would leave them waiting for ever.
struct InProcessBrokerStressTests {
    private static let publishers = 3
    private static let workers = 3
    private static let batches = 40

    /// Which positions each subscription acked, and how often.
    private final class Tally: Sendable {
        private let acks = Mutex<[String: [Int64: Int]]>([:])

        func count(_ delivery: Delivery<Batch>, of subscription: String) {
            acks.withLock { acks in
                for position in delivery.positions {
                    acks[subscription, default: [:]][position, default: 0] += 1
                }
            }
        }

        subscript(subscription: String) -> [Int64: Int] {
            acks.withLock { $0[subscription] ?? [:] }
        }
    }

    private func broker(_ timeline: any Timeline, isOrdered: Bool) -> InProcessBroker<Batch> {
        var policy = SubscriptionPolicy()
        // So narrow that publishers wait most of the time.
        policy.maximumMessages = 12
        policy.minimumBackoff = .zero
        policy.maximumAttempts = nil
        policy.isOrdered = isOrdered
        var other = policy
        other.maximumMessages = 7
        return InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 1,
            subscriptions: [
                .init(name: "ingest", topic: "events", policy: policy),
                .init(name: "analytics", topic: "events", policy: other),
            ],
            timeline: timeline
        )
    }

    /// Publishes and receives until everything is settled; gives the number of messages.
    private static func run(
        _ broker: InProcessBroker<Batch>,
        seed: UInt64,
        _ tally: Tally
    ) async throws
        -> Int64
    {
        let topic = broker.topics[0]
        try await withThrowingTaskGroup { group in
            for subscription in broker.subscriptions {
                for worker in 0..<workers {
                    let seed = seed &* 31 &+ UInt64(worker)
                    group.addTask { try await work(subscription, seed, tally) }
                }
            }
            try await withThrowingTaskGroup { producers in
                for publisher in 0..<publishers {
                    let seed = seed &* 17 &+ UInt64(publisher)
                    producers.addTask { try await publish(to: topic, seed) }
                }
                try await producers.waitForAll()
            }
            topic.close()
            try await group.waitForAll()
        }
        return topic.published.messages
    }

    private static func publish(to topic: InProcessTopic<Batch>, _ seed: UInt64) async throws {
        let shop = Shop()
        var random = Randomness(seed: seed)
        for batch in 0..<batches {
            // Now and then larger than the subscriptions' limits.
            let events = (0..<Int(random.below(9)) + 1).map { place in
                var event = shop.event(batch * 10 + place)
                event.subject = Symbol(number: random.below(5) + 1)
                return event
            }
            try await topic.publish(shop.batch(events))
        }
    }

    private static func work(
        _ subscription: InProcessSubscription<Batch>,
        _ seed: UInt64,
        _ tally: Tally
    ) async throws {
        var random = Randomness(seed: seed)
        let reason = FailureReason(label: "drawn", detail: "by lot")
        while let deliveries = try await subscription.receive(
            atMost: Int(random.below(8)) + 1,
            until: nil
        ) {
            for delivery in deliveries {
                await Task.yield()
                if random.below(4) == 0 {
                    subscription.settle(delivery, .nack(reason))
                } else {
                    tally.count(delivery, of: subscription.name)
                    subscription.settle(delivery, .ack)
                }
            }
        }
    }

    private func check(_ broker: InProcessBroker<Batch>, _ tally: Tally, _ published: Int64) {
        for subscription in broker.subscriptions {
            let counts = subscription.counts
            #expect(counts.isConserved)
            #expect(counts.published == published)
            #expect(counts.acked == published)
            #expect(counts.delivered == counts.acked + counts.nacked)
            // Nothing is acked twice: no deadline expired, and nobody has a message twice.
            #expect(tally[subscription.name].count == Int(published))
            #expect(tally[subscription.name].values.allSatisfy { $0 == 1 })
        }
    }

    @Test(.timeLimit(.minutes(20)), arguments: [false, true])
    func `everything arrives with real concurrency`(isOrdered: Bool) async throws {
        for seed in 1...5 as ClosedRange<UInt64> {
            let broker = broker(RealTimeline(), isOrdered: isOrdered)
            let tally = Tally()
            let published = try await Self.run(broker, seed: seed, tally)
            check(broker, tally, published)
        }
    }

    @Test(arguments: [false, true])
    func `everything arrives in many drawn interleavings`(isOrdered: Bool) async throws {
        for seed in 1...10 as ClosedRange<UInt64> {
            let timeline = VirtualTimeline()
            let broker = broker(timeline, isOrdered: isOrdered)
            let tally = Tally()
            let published = try await timeline.run(seed: seed) {
                try await Self.run(broker, seed: seed, tally)
            }
            check(broker, tally, published)
        }
    }
}
