import Broker
import Collector
import Commerce
import HTTPTypes
import Stages
import TestSupport
import Testing
import Timekeeping

@Suite("From requests to a topic")
struct CollectorStageTests {
    private static func policy(
        _ change: (inout SubscriptionPolicy) -> Void = { _ in }
    ) -> SubscriptionPolicy {
        var policy = SubscriptionPolicy()
        change(&policy)
        return policy
    }

    /// Settles all that is there.
    private static func settle(_ subscription: InProcessSubscription<Batch>) async throws {
        let now = RealTimeline().now
        for delivery in try await subscription.receive(atMost: 10_000, until: now) ?? [] {
            subscription.settle(delivery, .ack)
        }
    }

    @Test("requests that come together are published together, each with its own answer")
    func together() async throws {
        try await OpenCollector.run { collector in
            await withTaskGroup { group in
                for number in 0..<500 {
                    group.addTask {
                        let events = try? OpenCollector.event(
                            in: collector.stage,
                            id: "e\(number)"
                        )
                        guard let events else { return false }
                        if case .accepted = await collector.stage.take(events) { return true }
                        return false
                    }
                }
                for await taken in group { #expect(taken) }
            }
            let total = collector.stage.meter.total
            #expect(total.accepted == 501)
            #expect(total.batches < 501)
            #expect(collector.journal.lines.count == 501)
            #expect(collector.published == 501)
        }
    }

    @Test("the journal is rid of what every subscription has settled, and of nothing before")
    func settlement() async throws {
        let policies = ["all": Self.policy(), "other": Self.policy()]
        try await OpenCollector.run(policies) { collector in
            try await Self.settle(collector.subscription())
            try await RealTimeline().sleep(until: RealTimeline().now + .milliseconds(50))
            #expect(collector.journal.lines.count == 1)
            try await Self.settle(collector.subscription("other"))
            let end = RealTimeline().now + .seconds(20)
            while !collector.journal.segments.isEmpty, RealTimeline().now < end {
                try await RealTimeline().sleep(until: RealTimeline().now + .milliseconds(2))
            }
            #expect(collector.journal.segments.isEmpty)
        }
    }

    @Test(
        "without room in a subscription a request is refused, and nothing of it is kept",
        arguments: [SubscriptionPolicy.WhenFull.block, .shed]
    )
    func full(_ whenFull: SubscriptionPolicy.WhenFull) async throws {
        let narrow = Self.policy {
            $0.maximumMessages = 1
            $0.whenFull = whenFull
        }
        try await OpenCollector.run(["all": Self.policy(), "narrow": narrow]) { collector in
            let answer = await collector.post("/track", #"{"event":"search"}"#.utf8)
            #expect(answer.status == 429)
            #expect(answer.fields[.retryAfter] == "1")
            #expect(collector.journal.lines.count == 1)
            #expect(try collector.subscription().counts.published == 1)
            #expect(try collector.subscription("narrow").counts.shed == 0)
            try await Self.settle(collector.subscription("narrow"))
            #expect(await collector.post("/track", #"{"event":"search"}"#.utf8).status == 202)
        }
    }

    @Test("a request waits no longer because others wait before it")
    func queued() async throws {
        let narrow = Self.policy { $0.maximumMessages = 1 }
        let timeline = VirtualTimeline()
        try await timeline.run {
            try await OpenCollector.run(
                ["all": narrow],
                patience: .milliseconds(300),
                timeline: timeline
            ) { collector in
                let began = timeline.now
                let statuses = await withTaskGroup(of: Int.self) { group in
                    for _ in 0..<40 {
                        group.addTask {
                            await collector.post("/track", #"{"event":"search"}"#.utf8).status
                        }
                        try? await timeline.sleep(until: timeline.now + .milliseconds(10))
                    }
                    return await group.reduce(into: Set<Int>()) { $0.insert($1) }
                }
                #expect(statuses == [429])
                #expect(timeline.now - began <= .milliseconds(701))
                #expect(collector.journal.lines.count == 1)
            }
        }
    }

    @Test("a journal that cannot be written has requests refused, and is written to again")
    func unkept() async throws {
        try await OpenCollector.run { collector in
            collector.journal.isFailing = true
            let answer = await collector.post("/track", #"{"event":"search"}"#.utf8)
            #expect(answer.status == 503)
            #expect(collector.published == 1)
            collector.journal.isFailing = false
            #expect(await collector.post("/track", #"{"event":"search"}"#.utf8).status == 202)
        }
    }

    @Test("what an earlier run has left is published first, and what cannot be read stays")
    func recovery() async throws {
        let journal = MemoryJournal([
            3: OpenCollector.search("old1") + "\n" + OpenCollector.search("old2") + "\n",
            4: "{}\n" + OpenCollector.search("old3") + "\n",
        ])
        try await OpenCollector.run(journal: journal) { collector in
            #expect(collector.stage.meter.total.recovered == 3)
            let now = RealTimeline().now
            let deliveries = try await collector.subscription().receive(atMost: 10, until: now)
            let ids = (deliveries ?? []).flatMap { delivery in
                (0..<delivery.batch.count).map { delivery.batch.idText(of: $0) }
            }
            #expect(ids == ["old1", "old2", "old3", "first"])
            #expect(journal.segments.keys.sorted() == [3, 4, 5])
            for delivery in deliveries ?? [] {
                try collector.subscription().settle(delivery, .ack)
            }
            let end = RealTimeline().now + .seconds(20)
            while journal.segments.count > 1, RealTimeline().now < end {
                try await RealTimeline().sleep(until: RealTimeline().now + .milliseconds(2))
            }
            #expect(journal.segments.keys.sorted() == [4])
        }
    }

    @Test("an event that was refused while its request was taken is a dead letter, with the field")
    func flawed() async throws {
        try await OpenCollector.run { collector in
            let calls = [
                #"{"type":"track","event":"Song Played","userId":"u1","messageId":"m1"}"#,
                #"{"type":"track","event":"Product Viewed","messageId":"m2"}"#,
            ]
            let answer = await collector.post(
                "/v1/batch",
                #"{"batch":[\#(calls.joined(separator: ","))]}"#.utf8
            )
            #expect(answer.status == 200)
            let total = collector.stage.meter.total
            #expect(total.accepted == 3)
            #expect(total.unconformed == ["unknown-event": 1, "user-missing": 1])
            let failures = try await Self.failures(of: collector.subscription())
            #expect(
                failures == [
                    "m2: user-missing: userId is missing; a call needs userId or anonymousId",
                    "m1: unknown-event: type",
                ]
            )
        }
    }

    @Test("no client gives its events the sources of others")
    func foreignSource() async throws {
        try await OpenCollector.run { collector in
            let event = OpenCollector.search("a").replacing("/web", with: "/track/till")
            for (type, body) in [("", event), ("-batch", "[\(event)]")] {
                let fields: HTTPFields = [.contentType: "application/cloudevents\(type)+json"]
                let answer = await collector.post("/events", body.utf8, fields)
                #expect(answer.status == 400)
                #expect(answer.text.contains("source: begins with /track/"))
            }
            #expect(collector.stage.meter.total.accepted == 1)
        }
    }

    @Test("a body of GA4 that cannot be read is refused, so that nothing vanishes")
    func unreadable() async throws {
        try await OpenCollector.run { collector in
            for body in ["{nope", "[]", "{\"client_id\":\"c\",\"events\":[\"\\ud800\"]}", ""] {
                let answer = await collector.post("/mp/collect", body.utf8)
                #expect(answer.status == 400, "\(body)")
            }
            #expect(collector.stage.meter.total.accepted == 1)
        }
    }

    @Test("a dead letter of a killed run is one in the next run too, for the same reason")
    func flawedAgain() async throws {
        let journal = MemoryJournal()
        let bad = #"{"type":"track","event":"Product Viewed","messageId":"m2"}"#
        let before = try await OpenCollector.run(journal: journal) { collector in
            _ = await collector.post("/v1/track", bad.utf8)
            return try await Self.failures(of: collector.subscription())
        }
        let left = journal.lines.filter { $0.contains("m2") }
        let again = MemoryJournal([1: left.joined(separator: "\n") + "\n"])
        try await OpenCollector.run(journal: again) { collector in
            #expect(collector.stage.meter.total.recovered == 1)
            let after = try await Self.failures(of: collector.subscription())
            #expect(after == before)
            #expect(before.count == 1)
        }
    }

    /// What the stages would refuse of that which waits, the rest of the text behind the field
    /// left out where it is long.
    private static func failures(
        of subscription: InProcessSubscription<Batch>
    ) async throws -> [String] {
        let now = RealTimeline().now
        let deliveries = try await subscription.receive(atMost: 100, until: now) ?? []
        return deliveries.flatMap { delivery in
            delivery.validated(by: .standard, at: now).failures.map { failure in
                let detail = failure.reason.detail
                let text = detail.count > 80 ? String(detail.prefix { $0 != ":" }) : detail
                let id = delivery.batch.idText(of: failure.place)
                return "\(id): \(failure.reason.label): \(text)"
            }
        }
    }

    @Test("latency counts from the last byte of the request")
    func due() async throws {
        try await OpenCollector.run { collector in
            var events = collector.stage.begin(received: Timestamp(seconds: 1_000))
            let line = Array(OpenCollector.search("a").utf8)
            let (event, items) = try events.decode(line[...])
            events.append(event, items, line: line)
            _ = await collector.stage.take(events)
            #expect(try collector.subscription().oldestDue == Timestamp(seconds: 1_000))
        }
    }
}

@Suite("Which segments of a journal are needed")
struct JournalLedgerTests {
    private static func standing(
        _ lowest: [Int64?],
        next: Int64,
        kept: Bool = true
    ) -> JournalLedger.Standing {
        JournalLedger.Standing(lowest: lowest, next: next, hasKeptGivenUp: kept)
    }

    @Test("a segment is needed while a message before its mark is unsettled")
    func mark() {
        var ledger = JournalLedger(segmentLimit: 10)
        #expect(ledger.begin() == 1)
        ledger.published(4, before: 5)
        #expect(ledger.begin() == 1)
        ledger.published(8, before: 9)
        #expect(ledger.begin() == 2)
        ledger.published(1, before: 10)
        #expect(ledger.settled(Self.standing([4], next: 10)).isEmpty)
        #expect(ledger.settled(Self.standing([9], next: 10)).isEmpty)
        #expect(ledger.settled(Self.standing([9], next: 10)) == [1])
        _ = ledger.settled(Self.standing([nil], next: 10))
        #expect(ledger.settled(Self.standing([nil], next: 10)) == [2])
        #expect(ledger.count == 0)
        #expect(ledger.begin() == 3)
    }

    @Test("what a relay has published is waited for, by where the topic behind it was then")
    func relays() {
        var ledger = JournalLedger(segmentLimit: 10)
        _ = ledger.begin()
        ledger.published(4, before: 5)
        #expect(ledger.settled(Self.standing([nil, 7], next: 9)).isEmpty)
        #expect(ledger.settled(Self.standing([nil, 8], next: 20)).isEmpty)
        #expect(ledger.settled(Self.standing([nil, 9], next: 20)).isEmpty)
        #expect(ledger.settled(Self.standing([nil, 9], next: 20)) == [1])
    }

    @Test("what was given up is waited for until it is kept")
    func letters() {
        var ledger = JournalLedger(segmentLimit: 10)
        _ = ledger.begin()
        ledger.published(4, before: 5)
        #expect(ledger.settled(Self.standing([nil], next: 5, kept: false)).isEmpty)
        #expect(ledger.settled(Self.standing([nil], next: 5, kept: false)).isEmpty)
        #expect(ledger.settled(Self.standing([nil], next: 5)) == [1])
    }

    @Test("a segment that is written to stays, and one that failed is written to no more")
    func writing() {
        var ledger = JournalLedger(segmentLimit: 10)
        #expect(ledger.begin() == 1)
        #expect(ledger.settled(Self.standing([nil], next: 5)).isEmpty)
        #expect(ledger.settled(Self.standing([nil], next: 5)).isEmpty)
        ledger.failed()
        #expect(ledger.begin() == 2)
        ledger.tookBack()
        #expect(ledger.begin() == 2)
    }
}
