import Commerce
import GRDB
import SQLStores
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

struct SQLiteWarehouseTests {
    private let shop = Shop()

    private func location(_ folder: TemporaryFolder, pages: Int? = nil) -> SQLiteLocation {
        SQLiteLocation(path: folder.path("w.sqlite"), maximumPages: pages)
    }

    /// The commit of second `number`, of about 20 KiB.
    private func commit(_ number: Int64) -> WarehouseCommit {
        var commit = WarehouseCommit()
        for category in 0..<50 {
            let name = "category \(category) of \(number)"
            commit.add(.second, Timestamp(seconds: number), category: name, .sample())
        }
        commit.add(.all, Timestamp(seconds: 0), .sample())
        commit.add(product: "p1", ProductCell(orders: 1, revenue: 10))
        commit.add(.shoppers, .all, Timestamp(seconds: 0), hashes: [UInt64(number) << 32])
        commit.add(.shoppers, .second, Timestamp(seconds: number), hashes: Array(1...1000))
        commit.consume("log", 1...number, watermark: Timestamp(seconds: number))
        return commit
    }

    /// What an earlier version noted of all distinct counts at once.
    @Test func `distinct counts of an earlier version are known window by window`() async throws {
        try await withFolder { folder in
            let before = try SQLiteWarehouse(location(folder))
            try await before.commit(commit(1))
            try before.close()
            let queue = try DatabaseQueue(path: folder.path("w.sqlite"))
            try await queue.write { database in
                try database.execute(
                    sql: "INSERT INTO kept_parts VALUES ('1s', 1, 0, 0, 0), "
                        + "('1d', 1, 0, 0, 1), ('distinct', 1, 0, 0, 0)"
                )
            }
            try queue.close()
            let warehouse = try SQLiteWarehouse(location(folder))
            let claim = CountingClaim(
                topic: "events",
                subscription: "analytics",
                parts: [.windows(.second), .windows(.day), .distinct(.day), .distinct(.all)]
            )
            let terms = try await warehouse.claim([claim])
            let counted = WindowCell.sample().total
            #expect(terms.gaps == [KeptPart(.distinct(.day), missing: counted)])
            #expect(
                terms.dropped.map(\.part) == [
                    .distinct(.second), .distinctByCategory(.second), .distinctByCategory(.day),
                    .distinctByCategory(.all),
                ]
            )
            #expect(try await warehouse.claim([claim]) == terms)
            try warehouse.close()
        }
    }

    @Test func `a commit that finds the file full changes nothing, and a larger file takes it`()
        async throws
    {
        try await withFolder { folder in
            let warehouse = try SQLiteWarehouse(location(folder, pages: 120))
            var number: Int64 = 1
            var contents = try await warehouse.contents()
            while true {
                do throws(StoreError) {
                    try await warehouse.commit(commit(number))
                } catch {
                    #expect(error.code == .full)
                    #expect(error.message.contains("w.sqlite"))
                    break
                }
                contents = try await warehouse.contents()
                number += 1
                try #require(number < 1000)
            }
            #expect(number > 2)
            #expect(try await warehouse.contents() == contents)
            await #expect(throws: StoreError.self) { try await warehouse.commit(commit(number)) }
            #expect(try await warehouse.contents() == contents)
            try warehouse.close()
            try folder.expectSound("w.sqlite")

            let larger = try SQLiteWarehouse(location(folder))
            #expect(try await larger.contents() == contents)
            try await larger.commit(commit(number))
            let rows = try await larger.windows(.all, categories: .total)
            #expect(rows.map(\.cell.text) == [WindowCell.sample(number).text])
            #expect(rows.map { $0.distinct[.shoppers]?.count } == [number])
            let progress = try await larger.progress(of: "analytics")
            #expect(progress.map(\.consumed.intervals) == [[1...number]])
            try larger.close()
            try folder.expectSound("w.sqlite")
        }
    }

    @Test func `a sum that is too large is refused, and the rest of its commit with it`()
        async throws
    {
        try await withFolder { folder in
            let warehouse = try SQLiteWarehouse(location(folder))
            for (amount, isRefused) in [(Int64.max, false), (1, true)] {
                var commit = WarehouseCommit()
                commit.add(.hour, Shop.epoch, .sample())
                commit.add(.all, Timestamp(seconds: 0), .revenue(amount))
                commit.consume("log", 1...(isRefused ? 2 : 1))
                let before = try await warehouse.contents()
                guard isRefused else {
                    try await warehouse.commit(commit)
                    continue
                }
                let error = await #expect(throws: StoreError.self) {
                    try await warehouse.commit(commit)
                }
                #expect(error?.code == .refused)
                #expect(try await warehouse.contents() == before)
            }
            try warehouse.close()
            try folder.expectSound("w.sqlite")
        }
    }

    @Test func `parts of a sketch are merged before they are many`() async throws {
        try await withFolder { folder in
            let warehouse = try SQLiteWarehouse(location(folder))
            for number in 1...200 as ClosedRange<UInt64> {
                var commit = WarehouseCommit()
                commit.add(.sessions, .day, Shop.epoch, hashes: [number << 32, number << 33])
                try await warehouse.commit(commit)
            }
            try warehouse.close()
            let parts = try folder.query("w.sqlite", "SELECT hashes FROM distinct_hashes")
            #expect(parts.count < 64)
        }
    }

    @Test func `late events are kept once, with their original bytes`() async throws {
        let lines = ["e\u{301}😀", "a'b", "3"].map {
            " " + shop.json(id: $0, time: "2023-11-14T18:13:20Z") + "\t"
        }
        try await withFolder { folder in
            let warehouse = try SQLiteWarehouse(location(folder))
            let late = try shop.batch(ofJSON: lines, firstOffset: 2)
            var commit = try shop.lateCommit(of: late)
            try await warehouse.commit(commit)
            commit.counted = []
            try await warehouse.commit(commit)
            #expect(try await warehouse.exceptions() == .init(late: 3, deadLetters: 0))
            try warehouse.close()
            let rows = try folder.query(
                "w.sqlite",
                """
                SELECT document, subscription, source, time_ns, missed_grain, lateness_ns
                FROM late_events ORDER BY id
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
        }
    }

    @Test func `a dead letter keeps its bytes and first failure, the rest is of the last one`()
        async throws
    {
        let line =
            #"{"id":"x\u0001","source":"shop","specversion":"1.0","type":"search","#
            + #""time":"1997-01-01T00:00:00Z"}"#
        let batch = try shop.batch(ofJSON: [line])
        try await withFolder { folder in
            let warehouse = try SQLiteWarehouse(location(folder))
            try await warehouse.storeDeadLetters(shop.deadLetters(of: batch, at: 4))
            let later = Shop.epoch + .seconds(60)
            try await warehouse.storeDeadLetters(
                shop.deadLetters(of: batch, at: 4, reason: "store-full", detail: "'", time: later)
            )
            try warehouse.close()
            let rows = try folder.query(
                "w.sqlite",
                """
                SELECT subscription, source, position, reason, detail, attempts,
                    first_failure_ns, last_failure_ns, hex(document), hex(id)
                FROM dead_letters
                """
            )
            let hexadecimal = line.utf8.map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }.joined()
            #expect(
                rows == [
                    [
                        "analytics", "shop", "4", "store-full", "'", "1",
                        "\(Shop.epoch.nanoseconds)", "\(later.nanoseconds)", hexadecimal, "7801",
                    ]
                ]
            )
        }
    }

    @Test func `the views answer`() async throws {
        try await withFolder { folder in
            let warehouse = try SQLiteWarehouse(location(folder))
            let times = ["1700-12-31T23:30:00Z", "1969-12-31T23:30:00Z", "2261-12-31T23:30:00Z"]
            for time in times {
                let instant = try #require(Timestamp(rfc3339: time))
                var commit = WarehouseCommit()
                for grain in [Grain.hour, .day] {
                    commit.add(grain, grain.start(of: instant), .sample())
                    commit.add(grain, grain.start(of: instant), category: "toys", .sample())
                    commit.add(grain, grain.start(of: instant), currency: .none, .revenue(0))
                }
                commit.add(product: "p1", on: instant, ProductCell(orders: 1, revenue: 5))
                commit.add(product: "p2", on: instant, ProductCell(units: 3, revenue: 6))
                try await warehouse.commit(commit)
            }
            try warehouse.close()
            #expect(
                try folder.query("w.sqlite", "SELECT * FROM revenue_per_hour") == [
                    ["1700-12-31 23:00:00", "USD", "7", "1000", "10000"],
                    ["1969-12-31 23:00:00", "USD", "7", "1000", "10000"],
                    ["2261-12-31 23:00:00", "USD", "7", "1000", "10000"],
                ]
            )
            #expect(
                try folder.query("w.sqlite", "SELECT * FROM sales_per_day") == [
                    ["1700-12-31", "USD", "7", "100", "1000", "10000"],
                    ["1969-12-31", "USD", "7", "100", "1000", "10000"],
                    ["2261-12-31", "USD", "7", "100", "1000", "10000"],
                ]
            )
            #expect(
                try folder.query("w.sqlite", "SELECT * FROM top_products") == [
                    ["p2", "USD", "0", "9", "18"], ["p1", "USD", "3", "0", "15"],
                ]
            )
        }
    }
}
