import Broker
import Collector
import Commerce
import HTTPTypes
import Stages
import TestSupport
import Testing
import Timekeeping

@Suite("Events that are kept by the bytes that wrote them")
struct WrittenEventsTests {
    private static let fields: HTTPFields = [.contentType: "application/cloudevents-batch+json"]
    private static let trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"

    @Test("keys and numbers stay as they were written, and the door's members come last")
    func bytes() async throws {
        try await OpenCollector.run { collector in
            let body =
                #"[ {"data": {"value":1.50, "currency":"USD","items":[]}, "type":"add_to_cart","#
                + #""id":"w\u0031","source":"/web","specversion":"1.0","#
                + #""time":"2026-11-30T12:00:00Z"} ]"#
            let answer = await collector.post("/events", body.utf8, Self.fields)
            #expect(answer.status == 202)
            let line = try #require(collector.journal.lines.last)
            #expect(line.hasPrefix(body.dropFirst(2).dropLast(3)))
            let trace = try #require(answer.fields[named: "traceparent"])
            #expect(line.hasSuffix("\",\"traceparent\":\"\(trace)\"}"))
            let tree = try JSONTree(Array(line.utf8))
            #expect(tree[["recordedtime"]]?.text != nil)
        }
    }

    @Test(
        "a member that the event has is not written twice",
        arguments: [
            (#","traceparent":"\#(trace)""#, "traceparent"),
            (#","recordedtime":"2026-11-30T12:00:01Z""#, "recordedtime"),
            (#","correlationid":"c1""#, "correlationid"), (#","subject":null"#, "recordedtime"),
            (",\n\"sampledrate\":3", "sampledrate"),
        ]
    )
    func members(_ member: String, _ name: String) async throws {
        try await OpenCollector.run { collector in
            let body = "[\(OpenCollector.search("m1", more: member))]"
            let answer = await collector.post("/events", body.utf8, Self.fields)
            #expect(answer.status == 202)
            let line = try #require(collector.journal.lines.last)
            let tree = try JSONTree(Array(line.utf8))
            #expect(tree.members.count { $0.key == name } == 1)
            #expect(tree.members.count { $0.key == "recordedtime" } == 1)
            let hasTrace = tree.members.contains { $0.key == "traceparent" }
            #expect(hasTrace == (name != "correlationid"))
            if name == "traceparent" {
                #expect(answer.fields[named: "traceparent"] == Self.trace)
            }
        }
    }

    /// What becomes of `bodies`: the status and the reason of each, and all messages that are
    /// published.
    private static func outcome(
        of bodies: [[UInt8]],
        conform: ConformRules
    ) async throws -> (answers: [String], events: [String]) {
        try await OpenCollector.run(conform: conform) { collector in
            var answers: [String] = []
            for body in bodies {
                let answer = await collector.post("/events", body, Self.fields)
                answers.append("\(answer.status) \(answer.text)")
            }
            var events: [String] = []
            let subscription = try collector.subscription()
            let now = RealTimeline().now
            for delivery in try await subscription.receive(atMost: 9000, until: now) ?? [] {
                let batch = delivery.batch
                delivery.selection.forEach { place in
                    let (event, items) = (batch.events[place], batch.items)
                    events.append(
                        "\(event.id) \(event.time) \(event.name) \(event.value) "
                            + "\(event.currency) "
                            + "\(batch.symbols.text(of: event.user, in: .user)) "
                            + items[event.itemRange].map { "\($0.price) \($0.quantity)" }
                            .joined(separator: " ")
                    )
                }
                subscription.settle(delivery, .ack)
            }
            return (answers, events)
        }
    }

    @Test("they are answered and published as if each had been read in parts")
    func same() async throws {
        let events = (0..<3).map { number in
            #"{"specversion":"1.0","id":"\#(number)","source":"/web","type":"add_to_cart","#
                + #""time":"2026-11-30T12:00:00Z","data":{"user_id":"u\#(number)","#
                + #""currency":"USD","value":12.5,"items":[{"item_id":"p1","price":12.5}]}}"#
        }
        let body = "[" + events.joined(separator: ",") + "]"
        let bodies = (0..<400 as Range<UInt64>).map { number in
            var chance = Randomness(seed: number)
            return FuzzedBodyTests.mutated(body, &chance)
        }
        var touching = ConformRules()
        touching.names = ["nothing is called so": "search"]
        let whole = try await Self.outcome(of: bodies, conform: ConformRules())
        let parts = try await Self.outcome(of: bodies, conform: touching)
        #expect(whole.answers == parts.answers)
        #expect(whole.events == parts.events)
        #expect(whole.events.count > 10)
    }
}
