import Broker
import Commerce
import SQLStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// What ``Warehouse`` promises of orders and of what is not counted, held against every adapter.
struct WarehouseOrderContract {
    private let start = Timestamp(seconds: 0)

    @Test(arguments: StoreAdapter.all)
    func `orders are purchases less their further parts`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            for parts in 0..<3 as Range<Int64> {
                var commit = WarehouseCommit()
                var cell = WindowCell()
                cell.events[Int(EventName.purchase.rawValue)] = 4
                cell.orderParts = parts
                commit.add(.day, start, cell)
                commit.add(.day, start, category: "toys", cell)
                try await warehouse.commit(commit)
            }
            // 4 + 4 + 4 purchases, 0 + 1 + 2 parts.
            for categories in [WindowCategories.total, .each] {
                let rows = try await warehouse.windows(.day, categories: categories)
                #expect(rows.map(\.cell.orderParts) == [3])
                #expect(rows.map(\.cell.orders) == [9])
                #expect(rows.map { $0.cell[.purchase] } == [12])
            }
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `what is not counted is kept once, by its content`(adapter: StoreAdapter) async throws {
        let shop = Shop()
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            let publication = shop.views(5).published(at: 1)
            func uncounted(_ content: UInt64) -> [UncountedEvent] {
                UncountedEvent.Reason.allCases.flatMap { reason in
                    (0..<5).map {
                        UncountedEvent(
                            publication: publication,
                            place: $0,
                            reason: reason,
                            content: content
                        )
                    }
                }
            }
            var commit = WarehouseCommit()
            commit.uncounted = uncounted(.max)
            try await warehouse.commit(commit)
            var again = WarehouseCommit()
            again.uncounted = uncounted(.max) + uncounted(1)
            try await warehouse.commit(again)
            let kept = try await warehouse.exceptions()
            #expect(kept.repeatedOrders == 10)
            #expect(kept.conflicts == 10)
            #expect(kept.late == 0)
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `conversion is the share of the viewing sessions that bought`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            func hashes(_ range: Range<UInt64>) -> [UInt64] { range.map(SplitMix64.mix) }
            for part in 0..<4 as Range<UInt64> {
                var commit = WarehouseCommit()
                // 0..<40 view, 30..<70 buy, in four commits: 10 of 40. In the hour before, one
                // views and two others buy: 0 of 1.
                commit.add(
                    .viewingSessions,
                    .hour,
                    start,
                    hashes: hashes(part * 10..<part * 10 + 10)
                )
                commit.add(
                    .buyingSessions,
                    .hour,
                    start,
                    hashes: hashes(30 + part * 10..<40 + part * 10)
                )
                commit.add(.hour, start, .sample())
                let before = start - .seconds(3600)
                commit.add(.viewingSessions, .hour, before, hashes: hashes(1..<2))
                commit.add(.buyingSessions, .hour, before, hashes: hashes(5..<7))
                commit.add(.hour, before, .sample())
                commit.add(.hour, before - .seconds(3600), .sample())
                try await warehouse.commit(commit)
            }
            let rows = try await warehouse.windows(.hour, categories: .total)
            #expect(rows.map { $0.conversion?.share } == [nil, 0, 0.25])
            #expect(rows.last?.conversion?.viewing == 40)
            #expect(rows.last?.conversion?.isExact == true)
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all, [true, false])
    func `a sum that leaves 64 bits is refused, and all of its commit`(
        adapter: StoreAdapter,
        ofProduct: Bool
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            func commit(_ amount: Int64) -> WarehouseCommit {
                var commit = WarehouseCommit()
                commit.add(.all, start, .revenue(ofProduct ? 1 : amount))
                commit.add(product: "p1", ProductCell(units: 1, revenue: ofProduct ? amount : 1))
                return commit
            }
            // One cent less than 2^63, and then two.
            try await warehouse.commit(commit(.max - 1))
            let beyond = commit(2)
            let error = await #expect(throws: StoreError.self) {
                try await warehouse.commit(beyond)
            }
            #expect(error?.isTransient == false)
            let rows = try await warehouse.windows(.all, categories: .total)
            #expect(rows.map(\.cell.revenue) == [ofProduct ? 1 : .max - 1])
            #expect(try await warehouse.topProducts(atMost: 1).map(\.cell.units) == [1])
            try await warehouse.commit(commit(1))
            let most = try await warehouse.topProducts(atMost: 1)
            #expect(most.map(\.cell.revenue) == [ofProduct ? .max : 2])
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `a product whose days add up beyond 64 bits is damaged, and hides no other`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            // In memory a product has one sum, and the second commit is refused.
            guard let sql = warehouse as? any SQLWarehouse else { return }
            for day in 0..<2 as Range<Int64> {
                var commit = WarehouseCommit(salt: Int(day))
                let midnight = Timestamp(seconds: day * 86_400)
                commit.add(product: "p1", on: midnight, ProductCell(units: 1, revenue: .max))
                commit.add(product: "p2", on: midnight, ProductCell(units: .max, revenue: 1))
                commit.add(product: "p3", on: midnight, ProductCell(units: 1, revenue: 1))
                try await warehouse.commit(commit)
            }
            #expect(try await warehouse.topProducts(atMost: 9).map(\.product) == ["p3"])
            let damaged = sql.damage.first
            #expect(damaged.map(\.code) == [.corrupted, .corrupted])
            for (error, product) in zip(damaged, ["p1", "p2"]) {
                #expect(error.message.contains("product_sales"))
                #expect(error.message.contains(product))
                #expect(error.message.contains("figures whose sum over all windows has 64 bits"))
            }
            try await warehouse.close()
        }
    }
}
