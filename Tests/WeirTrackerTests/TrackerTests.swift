import Foundation
import TestSupport
import Testing
import WeirTracker

/// Trackers that send to a server of their own.
@Suite(.timeLimit(.minutes(5))) struct TrackerTests {
    private func options(
        _ url: String,
        _ change: (inout TrackerOptions) -> Void = { _ in }
    ) -> TrackerOptions {
        var options = TrackerOptions(
            environment: ["WEIR_COLLECTOR_URL": url, "SERVICE": "shop", "STAGE": "test"]
        )
        options.firstPause = .milliseconds(20)
        options.longestPause = .milliseconds(100)
        change(&options)
        return options
    }

    @Test func `events come in batches, packed, in order, each with an id`() async throws {
        let server = try ScriptedCollector()
        defer { server.close() }
        let tracker = Tracker(options(server.url) { $0.key = "a-key-of-the-shop\n" })
        let ids = (0..<250).map {
            tracker.track("search_made", ["query": "shoes", "n": .integer($0)])
        }
        #expect(await tracker.flush())
        #expect(server.accepted == ids)
        #expect(Set(ids).count == 250)
        #expect(server.requests.map(\.ids.count).reduce(0, +) == 250)
        #expect(server.requests.allSatisfy { $0.ids.count <= 100 })
        let request = try #require(server.requests.first)
        #expect(request.head.hasPrefix("post /events http/1.1"))
        #expect(request.head.contains("content-encoding: gzip"))
        #expect(request.head.contains("content-type: application/cloudevents-batch+json"))
        #expect(request.head.contains("authorization: bearer a-key-of-the-shop\r\n"))
        let event = try #require(request.events.first)
        #expect(event["type"] as? String == "search_made")
        #expect(event["source"] as? String == "/shop/test")
        #expect((event["data"] as? [String: Any])?["query"] as? String == "shoes")
        #expect(tracker.counts.sent == 250 && tracker.counts.waiting == 0)
        await tracker.shutdown()
    }

    @Test func `a batch goes out by its age, without a flush`() async throws {
        let server = try ScriptedCollector()
        defer { server.close() }
        let tracker = Tracker(options(server.url) { $0.batchAge = .milliseconds(30) })
        let id = tracker.track("search_made")
        while server.accepted.isEmpty {
            try await ContinuousClock().sleep(for: .milliseconds(5))
        }
        #expect(server.accepted == [id])
        await tracker.shutdown()
    }

    @Test func `what is answered 429 is sent again, not before Retry-After`() async throws {
        let server = try ScriptedCollector { number, _ in
            number == 1 ? "429 Full\r\nRetry-After: 1" : ScriptedCollector.accepted
        }
        defer { server.close() }
        let tracker = Tracker(options(server.url))
        let id = tracker.track("search_made")
        #expect(await tracker.flush())
        let requests = server.requests
        #expect(requests.count == 2 && server.accepted == [id])
        #expect(requests[1].time - requests[0].time >= .seconds(1))
        #expect(tracker.counts.retries == 1 && tracker.counts.trouble == nil)
        await tracker.shutdown()
    }

    @Test func `a server that fails and hangs up gets the same events until it takes them`()
        async throws
    {
        let server = try ScriptedCollector { number, _ in
            [1: "500 Down", 2: nil, 3: "503 Later", 4: "302 There\r\nLocation: /", 5: nil][
                number,
                default: ScriptedCollector.accepted
            ]
        }
        defer { server.close() }
        let tracker = Tracker(options(server.url))
        let ids = (0..<150).map { _ in tracker.track("search_made") }
        #expect(await tracker.flush())
        #expect(server.accepted == ids)
        #expect(tracker.counts.sent == 150 && tracker.counts.retries == 5)
        await tracker.shutdown()
    }

    @Test func `nothing is lost and nothing comes twice where the server comes later`()
        async throws
    {
        let port = RawConnection.freePort()
        let tracker = Tracker(options("http://127.0.0.1:\(port)"))
        let ids = (0..<320).map { _ in tracker.track("search_made") }
        #expect(await !tracker.flush(within: .milliseconds(300)))
        #expect(tracker.counts.trouble == "nothing answers")
        #expect(tracker.counts.waiting == 320)
        let server = try ScriptedCollector(port: port)
        defer { server.close() }
        #expect(await tracker.flush())
        #expect(server.accepted == ids)
        #expect(tracker.counts.dropped.isEmpty)
        await tracker.shutdown()
    }

    @Test func `what was accepted without an answer is sent again under the same id`()
        async throws
    {
        let first = Locked<[String]>([])
        let server = try ScriptedCollector { number, request in
            guard number == 1 else { return ScriptedCollector.accepted }
            first.change { $0 = request.ids }
            return nil
        }
        defer { server.close() }
        let tracker = Tracker(options(server.url))
        let id = tracker.track("search_made")
        #expect(await tracker.flush())
        #expect(first.value == [id] && server.accepted == [id])
        await tracker.shutdown()
    }

    @Test func `no more wait than may, and the others are counted`() async throws {
        let port = RawConnection.freePort()
        let tracker = Tracker(options("http://127.0.0.1:\(port)") { $0.queueCount = 100 })
        for _ in 0..<130 { tracker.track("search_made") }
        #expect(tracker.counts.tracked == 130)
        #expect(tracker.counts.waiting == 100)
        #expect(tracker.counts.dropped == [.full: 30])
        await tracker.shutdown(within: .milliseconds(50))
        #expect(tracker.counts.dropped == [.full: 30, .unsent: 100])
        tracker.track("search_made")
        #expect(tracker.counts.dropped[.closed] == 1)
    }

    @Test(arguments: [
        ("400", TrackerCounts.DropReason.malformed), ("401", .unauthorized), ("413", .tooLarge),
        ("403", .misaddressed), ("404", .misaddressed), ("415", .misaddressed),
    ])
    func `what is refused for good is dropped with its reason`(
        status: String,
        reason: TrackerCounts.DropReason
    ) async throws {
        let server = try ScriptedCollector { _, _ in
            "\(status) No\r\nConnection: close\r\nContent-Length: 9\r\n\r\nquery: no"
        }
        defer { server.close() }
        let tracker = Tracker(options(server.url))
        for _ in 0..<3 { tracker.track("search_made") }
        #expect(await tracker.flush())
        #expect(tracker.counts.dropped == [reason: 3])
        #expect(tracker.counts.trouble == "status \(status): query: no")
        await tracker.shutdown()
    }

    @Test func `a shutdown sends what waits, and so does letting go of the tracker`()
        async throws
    {
        let server = try ScriptedCollector()
        defer { server.close() }
        let tracker = Tracker(options(server.url) { $0.batchAge = .seconds(3600) })
        let first = tracker.track("search_made")
        await tracker.shutdown()
        #expect(server.accepted == [first])
        let second = Tracker(options(server.url) { $0.batchAge = .seconds(3600) })
            .track("search_made")
        while server.accepted.count < 2 {
            try await ContinuousClock().sleep(for: .milliseconds(5))
        }
        #expect(server.accepted == [first, second])
    }

    @Test func `a server that never answers holds a shutdown no longer than its time`()
        async throws
    {
        let server = try ScriptedCollector { _, _ in
            Thread.sleep(forTimeInterval: 10)
            return nil
        }
        defer { server.close() }
        let tracker = Tracker(options(server.url))
        tracker.track("search_made")
        let began = ContinuousClock.now
        await tracker.shutdown(within: .milliseconds(200))
        #expect(ContinuousClock.now - began < .seconds(8))
        #expect(tracker.counts.dropped == [.unsent: 1])
    }

    @Test func `many may track at once`() async throws {
        let server = try ScriptedCollector()
        defer { server.close() }
        let tracker = Tracker(options(server.url))
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { for _ in 0..<100 { tracker.track("search_made") } }
            }
        }
        #expect(await tracker.flush())
        #expect(Set(server.accepted).count == 2000 && server.accepted.count == 2000)
        await tracker.shutdown()
    }
}
