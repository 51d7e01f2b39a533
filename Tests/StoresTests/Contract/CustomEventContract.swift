import Broker
import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

/// That events which a shop has named itself are stored and counted by name, held against every
/// adapter.
struct CustomEventContract {
    @Test(arguments: StoreAdapter.all)
    func `counts of custom events add up by name`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            var warehouse = try await home.warehouse()
            #expect(try await warehouse.customEvents().isEmpty)
            for round in 1...3 {
                var commit = WarehouseCommit(salt: round)
                // Equivalent to Unicode, and two names all the same.
                for (place, name) in ["wish_made", "cafe\u{301}", "caf\u{e9}"].enumerated() {
                    let symbol = try #require(commit.symbols.customName(for: name))
                    for grain in [Grain.hour, .all] {
                        let start = grain == .all ? grain.start(of: Shop.epoch) : Shop.epoch
                        let key = CustomEventKey(grain: grain, start: start, name: symbol)
                        commit.custom.append((key: key, events: Int64(place + round)))
                    }
                }
                try await warehouse.commit(commit)
                if round == 2 {
                    try await warehouse.close()
                    warehouse = try await home.warehouse()
                }
            }
            let rows = try await warehouse.customEvents()
            #expect(
                rows.map { Array($0.name.utf8) }
                    == ["cafe\u{301}", "caf\u{e9}", "wish_made"].map { Array($0.utf8) }
            )
            #expect(rows.map(\.events) == [9, 12, 6])
            try await warehouse.close()
        }
    }

    @Test(arguments: LookupContract.adapters)
    func `a custom event is found as it was named`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let raw = try await home.raw()
            let json = Array(
                (#"{"specversion":"1.0","id":"c-1","source":"/app","type":"search_made","#
                    + #""time":"2026-01-05T10:00:00Z","subject":"b7","#
                    + #""data":{"query":"shoes","user_id":"ann"}}"#).utf8
            )
            let symbols = SymbolTable()
            let event = try CloudEventDecoder(symbols: symbols, events: .accepted)
                .decode(json[...]).event
            var builder = BatchBuilder(
                stream: symbols.symbol(for: "log", in: .text),
                symbols: symbols,
                capacity: 1
            )
            builder.append(event, items: [])
            var originals = Originals()
            originals.bytes = json
            originals.ranges = [json.indices]
            builder.originals = originals
            let batch = builder.finish(schedule: .asRecorded)
            _ = try await raw.store([
                RawWrite(
                    publication: Publication(
                        batch: batch,
                        firstPosition: 1,
                        publishTime: Shop.epoch
                    ),
                    selection: .places([0])
                )
            ])
            let lookup = try #require(raw.lookup)
            let found = try await lookup.find(
                EventSearch([try #require(EventCondition(.user, "ann"))], limit: 10)
            )
            let first = try #require(found.events.first)
            #expect(first.name == "search_made")
            #expect(first.subject == "b7")
            let scan = try #require(raw.scan)
            let stored = try await scan.events(after: 0, atMost: 10)
            #expect(stored.first?.content?.name == .custom)
            try await raw.close()
        }
    }
}
