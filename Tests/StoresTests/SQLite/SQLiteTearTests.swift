import Broker
import GRDB
import SQLiteStores
import Storage
import TestSupport
import Testing

/// Raw files whose rows and whose index of identities are torn apart, as they are where another
/// file was copied over them.
struct SQLiteTearTests {
    @Test(arguments: [
        // As many rows as names, and far from the latest events.
        (
            sql: "UPDATE twin SET id = 'other' WHERE position = 5",
            said: "table raw_events is damaged (row 5 missing from index "
        ),
        (
            sql: "DELETE FROM twin WHERE position = 5",
            said: "table raw_events has 1999 rows from position"
        ),
    ])
    func `a torn file is no read-back, and is not judged`(sql: String, said: String) async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("r.sqlite"))
            let store = try SQLiteRawStore(location)
            _ = try await store.store([Shop().views(2000).write(at: 1)])
            #expect(try await store.readBack(from: 1) == 2000)
            #expect(try await store.repeated(atMost: 1).isEmpty)
            try store.close()

            // A second table over the same pages, which has no index.
            try Self.change(
                """
                PRAGMA writable_schema = ON;
                INSERT INTO sqlite_master
                SELECT 'table', 'twin', 'twin', rootpage,
                    'CREATE TABLE twin (position INTEGER PRIMARY KEY, source_id, id, time_ns, '
                        || 'type_id, subject, sequence, trace, transaction_id, data, document)'
                FROM sqlite_master WHERE name = 'raw_events';
                """,
                in: folder
            )
            try Self.change(
                "\(sql); PRAGMA writable_schema = ON; "
                    + "DELETE FROM sqlite_master WHERE name = 'twin'",
                in: folder
            )

            let torn = try SQLiteRawStore(location)
            let readBack = await #expect(throws: StoreError.self) {
                try await torn.readBack(from: 1)
            }
            try torn.close()
            let judged = try SQLiteRawStore(location, .reading)
            let judging = await #expect(throws: StoreError.self) {
                _ = try await judged.repeated(atMost: 1)
            }
            try judged.close()
            for error in [readBack, judging] {
                #expect(error?.code == .corrupted)
                #expect(error?.message.hasPrefix(location.path) == true)
                #expect(error?.message.contains(said) == true, "\(error?.message ?? "")")
                #expect(error?.message.contains("; ") == true)
            }
        }
    }

    private static func change(_ sql: String, in folder: TemporaryFolder) throws {
        let queue = try folder.connection(to: "r.sqlite")
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }
}
