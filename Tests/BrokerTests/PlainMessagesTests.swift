import Broker
import TestSupport
import Testing
import Timekeeping

/// The broker over messages that are not events: bytes, attributes and an ordering key.
struct PlainMessagesTests {
    struct Message {
        var bytes: [UInt8]
        var attributes: [String: String] = [:]
        var orderingKey: String?
    }

    final class Messages: MessageBatch {
        let messages: [Message]

        init(_ messages: [Message]) { self.messages = messages }

        var count: Int { messages.count }
        var byteCount: Int { messages.reduce(0) { $0 + $1.bytes.count } }

        func attribute(_ name: String, of place: Int) -> String? {
            messages[place].attributes[name]
        }

        func orderingKey(of place: Int) -> OrderingKey? {
            messages[place].orderingKey.map { key in
                OrderingKey(hash: key.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
            }
        }

        func firstDue(in selection: Selection) -> Timestamp? { nil }

        func countDue(before instant: Timestamp, in selection: Selection) -> Int { 0 }
    }

    private let timeline = VirtualTimeline()
    private let trouble = FailureReason(label: "trouble", detail: "the reader cannot read it")

    private func broker(
        filter: String? = nil,
        _ change: (inout SubscriptionPolicy) -> Void = { _ in }
    ) throws -> InProcessBroker<Messages> {
        var policy = SubscriptionPolicy()
        change(&policy)
        return InProcessBroker(
            topics: ["parcels"],
            firstPosition: 1,
            subscriptions: [
                SubscriptionPlan(
                    name: "depot",
                    topic: "parcels",
                    policy: policy,
                    filter: try filter.map { try AttributeFilter(parsing: $0) }
                )
            ],
            timeline: timeline
        )
    }

    private static func texts(_ deliveries: [Delivery<Messages>]?) -> [String] {
        (deliveries ?? []).flatMap { delivery in
            var texts: [String] = []
            delivery.selection.forEach { place in
                texts.append(String(decoding: delivery.batch.messages[place].bytes, as: UTF8.self))
            }
            return texts
        }
    }

    @Test func `a filter asks for whatever attributes they have`() async throws {
        let broker = try broker(filter: #"attributes."content-type" = "text/plain""#)
        let received = try await timeline.run {
            try await broker.topics[0].publish(
                Messages([
                    Message(bytes: Array("a".utf8), attributes: ["content-type": "text/plain"]),
                    Message(bytes: Array("b".utf8)),
                    Message(bytes: Array("c".utf8), attributes: ["content-type": "text/plain"]),
                ])
            )
            return Self.texts(try await broker.subscriptions[0].receive(atMost: 9, until: nil))
        }
        #expect(received == ["a", "c"])
        #expect(broker.subscriptions[0].counts.filtered == 1)
    }

    @Test func `those of one key wait for each other, those without a key for nothing`()
        async throws
    {
        let broker = try broker { $0.isOrdered = true }
        let (first, second, third) = try await timeline.run {
            try await broker.topics[0].publish(
                Messages([
                    Message(bytes: Array("a1".utf8), orderingKey: "a"),
                    Message(bytes: Array("free1".utf8)),
                    Message(bytes: Array("b1".utf8), orderingKey: "b"),
                ])
            )
            try await broker.topics[0].publish(
                Messages([
                    Message(bytes: Array("a2".utf8), orderingKey: "a"),
                    Message(bytes: Array("free2".utf8)),
                ])
            )
            let depot = broker.subscriptions[0]
            let first = try await depot.receive(atMost: 3, until: nil) ?? []
            let second = try await depot.receive(atMost: 3, until: nil) ?? []
            for delivery in first { depot.settle(delivery, .ack) }
            let third = try await depot.receive(atMost: 3, until: nil) ?? []
            return (Self.texts(first), Self.texts(second), Self.texts(third))
        }
        #expect(first == ["a1", "free1", "b1"])
        #expect(second == ["free2"])
        #expect(third == ["a2"])
    }

    @Test func `bytes are the flow-control budget, and what fails becomes a dead letter`()
        async throws
    {
        let broker = try broker {
            $0.whenFull = .shed
            $0.maximumBytes = 8
            $0.maximumAttempts = 1
        }
        let letters = try await timeline.run {
            let depot = broker.subscriptions[0]
            try await broker.topics[0].publish(
                Messages((0..<3).map { _ in Message(bytes: [1, 2, 3, 4]) })
            )
            for delivery in try await depot.receive(atMost: 9, until: nil) ?? [] {
                depot.settle(
                    delivery,
                    .ackExcept([.init(place: 1, reason: trouble, isPermanent: false)])
                )
            }
            return try await broker.givenUp(atMost: 9)?.letters ?? []
        }
        #expect(letters.map(\.place) == [1])
        #expect(letters.first?.publication.batch.messages[1].bytes == [1, 2, 3, 4])
        let counts = broker.subscriptions[0].counts
        #expect(counts.shed == 1)
        #expect(counts.acked == 1)
        #expect(counts.deadLettered == 1)
        #expect(counts.isConserved)
    }
}
