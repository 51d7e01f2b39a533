import Broker
import Commerce
import GRDB
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

struct SQLiteRawStoreTests {
    private let shop = Shop()

    /// Stores `writes` in a new file `raw.sqlite` and closes it.
    private func store(_ writes: [RawWrite], in folder: TemporaryFolder) async throws {
        let store = try SQLiteRawStore(SQLiteLocation(path: folder.path("raw.sqlite")))
        _ = try await store.store(writes)
        try store.close()
    }

    @Test func `documents of a log are kept byte for byte`() async throws {
        let lines = [
            shop.json(id: "1"),
            #" { "specversion" : "1.0", "type":"search","time":"1997-01-01t00:00:00+02:00","#
                + #""id":"caf\u00e9","source":"shop", "data":{"search_term":"🧺 e\#u{301}"} } "#,
            shop.json(id: "a'); DELETE FROM raw_events; --", category: "'; --"),
            shop.json(id: "\\\"quoted\\\"", time: "1700-01-01T00:00:00.123456789Z"),
        ]
        try await withFolder { folder in
            try await store([try shop.batch(ofJSON: lines).write(at: 7)], in: folder)
            let rows = try folder.query(
                "raw.sqlite",
                "SELECT position, id, document FROM events ORDER BY position"
            )
            #expect(rows.map { $0[0] } == ["7", "8", "9", "10"])
            let ids = ["1", "café", "a'); DELETE FROM raw_events; --", "\"quoted\""]
            #expect(rows.map { $0[1] } == ids)
            #expect(rows.map { Array($0[2].utf8) } == lines.map { Array($0.utf8) })
        }
    }

    @Test func `documents of the shopper model are the encoder's`() async throws {
        var purchase = shop.event(1, .purchase)
        purchase.value = .max
        let item = shop.item()
        let batch = shop.batch([
            (purchase, Array(repeating: item, count: 200)), (shop.event(2, .search), []),
        ])
        var encoded: [[UInt8]] = []
        for place in 0..<2 {
            var bytes: [UInt8] = []
            CloudEventEncoder().append(place, of: batch, to: &bytes)
            encoded.append(bytes)
        }
        try await withFolder { folder in
            try await store([batch.write(at: 1)], in: folder)
            let rows = try folder.query("raw.sqlite", "SELECT document FROM events")
            #expect(rows.map { Array($0[0].utf8) } == encoded)
        }
    }

    @Test func `a file of the first version keeps its documents, and knows them again`()
        async throws
    {
        let uuid = "018bcfe5-68a0-7000-8000-000000000001"
        let lines = [shop.json(id: uuid), shop.json(id: "café"), "not JSON"]
        try await withFolder { folder in
            let old = try folder.connection(to: "raw.sqlite")
            try await old.write { database in
                try database.execute(
                    sql: """
                        PRAGMA application_id = \(0x5745_4952);
                        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                        INSERT INTO grdb_migrations VALUES ('1');
                        CREATE TABLE sources (
                            source_id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE) STRICT;
                        INSERT INTO sources VALUES (1, 'shop');
                        CREATE TABLE raw_events (
                            position INTEGER PRIMARY KEY,
                            source_id INTEGER NOT NULL REFERENCES sources,
                            id TEXT NOT NULL, time_ns INTEGER NOT NULL, document TEXT NOT NULL,
                            UNIQUE (source_id, id)) STRICT;
                        CREATE VIEW events AS SELECT position, source, id, document
                        FROM raw_events JOIN sources USING (source_id)
                        """
                )
                for (place, id) in [uuid, "café", "broken"].enumerated() {
                    try database.execute(
                        sql: "INSERT INTO raw_events VALUES (?, 1, ?, ?, ?)",
                        arguments: [place + 3, id, 1_700_000_000_000_000_000, lines[place]]
                    )
                }
            }
            try old.close()
            let location = SQLiteLocation(path: folder.path("raw.sqlite"))
            let read = #expect(throws: StoreError.self) {
                try SQLiteRawStore(location, .reading).close()
            }
            #expect(read?.message.contains("is of an earlier version") == true)

            let store = try SQLiteRawStore(location)
            let again = try shop.batch(ofJSON: Array(lines.prefix(2)) + [shop.json(id: "new")])
            let outcome = try await store.store([again.write(at: 6)])
            #expect(outcome == RawOutcome(stored: 1, duplicates: 2))
            let events = try await store.events(after: 0, atMost: 10)
            #expect(events.map(\.id) == [uuid, "café", "broken", "new"])
            #expect(events.map { $0.content == nil } == [false, false, true, false])
            try store.close()
            let rows = try folder.query(
                "raw.sqlite",
                "SELECT position, id, document FROM events WHERE position < 6 ORDER BY position"
            )
            #expect(rows.map { $0[0] } == ["3", "4", "5"])
            #expect(rows.map { $0[1] } == [uuid, "café", "broken"])
            #expect(rows.map { $0[2] } == lines)
            try folder.expectSound("raw.sqlite")
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `the view writes what the encoder does, whatever the shop sends`(
        seed: UInt64
    )
        async throws
    {
        let symbols = SymbolTable()
        var source = SessionModel(
            shop: ShopOptions(),
            options: SessionOptions(),
            load: nil,
            seed: seed,
            start: Timestamp(nanoseconds: 1_700_000_000_123_456_000 + Int64(seed) * 877_001),
            source: "/a \"shop\"\\\(seed)",
            symbols: symbols
        )
        var builder = BatchBuilder(stream: source.stream, symbols: symbols, capacity: 300)
        _ = try source.fill(&builder, until: .distantFuture, limit: 300)
        let batch = builder.finish(schedule: .asRecorded)
        let encoded = (0..<batch.count).map { place in
            var bytes: [UInt8] = []
            CloudEventEncoder().append(place, of: batch, to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        }
        try await withFolder { folder in
            try await store([batch.write(at: 1)], in: folder)
            let rows = try folder.query(
                "raw.sqlite",
                "SELECT document FROM events ORDER BY position"
            )
            #expect(rows.map { $0[0] } == encoded)
            let orders = try folder.query(
                "raw.sqlite",
                """
                SELECT count(*) FROM events
                WHERE transaction_id IS NOT json_extract(document, '$.data.transaction_id')
                """
            )
            #expect(orders == [["0"]])
            let plan = try folder.query(
                "raw.sqlite",
                "EXPLAIN QUERY PLAN SELECT document FROM events WHERE transaction_id = 'o1'"
            )
            #expect(plan.joined().contains { $0.contains("INDEX orders") }, "\(plan)")
        }
    }

    @Test func `of duplicates the first one stays, at its position`() async throws {
        let first = try shop.batch(ofJSON: [shop.json(id: "1", category: "first")])
        let second = try shop.batch(ofJSON: [shop.json(id: "1", category: "second")])
        try await withFolder { folder in
            try await store([first.write(at: 5), second.write(at: 6)], in: folder)
            try await store([second.write(at: 1)], in: folder)
            let rows = try folder.query("raw.sqlite", "SELECT position, document FROM events")
            #expect(rows == [["5", shop.json(id: "1", category: "first")]])
        }
    }

    @Test func `another symbols gives the same sources`() async throws {
        try await withFolder { folder in
            try await store([shop.views(3).write(at: 1)], in: folder)
            let other = Shop()
            _ = other.symbols.symbol(for: "first of this process", in: .text)
            try await store([other.views(4).write(at: 4)], in: folder)
            let rows = try folder.query(
                "raw.sqlite",
                "SELECT source, count(*) FROM events GROUP BY source"
            )
            #expect(rows == [["shop", "4"]])
        }
    }

    @Test func `the view of events answers by business keys`() async throws {
        var purchase = shop.event(3, .purchase, at: Timestamp(nanoseconds: -1))
        purchase.value = 1999
        try await withFolder { folder in
            try await store([shop.batch([purchase]).write(at: 1)], in: folder)
            let rows = try folder.query(
                "raw.sqlite",
                """
                SELECT position, source, time, type, subject, user_id, session_id,
                    transaction_id, value, currency
                FROM events WHERE transaction_id = 'o3'
                """
            )
            #expect(
                rows == [
                    [
                        "1", "shop", "1969-12-31T23:59:59.999999999Z",
                        "com.weir.shop.purchase.v1", "o3", "u4", "s4", "o3", "19.99", "USD",
                    ]
                ]
            )
            let times = try folder.query("raw.sqlite", "SELECT time_ns FROM raw_events")
            #expect(times == [["-1"]])
        }
    }

    @Test func `a call that finds the file full stores nothing, and a larger file takes it`()
        async throws
    {
        try await withFolder { folder in
            var location = SQLiteLocation(path: folder.path("raw.sqlite"), maximumPages: 60)
            let store = try SQLiteRawStore(location)
            var stored: Int64 = 0
            var failed: RawWrite?
            while failed == nil {
                let write = shop.views(100, from: Int(stored) + 1).write(at: stored + 1)
                do throws(StoreError) {
                    _ = try await store.store([write])
                    stored += 100
                } catch {
                    #expect(error.code == .full)
                    #expect(error.message.contains(location.path))
                    failed = write
                }
                try #require(stored < 10_000)
            }
            #expect(stored > 0)
            // The same connection goes on: it knows what it had, and reads, and fails again.
            #expect(try await store.count() == stored)
            #expect(try await store.nextPosition() == stored + 1)
            let write = try #require(failed)
            await #expect(throws: StoreError.self) { try await store.store([write]) }
            #expect(try await store.count() == stored)
            try store.close()
            try folder.expectSound("raw.sqlite")
            #expect(try folder.names == ["raw.sqlite"])

            location.maximumPages = 600
            let larger = try SQLiteRawStore(location)
            #expect(try await larger.store([write]) == RawOutcome(stored: 100, duplicates: 0))
            #expect(try await larger.count() == stored + 100)
            try larger.close()
            try folder.expectSound("raw.sqlite")
        }
    }

    @Test func `a second run that writes to the file is told so, and stores nothing`()
        async throws
    {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("raw.sqlite"))
            let first = try SQLiteRawStore(location)
            let second = try SQLiteRawStore(location)
            _ = try await first.store([shop.views(5).write(at: 3)])
            // Positions 1 and 2 would do, 3 is taken by another event.
            let error = await #expect(throws: StoreError.self) {
                try await second.store([shop.views(5, from: 100).write(at: 1)])
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("no other run") == true)
            #expect(try await second.count() == 5)
            try first.close()
            try second.close()
            try folder.expectSound("raw.sqlite")
        }
    }

    @Test func `a store that is busy stores nothing, and goes on afterwards`() async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(
                path: folder.path("raw.sqlite"),
                busyTimeout: .milliseconds(20)
            )
            let store = try SQLiteRawStore(location)
            let other = try folder.connection(to: "raw.sqlite")
            try other.unsafeReentrantWrite { try $0.execute(sql: "BEGIN EXCLUSIVE") }
            let write = shop.views(5).write(at: 1)
            let error = await #expect(throws: StoreError.self) {
                try await store.store([write])
            }
            #expect(error?.code == .busy)
            #expect(try await store.count() == 0)
            try other.unsafeReentrantWrite { try $0.execute(sql: "COMMIT") }
            try other.close()
            #expect(try await store.store([write]).stored == 5)
            try store.close()
        }
    }
}
