import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

/// Random commits to every adapter, against a model that only knows how to add.
struct WarehouseRandomContract {
    /// What the commits so far amount to, by the text of each key.
    private struct Model {
        var cells: [String: WindowCell] = [:]
        var products: [String: ProductCell] = [:]
        var consumed: [String: IntervalSet] = [:]
    }

    @Test(arguments: StoreAdapter.all, 1...5 as ClosedRange<UInt64>)
    func `a warehouse is the sum of its commits, whenever it is opened again`(
        adapter: StoreAdapter,
        seed: UInt64
    ) async throws {
        try await adapter.visit { home in
            var random = Randomness(seed: seed)
            var model = Model()
            var warehouse = try await home.warehouse()
            for round in 0..<30 {
                let commit = draw(&random, salt: round, &model)
                try await warehouse.commit(commit)
                if random.below(6) == 0 {
                    try await warehouse.close()
                    warehouse = try await home.warehouse()
                }
            }
            try await expect(warehouse, toBe: model)
            try await warehouse.close()
        }
    }

    private func draw(
        _ random: inout Randomness,
        salt: Int,
        _ model: inout Model
    ) -> WarehouseCommit {
        var commit = WarehouseCommit(["one", "two"][Int(random.below(2))], salt: salt % 4)
        for grain in Grain.allCases {
            for category in ["", "c1", "toys"] where random.below(2) == 0 {
                let start = Timestamp(seconds: Int64(random.below(5)) - 2)
                let cell = WindowCell.sample(Int64(random.below(1000)))
                commit.add(grain, start, category: category, cell)
                let text = "\(grain) \(start) \(category)"
                model.cells[text, default: WindowCell()] += cell
            }
        }
        for name in ["p1", "p2", "book"] where random.below(2) == 0 {
            let day = Timestamp(seconds: Int64(random.below(3)) * 86_400)
            let cell = ProductCell(
                views: Int64(random.below(9)),
                orders: 1,
                units: 2,
                revenue: Int64(random.below(500))
            )
            commit.add(product: name, on: day, cell)
            model.products[name, default: ProductCell()] += cell
        }
        for stream in ["left", "right"] where random.below(2) == 0 {
            let first = Int64(random.below(300))
            let text = "\(commit.subscription) \(stream)"
            model.consumed[text, default: IntervalSet()].insert(
                first...first + Int64(random.below(40))
            )
            commit.progress.append(
                StreamProgress(
                    stream: stream,
                    consumed: model.consumed[text] ?? IntervalSet(),
                    watermark: Timestamp(seconds: Int64(salt))
                )
            )
        }
        return commit
    }

    private func expect(_ warehouse: any Warehouse, toBe model: Model) async throws {
        var cells: [String: String] = [:]
        for grain in Grain.allCases {
            for categories in [WindowCategories.total, .each] {
                for row in try await warehouse.windows(grain, categories: categories) {
                    cells["\(grain) \(row.start) \(row.category)"] = row.cell.text
                }
            }
        }
        #expect(cells == model.cells.mapValues(\.text))
        let products = try await warehouse.topProducts(atMost: .max)
        #expect(
            Dictionary(uniqueKeysWithValues: products.map { ($0.product, $0.cell) })
                == model.products
        )
        var consumed: [String: IntervalSet] = [:]
        for subscription in ["one", "two"] {
            for stream in try await warehouse.progress(of: subscription) {
                consumed["\(subscription) \(stream.stream)"] = stream.consumed
            }
        }
        #expect(consumed == model.consumed)
    }
}
