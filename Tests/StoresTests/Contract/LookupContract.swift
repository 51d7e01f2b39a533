import Broker
import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

/// What ``RawEventLookup`` promises, held against every adapter that keeps events.
struct LookupContract {
    static let adapters = [StoreAdapter.sqlite] + StoreAdapter.mongoDB

    @Test(arguments: adapters, 1...6 as ClosedRange<UInt64>)
    func `an event is found by each of its keys, and by any of them together, and no other is`(
        adapter: StoreAdapter,
        seed: UInt64
    ) async throws {
        try await adapter.visit { home in
            var random = Randomness(seed: seed)
            var books = LookupBooks()
            var store = try await home.raw()
            for _ in 0..<12 {
                _ = try await store.store(books.writes(&random))
                if random.below(4) == 0 {
                    try await store.close()
                    store = try await home.raw()
                }
                try await books.check(try #require(store.lookup), &random)
            }
            try await store.close()
        }
    }

    @Test(arguments: adapters)
    func `a hundred thousand hits come page by page`(adapter: StoreAdapter) async throws {
        let isLarge = adapter.testDescription == "SQLite"
        let total = isLarge ? 100_000 : 3000
        try await adapter.visit { home in
            let shop = Shop()
            let store = try await home.raw()
            for start in stride(from: 1, to: total, by: 10_000) {
                let batch = shop.views(min(10_000, total), from: start)
                _ = try await store.store([batch.write(at: Int64(start))])
            }
            let lookup = try #require(store.lookup)
            let product = try #require(EventCondition(.product, "p1"))
            let first = try await lookup.find(
                EventSearch([product], limit: 50, countLimit: total)
            )
            #expect(first.events.map(\.position) == (1...50).map(Int64.init))
            #expect(first.others == .exactly(Int64(total - 50)))
            let some = try await lookup.find(EventSearch([product], limit: 50))
            // None of the index's names is false here.
            let others = isLarge ? FoundEvents.Others.about(99_950) : .exactly(Int64(total - 50))
            #expect(some.others == others)
            let last = try await lookup.find(
                EventSearch([product], after: Int64(total - 20), limit: 50)
            )
            #expect(last.events.count == 20)
            #expect(last.others == .exactly(0))
            let beyond = try await lookup.find(EventSearch([product], after: .max, limit: 50))
            #expect(beyond.events.isEmpty)
            #expect(try await lookup.retained()?.positions == 1...Int64(total))
            try await store.close()
        }
    }

    @Test(arguments: adapters, 1...4 as ClosedRange<UInt64>)
    func `what is retained begins and ends where the store does, whatever is missing between`(
        adapter: StoreAdapter,
        seed: UInt64
    ) async throws {
        try await adapter.visit { home in
            var random = Randomness(seed: seed)
            let shop = Shop()
            let store = try await home.raw()
            // The first ones may be gone, single ones are missing, and there are wide gaps.
            var next = seed % 3 == 0 ? Int64(random.below(1 << 20)) + 1 : 1
            var kept: [Int64] = []
            for round in 0..<4 {
                let batch = shop.views(200, from: 1000 * round + 1)
                let (selection, _) = Selection.range(0..<batch.count)
                    .partitioned { _ in random.below(4) > 0 }
                _ = try await store.store([batch.write(at: next, selection)])
                kept += selection.all.map { next + Int64($0) }
                next += 200
                if random.below(3) == 0 { next += Int64(random.below(1 << 20)) }
            }
            let retained = try await #require(store.lookup).retained()
            #expect(retained?.positions.lowerBound == kept.first)
            #expect(retained?.positions.upperBound == kept.last)
            #expect(try await store.nextPosition() == (kept.last ?? 0) + 1)
            try await store.close()
        }
    }

    @Test(arguments: adapters)
    func `an empty store has nothing, and says so`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let store = try await home.raw()
            let lookup = try #require(store.lookup)
            #expect(try await lookup.retained() == nil)
            for key in EventKey.allCases {
                let value = key == .trace ? String(repeating: "a", count: 32) : "1"
                let condition = try #require(EventCondition(key, value))
                let found = try await lookup.find(EventSearch([condition], limit: 5))
                #expect(found == FoundEvents(events: [], others: .exactly(0)))
            }
            try await store.close()
        }
    }
}

/// What was given to a raw store, kept in the simplest way there is.
struct LookupBooks {
    /// By identity, as the store has the first of each.
    private var events: [String: FoundEvent] = [:]
    private var next: Int64 = 1

    /// Some batches of events of few users and many kinds of text, some of which are known.
    mutating func writes(_ random: inout Randomness) -> [RawWrite] {
        var writes: [RawWrite] = []
        for _ in 0...random.below(3) {
            let shop = Shop()
            // Gaps, and now and then a leap over what an index has as one block.
            if random.below(12) == 0 { next += Int64(random.below(3_000_000)) }
            let batch =
                random.below(3) == 0
                ? LookupBooks.foreign(shop, &random) : LookupBooks.own(shop, &random)
            let (selection, _) = Selection.range(0..<batch.count)
                .partitioned { _ in random.below(6) > 0 }
            let write = batch.write(at: next, selection)
            next += Int64(batch.count) + Int64(random.below(3))
            for place in selection.all { note(place, of: write.publication) }
            writes.append(write)
        }
        return writes
    }

    private mutating func note(_ place: Int, of publication: Publication<Batch>) {
        let batch = publication.batch
        let event = batch.events[place]
        let source = batch.symbols.text(of: event.source, in: .text)
        let id = batch.idText(of: place)
        guard events["\(source) \(id)"] == nil else { return }
        var found = FoundEvent(
            event,
            batch.items[event.itemRange],
            batch.symbols,
            position: publication.position(at: place),
            source: source,
            id: id
        )
        let original = batch.originalJSON(of: place).map { String(decoding: $0, as: UTF8.self) }
        found.trace =
            original?.firstMatch(of: /"traceparent":"00-([0-9a-f]{32})-/).map { String($0.1) }
            ?? TraceContext(of: event, symbols: batch.symbols).traceID
        found.causation = original?.firstMatch(of: /"causationid":"([^"]*)"/).map { String($0.1) }
        events["\(source) \(id)"] = found
    }

    private static let texts = [
        "u1", "u2", "u11", "Ünal", "a b", "u\u{301}", "ú", "x'; DROP TABLE raw_events; --",
        "\u{1b}[31m", "<b>", "$gt", "%", "007", String(repeating: "long ", count: 60),
    ]

    private static func own(_ shop: Shop, _ random: inout Randomness) -> Batch {
        shop.batch(
            (0...random.below(40)).map { _ in
                let name = EventName.allCases[Int(random.below(8))]
                var event = shop.event(
                    Int(random.below(5000)) + 1,
                    name,
                    at: Shop.epoch + .microseconds(Int64(random.below(1_000_000_000))),
                    source: ["web", "till", "a b"][Int(random.below(3))]
                )
                func text(_ namespace: Namespace) -> Symbol {
                    let text = texts[Int(random.below(UInt64(texts.count)))]
                    return random.below(8) == 0
                        ? .none
                        : shop.symbols.symbol(
                            for: text,
                            in: namespace
                        )
                }
                event.user = text(.user)
                event.session = text(.session)
                if event.transaction.isPresent { event.transaction = text(.order) }
                let items = (0..<random.below(4)).map { _ in
                    shop.item(product: random.below(5) + 1)
                }
                return (event, items)
            }
        )
    }

    /// Events that came as CloudEvents JSON, with what only that can say.
    private static func foreign(_ shop: Shop, _ random: inout Randomness) -> Batch {
        let lines = (0...random.below(20)).map { _ in
            let number = random.below(3000)
            var json = #"{"specversion":"1.0","id":"e \#(number)","source":"log","#
            json += #""type":"view_item","time":"2024-01-01T00:00:00.5Z""#
            if random.below(2) == 0 {
                let digits = String(random.below(4) + 1, radix: 16)
                json += #","traceparent":"00-\#(String(repeating: digits, count: 32))-"#
                json += #"00f067aa0ba902b7-01""#
            }
            if random.below(3) == 0 { json += #","causationid":"e \#(number + 1)""# }
            json +=
                #","data":{"user_id":"u\#(random.below(9))","session_id":"s/\#(random.below(30))""#
            json +=
                #","items":[{"item_id":"p1","quantity":1},{"item_id":"p\#(random.below(9))"}]}}"#
            return json
        }
        do {
            return try shop.batch(ofJSON: lines)
        } catch {
            preconditionFailure("the books wrote no event: \(error)")
        }
    }

    /// Compares what `lookup` finds with the books, for keys that are there and some that are not.
    func check(_ lookup: any RawEventLookup, _ random: inout Randomness) async throws {
        let known = events.values.sorted { $0.position < $1.position }
        for key in EventKey.allCases {
            for _ in 0..<4 {
                guard
                    let event = known.isEmpty ? nil : known[Int(random.below(UInt64(known.count)))]
                else { continue }
                var conditions = [key].compactMap { Self.condition($0, of: event) }
                if random.below(2) == 0 {
                    let other = EventKey.allCases[Int(random.below(7))]
                    conditions += [other].compactMap { Self.condition($0, of: event) }
                }
                if random.below(4) == 0 {
                    conditions += [EventCondition(.user, "nobody")].compactMap(\.self)
                }
                guard !conditions.isEmpty else { continue }
                try await compare(lookup, conditions, known, &random)
            }
        }
        for key in EventKey.allCases {
            let value = key == .trace ? String(repeating: "9f", count: 16) : "999999999"
            let condition = try #require(EventCondition(key, value))
            try await compare(lookup, [condition], known, &random)
        }
        let kept = try await lookup.retained()
        #expect(kept?.positions.lowerBound == known.first?.position)
        #expect(kept?.positions.upperBound == known.last?.position)
        #expect(kept?.since == known.first?.time)
    }

    private func compare(
        _ lookup: any RawEventLookup,
        _ conditions: [EventCondition],
        _ known: [FoundEvent],
        _ random: inout Randomness
    ) async throws {
        let after = random.below(3) == 0 ? Int64(random.below(UInt64(next))) : .min
        let limit = Int(random.below(6)) + 1
        let all = known.filter { event in
            event.position > after && conditions.allSatisfy(event.meets)
        }
        let others = Int64(max(0, all.count - limit))
        let found = try await lookup.find(
            EventSearch(conditions, after: after, limit: limit, countLimit: 10_000)
        )
        #expect(found.events == Array(all.prefix(limit)), "\(conditions)")
        #expect(found.others == .exactly(others), "\(conditions)")
        let quick = try await lookup.find(
            EventSearch(conditions, after: after, limit: limit, countLimit: 1)
        )
        #expect(quick.events == found.events)
        switch quick.others {
        case .exactly(let count): #expect(count == others)
        // No event that is there is left out.
        case .about(let count): #expect(count >= others)
        case .atLeast: Issue.record("nothing here is too much to be counted")
        }
    }

    private static func condition(_ key: EventKey, of event: FoundEvent) -> EventCondition? {
        let value: String? =
            switch key {
            case .order: event.order
            case .user: event.user
            case .session: event.session
            case .product: event.products.last
            case .id: event.id
            case .message: "\(event.position)"
            case .trace: event.trace
            }
        return value.flatMap { EventCondition(key, $0) }
    }
}
