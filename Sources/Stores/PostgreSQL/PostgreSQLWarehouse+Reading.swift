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
        return try await reports.run { [flaws] line throws(StoreError) in
            // Both queries see the same commits.
            try line.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            var distincts = WindowDistincts(grain)
            _ = try line.query(
                WarehouseStatement.sketches,
                parameters,
                notingIn: flaws
            ) { row throws(StoreError) in
                distincts.add(
                    try row.numbers(3),
                    to: try row.value(1),
                    of: try row.text(2),
                    at: try Timestamp(nanoseconds: row.integer(0))
                )
            }
            distincts.finish()
            let rows = try line.query(
                WarehouseStatement.windows,
                parameters,
                notingIn: flaws
            ) { row throws(StoreError) in
                try PostgreSQLWarehouse.window(row, grain, distincts)
            }
            try line.execute("COMMIT")
            return rows
        }
    }

    private static func window(
        _ row: ResultRow,
        _ grain: Grain,
        _ distincts: WindowDistincts
    ) throws(StoreError) -> WindowRow {
        var cell = WindowCell()
        for name in EventName.allCases {
            cell.events[Int(name.rawValue)] = try row.count(4 + Int32(name.rawValue))
        }
        let next = 4 + Int32(EventName.allCases.count)
        cell.orderParts = try row.count(next)
        cell.units = try row.integer(next + 1)
        cell.revenue = try row.integer(next + 2)
        cell.refunded = try row.integer(next + 3)
        let start = try Timestamp(nanoseconds: row.integer(1))
        let category = try row.text(2)
        let counts = distincts[start, category]
        return WindowRow(
            grain: grain,
            start: start,
            category: category,
            currency: try row.currency(3),
            cell: cell,
            distinct: counts.distinct,
            conversion: counts.conversion
        )
    }

    package func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow] {
        try await reports.run { [flaws] line throws(StoreError) in
            try line.query(
                WarehouseStatement.topProducts,
                [.integer(Int64(limit))],
                notingIn: flaws
            ) { row throws(StoreError) in
                var cell = ProductCell()
                cell.views = try row.count(2)
                cell.orders = try row.count(3)
                cell.units = try row.integer(4)
                cell.revenue = try row.integer(5)
                return ProductRow(
                    product: try row.text(0),
                    currency: try row.currency(1),
                    cell: cell
                )
            }
        }
    }
}

extension ResultRow {
    /// A currency; none for the empty text.
    fileprivate func currency(_ column: Int32) throws(StoreError) -> Currency {
        let code = try text(column)
        if code.isEmpty { return .none }
        guard let currency = Currency(code: code) else {
            throw flaw(column, expected: "the code of a currency")
        }
        return currency
    }

}
