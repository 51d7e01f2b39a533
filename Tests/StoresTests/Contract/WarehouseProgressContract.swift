import Broker
import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

/// What ``Warehouse`` promises of progress and of what it keeps one by one, held against every
/// adapter.
struct WarehouseProgressContract {
    @Test(arguments: StoreAdapter.all)
    func `intervals with gaps are read back, and merge later`(
        adapter: StoreAdapter
    ) async throws {
        let steps: [[ClosedRange<Int64>]] = [
            [1...10], [1...10, 21...30, 41...50], [1...10, 15...15, 21...30, 41...50],
            [1...30, 41...50], [1...60], [1...60, Int64.max - 1...Int64.max],
        ]
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            for (place, step) in steps.enumerated() {
                var commit = WarehouseCommit()
                let expected = StreamProgress(
                    stream: "log",
                    consumed: IntervalSet(step),
                    watermark: Timestamp(seconds: Int64(place))
                )
                commit.progress = [expected]
                try await warehouse.commit(commit)
                #expect(try await warehouse.progress(of: "analytics") == [expected])
            }
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `the events of logs are remembered one by one, by subscription`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            let all = (0..<100).map { IdentityDigest(high: UInt64.max - $0, low: $0 &* 7) }
            var commit = WarehouseCommit()
            commit.count(Array(all.prefix(60)))
            commit.orders = Array(all.prefix(70).suffix(20))
            try await warehouse.commit(commit)
            let question = CountedQuestion(events: all, orders: all)
            // What an event said comes back to the last bit; an order is none of the events.
            var expected = CountedAnswer()
            for identity in all.prefix(60) { expected.events[identity] = identity.content }
            expected.orders = Set(all.prefix(70).suffix(20))
            #expect(try await warehouse.alreadyCounted(question, by: "analytics") == expected)
            #expect(try await warehouse.alreadyCounted(question, by: "other") == CountedAnswer())
            let nothing = CountedQuestion()
            #expect(try await warehouse.alreadyCounted(nothing, by: "analytics") == CountedAnswer())
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `a warehouse that is opened again takes progress it was not asked for`(
        adapter: StoreAdapter
    ) async throws {
        let steps: [[ClosedRange<Int64>]] = [
            [1...10, 21...30], [1...20, 22...30], [5...40], [2...3, 5...40],
        ]
        try await adapter.visit { home in
            for step in steps {
                let warehouse = try await home.warehouse()
                var commit = WarehouseCommit()
                commit.progress = [
                    StreamProgress(
                        stream: "log",
                        consumed: IntervalSet(step),
                        watermark: Shop.epoch
                    )
                ]
                try await warehouse.commit(commit)
                #expect(try await warehouse.progress(of: "analytics") == commit.progress)
                try await warehouse.close()
            }
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `subscriptions and streams have a progress of their own`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            var first = WarehouseCommit("analytics")
            first.consume("b", 1...5, watermark: .distantPast)
            first.consume("a", 7...9, watermark: .distantFuture)
            try await warehouse.commit(first)
            var second = WarehouseCommit("analytics 2")
            second.consume("b", 100...200, watermark: Timestamp(nanoseconds: -1))
            try await warehouse.commit(second)
            var third = WarehouseCommit("analytics")
            third.consume("b", 1...6)
            try await warehouse.commit(third)

            let streams = try await warehouse.streams(of: "analytics")
            #expect(streams == [first.progress[1], third.progress[0]])
            #expect(try await warehouse.streams(of: "analytics 2") == second.progress)
            #expect(try await warehouse.streams(of: "nobody") == [])
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `two subscriptions that commit at once lose nothing`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in ["left", "right"] {
                    group.addTask {
                        for round in 1...40 as ClosedRange<Int64> {
                            var commit = WarehouseCommit(writer)
                            commit.add(.hour, Shop.epoch, .revenue(round))
                            commit.add(.sessions, .hour, Shop.epoch, hashes: [UInt64(round) << 40])
                            commit.consume("log", 1...round)
                            try await warehouse.commit(commit)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await warehouse.windows(.hour, categories: .total)
            #expect(rows.map(\.cell.revenue) == [2 * 820])
            #expect(rows.map { $0.distinct[.sessions]?.count } == [40])
            for writer in ["left", "right"] {
                let streams = try await warehouse.progress(of: writer)
                #expect(streams.map(\.consumed.intervals) == [[1...40]])
            }
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `a dead letter that comes again is kept once`(adapter: StoreAdapter) async throws {
        let shop = Shop()
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            let letters = shop.deadLetters(of: shop.views(5))
            try await warehouse.storeDeadLetters(letters)
            try await warehouse.storeDeadLetters(letters + letters)
            try await warehouse.storeDeadLetters(
                shop.deadLetters(of: shop.views(6), reason: "other")
            )
            try await warehouse.storeDeadLetters(shop.deadLetters(of: shop.views(5), of: "ingest"))
            let kept = WarehouseExceptions(late: 0, deadLetters: 11)
            #expect(try await warehouse.exceptions() == kept)
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `dropped messages are found by any position of their run`(
        adapter: StoreAdapter
    ) async throws {
        func run(
            _ subscription: String,
            _ cause: DroppedMessages.Cause,
            _ positions: ClosedRange<Int64>
        ) -> DroppedMessages {
            let first = Shop.epoch + .seconds(Int(positions.lowerBound))
            return DroppedMessages(
                subscription: subscription,
                cause: cause,
                positions: positions,
                first: first,
                last: first + .seconds(1)
            )
        }
        let runs = [
            run("ingest", .shed, 3...9), run("ingest", .expired, 12...12),
            run("analytics", .shed, 9...20), run("ingest", .shed, 30...31),
        ]
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            try await warehouse.storeDropped([])
            #expect(try await warehouse.journeys?.lastDropped() == nil)
            try await warehouse.storeDropped(Array(runs.prefix(3)))
            // An answer that was lost: the call comes again.
            try await warehouse.storeDropped(Array(runs.dropFirst(2)))
            try await warehouse.storeDropped(Array(runs.dropFirst(2)))
            if let journeys = warehouse.journeys {
                for position in 1...32 as ClosedRange<Int64> {
                    let found = try await journeys.dropped(at: position)
                    let expected = runs.filter { $0.positions.contains(position) }
                    #expect(Set(found) == Set(expected), "\(position)")
                    #expect(found.count == expected.count)
                }
                #expect(try await journeys.lastDropped() == 31)
                let totals = try await journeys.journeyMap().dropped
                #expect(totals.map(\.span.subscription) == ["analytics", "ingest", "ingest"])
                #expect(totals.map(\.span.cause) == [.shed, .expired, .shed])
                #expect(totals.map(\.messages) == [12, 1, 9])
                #expect(totals.map(\.span.positions) == [9...20, 12...12, 3...31])
                #expect(totals[2].span.first == runs[0].first)
                #expect(totals[2].span.last == runs[3].last)
            }
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `late events are counted with their commit`(adapter: StoreAdapter) async throws {
        let shop = Shop()
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            let late = (1...7).map { shop.event($0, at: Shop.epoch - .seconds(7200)) }
            let commit = try shop.lateCommit(of: shop.batch(late, firstOffset: 2))
            #expect(commit.late.count == 7)
            try await warehouse.commit(commit)
            #expect(try await warehouse.exceptions() == .init(late: 7, deadLetters: 0))
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `a warehouse that is opened again says the same`(adapter: StoreAdapter) async throws {
        let shop = Shop()
        try await adapter.visit { home in
            let first = try await home.warehouse()
            let late = shop.event(1, at: Shop.epoch - .seconds(7200))
            try await first.commit(try shop.lateCommit(of: shop.batch([late], firstOffset: 2)))
            try await first.storeDeadLetters(shop.deadLetters(of: shop.views(3)))
            var commit = WarehouseCommit("other")
            commit.add(product: "p1", ProductCell(views: 3, revenue: 5))
            commit.add(.viewingSessions, .all, Timestamp(seconds: 0), hashes: [1 << 60, 3 << 60])
            commit.add(.all, Timestamp(seconds: 0), .sample())
            commit.consume("log", 1...3, 7...9)
            try await first.commit(commit)
            let before = try await first.contents(of: ["analytics", "other"])
            #expect(before.count > 10)
            try await first.close()

            let second = try await home.warehouse()
            #expect(try await second.contents(of: ["analytics", "other"]) == before)
            try await second.close()
        }
    }
}
