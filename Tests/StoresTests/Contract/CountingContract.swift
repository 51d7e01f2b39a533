import Broker
import Commerce
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

/// What ``Warehouse`` and ``RawStore`` promise of runs that come one after the other, or at once.
struct CountingContract {
    @Test(arguments: StoreAdapter.all)
    func `a store is held by one run at a time, and by who holds it already`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let raw = try await (first: home.raw(), second: home.raw())
            try await raw.first.hold()
            try await raw.first.hold()
            if !raw.first.isVolatile {
                let error = await #expect(throws: StoreError.self) { try await raw.second.hold() }
                #expect(error?.code == .busy)
                #expect(error?.message.contains("writes to it now; let that end") == true)
                try await raw.first.renewHold()
            }
            try await raw.first.close()
            try await raw.second.hold()
            try await raw.second.close()

            let warehouse = try await (first: home.warehouse(), second: home.warehouse())
            try await warehouse.first.hold()
            try await warehouse.first.hold()
            if ["SQLite", "PostgreSQL"].contains(adapter.testDescription) {
                let error = await #expect(throws: StoreError.self) {
                    try await warehouse.second.hold()
                }
                #expect(error?.code == .busy)
            }
            try await warehouse.first.close()
            try await warehouse.second.hold()
            try await warehouse.second.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `what was stored from a position on is read back`(adapter: StoreAdapter) async throws {
        let shop = Shop()
        try await adapter.visit { home in
            let store = try await home.raw()
            _ = try await store.store([shop.views(10).write(at: 1)])
            let next = try await store.nextPosition()
            #expect(next == 11)
            #expect(try await store.readBack(from: next) == 0)
            _ = try await store.store([shop.views(7, from: 11).write(at: 11)])
            #expect(try await store.readBack(from: next) == 7)
            try await store.close()
        }
    }

    private static func claim(_ parts: CountedPart...) -> [CountingClaim] {
        [CountingClaim(topic: "events", subscription: "analytics", parts: parts)]
    }

    @Test(arguments: StoreAdapter.all)
    func `a topic is counted for one subscription`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            let parts: [CountedPart] = [.windows(.hour)]
            #expect(try await warehouse.claim(Self.claim(.windows(.hour))) == CountingTerms())
            let error = await #expect(throws: StoreError.self) {
                try await warehouse.claim(
                    [CountingClaim(topic: "events", subscription: "other", parts: parts)]
                )
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("is counted here for the subscription") == true)
            let terms = try await warehouse.claim(
                [CountingClaim(topic: "orders", subscription: "other", parts: parts)]
            )
            #expect(terms == CountingTerms(others: ["analytics"]))
            try await warehouse.close()
        }
    }

    /// Two hours of one day, and one of the next month: 3, 4 and 5 purchases of 10.00.
    private static let hours: [(start: Int64, purchases: Int)] = [
        (1_699_999_200, 3), (1_700_002_800, 4), (1_701_388_800, 5),
    ]

    private static func fill(_ warehouse: any Warehouse) async throws {
        let shop = Shop()
        var options = AnalyticsOptions()
        options.grains = [.hour]
        options.distinct = DistinctWindows(totals: [.hour], categories: [.hour])
        var aggregator = WindowAggregator(options: options)
        var number = 0
        for (start, purchases) in hours {
            let events = (0..<purchases).map { _ in
                number += 1
                return shop.event(number, .purchase, at: Timestamp(seconds: start + 60))
            }
            let batch = shop.batch(events)
            aggregator.add(batch, .range(0..<events.count))
        }
        var commit = WarehouseCommit(subscription: "analytics", number: 1, symbols: shop.symbols)
        (commit.cells, commit.products, commit.sketches, commit.custom) = aggregator.takeDeltas()
        try await warehouse.commit(commit)
    }

    private static let all = claim(
        .windows(.minute),
        .windows(.hour),
        .windows(.day),
        .windows(.month),
        .distinct(.minute),
        .distinct(.hour),
        .distinct(.day),
        .distinct(.month),
        .distinctByCategory(.day)
    )

    @Test(arguments: StoreAdapter.all)
    func `longer windows are filled, a shorter one says what it lacks`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            _ = try await warehouse.claim(
                Self.claim(.windows(.hour), .distinct(.hour), .distinctByCategory(.hour))
            )
            try await Self.fill(warehouse)
            #expect(try await warehouse.readBack() == 12)
            let terms = try await warehouse.claim(Self.all)
            #expect(
                terms.gaps == [
                    KeptPart(.windows(.minute), missing: 12),
                    KeptPart(.distinct(.minute), missing: 12),
                ]
            )
            // By hand: 2023-11-14 has 3 + 4, 2023-12-01 has 5; so have the months.
            for grain in [Grain.day, .month] {
                let rows = try await warehouse.windows(grain, categories: .total)
                #expect(rows.map(\.cell.orders) == [7, 5])
                #expect(rows.map(\.cell.revenue) == [7000, 5000])
                // Users are numbers modulo 7, of 1 to 7 and of 8 to 12.
                #expect(rows.map { $0.distinct[.shoppers]?.count } == [7, 5])
            }
            let months = try await warehouse.windows(.month, categories: .total)
            #expect(
                months.map(\.start.description) == [
                    "2023-11-01T00:00:00Z", "2023-12-01T00:00:00Z",
                ]
            )
            let each = try await warehouse.windows(.day, categories: .each)
            #expect(each.map(\.cell.orders) == [7, 5])
            #expect(each.map { $0.distinct[.shoppers]?.count } == [7, 5])
            // Those of months are not kept by category, and not 0.
            let monthly = try await warehouse.windows(.month, categories: .each)
            #expect(monthly.map { $0.distinct[.shoppers] } == [nil, nil])
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `what is no longer kept is named, and filled when it is kept again`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            _ = try await warehouse.claim(
                Self.claim(.windows(.hour), .distinct(.hour), .distinctByCategory(.hour))
            )
            try await Self.fill(warehouse)
            _ = try await warehouse.claim(Self.all)
            // Without hours, and then with them again: nothing was counted meanwhile.
            _ = try await warehouse.claim(Self.claim(.windows(.minute), .windows(.day)))
            let again = try await warehouse.claim(Self.claim(.windows(.hour), .windows(.day)))
            #expect(again.gaps == [])
            // Said for as long as they are there and not kept.
            #expect(
                again.dropped.map(\.part) == [
                    .windows(.minute), .windows(.month), .distinct(.minute), .distinct(.hour),
                    .distinct(.day), .distinct(.month), .distinctByCategory(.hour),
                    .distinctByCategory(.day),
                ]
            )
            #expect(again.dropped.allSatisfy { $0.pausedAt == 12 })
            let all = try await warehouse.claim(Self.all)
            #expect(all.dropped.map(\.part) == [.distinctByCategory(.hour)])
            let days = try await warehouse.windows(.day, categories: .total)
            #expect(days.map { $0.distinct[.shoppers]?.count } == [7, 5])
            try await warehouse.close()
        }
    }
}
