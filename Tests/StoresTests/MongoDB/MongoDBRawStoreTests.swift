import Broker
import Commerce
import Foundation
import MongoDBStores
import Storage
import TestSupport
import Testing
import Timekeeping

@Suite(.enabled(if: MongoDBTestServer.given != nil, MongoDBTestServer.skipped))
struct MongoDBRawStoreTests {
    private let server = MongoDBTestServer.given ?? MongoDBTestServer(url: "")
    private let shop = Shop()

    /// Stores `writes` in `database` and closes it.
    private func store(_ writes: [RawWrite], in database: String) async throws {
        let location = try server.location(database: database)
        let store = try await MongoDBTestServer.patiently { try await MongoDBRawStore(location) }
        #expect(store.warnings == [])
        _ = try await MongoDBTestServer.patiently { try await store.store(writes) }
        await store.close()
    }

    @Test func `a document has dates, numbers and items that any client can query`()
        async throws
    {
        var purchase = shop.event(
            3,
            .purchase,
            at: Timestamp(nanoseconds: 1_700_000_000_123_456_789)
        )
        purchase.value = 1999
        let items = [shop.item(product: 7, category: 2), shop.item(product: 8)]
        try await server.withDatabase { database in
            let batch = shop.batch([(purchase, items), (shop.event(4, .search), [])])
            try await store([batch.write(at: 11)], in: database)
            let events = try server.events(in: database, #"{"items.item_id": "p8"}"#, .typed)
            try #require(events.count == 1)
            func int64(_ value: Int) -> [String: String] { ["$numberLong": "\(value)"] }
            func item(_ product: String, _ category: String) -> [String: Any] {
                [
                    "item_id": product, "item_category": category, "price_minor": int64(1000),
                    "quantity": ["$numberInt": "1"],
                ]
            }
            let id = "018bcfe5-6800-7000-8000-000000000003"
            let expected: [String: Any] = [
                "_id": "\(id) shop", "source": "shop", "id": id, "position": int64(11),
                "time": ["$date": int64(1_700_000_000_123)],
                "time_ns": int64(1_700_000_000_123_456_789),
                "type": "com.weir.shop.purchase.v1", "subject": "o3", "sequence": int64(3),
                "name": "purchase", "user_id": "u4", "session_id": "s4", "transaction_id": "o3",
                "value_minor": int64(1999), "currency": "USD",
                "traceparent": events[0]["traceparent"] ?? "",
                "items": [item("p7", "c2"), item("p8", "c1")],
            ]
            #expect(NSDictionary(dictionary: events[0]) == NSDictionary(dictionary: expected))
            let bare = try server.events(in: database, #"{"name": "search"}"#)
            #expect(bare.first?["items"] == nil && bare.first?["value_minor"] == nil)
            // A whole millisecond says all in the date.
            #expect(bare.first?["time_ns"] == nil)
        }
    }

    @Test func `documents of a log are kept byte for byte`() async throws {
        let lines = [
            shop.json(id: "1"),
            #" { "specversion" : "1.0", "type":"search","time":"1997-01-01t00:00:00+02:00","#
                + #""id":"caf\u00e9","source":"shop", "data":{"search_term":"🧺 e\#u{301}"} } "#,
            shop.json(id: "a'); db.dropDatabase(); //", category: "$where"),
            shop.json(id: "\\\"quoted\\\"", time: "1700-01-01T00:00:00.123456789Z"),
        ]
        try await server.withDatabase { database in
            try await store([shop.batch(ofJSON: lines).write(at: 7)], in: database)
            let events = try server.events(in: database)
            #expect(events.map { $0["position"] as? Int } == [7, 8, 9, 10])
            let ids = ["1", "café", "a'); db.dropDatabase(); //", "\"quoted\""]
            #expect(events.map { $0["id"] as? String } == ids)
            let documents = events.map { Array((($0["document"] as? String) ?? "").utf8) }
            #expect(documents == lines.map { Array($0.utf8) })
        }
    }

    @Test func `ids and sources with spaces are not taken for one another`() async throws {
        let pairs = [("a b", "c"), ("a", "b c"), ("a%20b", "c"), ("a ", "c")]
        let lines = pairs.map { shop.json(id: $0, source: $1) }
        try await server.withDatabase { database in
            try await store([shop.batch(ofJSON: lines).write(at: 1)], in: database)
            let events = try server.events(in: database)
            #expect(events.map { $0["id"] as? String } == pairs.map(\.0))
            #expect(events.map { $0["source"] as? String } == pairs.map(\.1))
            #expect(events.first?["_id"] as? String == "a%20b c")
        }
    }

    @Test func `an instant before 1970 is rounded down, and kept to the nanosecond`()
        async throws
    {
        try await server.withDatabase { database in
            let event = shop.event(1, at: Timestamp(nanoseconds: -1))
            try await store([shop.batch([event]).write(at: 1)], in: database)
            let events = try server.events(in: database, #"{"time": {"$lt": {"$date": 0}}}"#)
            #expect(events.map { $0["time_ns"] as? Int } == [-1])
        }
    }

    @Test func `of duplicates the first one stays, at its position`() async throws {
        let first = try shop.batch(ofJSON: [shop.json(id: "1", category: "first")])
        let second = try shop.batch(ofJSON: [shop.json(id: "1", category: "second")])
        try await server.withDatabase { database in
            try await store([first.write(at: 5), second.write(at: 6)], in: database)
            try await store([second.write(at: 1)], in: database)
            let events = try server.events(in: database)
            #expect(events.map { $0["position"] as? Int } == [5])
            #expect(events.first?["document"] as? String == shop.json(id: "1", category: "first"))
        }
    }

    @Test func `a second run that writes to the database is told so`() async throws {
        try await server.withDatabase { database in
            let location = try server.location(database: database)
            let first = try await MongoDBTestServer.patiently {
                try await MongoDBRawStore(location)
            }
            let second = try await MongoDBTestServer.patiently {
                try await MongoDBRawStore(location)
            }
            _ = try await MongoDBTestServer.patiently {
                try await first.store([shop.views(5).write(at: 3)])
            }
            // Positions 1 and 2 would do, 3 is taken by another event.
            let error = await #expect(throws: StoreError.self) {
                try await MongoDBTestServer.patiently {
                    try await second.store([shop.views(5, from: 100).write(at: 1)])
                }
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("position 3 is taken") == true)
            #expect(error?.message.contains("no other run") == true)
            await first.close()
            await second.close()
        }
    }

    @Test func `the business keys that are asked for have an index, position and trace as well`()
        async throws
    {
        try await server.withDatabase { database in
            let location = try server.location(database: database)
            try await MongoDBRawStore(location, indexes: [.order, .product]).close()
            let reply = try server.run(#"{"listIndexes": "raw_events"}"#, on: database)
            let cursor = try #require(reply["cursor"] as? [String: Any])
            let indexes = try #require(cursor["firstBatch"] as? [[String: Any]])
            let names = indexes.compactMap { $0["name"] as? String }.sorted()
            #expect(names == ["_id_", "order", "position", "product", "trace"])
            #expect(
                indexes.first { $0["name"] as? String == "position" }?["unique"] as? Bool == true
            )
        }
    }

    @Test func `the server itself refuses what is no event`() async throws {
        try await server.withDatabase { database in
            try await store([shop.views(1).write(at: 1)], in: database)
            let reply = try server.run(
                #"{"insert": "raw_events", "documents": [{"_id": "x", "position": "one"}]}"#,
                on: database
            )
            let errors = try #require(reply["writeErrors"] as? [[String: Any]])
            #expect(errors.map { $0["code"] as? Int } == [121])
        }
    }

    @Test(arguments: [
        #"{"insert": "raw_events", "documents": [{"note": "mine"}]}"#,
        #"{"create": "raw_events", "capped": true, "size": 4096}"#,
        #"{"create": "raw_events", "viewOn": "others", "pipeline": []}"#,
    ])
    func `a collection of another program is refused and left as it was`(
        command: String
    ) async throws {
        try await server.withDatabase { database in
            try server.run(command, on: database)
            let before = try server.run(#"{"listCollections": 1}"#, on: database)
            let location = try server.location(database: database)
            let error = await #expect(throws: StoreError.self) {
                try await MongoDBRawStore(location)
            }
            #expect(error?.code == .wrongFormat)
            #expect(error?.message.contains("name another database") == true)
            let after = try server.run(#"{"listCollections": 1}"#, on: database)
            let cursors = [before, after].map { $0["cursor"] as? NSDictionary }
            #expect(cursors[0] == cursors[1])
        }
    }

    @Test func `connections are opened as they are needed, counted, and given back`()
        async throws
    {
        try await server.withDatabase { database in
            let location = try server.location(database: database, options: "maxPoolSize=2")
            let store = try await MongoDBRawStore(location)
            _ = try await store.store([shop.views(10).write(at: 1)])
            let calm = try #require(await store.connections())
            #expect(calm.open == 1 && calm.inUse == 0 && calm.limit == 2)
            // One for work, one or two with which the driver watches the server, and this test's.
            let atServer = try #require(calm.server)
            #expect(atServer >= 2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for part in 1...6 {
                    group.addTask {
                        let batch = shop.views(200, from: part * 1000)
                        let outcome = try await store.store([batch.write(at: Int64(part) * 1000)])
                        #expect(outcome.stored == 200)
                    }
                }
                try await group.waitForAll()
            }
            #expect(await store.connections()?.open == 2)
            await store.close()
            let error = await #expect(throws: StoreError.self) { try await store.count() }
            #expect(error?.message.contains("closed") == true)
        }
    }
}
