import Broker
import Commerce
import Foundation
import HTTPServing
import PubSubServer
import Stages
import TestSupport
import Testing
import Timekeeping

/// A pipeline of one stage that is a program of its own, over the API.
struct PubSubResponderTests {
    private let broker: InProcessBroker<Batch>
    private let stage: ExternalStage
    private let meter = StageMeter(name: "mailer")
    private let responder: PubSubResponder

    init() throws {
        var policy = SubscriptionPolicy()
        policy.minimumBackoff = .milliseconds(1)
        policy.maximumBackoff = .milliseconds(5)
        let timeline = RealTimeline()
        broker = InProcessBroker<Batch>(
            topics: ["events", "mails"],
            firstPosition: 1,
            subscriptions: [
                SubscriptionPlan(name: "mailer", topic: "events", policy: policy),
                SubscriptionPlan(name: "others", topic: "mails", policy: policy),
            ],
            timeline: timeline
        )
        stage = ExternalStage(
            subscription: try #require(broker.subscription("mailer")),
            topic: broker.topic("mails"),
            stream: "/test/mailer",
            began: timeline.now,
            symbols: SymbolTable(),
            events: EventDeclarations(),
            patience: .milliseconds(50),
            meter: meter,
            timeline: timeline
        )
        let door = PubSubResponder.Door()
        door.occupant = [stage]
        responder = PubSubResponder(
            topics: ["events", "mails"],
            subscriptions: ["mailer", "others"],
            door: door,
            timeline: timeline
        )
    }

    private var counts: SubscriptionCounts { get throws { try subscription("mailer").counts } }

    private func subscription(_ name: String) throws -> InProcessSubscription<Batch> {
        try #require(broker.subscriptions.first { $0.name == name })
    }

    private struct Pulled: Decodable {
        struct Received: Decodable {
            struct Message: Decodable {
                var data: Data
                var attributes: [String: String]
                var messageId: String
            }

            var ackId: String
            var message: Message
            var deliveryAttempt: Int
        }

        var receivedMessages: [Received]?
    }

    private func ask(_ path: String, _ body: String) async -> PubSubAnswer {
        await responder.answer(
            method: "POST",
            path: "/v1/projects/weir/\(path)",
            body: Array(body.utf8)
        )
    }

    private func pull(_ limit: Int = 100) async throws -> [Pulled.Received] {
        let answer = await ask(
            "subscriptions/mailer:pull",
            #"{"maxMessages": \#(limit), "returnImmediately": true}"#
        )
        #expect(answer.status == 200)
        let pulled = try JSONDecoder().decode(Pulled.self, from: Data(answer.body.utf8))
        return pulled.receivedMessages ?? []
    }

    private func settle(_ verb: String, _ messages: [Pulled.Received], _ more: String = "") async {
        let ids = messages.map { "\"\($0.ackId)\"" }.joined(separator: ",")
        let answer = await ask("subscriptions/mailer:\(verb)", "{\"ackIds\":[\(ids)]\(more)}")
        #expect(answer.status == 200)
        #expect(answer.body == "{}")
    }

    private func publish(_ count: Int) async throws {
        try await broker.topic("events")?.publish(Shop().views(count))
    }

    @Test func `messages are handed out one by one, and each is settled alone`() async throws {
        try await publish(10)
        let first = try await pull(4)
        #expect(first.count == 4)
        #expect(Set(first.map(\.ackId)).count == 4)
        await settle("acknowledge", Array(first[..<3]))
        await settle("modifyAckDeadline", Array(first[3...]))
        #expect(try counts.acked == 3)
        #expect(try counts.nacked == 1)
        try await Task.sleep(for: .milliseconds(20))
        let rest = try await pull()
        #expect(rest.count == 7)
        let again = try #require(rest.first { $0.deliveryAttempt == 2 })
        #expect(again.message.messageId == first[3].message.messageId)
        #expect(again.ackId != first[3].ackId)
        // What it was handed out under before settles nothing any more.
        await settle("acknowledge", Array(first[3...]))
        #expect(try counts.acked == 3)
        await settle("acknowledge", rest)
        #expect(try counts.acked == 10)
        #expect(try counts.isConserved)
        #expect(meter.total.processed == 10)
        #expect(meter.jobCounts.all == 11)
    }

    @Test func `a message is the event, with its trace beside it`() async throws {
        try await publish(1)
        let message = try #require(try await pull().first?.message)
        let event = try JSONTree(body: Array(message.data))
        #expect(event["specversion"]?.text == "1.0")
        #expect(event["id"]?.text == message.messageId)
        #expect(event["traceparent"]?.text == message.attributes["traceparent"])
        #expect(message.attributes["type"] == "view_item")
    }

    @Test func `a deadline is set for one message, and passes`() async throws {
        try await publish(1)
        let held = try await pull()
        await settle("modifyAckDeadline", held, #","ackDeadlineSeconds":1"#)
        let early = try await pull()
        #expect(early.isEmpty)
        try await Task.sleep(for: .milliseconds(1100))
        // The deadline is noticed, and the message is due after its backoff.
        _ = try await pull()
        try await Task.sleep(for: .milliseconds(20))
        let again = try await pull()
        #expect(again.map(\.deliveryAttempt) == [2])
        #expect(try counts.expiredDeadlines == 1)
    }

    @Test func `a message that is given back five times is a dead letter`() async throws {
        try await publish(1)
        while try counts.deadLettered == 0 {
            let held = try await pull()
            if !held.isEmpty { await settle("modifyAckDeadline", held) }
            try await Task.sleep(for: .milliseconds(2))
        }
        let letter = try #require(try await broker.givenUp(atMost: 10)?.letters.first)
        #expect(letter.attempts == 5)
        #expect(letter.reason.label == "given-back")
    }

    private func message(_ id: String, _ traceparent: String? = nil) -> String {
        let event =
            #"{"specversion":"1.0","id":"\#(id)","source":"/mailer","type":"search","#
            + #""time":"2026-01-01T12:00:00Z","data":{"search_term":"shoes"}}"#
        let data = Data(event.utf8).base64EncodedString()
        let attributes = traceparent.map { #","attributes":{"traceparent":"\#($0)"}"# } ?? ""
        return #"{"data":"\#(data)"\#(attributes)}"#
    }

    @Test func `what is published is an event of the topic, of the trace beside it`() async throws {
        let parent = "00-\(String(repeating: "a", count: 32))-bbbbbbbbbbbbbbbb-01"
        let answer = await ask(
            "topics/mails:publish",
            "{\"messages\":[\(message("e1", parent)),\(message("e2"))]}"
        )
        #expect(answer.status == 200)
        #expect(answer.body == #"{"messageIds":["e1","e2"]}"#)
        let deliveries = try await subscription("others").receive(atMost: 10, until: nil) ?? []
        let batch = try #require(deliveries.first?.batch)
        #expect(batch.count == 2)
        let kept = try #require(batch.originalJSON(of: 0))
        #expect(ForeignAttributes(json: kept).traceparent == parent)
    }

    @Test func `where one message is no event, nothing is published`() async throws {
        let wrong = #"{"data":"\#(Data(#"{"id":1}"#.utf8).base64EncodedString())"}"#
        let answer = await ask(
            "topics/mails:publish",
            "{\"messages\":[\(message("e1")),\(wrong)]}"
        )
        #expect(answer.status == 400)
        #expect(answer.body.contains("messages[1].data: no event of the pipeline"))
        #expect(try subscription("others").counts.published == 0)
    }

    @Test func `nothing is published to a topic that is closed`() async throws {
        broker.topic("events")?.close()
        try await stage.run()
        broker.topic("mails")?.close()
        let answer = await ask("topics/mails:publish", "{\"messages\":[\(message("e1"))]}")
        #expect(answer.status == 400)
        #expect(answer.body.contains("FAILED_PRECONDITION"))
    }

    @Test(
        arguments: [
            ("subscriptions/nobody:pull", #"{"maxMessages":1}"#, "404", "NOT_FOUND"),
            ("subscriptions/others:pull", #"{"maxMessages":1}"#, "400", "FAILED_PRECONDITION"),
            ("subscriptions/mailer:pull", "", "400", "INVALID_ARGUMENT"),
            ("subscriptions/mailer:pull", #"{"maxMessages":0}"#, "400", "INVALID_ARGUMENT"),
            ("subscriptions/mailer:pull", #"{"maxMessage":1}"#, "400", "INVALID_ARGUMENT"),
            ("subscriptions/mailer:pull", "{", "400", "INVALID_ARGUMENT"),
            ("subscriptions/mailer:acknowledge", "{}", "400", "INVALID_ARGUMENT"),
            ("subscriptions/mailer:acknowledge", #"{"ackIds":["x"]}"#, "400", "INVALID_ARGUMENT"),
            ("subscriptions/mailer:acknowledge", #"{"ackIds":[1]}"#, "400", "INVALID_ARGUMENT"),
            (
                "subscriptions/mailer:modifyAckDeadline",
                #"{"ackIds":["mailer:0:1"],"ackDeadlineSeconds":601}"#, "400", "INVALID_ARGUMENT"
            ),
            ("subscriptions/mailer:seek", "{}", "501", "UNIMPLEMENTED"),
            ("subscriptions/mailer", "{}", "501", "UNIMPLEMENTED"),
            ("topics/nothing:publish", "{}", "404", "NOT_FOUND"),
            ("topics/events:publish", "{}", "400", "FAILED_PRECONDITION"),
            ("topics/mails:publish", "{}", "400", "INVALID_ARGUMENT"),
            (
                "topics/mails:publish", #"{"messages":[{"data":"%%%"}]}"#, "400",
                "INVALID_ARGUMENT"
            ),
            ("topics/mails:pull", "{}", "501", "UNIMPLEMENTED"),
            ("snapshots/s", "{}", "404", "NOT_FOUND"),
        ]
    )
    func `what is wrong has the code of the real service`(
        path: String,
        body: String,
        code: String,
        status: String
    ) async {
        let answer = await ask(path, body)
        #expect(String(answer.status) == code, "\(answer.body)")
        #expect(answer.body.contains("\"status\":\"\(status)\""), "\(answer.body)")
    }

    @Test func `before the run begins it is unavailable`() async {
        let early = PubSubResponder(
            topics: ["events"],
            subscriptions: ["mailer"],
            door: PubSubResponder.Door(),
            timeline: RealTimeline()
        )
        let answer = await early.answer(
            method: "POST",
            path: "/v1/projects/p/subscriptions/mailer:pull",
            body: Array(#"{"maxMessages":1}"#.utf8)
        )
        #expect(answer.status == 503)
    }

    @Test func `bodies of chance are answered, and change nothing`() async throws {
        let bodies = [
            #"{"maxMessages":1}"#, #"{"ackIds":["mailer:0:1"],"ackDeadlineSeconds":5}"#,
            "{\"messages\":[\(message("e1"))]}",
        ]
        let paths = [
            "subscriptions/mailer:acknowledge", "subscriptions/mailer:modifyAckDeadline",
            "topics/mails:publish",
        ]
        var chance = SystemRandomNumberGenerator()
        for round in 0..<3000 {
            var bytes = Array(bodies[round % 3].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &chance) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &chance)
                if Bool.random(using: &chance) {
                    bytes[place] = UInt8.random(in: 0...255, using: &chance)
                } else {
                    bytes.remove(at: place)
                }
            }
            let answer = await responder.answer(
                method: "POST",
                path: "/v1/projects/weir/\(paths[round % 3])",
                body: bytes
            )
            #expect([200, 400].contains(answer.status))
        }
        #expect(try counts.isConserved)
    }

    @Test func `programs that lose messages lose none for good`() async throws {
        try await publish(500)
        broker.topic("events")?.close()
        try await withThrowingTaskGroup { group in
            group.addTask { [stage] in try await stage.run() }
            for program in 0..<4 {
                group.addTask {
                    var chance = SplitMix64(state: UInt64(program))
                    while try counts.unsettled > 0 {
                        let held = try await pull(20)
                        let sound = held.filter { _ in chance.next() % 8 != 0 }
                        if !sound.isEmpty { await settle("acknowledge", sound) }
                        let lost = held.filter { held in !sound.contains { $0.ackId == held.ackId }
                        }
                        let isCrash = chance.next() % 2 == 0
                        if !lost.isEmpty, !isCrash { await settle("modifyAckDeadline", lost) }
                        // Its deadline is what ends the wait for a program that has died.
                        if !lost.isEmpty, isCrash {
                            await settle("modifyAckDeadline", lost, #","ackDeadlineSeconds":1"#)
                        }
                        #expect(try counts.isConserved)
                    }
                }
            }
            try await group.waitForAll()
        }
        let last = try counts
        #expect(last.acked + last.deadLettered == 500)
        #expect(meter.total.processed == last.acked)
    }
}
