internal import Commerce
internal import Foundation
internal import GRDB
package import Stages
internal import Timekeeping

extension SQLiteWarehouse {
    package func windows(
        _ grain: Grain,
        categories: WindowCategories
    ) async throws(StoreError) -> [WindowRow] {
        try await file.read { database in
            let only = categories == .total ? "category = ''" : "category <> ''"
            let distinct = try SQLiteWarehouse.sketches(of: grain, only, in: database)
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM window_aggregates WHERE grain = ? AND \(only)
                    ORDER BY start_ns, category, currency
                    """,
                arguments: [grain.rawValue]
            ).map { row in
                var cell = WindowCell()
                for name in EventName.allCases {
                    cell.events[Int(name.rawValue)] = row[name.ga4]
                }
                cell.orderParts = row["order_parts"]
                cell.units = row["units"]
                cell.revenue = row["revenue"]
                cell.refunded = row["refunded"]
                let start = Timestamp(nanoseconds: row["start_ns"])
                let category: String = row["category"]
                let sketches = distinct[WindowName(start: start, category: category)] ?? [:]
                return WindowRow(
                    grain: grain,
                    start: start,
                    category: category,
                    currency: Currency(code: row["currency"] as String) ?? .none,
                    cell: cell,
                    distinct: sketches.mapValues(DistinctCount.init),
                    conversion: Conversion(sketches)
                )
            }
        }
    }

    private struct WindowName: Hashable {
        var start: Timestamp
        var category: String
    }

    private static func sketches(
        of grain: Grain,
        _ only: String,
        in database: Database
    ) throws -> [WindowName: [Measure: DistinctSketch]] {
        var sketches: [WindowName: [Measure: DistinctSketch]] = [:]
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT start_ns, measure, category, hashes FROM distinct_hashes
                WHERE grain = ? AND \(only)
                """,
            arguments: [grain.rawValue]
        )
        while let row = try rows.next() {
            guard let measure = Measure(rawValue: row["measure"]) else { continue }
            let name = WindowName(
                start: Timestamp(nanoseconds: row["start_ns"]),
                category: row["category"]
            )
            let capacity = SketchKey.capacity(grain, ofOneCategory: !name.category.isEmpty)
            var sketch =
                sketches[name, default: [:]].removeValue(forKey: measure)
                ?? DistinctSketch(capacity: capacity)
            for hash in decode(row["hashes"] as Data) {
                sketch.insert(hash)
            }
            sketches[name, default: [:]][measure] = sketch
        }
        return sketches
    }

    package func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow] {
        try await file.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT product, currency, sum(views) AS views, sum(orders) AS orders,
                        sum(units) AS units, sum(revenue) AS revenue
                    FROM product_sales GROUP BY product, currency
                    ORDER BY sum(revenue) DESC, product, currency LIMIT ?
                    """,
                arguments: [limit]
            ).map { row in
                var cell = ProductCell()
                cell.views = row["views"]
                cell.orders = row["orders"]
                cell.units = row["units"]
                cell.revenue = row["revenue"]
                return ProductRow(
                    product: row["product"],
                    currency: Currency(code: row["currency"] as String) ?? .none,
                    cell: cell
                )
            }
        }
    }
}
