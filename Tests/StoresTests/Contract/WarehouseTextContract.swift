import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

/// That a ``Warehouse`` tells texts apart by their bytes, held against every adapter.
struct WarehouseTextContract {
    /// Equivalent to Unicode; in the order of their code points.
    private let names = ["cafe\u{301}", "caf\u{e9}"]

    @Test(arguments: StoreAdapter.all)
    func `texts that Unicode calls equivalent are two`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            var warehouse = try await home.warehouse()
            for round in 1...2 {
                var commit = WarehouseCommit(salt: round)
                for (place, name) in names.enumerated() {
                    commit.add(product: name, ProductCell(revenue: Int64(2 - place)))
                    commit.add(.hour, Shop.epoch, category: name, .sample(Int64(place + 1)))
                    commit.add(
                        .shoppers,
                        .hour,
                        Shop.epoch,
                        category: name,
                        hashes: (0...UInt64(place)).map { SplitMix64.mix($0 + 10 * UInt64(place)) }
                    )
                }
                try await warehouse.commit(commit)
                if round == 1 {
                    try await warehouse.close()
                    warehouse = try await home.warehouse()
                }
            }
            let rows = try await warehouse.windows(.hour, categories: .each)
            #expect(rows.map { Array($0.category.utf8) } == names.map { Array($0.utf8) })
            #expect(
                rows.map(\.cell.text) == [2, 4].map { WindowCell.sample($0).text }
            )
            #expect(rows.map { $0.distinct[.shoppers]?.count } == [1, 2])
            let products = try await warehouse.topProducts(atMost: 9)
            #expect(products.map { Array($0.product.utf8) } == names.map { Array($0.utf8) })
            #expect(products.map(\.cell.revenue) == [4, 2])
            let keys = names.map {
                SketchText(grain: .hour, start: Shop.epoch, measure: .shoppers, category: $0)
            }
            #expect(keys[0] != keys[1] && Set(keys).count == 2)
            for (place, key) in keys.enumerated() {
                #expect(Set(try await warehouse.sketch(key)).count == place + 1)
            }
            try await warehouse.close()
        }
    }
}
