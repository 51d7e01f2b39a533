import Datasets
import SQLiteStores

/// What an empty catalogue finds wrong with queries.
enum SQLiteWarehouseMistakes {
    static func of(_ set: InvariantSet) throws -> [String] {
        try SQLiteWarehouse.mistakes(of: set.only(for: .sqlite).invariants).map(\.message)
    }
}
