import GRDB
import SQLStores
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// Files whose migrations are not those that a version of ours has noted.
struct SQLiteMigrationTests {
    /// A change of what is noted, and what is said of it.
    struct Damage: CustomTestStringConvertible, Sendable {
        var sql: String
        var said: String

        var testDescription: String { sql }
    }

    // What is noted, in rows 1 to 14.
    private static let rows = [
        "1", "2", "3", "4", "census", "orders", "owners", "letters", "replays", "dropped",
        "letterSums", "letterEdits", "customEvents", "eventReplays",
    ].map { "\"\($0)\"" }.joined(separator: ", ")
    private static let foreign = "; expected one of \(rows). Restore a copy of the store"
    private static let left = "; expected the rows \(rows). Restore a copy of the store"

    @Test(arguments: [
        Damage(
            sql: "UPDATE grdb_migrations SET identifier = x'00' WHERE rowid = 2",
            said: "row with rowid 2, column identifier holds 1 bytes\(foreign)"
        ),
        Damage(
            sql: "UPDATE grdb_migrations SET identifier = 'x' WHERE rowid = 13",
            said: "row with rowid 13, column identifier holds \"x\"\(foreign)"
        ),
        Damage(
            sql: "UPDATE grdb_migrations SET identifier = -1 WHERE rowid = 1",
            said: "row with rowid 1, column identifier holds \"-1\"\(foreign)"
        ),
        Damage(
            sql: "INSERT INTO grdb_migrations VALUES ('later')",
            said: "row with rowid 15, column identifier holds \"later\"\(foreign)"
        ),
        Damage(
            sql: "DELETE FROM grdb_migrations WHERE rowid = 2",
            said: "lacks the row \"2\"\(left)"
        ),
        Damage(sql: "DELETE FROM grdb_migrations", said: "lacks the row \"1\"\(left)"),
        Damage(
            sql: "DROP TABLE grdb_migrations",
            said: "lacks everything: it is not there\(left)"
        ),
    ])
    func `a file is refused by whoever opens it, and left as it is`(damage: Damage) throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let location = SQLiteLocation(path: folder.path("w.sqlite"))
        try SQLiteWarehouse(location).close()
        try Self.change(damage.sql, in: folder)
        let before = try folder.query("w.sqlite", "SELECT type, name FROM sqlite_master")
        for access in [StoreAccess.reading, .changing, .making] {
            let error = #expect(throws: StoreError.self) {
                try SQLiteWarehouse(location, access).close()
            }
            #expect(error?.code == .corrupted)
            let message = error?.message ?? ""
            #expect(message.hasPrefix("\(location.path): table grdb_migrations"), "\(message)")
            #expect(message.contains(damage.said), "\(message)")
        }
        #expect(try folder.query("w.sqlite", "SELECT type, name FROM sqlite_master") == before)
    }

    /// The last row alone may be missing because an earlier version made the file: who reads it
    /// cannot tell, and who writes finds what the row stands for.
    @Test func `a file without the last row is not migrated by who reads`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let location = SQLiteLocation(path: folder.path("w.sqlite"))
        try SQLiteWarehouse(location).close()
        try Self.change("DELETE FROM grdb_migrations WHERE rowid = 14", in: folder)
        let reading = #expect(throws: StoreError.self) {
            try SQLiteWarehouse(location, .reading).close()
        }
        #expect(reading?.code == .wrongFormat)
        #expect(reading?.message.contains("is of an earlier version") == true)
        let writing = #expect(throws: StoreError.self) { try SQLiteWarehouse(location).close() }
        #expect(writing?.code == .corrupted)
        #expect(
            writing?.message.contains(
                "table grdb_migrations lacks a row (duplicate column name: through_position)"
            ) == true,
            "\(writing?.message ?? "")"
        )
        // As an earlier version has left it.
        try Self.change(
            """
            ALTER TABLE replays DROP COLUMN through_position;
            ALTER TABLE replays DROP COLUMN source;
            DROP TABLE replayed_events;
            """,
            in: folder
        )
        try SQLiteWarehouse(location, .changing).close()
        try SQLiteWarehouse(location, .reading).close()
    }

    @Test func `letters of an earlier version are kept, and summed up`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let location = SQLiteLocation(path: folder.path("w.sqlite"))
        try SQLiteWarehouse(location).close()
        try Self.change(
            """
            DROP TABLE letter_sums;
            DROP TABLE dead_letters;
            CREATE TABLE dead_letters (subscription TEXT NOT NULL, source TEXT NOT NULL,
                id TEXT NOT NULL, position INTEGER NOT NULL, reason TEXT NOT NULL,
                detail TEXT NOT NULL, attempts INTEGER NOT NULL, first_failure_ns INTEGER NOT NULL,
                last_failure_ns INTEGER NOT NULL, document BLOB NOT NULL, decided_ns INTEGER,
                decided_by TEXT, decided_why TEXT, replay TEXT, outcome TEXT,
                PRIMARY KEY (subscription, source, id)) WITHOUT ROWID, STRICT;
            CREATE INDEX open_letters
                ON dead_letters (subscription, reason, last_failure_ns, first_failure_ns)
                WHERE decided_ns IS NULL;
            ALTER TABLE replays DROP COLUMN target;
            ALTER TABLE replays DROP COLUMN through_position;
            ALTER TABLE replays DROP COLUMN source;
            DROP TABLE replayed_events;
            ALTER TABLE window_aggregates DROP COLUMN custom_events;
            ALTER TABLE raw_census_hours DROP COLUMN custom_events;
            DROP TABLE window_events;
            DELETE FROM grdb_migrations WHERE rowid > 10;
            INSERT INTO dead_letters VALUES
                ('ingest', 's', 'a', 1, 'r', 'd', 1, 5000000000, 7000000000, x'00', NULL, NULL,
                    NULL, NULL, NULL),
                ('ingest', 's', 'b', 2, 'r', 'd', 1, 4000000000, 9000000000, x'00', NULL, NULL,
                    NULL, 'x', 'failed'),
                ('ingest', 's', 'c', 3, 'r', 'd', 1, 1000000000, 2000000000, x'00', 3, 'me', 'so',
                    NULL, NULL);
            """,
            in: folder
        )
        let warehouse = try SQLiteWarehouse(location, .changing)
        let groups = try await warehouse.letterGroups(parts: 12)
        #expect(groups.map(\.count) == [2])
        #expect(groups.map(\.trend) == [[1, 0, 1]])
        #expect(groups.first?.firstFailure == Timestamp(seconds: 4))
        let all = try await warehouse.letters(
            LetterFilter(isOpen: false),
            after: nil,
            atMost: 9
        )
        #expect(all.map(\.name.position) == [1, 2, 3])
        #expect(all.map(\.decision?.who) == [nil, nil, "me"])
        #expect(all.map(\.outcome) == [nil, .failed, nil])
        try warehouse.close()
    }

    private static func change(_ sql: String, in folder: TemporaryFolder) throws {
        let queue = try folder.connection(to: "w.sqlite")
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }
}
