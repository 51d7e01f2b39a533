import Commerce
import GRDB
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// The index by which a SQLite file finds users, sessions, products and traces.
struct KeyIndexTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `segments and recent rows together name every event, also after a file was copied`(
        seed: UInt64
    ) async throws {
        try await withFolder { folder in
            var random = Randomness(seed: seed)
            var books = LookupBooks()
            var location = SQLiteLocation(path: folder.path("r.sqlite"))
            let segment = Int(random.below(90)) + 10
            var store = try SQLiteRawStore(location, keySegment: segment)
            for round in 0..<12 {
                _ = try await store.store(books.writes(&random))
                if random.below(5) == 0 {
                    // As a killed process leaves it: with its log, and nothing moved from there.
                    let name = "copy-\(round).sqlite"
                    for ending in ["", "-wal"] {
                        let bytes = try folder.read(Self.name(of: location) + ending)
                        try folder.write(bytes, to: name + ending)
                    }
                    try store.close()
                    location.path = folder.path(name)
                    store = try SQLiteRawStore(location, keySegment: segment)
                }
                try await books.check(store, &random)
            }
            try store.close()
            let segments = try folder.query(
                Self.name(of: location),
                "SELECT count(*) FROM key_segments"
            )
            #expect(segments != [["0"]])
            let reader = try SQLiteRawStore(location, .reading)
            try await books.check(reader, &random)
            try reader.close()
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `a call that fails leaves neither events nor what names them`(
        seed: UInt64
    ) async throws {
        try await withFolder { folder in
            var random = Randomness(seed: seed)
            var books = LookupBooks()
            let location = SQLiteLocation(path: folder.path("r.sqlite"), maximumPages: 90)
            let store = try SQLiteRawStore(location, keySegment: 40)
            var failures = 0
            for _ in 0..<200 where failures < 3 {
                var after = books
                let writes = after.writes(&random)
                do {
                    _ = try await store.store(writes)
                    books = after
                } catch let error as StoreError {
                    #expect(error.code == .full)
                    failures += 1
                }
                if failures > 0 || random.below(10) == 0 { try await books.check(store, &random) }
            }
            #expect(failures == 3)
            try store.close()
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `a file of an earlier version gets its index when it is opened to be written`(
        seed: UInt64
    ) async throws {
        try await withFolder { folder in
            var random = Randomness(seed: seed)
            var books = LookupBooks()
            let location = SQLiteLocation(path: folder.path("r.sqlite"))
            let old = try SQLiteRawStore(location, keySegment: nil)
            for _ in 0..<10 { _ = try await old.store(books.writes(&random)) }
            try old.close()
            let queue = try folder.connection(to: "r.sqlite")
            try await queue.write { database in
                try database.execute(
                    sql: """
                        DROP TABLE recent_keys;
                        DROP TABLE key_segments;
                        DROP TABLE key_entries;
                        DROP TABLE log_fields;
                        DROP TABLE logs;
                        DELETE FROM grdb_migrations WHERE identifier IN ('keys', 'logs');
                        """
                )
            }
            try queue.close()
            let refusal = #expect(throws: StoreError.self) {
                try SQLiteRawStore(location, .reading).close()
            }
            #expect(refusal?.code == .wrongFormat)
            let store = try SQLiteRawStore(location, .changing)
            try await books.check(store, &random)
            for _ in 0..<5 { _ = try await store.store(books.writes(&random)) }
            try await books.check(store, &random)
            try store.close()
        }
    }

    @Test func `what another program has written into the index is no silent answer`() async throws
    {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("r.sqlite"))
            let store = try SQLiteRawStore(location, keySegment: 10)
            _ = try await store.store([Shop().views(10).write(at: 1)])
            _ = try await store.store([Shop().views(5, from: 11).write(at: 11)])
            try store.close()
            let user = try #require(EventCondition(.user, "u1"))
            for change in [
                "UPDATE key_entries SET entries = x'010203'",
                "UPDATE recent_keys SET keys = x'01020304'",
                "UPDATE recent_keys SET keys = zeroblob(17)",
            ] {
                let name = "changed.sqlite"
                try folder.write(try folder.read("r.sqlite"), to: name)
                let queue = try folder.connection(to: name)
                try await queue.write { try $0.execute(sql: change) }
                try queue.close()
                let changed = try SQLiteRawStore(SQLiteLocation(path: folder.path(name)), .reading)
                let error = await #expect(throws: StoreError.self) {
                    _ = try await changed.find(EventSearch([user], limit: 5))
                }
                #expect(error?.code == .corrupted)
                #expect(error?.message.contains(folder.path(name)) == true)
                try changed.close()
            }
        }
    }

    private static func name(of location: SQLiteLocation) -> String {
        location.path.split(separator: "/").last.map(String.init) ?? ""
    }
}
