import Datasets
import GRDB
import SLO
import SQLStores
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// Values that no program of ours writes, in files that take any: as those of older versions do,
/// and those that another program has changed.
struct SQLiteDamageTests {
    /// A change of one value, and what is said of it.
    struct Damage: CustomTestStringConvertible, Sendable {
        var sql: String
        var said: String

        var testDescription: String { sql }
    }

    /// The values and their rows are those of ``fill(_:)``.
    static let leftOut = [
        Damage(
            sql: "UPDATE window_aggregates SET purchase = 'many' WHERE start_ns = 2000000000",
            said: "table window_aggregates, row with grain \"1s\", start_ns 2000000000, category "
                + "\"\", currency \"USD\", column purchase holds \"many\"; expected a whole number"
        ),
        Damage(
            sql: "UPDATE window_aggregates SET refund = -1 WHERE start_ns = 2000000000",
            said: "column refund holds -1; expected a whole number from 0"
        ),
        Damage(
            sql: "UPDATE window_aggregates SET currency = x'00' WHERE start_ns = 2000000000",
            said: "column currency holds 1 bytes; expected a text in UTF-8"
        ),
        Damage(
            sql: "UPDATE window_aggregates SET category = CAST(x'ff41' AS TEXT) "
                + "WHERE start_ns = 2000000000",
            said: "column category holds a text that is not UTF-8; expected a text in UTF-8"
        ),
        Damage(
            sql: "UPDATE product_sales SET revenue = 1.5 WHERE product = 'p2'",
            said: "table product_sales, row with product \"p2\", currency \"USD\", grain \"1d\", "
                + "start_ns 0, column revenue holds 1.5; expected a whole number"
        ),
        Damage(
            sql: "UPDATE distinct_hashes SET hashes = zeroblob(9) WHERE part = 1",
            said: "column hashes holds 9 bytes; expected hashes of 8 bytes each"
        ),
        Damage(
            sql: "UPDATE distinct_hashes SET measure = 'visitors' WHERE part = 1",
            said: "table distinct_hashes, row with grain \"1s\", start_ns 1000000000, measure "
                + "\"visitors\", category \"\", column measure holds \"visitors\"; expected one of "
                + "shoppers, sessions"
        ),
        Damage(
            sql: "UPDATE sli_slices SET start_ns = 9223372036854775807 WHERE good = 9",
            said: "table sli_series, row with objective \"sample\", component \"\", revision "
                + "\"r\", indicator_revision \"i\", column last_start_ns holds "
                + "9223372036854775807; expected nanoseconds since 1970"
        ),
        Damage(
            sql: "UPDATE sli_slices SET total = 'ten' WHERE good = 9",
            said: "table sli_slices, row with start_ns 1000000000, column total holds \"ten\"; "
                + "expected a whole number"
        ),
        Damage(
            sql: "UPDATE sli_series SET slice_ns = 0 WHERE objective = 'other'",
            said: "column slice_ns holds 0; expected the width of a slice"
        ),
        Damage(
            sql: "UPDATE dataset_references SET block_hash = zeroblob(31) "
                + "WHERE dataset_id = 'root/events'",
            said: "table dataset_references, row with dataset_id \"root/events\", block_ref_name "
                + "\"head\", column block_hash holds 31 bytes; expected a hash of 32 bytes"
        ),
        Damage(
            sql: "UPDATE dataset_entries SET kind = 'trunk' WHERE dataset_id = 'root/orders'",
            said: "column kind holds \"trunk\"; expected one of root, derivative"
        ),
        Damage(
            sql: "UPDATE dataset_data_blocks SET block_hash = zeroblob(33) "
                + "WHERE dataset_id = 'root/events' AND sequence_number = 3",
            said: "row with dataset_id \"root/events\", sequence_number 3, column block_hash holds "
                + "33 bytes; expected a hash of 32 bytes"
        ),
        Damage(
            sql: "UPDATE deployments SET settle_ns = -9223372036854775808",
            said: "table deployments, row with marked_ns 5000000000, column settle_ns holds "
                + "-9223372036854775808; expected a whole number from 0"
        ),
        Damage(
            sql: "UPDATE dead_letters SET subscription = x'00'",
            said: "table dead_letters, row with subscription 1 bytes"
        ),
    ]

    @Test(arguments: leftOut)
    func `a damaged value is named by its place, and the rest is read`(
        damage: Damage
    ) async throws {
        try await withFolder { folder in
            let path = folder.path("w.sqlite")
            try await SQLiteDamageTests.fill(SQLiteLocation(path: path))
            let (sound, none) = try await SQLiteDamageTests.read(SQLiteLocation(path: path))
            #expect(none.isEmpty)
            try SQLiteDamageTests.change(damage.sql, in: folder, "w.sqlite")
            let (left, told) = try await SQLiteDamageTests.read(SQLiteLocation(path: path))
            #expect(left < sound && left > sound / 2)
            let error = try #require(told.first)
            #expect(error.code == .corrupted)
            #expect(error.message.contains("\(path): table "))
            #expect(error.message.contains(damage.said), "\(error)")
            #expect(error.message.contains("Restore the store, or correct or delete that row"))
        }
    }

    @Test(arguments: [
        Damage(
            sql: "UPDATE progress SET first_offset = 'x'",
            said:
                "table watermarks or progress, row with subscription \"analytics\", stream \"s\", "
                + "first_offset \"x\", column first_offset holds \"x\"; expected a whole number"
        ),
        Damage(
            sql: "UPDATE progress SET last_offset = -9223372036854775808",
            said: "column last_offset holds -9223372036854775808; expected a whole number from 0"
        ),
        Damage(
            sql: "UPDATE progress SET last_offset = 3",
            said: "column last_offset holds 3; expected an offset from 5"
        ),
        Damage(
            sql: "UPDATE watermarks SET stream = x'ff'",
            said: "table watermarks or progress, row with subscription \"analytics\", stream "
                + "1 bytes, first_offset nothing, column stream holds 1 bytes; expected a text "
                + "in UTF-8"
        ),
        Damage(
            sql: "UPDATE watermarks SET watermark_ns = 0.5",
            said: "column watermark_ns holds 0.5; expected a whole number"
        ),
    ])
    func `what a run must know of its progress is not left out`(damage: Damage) async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("w.sqlite"))
            try await SQLiteDamageTests.fill(location)
            try SQLiteDamageTests.change(damage.sql, in: folder, "w.sqlite")
            let warehouse = try SQLiteWarehouse(location)
            let error = try #require(
                await #expect(throws: StoreError.self) {
                    _ = try await warehouse.progress(of: "analytics")
                }
            )
            #expect(error.code == .corrupted)
            #expect(error.message.contains(damage.said), "\(error)")
            try warehouse.close()
        }
    }

    @Test(arguments: [
        Damage(
            sql: "UPDATE kept_parts SET paused_at = '1mo' WHERE part = 'distinct 1s'",
            said: "table kept_parts, row with part \"distinct 1s\", column paused_at holds "
                + "\"1mo\"; expected a whole number"
        ),
        Damage(
            sql: "UPDATE kept_parts SET is_kept = NULL WHERE part = '1s'",
            said: "column is_kept holds nothing; expected a whole number"
        ),
        Damage(
            sql: "UPDATE kept_parts SET part = '2s' WHERE part = '1s'",
            said: "column part holds \"2s\"; expected a part of the aggregates, such as 1d or "
                + "distinct 1d"
        ),
        Damage(
            sql: "UPDATE counting_owners SET subscription = x'00'",
            said: "table counting_owners, row with topic \"events\", column subscription holds "
                + "1 bytes; expected a text in UTF-8"
        ),
        Damage(
            sql: "INSERT INTO watermarks VALUES (x'00', 's', 1)",
            said: "watermarks, row with subscription 1 bytes, column subscription holds "
                + "1 bytes; expected a text in UTF-8"
        ),
        Damage(
            sql: "UPDATE window_aggregates SET purchase = 0.5 WHERE grain = 'all'",
            said: "table window_aggregates, row with grain \"all\", column events holds"
        ),
    ])
    func `what a run must know of what is counted is not left out`(damage: Damage) async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("w.sqlite"))
            let claim = CountingClaim(
                topic: "events",
                subscription: "analytics",
                parts: [.windows(.second), .distinct(.second)]
            )
            let whole = try SQLiteWarehouse(location)
            _ = try await whole.claim([claim])
            var commit = WarehouseCommit()
            commit.add(.all, Timestamp(seconds: 0), .sample())
            commit.consume("s", 5...9)
            try await whole.commit(commit)
            try whole.close()
            try SQLiteDamageTests.change(damage.sql, in: folder, "w.sqlite")
            let warehouse = try SQLiteWarehouse(location)
            let error = try #require(
                await #expect(throws: StoreError.self) { _ = try await warehouse.claim([claim]) }
            )
            #expect(error.code == .corrupted)
            #expect(error.message.contains(damage.said), "\(error)")
            try warehouse.close()
        }
    }

    @Test func `raw events that cannot be read are told, and counted as stored`() async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("r.sqlite"))
            let store = try SQLiteRawStore(location)
            _ = try await store.store([Shop().views(5).write(at: 1)])
            try store.close()
            try SQLiteDamageTests.change(
                "UPDATE raw_events SET document = x'00' WHERE position = 2; "
                    + "UPDATE raw_events SET id = CAST(x'ff' AS TEXT) WHERE position = 3",
                in: folder,
                "r.sqlite"
            )
            let notes = DamagedValues()
            let damaged = try SQLiteRawStore(location, .reading, notingIn: notes)
            let events = try await damaged.events(after: .min, atMost: 10)
            #expect(events.map(\.position) == [1, 2, 3, 4, 5])
            #expect(events.map { $0.content == nil } == [false, true, false, false, false])
            #expect(notes.count == 2)
            #expect(
                notes.first[0].message.contains(
                    "table raw_events, row with position 2, column document holds 1 bytes"
                )
            )
            try damaged.close()
            try SQLiteDamageTests.change(
                "UPDATE raw_events SET position = 9223372036854775807 WHERE position = 5",
                in: folder,
                "r.sqlite"
            )
            let last = try SQLiteRawStore(location)
            await #expect(throws: StoreError.self) { _ = try await last.nextPosition() }
            try last.close()
        }
    }

    // MARK: - The stores

    private static func fill(_ location: SQLiteLocation) async throws {
        let warehouse = try SQLiteWarehouse(location)
        try await CatalogueSample.fill(warehouse)
        var commit = WarehouseCommit()
        for second in 1...3 as ClosedRange<Int64> {
            commit.add(.second, Timestamp(seconds: second), .sample())
        }
        commit.add(product: "p1", ProductCell(views: 1, orders: 1, units: 1, revenue: 5))
        commit.add(product: "p2", ProductCell(views: 1, orders: 1, units: 1, revenue: 4))
        commit.add(.shoppers, .second, Timestamp(seconds: 1), hashes: [1, 2])
        commit.consume("s", 5...9)
        try await warehouse.commit(commit)
        for objective in ["sample", "other"] {
            try await warehouse.append(
                [
                    Slice(start: Timestamp(seconds: 1), good: 9, total: 10),
                    Slice(start: Timestamp(seconds: 2), good: 8, total: 10),
                ],
                to: SliceSeries(
                    objective: objective,
                    component: "",
                    revision: Revision("r"),
                    indicatorRevision: Revision("i"),
                    slice: .seconds(1)
                ),
                writer: "w"
            )
        }
        try await warehouse.mark(
            Deployment(version: "v1", marked: Timestamp(seconds: 5), settle: .seconds(1))
        )
        try warehouse.close()
        let queue = try DatabaseQueue(path: location.path)
        try await queue.write { database in
            try database.execute(
                sql: """
                    INSERT INTO dead_letters (subscription, source, id, position, reason, detail,
                        attempts, first_failure_ns, last_failure_ns, document)
                    VALUES ('ingest', '/s', 'e', 1, 'r', 'd', 1, 1, 1, x'00')
                    """
            )
        }
        try queue.close()
    }

    /// How many rows can be read, and what cannot.
    private static func read(
        _ location: SQLiteLocation
    ) async throws -> (rows: Int, told: [StoreError]) {
        let notes = DamagedValues()
        let warehouse = try SQLiteWarehouse(location, .reading, notingIn: notes)
        var rows = 0
        for grain in Grain.allCases {
            for row in try await warehouse.windows(grain, categories: .total) {
                rows += 1 + row.distinct.count
            }
            rows += try await warehouse.windows(grain, categories: .each).count
        }
        rows += try await warehouse.topProducts(atMost: 10).count
        for extent in try await warehouse.extents() {
            rows += try await 1 + warehouse.slices(of: extent.series, in: extent.range).count
        }
        for dataset in try await warehouse.datasets() {
            rows += 1 + dataset.references.count
            rows += try await warehouse.blocks(of: dataset.id, from: 0, atMost: 100).count
        }
        rows += try await warehouse.deployments().count
        rows += try await warehouse.censusBasis().letters.count
        try warehouse.close()
        return (rows, notes.first)
    }

    /// Changes a file whose columns take anything.
    private static func change(
        _ sql: String,
        in folder: TemporaryFolder,
        _ name: String
    ) throws {
        let loosening = try folder.connection(to: name)
        try loosening.writeWithoutTransaction { try $0.execute(sql: looseningColumns) }
        try loosening.close()
        let changing = try folder.connection(to: name)
        try changing.writeWithoutTransaction { try $0.execute(sql: sql) }
        try changing.close()
    }
}
