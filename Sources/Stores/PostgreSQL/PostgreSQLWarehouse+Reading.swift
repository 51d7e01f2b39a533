internal import Commerce
package import Stages
internal import Timekeeping

extension PostgreSQLWarehouse {
    package func windows(
        _ grain: Grain,
        categories: WindowCategories
    ) async throws(StoreError) -> [WindowRow] {
        let parameters: [Parameter] = [
            .text(grain.rawValue), .integer(categories == .total ? 1 : 0),
        ]
        return try await reports.run { line throws(StoreError) in
            // Both queries see the same commits.
            try line.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            let sketches = try line.query(WarehouseStatement.sketches, parameters) { row in
                (
                    key: SketchText(
                        grain: grain,
                        start: Timestamp(nanoseconds: row.integer(0)),
                        measure: Measure(rawValue: row.text(1)) ?? .shoppers,
                        category: row.text(2)
                    ), hashes: row.numbers(3)
                )
            }
            let merged = PostgreSQLWarehouse.merged(sketches)
            let rows = try line.query(WarehouseStatement.windows, parameters) { row in
                PostgreSQLWarehouse.window(row, grain, merged)
            }
            try line.execute("COMMIT")
            return rows
        }
    }

    private struct WindowName: Hashable {
        var start: Timestamp
        /// By its bytes: two spellings that Unicode calls equivalent are two categories.
        var category: [UInt8]
    }

    private static func window(
        _ row: ResultRow,
        _ grain: Grain,
        _ merged: [WindowName: [Measure: DistinctSketch]]
    ) -> WindowRow {
        var cell = WindowCell()
        for name in EventName.allCases {
            cell.events[Int(name.rawValue)] = row.integer(3 + Int32(name.rawValue))
        }
        let next = 3 + Int32(EventName.allCases.count)
        cell.orderParts = row.integer(next)
        cell.units = row.integer(next + 1)
        cell.revenue = row.integer(next + 2)
        cell.refunded = row.integer(next + 3)
        let start = Timestamp(nanoseconds: row.integer(0))
        let category = row.text(1)
        let sketches = merged[WindowName(start: start, category: Array(category.utf8))] ?? [:]
        return WindowRow(
            grain: grain,
            start: start,
            category: category,
            currency: Currency(code: row.text(2)) ?? .none,
            cell: cell,
            distinct: sketches.mapValues(DistinctCount.init),
            conversion: Conversion(sketches)
        )
    }

    private static func merged(
        _ parts: [(key: SketchText, hashes: [UInt64])]
    ) -> [WindowName: [Measure: DistinctSketch]] {
        var sketches: [WindowName: [Measure: DistinctSketch]] = [:]
        for (key, hashes) in parts {
            let name = WindowName(start: key.start, category: Array(key.category.utf8))
            let capacity = SketchKey.capacity(key.grain, ofOneCategory: !key.category.isEmpty)
            var sketch =
                sketches[name, default: [:]].removeValue(forKey: key.measure)
                ?? DistinctSketch(capacity: capacity)
            for hash in hashes {
                sketch.insert(hash)
            }
            sketches[name, default: [:]][key.measure] = sketch
        }
        return sketches
    }

    package func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow] {
        try await reports.run { line throws(StoreError) in
            try line.query(
                WarehouseStatement.topProducts,
                [.integer(Int64(limit))]
            ) { row in
                var cell = ProductCell()
                cell.views = row.integer(2)
                cell.orders = row.integer(3)
                cell.units = row.integer(4)
                cell.revenue = row.integer(5)
                return ProductRow(
                    product: row.text(0),
                    currency: Currency(code: row.text(1)) ?? .none,
                    cell: cell
                )
            }
        }
    }
}
