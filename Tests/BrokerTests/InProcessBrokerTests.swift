import Broker
import Commerce
import TestSupport
import Testing
import Timekeeping

/// The broker of one process, in virtual time.
struct InProcessBrokerTests {
    private let shop = Shop()
    private let timeline = VirtualTimeline()
    private let trouble = FailureReason(label: "trouble", detail: "the sink is away")

    private func broker(
        filter: AttributeFilter? = nil,
        _ change: (inout SubscriptionPolicy) -> Void = { _ in }
    ) throws -> (
        broker: InProcessBroker<Batch>, topic: InProcessTopic<Batch>,
        ingest: InProcessSubscription<Batch>
    ) {
        var policy = SubscriptionPolicy()
        change(&policy)
        let broker = InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 1,
            subscriptions: [
                .init(name: "ingest", topic: "events", policy: policy, filter: filter)
            ],
            timeline: timeline
        )
        return (broker, try #require(broker.topics.first), try #require(broker.subscriptions.first))
    }

    @Test func `topics and subscriptions are found by their names`() throws {
        let broker = try broker().broker
        #expect(broker.topic("events")?.name == "events")
        #expect(broker.subscription("ingest")?.name == "ingest")
        #expect(broker.topic("ingest") == nil)
        #expect(broker.subscription("events") == nil)
    }

    @Test func `positions go on from the first one that the topic was given`() async throws {
        let (shop, timeline) = (shop, timeline)
        let broker = InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 41,
            subscriptions: [.init(name: "ingest", topic: "events", policy: .init())],
            timeline: timeline
        )
        let topic = try #require(broker.topics.first)
        let positions = try await timeline.run {
            try await topic.publish(shop.views(2))
            try await topic.publish(shop.views(2, from: 3))
            return try await broker.subscriptions[0].receive(atMost: 9, until: nil)?
                .map(\.positions)
        }
        #expect(positions == [[41, 42], [43, 44]])
        #expect(topic.nextPosition == 45)
        #expect(topic.published.messages == 4)
    }

    @Test func `a publisher waits while the subscription is full and goes on at once then`()
        async throws
    {
        let (shop, timeline) = (shop, timeline)
        let (_, topic, ingest) = try broker { $0.maximumMessages = 4 }
        let published = try await timeline.run {
            try await topic.publish(shop.views(4))
            async let blocked: Void = topic.publish(shop.views(4, from: 5))
            try await timeline.sleep(until: Shop.epoch + .seconds(1))
            let before = topic.published.messages
            let deliveries = try await ingest.receive(atMost: 9, until: nil) ?? []
            ingest.ack(deliveries)
            try await blocked
            #expect(timeline.now == Shop.epoch + .seconds(1))
            return (before: before, after: topic.published.messages)
        }
        #expect(published.before == 4)
        #expect(published.after == 8)
    }

    @Test func `a publisher goes on when retention makes room though nobody receives`() async throws
    {
        let (shop, timeline) = (shop, timeline)
        let (_, topic, ingest) = try broker {
            $0.maximumMessages = 4
            $0.retention = .seconds(30)
        }
        try await timeline.run {
            try await topic.publish(shop.views(4))
            try await topic.publish(shop.views(4, from: 5))
        }
        #expect(timeline.now == Shop.epoch + .seconds(30))
        #expect(ingest.counts.expired == 4)
        #expect(ingest.counts.backlog == 4)
    }

    @Test func `nobody waits for a subscription that sheds`() async throws {
        let (shop, timeline) = (shop, timeline)
        let (_, topic, ingest) = try broker {
            $0.maximumMessages = 3
            $0.whenFull = .shed
        }
        try await timeline.run {
            for first in stride(from: 1, to: 10, by: 2) {
                try await topic.publish(shop.views(2, from: first))
            }
        }
        #expect(ingest.counts.published == 10)
        #expect(ingest.counts.shed == 7)
        #expect(ingest.counts.isConserved)
    }

    @Test func `a publisher that is cancelled while it waits for room published nothing`()
        async throws
    {
        let (shop, timeline) = (shop, timeline)
        let (_, topic, ingest) = try broker { $0.maximumMessages = 4 }
        let wasCancelled = try await timeline.run {
            try await topic.publish(shop.views(4))
            return await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    do {
                        try await topic.publish(shop.views(1, from: 5))
                        return false
                    } catch {
                        return true
                    }
                }
                try? await timeline.sleep(until: Shop.epoch + .seconds(1))
                group.cancelAll()
                return await group.next() == true
            }
        }
        #expect(wasCancelled)
        #expect(topic.published.messages == 4)
        #expect(topic.nextPosition == 5)
        #expect(ingest.counts.published == 4)
    }

    @Test func `one full subscription keeps a batch from all of them`() async throws {
        let (shop, timeline) = (shop, timeline)
        var narrow = SubscriptionPolicy()
        narrow.maximumMessages = 1
        let broker = InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 1,
            subscriptions: [
                .init(name: "wide", topic: "events", policy: .init()),
                .init(name: "narrow", topic: "events", policy: narrow),
            ],
            timeline: timeline
        )
        let published = try await timeline.run {
            try await broker.topics[0].publish(shop.views(1))
            async let blocked: Void = broker.topics[0].publish(shop.views(1, from: 2))
            try await timeline.sleep(until: Shop.epoch + .seconds(1))
            let published = broker.subscriptions.map(\.counts.published)
            let narrow = broker.subscriptions[1]
            narrow.ack(try await narrow.receive(atMost: 1, until: nil))
            try await blocked
            return published
        }
        #expect(published == [1, 1])
        #expect(broker.subscriptions.map(\.counts.published) == [2, 2])
    }

    @Test func `a filter lets pass what it asks for and the rest is counted`() async throws {
        let (shop, timeline) = (shop, timeline)
        let filter = try AttributeFilter(parsing: #"attributes.type = "purchase""#)
        let (_, topic, ingest) = try broker(filter: filter)
        let batch = shop.batch([shop.event(1), shop.event(2, .purchase), shop.event(3)])
        let positions = try await timeline.run {
            try await topic.publish(batch)
            return try await ingest.receive(atMost: 9, until: nil)?.map(\.positions)
        }
        #expect(positions == [[2]])
        #expect(ingest.counts.filtered == 2)
        #expect(ingest.counts.isConserved)
    }

    @Test func `a receive with nothing to give ends at its deadline with an empty list`()
        async throws
    {
        let timeline = timeline
        let ingest = try broker().ingest
        let deliveries = try await timeline.run {
            try await ingest.receive(atMost: 9, until: Shop.epoch + .milliseconds(250))
        }
        #expect(deliveries?.isEmpty == true)
        #expect(timeline.now == Shop.epoch + .milliseconds(250))
    }

    @Test func `a receive ends at once where all of a closed topic is in hand`() async throws {
        let (shop, timeline, trouble) = (shop, timeline, trouble)
        let (_, topic, ingest) = try broker { $0.minimumBackoff = .seconds(3) }
        let later = Shop.epoch + .seconds(20)
        try await timeline.run {
            try await topic.publish(shop.views(2))
            let first = try await ingest.receive(atMost: 1, until: later) ?? []
            topic.close()
            // The second message is not delivered yet, and then all is.
            let second = try await ingest.receive(atMost: 1, until: later) ?? []
            #expect(second.count == 1)
            #expect(try await ingest.receive(atMost: 1, until: later)?.isEmpty == true)
            #expect(timeline.now == Shop.epoch)
            // What waits for its retry is waited for.
            ingest.settle(first[0], .nack(trouble))
            let again = try await ingest.receive(atMost: 1, until: later) ?? []
            #expect(again.map(\.attempt) == [2])
            #expect(timeline.now == Shop.epoch + .seconds(3))
            (again + second).forEach { ingest.settle($0, .ack) }
            #expect(try await ingest.receive(atMost: 1, until: later) == nil)
        }
    }

    @Test func `a receiver wakes for the retry of what it nacked`() async throws {
        let (shop, timeline, trouble) = (shop, timeline, trouble)
        let (_, topic, ingest) = try broker { $0.minimumBackoff = .seconds(3) }
        let attempts = try await timeline.run {
            try await topic.publish(shop.views(1))
            let first = try await ingest.receive(atMost: 9, until: nil) ?? []
            ingest.settle(first[0], .nack(trouble))
            let second = try await ingest.receive(atMost: 9, until: nil) ?? []
            return (first + second).map(\.attempt)
        }
        #expect(attempts == [1, 2])
        #expect(timeline.now == Shop.epoch + .seconds(3))
    }

    @Test func `another worker takes over what one did not settle in time`() async throws {
        let (shop, timeline) = (shop, timeline)
        let (_, topic, ingest) = try broker { $0.ackDeadline = .seconds(10) }
        let takenOver = try await timeline.run {
            async let second = {
                try await timeline.sleep(until: Shop.epoch + .seconds(1))
                return try await ingest.receive(atMost: 9, until: nil)
            }()
            try await topic.publish(shop.views(1))
            _ = try await ingest.receive(atMost: 9, until: nil)
            return try await second
        }
        #expect(takenOver?.map(\.attempt) == [2])
        #expect(timeline.now == Shop.epoch + .seconds(10) + .milliseconds(100))
    }

    @Test func `closing the topic ends receivers once everything is settled`() async throws {
        let (shop, timeline) = (shop, timeline)
        let (_, topic, ingest) = try broker()
        let ends = try await timeline.run {
            async let idle = ingest.receive(atMost: 1, until: nil)
            try await topic.publish(shop.views(2))
            topic.close()
            let last = try await ingest.receive(atMost: 1, until: nil) ?? []
            try await timeline.sleep(until: Shop.epoch + .seconds(5))
            ingest.ack(last)
            ingest.ack(try await idle)
            return try await ingest.receive(atMost: 1, until: nil) == nil
        }
        #expect(ends)
        #expect(ingest.counts.acked == 2)
    }

    @Test func `a dead letter of the last message ends the receivers too`() async throws {
        let (shop, timeline, trouble) = (shop, timeline, trouble)
        let (broker, topic, ingest) = try broker { $0.maximumAttempts = 1 }
        let (ended, letters) = try await timeline.run {
            try await topic.publish(shop.views(1))
            topic.close()
            let delivery = try await ingest.receive(atMost: 1, until: nil) ?? []
            async let other = ingest.receive(atMost: 1, until: nil)
            try await timeline.sleep(until: Shop.epoch + .seconds(1))
            ingest.settle(delivery[0], .nack(trouble))
            let ended = try await other == nil
            return (ended, try await broker.givenUp(atMost: 9)?.letters ?? [])
        }
        #expect(ended)
        #expect(letters.map(\.subscription) == ["ingest"])
        #expect(letters.map(\.reason) == [trouble])
    }

    @Test func `dead letters wait for a reader, come in order, and end when they are closed`()
        async throws
    {
        let (shop, timeline, trouble) = (shop, timeline, trouble)
        let (broker, topic, ingest) = try broker { $0.maximumAttempts = 1 }
        let taken = try await timeline.run {
            async let reader = {
                var taken: [[Int]] = []
                while let letters = try await broker.givenUp(atMost: 2)?.letters {
                    taken.append(letters.map(\.place))
                }
                return taken
            }()
            try await topic.publish(shop.views(3))
            try await timeline.sleep(until: Shop.epoch + .seconds(1))
            for delivery in try await ingest.receive(atMost: 3, until: nil) ?? [] {
                ingest.settle(delivery, .nack(trouble))
            }
            broker.closeGivenUp()
            return try await reader
        }
        #expect(taken.flatMap(\.self) == [0, 1, 2])
        #expect(taken.allSatisfy { $0.count <= 2 })
    }

    @Test func `a seek wakes receivers for what it brings back`() async throws {
        let (shop, timeline) = (shop, timeline)
        let (_, topic, ingest) = try broker { $0.retainsAcked = true }
        let positions = try await timeline.run {
            try await topic.publish(shop.views(2))
            ingest.ack(try await ingest.receive(atMost: 9, until: nil))
            async let again = ingest.receive(atMost: 9, until: nil)
            try await timeline.sleep(until: Shop.epoch + .seconds(1))
            ingest.seek(to: .time(Shop.epoch))
            return try await again?.map(\.positions)
        }
        #expect(positions == [[1, 2]])
    }
}

extension InProcessSubscription<Batch> {
    /// Acks all of `deliveries`.
    fileprivate func ack(_ deliveries: [Delivery<Batch>]?) {
        for delivery in deliveries ?? [] {
            settle(delivery, .ack)
        }
    }
}
