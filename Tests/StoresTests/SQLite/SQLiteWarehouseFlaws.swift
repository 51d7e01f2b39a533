import Datasets
import SQLiteStores

/// What an empty catalogue finds wrong with queries.
enum SQLiteWarehouseFlaws {
    static func of(_ set: InvariantSet) throws -> [String] {
        try SQLiteWarehouse.flaws(of: set.only(for: .sqlite).invariants).map(\.message)
    }
}
