import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

/// What ``Warehouse`` promises of windows and products, held against every adapter.
struct WarehouseContract {
    static let yen = Currency(bits: 0x4a_5059)
    static let euro = Currency(bits: 0x45_5552)

    @Test(arguments: StoreAdapter.all)
    func `an empty warehouse says so`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            try await warehouse.commit(WarehouseCommit())
            try await warehouse.storeDeadLetters([])
            let nothing = WarehouseExceptions(late: 0, deadLetters: 0)
            #expect(try await warehouse.contents() == ["\(nothing)"])
            let key = SketchText(
                grain: .all,
                start: Timestamp(seconds: 0),
                measure: .shoppers,
                category: ""
            )
            #expect(try await warehouse.sketch(key) == [])
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `commits add up, whatever symbols they use`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            for factor in 1...4 as ClosedRange<Int64> {
                var commit = WarehouseCommit(salt: Int(factor))
                commit.add(.hour, Shop.epoch, .sample(factor))
                commit.add(.hour, Shop.epoch, category: "toys", .sample(10 * factor))
                commit.add(.hour, Shop.epoch, category: "c7", .sample(100 * factor))
                try await warehouse.commit(commit)
            }
            let total = try await warehouse.windows(.hour, categories: .total)
            #expect(total.map(\.cell.text) == [WindowCell.sample(10).text])
            #expect(total.map(\.start) == [Shop.epoch])
            let each = try await warehouse.windows(.hour, categories: .each)
            #expect(each.map(\.category) == ["c7", "toys"])
            #expect(
                each.map(\.cell.text) == [
                    WindowCell.sample(1000).text, WindowCell.sample(100).text,
                ]
            )
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `windows are apart by grain, start, category and currency, and sorted`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            let starts = [-7200, 3600, 0, -3600].map { Timestamp(seconds: $0) }
            let categories = ["", "toys", "c10", "c9", "Toys"]
            let currencies = [Currency.usd, .none, Self.yen, Self.euro]
            var expected: [Grain: [String]] = [:]
            for (place, grain) in Grain.allCases.reversed().enumerated() {
                var commit = WarehouseCommit()
                for start in starts {
                    for category in categories {
                        for currency in currencies {
                            commit.add(
                                grain,
                                start,
                                category: category,
                                currency: currency,
                                .revenue(Int64(place))
                            )
                        }
                    }
                }
                try await warehouse.commit(commit)
                for start in starts.sorted() {
                    for category in categories.sorted() where !category.isEmpty {
                        for code in currencies.map(\.code).sorted() {
                            let line = "\(start) \(category) \(code) \(place)"
                            expected[grain, default: []].append(line)
                        }
                    }
                }
            }
            for grain in Grain.allCases {
                let rows = try await warehouse.windows(grain, categories: .each)
                let lines = rows.map {
                    "\($0.start) \($0.category) \($0.currency.code) \($0.cell.revenue)"
                }
                #expect(lines == expected[grain])
                let total = try await warehouse.windows(grain, categories: .total)
                #expect(total.count == 16)
                #expect(total.allSatisfy { $0.category.isEmpty && $0.grain == grain })
            }
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `windows reach from 1700 to 2261`(adapter: StoreAdapter) async throws {
        let times = [
            "1700-02-28T23:59:59Z", "1700-03-01T00:00:00+01:00", "1899-12-31T23:30:00-01:00",
            "1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z", "1999-12-31T23:59:60Z",
            "2000-02-29T12:00:00Z", "2261-12-31T23:59:59Z",
        ]
        let months = [
            "1700-02-01", "1700-02-01", "1900-01-01", "1969-12-01", "1970-01-01", "2000-01-01",
            "2000-02-01", "2261-12-01",
        ]
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            for time in times.reversed() {
                let instant = try #require(Timestamp(rfc3339: time))
                var commit = WarehouseCommit()
                for grain in Grain.allCases {
                    commit.add(grain, grain.start(of: instant), .revenue(1))
                }
                try await warehouse.commit(commit)
            }
            let rows = try await warehouse.windows(.month, categories: .total)
            var expected: [String] = []
            for month in months where expected.last != "\(month)T00:00:00Z" {
                expected.append("\(month)T00:00:00Z")
            }
            #expect(rows.map(\.start.description) == expected)
            #expect(rows.map(\.cell.revenue) == [2, 1, 1, 1, 1, 1, 1])
            let seconds = try await warehouse.windows(.second, categories: .total)
            #expect(seconds.map(\.start) == seconds.map(\.start).sorted())
            #expect(seconds.count == 8)
            let all = try await warehouse.windows(.all, categories: .total)
            #expect(all.map(\.cell.revenue) == [8])
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `sums are exact up to the limits of 64 bits`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            // In floating point, the ones would be lost.
            for amount in [.max - 3, 1, 1, 1] as [Int64] {
                var commit = WarehouseCommit()
                commit.add(.all, Timestamp(seconds: 0), .revenue(amount))
                commit.add(.all, .distantPast, .revenue(-amount))
                commit.add(.all, .distantFuture, .sample(0))
                commit.add(product: "p1", ProductCell(units: -amount, revenue: amount))
                try await warehouse.commit(commit)
            }
            let rows = try await warehouse.windows(.all, categories: .total)
            #expect(rows.map(\.cell.revenue) == [-.max, .max, 0])
            #expect(rows.map(\.start) == [.distantPast, Timestamp(seconds: 0), .distantFuture])
            let products = try await warehouse.topProducts(atMost: 1)
            #expect(products.map(\.cell) == [ProductCell(units: -.max, revenue: .max)])
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `names of any script are kept as they are, in the order of their code points`(
        adapter: StoreAdapter
    ) async throws {
        let names = [
            " ", "%", "'; DROP TABLE window_aggregates; --", "A", "NULL", "a", "a ", "caf\u{e9}",
            "e\u{304}\u{323}", "עברית", "日本", "\u{ff5e}", "👩‍👩‍👧‍👦", "😀",
        ]
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            for round in 1...2 {
                var commit = WarehouseCommit(salt: round)
                for name in names.reversed() {
                    commit.add(.day, Shop.epoch, category: name, .revenue(1))
                    commit.add(.shoppers, .day, Shop.epoch, category: name, hashes: [5, 6])
                    commit.add(product: name, ProductCell(revenue: 1))
                }
                try await warehouse.commit(commit)
            }
            let rows = try await warehouse.windows(.day, categories: .each)
            #expect(rows.map { Array($0.category.utf8) } == names.map { Array($0.utf8) })
            #expect(rows.allSatisfy { $0.cell.revenue == 2 })
            #expect(rows.allSatisfy { $0.distinct[.shoppers]?.count == 2 })
            let products = try await warehouse.topProducts(atMost: 100)
            #expect(products.map { Array($0.product.utf8) } == names.map { Array($0.utf8) })
            #expect(products.allSatisfy { $0.cell.revenue == 2 })
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `top products are summed over all days and sorted by revenue, then by name`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            for day in 0..<3 as Range<Int64> {
                var commit = WarehouseCommit(salt: Int(day))
                let start = Timestamp(seconds: day * 86_400)
                commit.add(product: "p2", on: start, ProductCell(views: 1, orders: 1, revenue: 10))
                commit.add(product: "p10", on: start, ProductCell(revenue: 10))
                commit.add(product: "p10", on: start, currency: Self.euro, ProductCell(revenue: 10))
                commit.add(
                    product: "best",
                    on: start,
                    ProductCell(orders: 2, units: 5, revenue: 99)
                )
                commit.add(product: "seen", on: start, currency: .none, ProductCell(views: 7))
                commit.add(product: "back", on: start, ProductCell(revenue: -1))
                try await warehouse.commit(commit)
            }
            let rows = try await warehouse.topProducts(atMost: 6)
            let lines = rows.map { "\($0.product) \($0.currency.code) \($0.cell.revenue)" }
            #expect(
                lines == [
                    "best USD 297", "p10 EUR 30", "p10 USD 30", "p2 USD 30", "seen  0",
                    "back USD -3",
                ]
            )
            #expect(rows.first?.cell == ProductCell(orders: 6, units: 15, revenue: 297))
            #expect(rows[4].cell == ProductCell(views: 21))
            #expect(try await warehouse.topProducts(atMost: 2) == Array(rows.prefix(2)))
            #expect(try await warehouse.topProducts(atMost: 0) == [])
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `ten thousand windows go in one commit`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            for _ in 0..<2 {
                var commit = WarehouseCommit()
                for second in 0..<10_000 as Range<Int64> {
                    commit.add(.second, Timestamp(seconds: second), .revenue(second))
                }
                try await warehouse.commit(commit)
            }
            let rows = try await warehouse.windows(.second, categories: .total)
            #expect(rows.map(\.cell.revenue) == (0..<10_000).map { 2 * $0 })
            try await warehouse.close()
        }
    }
}
