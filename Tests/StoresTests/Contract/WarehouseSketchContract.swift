import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

/// What ``Warehouse`` promises of distinct counts, held against every adapter.
struct WarehouseSketchContract {
    private let start = Timestamp(seconds: 0)

    /// Distinct hashes, as of numbers from `range`.
    private func hashes(_ range: Range<UInt64>) -> [UInt64] {
        range.map { SplitMix64.mix($0 &+ 0x1234_5678) }
    }

    private func key(
        _ grain: Grain,
        _ measure: Measure = .shoppers,
        category: String = ""
    ) -> SketchText {
        SketchText(grain: grain, start: start, measure: measure, category: category)
    }

    @Test(arguments: StoreAdapter.all)
    func `a count that grows over many commits stays exact`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            var warehouse = try await home.warehouse()
            // Each commit repeats half of what the one before it brought.
            for round in 0..<200 as Range<UInt64> {
                var commit = WarehouseCommit(salt: Int(round % 3))
                commit.add(.shoppers, .day, start, hashes: hashes(round * 5..<round * 5 + 10))
                commit.add(
                    .shoppers,
                    .day,
                    start,
                    category: "toys",
                    hashes: hashes(round..<round + 2)
                )
                commit.add(.day, start, .sample())
                commit.add(.day, start, category: "toys", .sample())
                try await warehouse.commit(commit)
                if round == 90 {
                    try await warehouse.close()
                    warehouse = try await home.warehouse()
                }
            }
            let total = try await warehouse.windows(.day, categories: .total)
            #expect(total.map { $0.distinct[.shoppers]?.count } == [1005])
            #expect(total.map { $0.distinct[.shoppers]?.isExact } == [true])
            #expect(total.map { $0.distinct[.sessions] } == [nil])
            let each = try await warehouse.windows(.day, categories: .each)
            #expect(each.map { $0.distinct[.shoppers]?.count } == [201])
            #expect(Set(try await warehouse.sketch(key(.day))) == Set(hashes(0..<1005)))
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `beyond its capacity a count is the estimate of all that was added`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            let capacity = SketchKey.capacity(.second, ofOneCategory: false)
            for round in 0..<70 as Range<UInt64> {
                var commit = WarehouseCommit()
                let first = round * 60
                commit.add(.sessions, .second, start, hashes: hashes(first..<first + 60))
                commit.add(.second, start, .sample())
                try await warehouse.commit(commit)
            }
            let whole = DistinctSketch(capacity: capacity, values: hashes(0..<4200))
            let rows = try await warehouse.windows(.second, categories: .total)
            #expect(rows.map { $0.distinct[.sessions] } == [DistinctCount(whole)])
            let stored = try await warehouse.sketch(key(.second, .sessions))
            let restored = DistinctSketch(capacity: capacity, values: stored)
            #expect(restored.estimate == whole.estimate)
            #expect(!restored.isExact)
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `counts are apart by grain, start, measure and category`(
        adapter: StoreAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            var commit = WarehouseCommit()
            var number: UInt64 = 0
            for grain in Grain.allCases {
                for (place, measure) in Measure.allCases.enumerated() {
                    for category in ["", "toys"] {
                        number += 10
                        let count = UInt64(place) + (category.isEmpty ? 1 : 5)
                        commit.add(
                            measure,
                            grain,
                            start,
                            category: category,
                            hashes: hashes(number..<number + count)
                        )
                    }
                }
                commit.add(grain, start, .sample())
                commit.add(grain, start, category: "toys", .sample())
                commit.add(grain, Timestamp(nanoseconds: -1), .sample())
            }
            try await warehouse.commit(commit)
            for grain in Grain.allCases {
                let total = try await warehouse.windows(grain, categories: .total)
                let each = try await warehouse.windows(grain, categories: .each)
                let counts = (total + each).map { row in
                    Measure.allCases.map { row.distinct[$0]?.count ?? 0 }
                }
                #expect(counts == [[0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8]])
            }
            try await warehouse.close()
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `the lowest and the highest hash are kept`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            for hash in [0, 1 << 63, .max] as [UInt64] {
                var commit = WarehouseCommit()
                commit.add(.sessions, .all, start, hashes: [hash])
                commit.add(.all, start, .sample())
                try await warehouse.commit(commit)
            }
            let rows = try await warehouse.windows(.all, categories: .total)
            #expect(rows.map { $0.distinct[.sessions]?.count } == [3])
            #expect(try await warehouse.sketch(key(.all, .sessions)).count == 3)
            try await warehouse.close()
        }
    }
}
