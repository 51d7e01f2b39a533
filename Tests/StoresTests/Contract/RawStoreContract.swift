import Broker
import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

/// What ``RawStore`` promises, held against every adapter.
struct RawStoreContract {
    let shop = Shop()

    @Test(arguments: StoreAdapter.all)
    func `an empty store goes on at position 1, also after empty calls`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            let nothing = RawOutcome(stored: 0, duplicates: 0)
            #expect(try await store.store([]) == nothing)
            #expect(try await store.store([shop.views(9).write(at: 5, .range(3..<3))]) == nothing)
            #expect(try await store.store([shop.views(9).write(at: 5, .places([]))]) == nothing)
            #expect(try await store.count() == 0)
            #expect(try await store.nextPosition() == 1)
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `the same call again stores nothing`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            let write = shop.views(100).write(at: 1)
            #expect(try await store.store([write]) == RawOutcome(stored: 100, duplicates: 0))
            #expect(try await store.store([write]) == RawOutcome(stored: 0, duplicates: 100))
            #expect(try await store.count() == 100)
            #expect(try await store.nextPosition() == 101)
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `known events at new positions are duplicates and take no position`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            _ = try await store.store([shop.views(10).write(at: 1)])
            // Numbers 6 to 15: half of them are known.
            let outcome = try await store.store([shop.views(10, from: 6).write(at: 101)])
            #expect(outcome == RawOutcome(stored: 5, duplicates: 5))
            #expect(try await store.nextPosition() == 111)
            _ = try await store.store([shop.views(15).write(at: 1001)])
            #expect(try await store.count() == 15)
            #expect(try await store.nextPosition() == 111)
            try await store.close()
        }
    }

    /// A symbol of one symbol table is another text in the next one; ids are those of one sequence.
    @Test(arguments: StoreAdapter.all)
    func `one call may bring batches of several symbolTables`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            func write(_ source: String, at position: Int64) -> RawWrite {
                let shop = Shop()
                return shop.batch([shop.event(1, source: source)]).write(at: position)
            }
            let writes = [write("a shop in town", at: 1), write("a shop elsewhere", at: 2)]
            #expect(try await store.store(writes) == RawOutcome(stored: 2, duplicates: 0))
            let again = [write("a shop elsewhere", at: 3)]
            #expect(try await store.store(again) == RawOutcome(stored: 0, duplicates: 1))
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `duplicates within one call are stored once`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            let events = [3, 1, 3, 2, 1, 3].map { shop.event($0) }
            let batch = shop.batch(events)
            let outcome = try await store.store([batch.write(at: 1), batch.write(at: 7)])
            #expect(outcome == RawOutcome(stored: 3, duplicates: 9))
            #expect(try await store.count() == 3)
            // The latest one that was new is event 2, the fourth.
            #expect(try await store.nextPosition() == 5)
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `equal ids of different sources are different events`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            let sources = ["web", "WEB", "till", "", "web ", "'; DROP TABLE raw_events; --"]
            let events = sources.flatMap { source in
                (1...20).map { shop.event($0, source: source) }
            }
            let write = shop.batch(events).write(at: 1)
            #expect(try await store.store([write]) == RawOutcome(stored: 120, duplicates: 0))
            #expect(try await store.store([write]) == RawOutcome(stored: 0, duplicates: 120))
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `only what is selected is stored`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            let batch = shop.views(10)
            let some = batch.write(at: 21, .places([0, 4, 7]))
            #expect(try await store.store([some]) == RawOutcome(stored: 3, duplicates: 0))
            #expect(try await store.nextPosition() == 29)
            let range = batch.write(at: 21, .range(3..<9))
            #expect(try await store.store([range]) == RawOutcome(stored: 4, duplicates: 2))
            #expect(try await store.nextPosition() == 30)
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `positions may come in any order`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            _ = try await store.store([shop.views(5).write(at: 1 << 40)])
            _ = try await store.store([shop.views(5, from: 6).write(at: 1)])
            #expect(try await store.nextPosition() == 1 << 40 + 5)
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `ten thousand events go in one call`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            let write = shop.views(10_000).write(at: 1)
            #expect(try await store.store([write]) == RawOutcome(stored: 10_000, duplicates: 0))
            let more = shop.views(10_000, from: 5_001).write(at: 10_001)
            #expect(try await store.store([more]) == RawOutcome(stored: 5_000, duplicates: 5_000))
            #expect(try await store.count() == 15_000)
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `two writers at once store every event once`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            // Each round of a writer shares half of its events with the other one's.
            let stored = try await withThrowingTaskGroup(of: Int.self) { group in
                for writer in 0..<2 {
                    group.addTask {
                        var stored = 0
                        for round in 0..<20 {
                            let batch = shop.views(100, from: round * 100 + writer * 50 + 1)
                            let position = Int64(round * 2 + writer) * 100 + 1
                            let outcome = try await store.store([batch.write(at: position)])
                            #expect(outcome.stored + outcome.duplicates == 100)
                            stored += outcome.stored
                        }
                        return stored
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(stored == 2050)
            #expect(try await store.count() == 2050)
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `events at the ends of time and of amounts are stored`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            let times: [Timestamp] = [
                .distantPast, Timestamp(nanoseconds: -1), Timestamp(seconds: 0), .distantFuture,
            ]
            var lines = times.enumerated().map { place, time in
                (event: shop.event(place + 1, at: time), items: [shop.item()])
            }
            for value in [0, 1, .max] as [Int64] {
                var event = shop.event(lines.count + 1, .purchase)
                event.value = value
                lines.append((event, [shop.item()]))
            }
            let free = Item(
                product: Symbol(number: 1),
                category: Symbol(number: 1),
                price: 0,
                quantity: .max
            )
            lines.append((shop.event(8), Array(repeating: free, count: 200)))
            lines.append((shop.event(9, .search), []))
            let outcome = try await store.store([shop.batch(lines).write(at: 1)])
            #expect(outcome == RawOutcome(stored: 9, duplicates: 0))
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `ids and sources of any script are told apart`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            let texts = [
                "a", "A", "caf\u{e9}", "😀", "👩‍👩‍👧‍👦", "日本", "עברית", "a'b", "--", "%", "_",
                "o\\\"o", "0", "00", "NULL",
            ]
            let lines =
                texts.map { shop.json(id: $0) } + texts.map { shop.json(id: "1", source: $0) }
            let write = try shop.batch(ofJSON: lines).write(at: 1)
            #expect(try await store.store([write]) == RawOutcome(stored: 30, duplicates: 0))
            #expect(try await store.store([write]) == RawOutcome(stored: 0, duplicates: 30))
            try await store.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `a store that is opened again knows what it held`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let first = try await home.raw()
            _ = try await first.store([shop.views(50).write(at: 1)])
            try await first.close()
            let second = try await home.raw()
            #expect(try await second.count() == 50)
            #expect(try await second.nextPosition() == 51)
            let outcome = try await second.store([shop.views(60).write(at: 51)])
            #expect(outcome == RawOutcome(stored: 10, duplicates: 50))
            try await second.close()
        }
    }

    @Test(arguments: StoreAdapter.all, 1...6 as ClosedRange<UInt64>)
    func `whatever is called in whatever order, it is the set of what was given`(
        adapter: StoreAdapter,
        seed: UInt64
    ) async throws {
        try await adapter.visit { home in
            var random = Randomness(seed: seed)
            var known: Set<String> = []
            var next: Int64 = 1
            var store = try await home.raw()
            for call in 0..<40 {
                var expected = RawOutcome(stored: 0, duplicates: 0)
                var writes: [RawWrite] = []
                for part in 0..<Int(random.below(4)) {
                    let batch = shop.batch(
                        (0..<random.below(30)).map { _ in
                            let source = ["web", "till"][Int(random.below(2))]
                            return shop.event(Int(random.below(300)) + 1, source: source)
                        }
                    )
                    let (selection, _) = Selection.range(0..<batch.count)
                        .partitioned { _ in random.below(5) > 0 }
                    let write = batch.write(at: Int64(call * 4 + part) * 100 + 1, selection)
                    writes.append(write)
                    for place in selection.all {
                        let event = batch.events[place]
                        if known.insert("\(event.source) \(event.id)").inserted {
                            expected.stored += 1
                            next = max(next, write.publication.position(at: place) + 1)
                        } else {
                            expected.duplicates += 1
                        }
                    }
                }
                #expect(try await store.store(writes) == expected)
                #expect(try await store.count() == Int64(known.count))
                #expect(try await store.nextPosition() == next)
                if random.below(10) == 0 {
                    try await store.close()
                    store = try await home.raw()
                }
            }
            try await store.close()
        }
    }
}
