import Commerce
import PostgreSQLStores
import SQLStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// What the tables and views hold, as another program sees them.
@Suite(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
struct PostgreSQLWarehouseTests {
    private let server = PostgreSQLTestServer.given ?? PostgreSQLTestServer(url: "")
    private let shop = Shop()

    private func withWarehouse(
        _ body: (PostgreSQLWarehouse, String) async throws -> Void
    ) async throws {
        try await server.withSchema { schema in
            let warehouse = try await PostgreSQLWarehouse(server.location(schema: schema))
            try await body(warehouse, schema)
            await warehouse.close()
        }
    }

    @Test func `a sum that is too large is refused, and the rest of its commit with it`()
        async throws
    {
        try await withWarehouse { warehouse, _ in
            var commit = WarehouseCommit()
            commit.add(.all, Timestamp(seconds: 0), .revenue(.max))
            try await warehouse.commit(commit)
            let before = try await warehouse.contents()

            commit = WarehouseCommit()
            commit.add(.hour, Shop.epoch, .sample())
            commit.add(.all, Timestamp(seconds: 0), .revenue(1))
            commit.consume("log", 1...2)
            let error = await #expect(throws: StoreError.self) {
                try await warehouse.commit(commit)
            }
            #expect(error?.code == .refused)
            #expect(try await warehouse.contents() == before)
            // The connection serves on.
            commit = WarehouseCommit()
            commit.add(.hour, Shop.epoch, .sample())
            try await warehouse.commit(commit)
            #expect(try await warehouse.windows(.hour, categories: .total).count == 1)
        }
    }

    @Test func `an event that is counted twice is refused, and its commit with it`()
        async throws
    {
        try await withWarehouse { warehouse, _ in
            var commit = WarehouseCommit()
            commit.count([IdentityDigest(high: 1, low: 2)])
            try await warehouse.commit(commit)
            var again = WarehouseCommit()
            again.count([IdentityDigest(high: 0, low: 0), IdentityDigest(high: 1, low: 2)])
            again.add(.hour, Shop.epoch, .sample())
            let error = await #expect(throws: StoreError.self) { try await warehouse.commit(again) }
            #expect(error?.code == .refused)
            #expect(try await warehouse.windows(.hour, categories: .total).isEmpty)
            let question = CountedQuestion(events: again.counted.map(\.identity))
            let answer = try await warehouse.alreadyCounted(question, by: "analytics")
            #expect(answer.events.count == 1)
        }
    }

    @Test func `rows of one key in one commit add up, a total by either of its symbols`()
        async throws
    {
        try await withWarehouse { warehouse, _ in
            var commit = WarehouseCommit()
            let empty = commit.symbols.symbol(for: "", in: .category)
            for category in [Symbol.none, empty, .none] {
                let key = WindowKey(
                    grain: .hour,
                    start: Shop.epoch,
                    category: category,
                    currency: .usd
                )
                commit.cells.append((key, .sample()))
            }
            for _ in 0..<3 {
                commit.add(.hour, Shop.epoch, category: "toys", .sample())
                commit.add(product: "p1", ProductCell(revenue: 5))
            }
            // Equivalent to Unicode, different as names.
            for name in ["caf\u{e9}", "cafe\u{301}"] {
                commit.add(product: name, ProductCell(revenue: 1))
                commit.add(.hour, Shop.epoch, category: name, .sample())
            }
            try await warehouse.commit(commit)
            let total = try await warehouse.windows(.hour, categories: .total)
            #expect(total.map(\.cell.text) == [WindowCell.sample(3).text])
            let each = try await warehouse.windows(.hour, categories: .each)
            #expect(
                each.map(\.cell.text) == [1, 1, 3].map { WindowCell.sample($0).text }
            )
            #expect(try await warehouse.topProducts(atMost: 9).map(\.cell.revenue) == [15, 1, 1])
        }
    }

    @Test func `names that no index takes are kept apart, by their beginning and a hash`()
        async throws
    {
        try await withWarehouse { warehouse, _ in
            // Three bytes each, and nothing that could be compressed to less.
            var random = Randomness(seed: 1)
            let long = String(
                String.UnicodeScalarView(
                    (0..<10_000).compactMap { _ in
                        UnicodeScalar(0x4e00 + UInt32(random.below(20_000)))
                    }
                )
            )
            for _ in 1...2 {
                var commit = WarehouseCommit()
                for name in [long, long + "!"] {
                    commit.add(.hour, Shop.epoch, category: name, .revenue(1))
                    commit.add(.sessions, .hour, Shop.epoch, category: name, hashes: [7])
                    commit.add(product: name, ProductCell(revenue: 1))
                }
                try await warehouse.commit(commit)
            }
            let rows = try await warehouse.windows(.hour, categories: .each)
            #expect(rows.map(\.cell.revenue) == [2, 2])
            #expect(rows.map { $0.distinct[.sessions]?.count } == [1, 1])
            for row in rows {
                #expect(long.hasPrefix(row.category.prefix(200)))
                #expect(row.category.utf8.count <= KeyText.longest)
                let key = SketchText(
                    grain: .hour,
                    start: Shop.epoch,
                    measure: .sessions,
                    category: row.category
                )
                #expect(try await warehouse.sketch(key) == [7, 7])
            }
            #expect(try await warehouse.topProducts(atMost: 9).map(\.cell.revenue) == [2, 2])
            try await warehouse.storeDeadLetters(
                shop.deadLetters(of: shop.batch(ofJSON: [shop.json(id: long, source: long)]))
            )
            #expect(try await warehouse.exceptions().deadLetters == 1)
        }
    }

    @Test func `a measure that there is not is no count of anything`() async throws {
        try await withWarehouse { warehouse, schema in
            var commit = WarehouseCommit()
            commit.add(.hour, Shop.epoch, .sample())
            commit.add(.shoppers, .hour, Shop.epoch, hashes: [1, 2])
            commit.add(.sessions, .hour, Shop.epoch, hashes: [3])
            try await warehouse.commit(commit)
            _ = try server.query(
                "UPDATE \(schema).distinct_hashes SET measure = 'visitors' "
                    + "WHERE measure = 'shoppers' RETURNING 1"
            )
            let rows = try await warehouse.windows(.hour, categories: .total)
            #expect(rows.map { $0.distinct.mapValues(\.count) } == [[.sessions: 1]])
            #expect(warehouse.damage.first.map(\.code) == [.corrupted])
        }
    }

    @Test func `parts of a sketch are merged before they are many`() async throws {
        try await withWarehouse { warehouse, schema in
            for number in 1...200 as ClosedRange<UInt64> {
                var commit = WarehouseCommit()
                commit.add(.sessions, .day, Shop.epoch, hashes: [number << 32, number << 33])
                try await warehouse.commit(commit)
            }
            let parts = try server.query("SELECT count(*) FROM \(schema).distinct_hashes")
            #expect(Int(parts[0][0]) ?? .max < 128)
            let key = SketchText(
                grain: .day,
                start: Shop.epoch,
                measure: .sessions,
                category: ""
            )
            #expect(Set(try await warehouse.sketch(key)).count == 300)
        }
    }

    @Test func `a sketch that holds far more than it counts with is cut down`() async throws {
        try await withWarehouse { warehouse, schema in
            let capacity = SketchKey.capacity(.second, ofOneCategory: false)
            var whole = DistinctSketch(capacity: capacity)
            for number in 0..<200 as Range<UInt64> {
                let hashes = (0..<60).map { SplitMix64.mix(number * 60 + $0) }
                hashes.forEach { whole.insert($0) }
                var commit = WarehouseCommit()
                commit.add(.second, Shop.epoch, .sample())
                commit.add(.sessions, .second, Shop.epoch, hashes: hashes)
                try await warehouse.commit(commit)
            }
            let rows = try await warehouse.windows(.second, categories: .total)
            #expect(rows.map { $0.distinct[.sessions] } == [DistinctCount(whole)])
            let kept = try server.query(
                "SELECT sum(octet_length(hashes)) / 8 FROM \(schema).distinct_hashes"
            )
            #expect(Int(kept[0][0]) ?? .max < 12_000 - 4 * capacity)
        }
    }

    @Test func `late events are kept once, with their original bytes`() async throws {
        let lines = ["e\u{301}😀", "a'b", "3"].map {
            " " + shop.json(id: $0, time: "2023-11-14T18:13:20Z") + "\t"
        }
        try await withWarehouse { warehouse, schema in
            let late = try shop.batch(ofJSON: lines, firstOffset: 2)
            var commit = try shop.lateCommit(of: late)
            try await warehouse.commit(commit)
            commit.counted = []
            commit.number += 1
            try await warehouse.commit(commit)
            #expect(try await warehouse.exceptions() == .init(late: 3, deadLetters: 0))
            let rows = try server.query(
                """
                SELECT document, subscription, source, time_ns, missed_grain, lateness_ns
                FROM \(schema).late_events ORDER BY id
                """
            )
            let documents = [lines[2], lines[1], lines[0]]
            #expect(rows.map { Array($0[0].utf8) } == documents.map { Array($0.utf8) })
            for row in rows {
                #expect(
                    row.dropFirst() == [
                        "analytics", "shop", "1699985600000000000", "1h", "14400000000000",
                    ]
                )
            }
            #expect(
                try server.query("SELECT * FROM \(schema).late_events_by_day") == [
                    ["2023-11-14", "analytics", "1h", "3", "04:00:00", "04:00:00"]
                ]
            )
        }
    }

    @Test func `a dead letter keeps its bytes and first failure, the rest is of the last one`()
        async throws
    {
        let line =
            #"{"id":"x\u0001","source":"shop","specversion":"1.0","type":"search","#
            + #""time":"1997-01-01T00:00:00Z"}"#
        let batch = try shop.batch(ofJSON: [line])
        try await withWarehouse { warehouse, schema in
            let first = shop.deadLetters(of: batch, at: 4)
            let second = shop.deadLetters(of: batch, at: 4, reason: "other")
            let later = Shop.epoch + .seconds(60)
            try await warehouse.storeDeadLetters(first + second)
            try await warehouse.storeDeadLetters(
                shop.deadLetters(of: batch, at: 4, reason: "store-full", detail: "'", time: later)
            )
            let rows = try server.query(
                """
                SELECT subscription, source, position, reason, detail, attempts,
                    first_failure_ns, last_failure_ns, convert_from(document, 'UTF8'), id
                FROM \(schema).dead_letters
                """
            )
            #expect(
                rows == [
                    [
                        "analytics", "shop", "4", "store-full", "'", "1",
                        "\(Shop.epoch.nanoseconds)", "\(later.nanoseconds)", line, "x\u{1}",
                    ]
                ]
            )
        }
    }

    @Test func `the views answer in decimal amounts and in times of any zone`() async throws {
        try await withWarehouse { warehouse, schema in
            let times = ["1700-12-31T23:30:00Z", "1969-12-31T23:30:00Z", "2261-12-31T23:30:00Z"]
            for time in times {
                let instant = try #require(Timestamp(rfc3339: time))
                var commit = WarehouseCommit()
                for grain in [Grain.hour, .day] {
                    let start = grain.start(of: instant)
                    commit.add(grain, start, .sample())
                    commit.add(grain, start, category: "toys", .sample())
                    commit.add(grain, start, currency: WarehouseContract.yen, .sample())
                    commit.add(grain, start, currency: .none, .revenue(0))
                }
                commit.add(product: "p1", on: instant, ProductCell(orders: 1, revenue: 5))
                commit.add(product: "p2", on: instant, ProductCell(units: 3, revenue: 602))
                try await warehouse.commit(commit)
            }
            let hours = try server.query(
                """
                SET TimeZone = 'Asia/Kathmandu';
                SELECT hour, hour AT TIME ZONE 'UTC', currency, orders, revenue, refunded, net,
                    average_order
                FROM \(schema).revenue_per_hour
                """
            )
            let sums = [
                ["JPY", "7", "1000", "10000", "-9000", "143"],
                ["USD", "7", "10.00", "100.00", "-90.00", "1.43"],
            ]
            let starts = [
                ["1701-01-01 04:41:16+05:41:16", "1700-12-31 23:00:00"],
                ["1970-01-01 04:30:00+05:30", "1969-12-31 23:00:00"],
                ["2262-01-01 04:45:00+05:45", "2261-12-31 23:00:00"],
            ]
            #expect(hours == starts.flatMap { start in sums.map { start + $0 } })
            #expect(
                try server.query(
                    "SELECT * FROM \(schema).sales_per_day WHERE currency = 'USD'"
                )
                    == ["1700-12-31", "1969-12-31", "2261-12-31"].map {
                        [$0, "USD", "7", "100", "10.00", "100.00"]
                    }
            )
            #expect(
                try server.query("SELECT * FROM \(schema).top_products") == [
                    ["p2", "USD", "0", "0", "9", "18.06"], ["p1", "USD", "0", "3", "0", "0.15"],
                ]
            )
            #expect(
                try server.query(
                    "SELECT * FROM \(schema).events_by_day WHERE day = '1969-12-31'"
                ) == [
                    ["1969-12-31", "", "4", "8", "12", "14", "200.00", "350.00"],
                    ["1969-12-31", "toys", "2", "4", "6", "7", "200.00", "350.00"],
                ]
            )
        }
    }

    @Test func `an instant is shown to the microsecond below it`() async throws {
        try await withWarehouse { _, schema in
            let shown = try server.query(
                """
                SET TimeZone = 'UTC';
                SELECT \(schema).weir_time(ns) FROM unnest(ARRAY[0, 1700000000123456000,
                    -1000000000, -6000, 9223372036854775807]::bigint[]) AS ns
                """
            )
            #expect(
                shown.map { $0[0] } == [
                    "1970-01-01 00:00:00+00", "2023-11-14 22:13:20.123456+00",
                    "1969-12-31 23:59:59+00", "1969-12-31 23:59:59.999994+00",
                    "2262-04-11 23:47:16.854775+00",
                ]
            )
        }
    }

    @Test func `amounts have the digits that the program gives their currencies`() async throws {
        try await withWarehouse { _, schema in
            let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            let codes = letters.flatMap { first in
                letters.flatMap { second in letters.map { "\(first)\(second)\($0)" } }
            }
            let list = codes.joined(separator: ",")
            let shown = try server.query(
                "SELECT \(schema).weir_amount(-12345, code) "
                    + "FROM unnest(string_to_array('\(list)', ',')) WITH ORDINALITY AS c(code, n) "
                    + "ORDER BY n"
            )
            let expected = try codes.map { code in
                Money(minorUnits: -12_345, currency: try #require(Currency(code: code))).decimal
            }
            #expect(shown.map { $0[0] } == expected)
        }
    }
}
