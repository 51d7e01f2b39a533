internal import Commerce
internal import GRDB
package import Stages
internal import Timekeeping

extension SQLiteWarehouse {
    package func windows(
        _ grain: Grain,
        categories: WindowCategories
    ) async throws(StoreError) -> [WindowRow] {
        try await file.read { [flaws = file.flaws] database in
            let only = categories == .total ? "category = ''" : "category <> ''"
            let distincts = try SQLiteWarehouse.distincts(of: grain, only, in: database, flaws)
            let names = EventName.allCases.map(\.ga4).joined(separator: ", ")
            return try RowReader(
                database,
                StoredTable("window_aggregates", keys: 4),
                """
                SELECT grain, start_ns, category, currency, units, revenue, refunded, \(names),
                    order_parts
                FROM window_aggregates WHERE grain = ? AND \(only)
                ORDER BY start_ns, category, currency
                """,
                [grain.rawValue]
            ).map(notingIn: flaws) { row in
                var cell = WindowCell()
                for (column, name) in EventName.allCases.enumerated() {
                    cell.events[Int(name.rawValue)] = try row.count(7 + Int32(column))
                }
                cell.units = try row.integer(4)
                cell.revenue = try row.integer(5)
                cell.refunded = try row.integer(6)
                cell.orderParts = try row.count(7 + Int32(EventName.allCases.count))
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
        }
    }

    private static func distincts(
        of grain: Grain,
        _ only: String,
        in database: Database,
        _ flaws: DamagedValues
    ) throws -> WindowDistincts {
        var distincts = WindowDistincts(grain)
        // In the order of the index.
        let rows = try RowReader(
            database,
            StoredTable("distinct_hashes", keys: 1),
            """
            SELECT part, start_ns, measure, category, hashes FROM distinct_hashes
            WHERE grain = ? AND \(only) ORDER BY start_ns
            """,
            [grain.rawValue]
        )
        try rows.forEach(notingIn: flaws) { row in
            distincts.add(
                try row.hashes(4),
                to: try row.value(2),
                of: try row.text(3),
                at: try Timestamp(nanoseconds: row.integer(1))
            )
        }
        distincts.finish()
        return distincts
    }

    package func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow] {
        try await file.read { [flaws = file.flaws] database in
            var best = BestSellers(atMost: limit)
            // Added up here: in SQL one sum that leaves its range would take all others with it.
            try RowReader(
                database,
                StoredTable("product_sales", keys: 4),
                """
                SELECT product, currency, grain, start_ns, views, orders, units, revenue
                FROM product_sales ORDER BY product, currency
                """
            ).forEach(notingIn: flaws) { row in
                var cell = ProductCell()
                cell.views = try row.count(4)
                cell.orders = try row.count(5)
                cell.units = try row.integer(6)
                cell.revenue = try row.integer(7)
                let added = best.add(
                    ProductRow(
                        product: try row.text(0),
                        currency: try row.currency(1),
                        cell: cell
                    )
                )
                guard added else {
                    throw row.flaw(7, expected: "figures that a sum over all windows has room for")
                }
            }
            return best.finish()
        }
    }
}

/// The products with the highest revenue, of rows that come product by product.
private struct BestSellers {
    private let limit: Int
    private var best: [ProductRow] = []
    private var current: ProductRow?

    init(atMost limit: Int) {
        self.limit = limit
    }

    /// Adds a window's figures; false where the sums have no room for them.
    mutating func add(_ row: ProductRow) -> Bool {
        guard let sums = current, sums.currency == row.currency,
            // By bytes: texts that Unicode calls equivalent are different products.
            sums.product.utf8.elementsEqual(row.product.utf8)
        else {
            place()
            current = row
            return true
        }
        guard let sum = sums.cell.adding(row.cell) else { return false }
        current?.cell = sum
        return true
    }

    mutating func finish() -> [ProductRow] {
        place()
        return best
    }

    /// Those with the same revenue stay in the order in which they come.
    private mutating func place() {
        guard let row = current else { return }
        current = nil
        let index = best.firstIndex { $0.cell.revenue < row.cell.revenue } ?? best.count
        best.insert(row, at: index)
        if best.count > limit { best.removeLast() }
    }
}

extension ProductCell {
    /// The sum, or nil where a figure of it leaves its range.
    fileprivate func adding(_ other: ProductCell) -> ProductCell? {
        var sum = self
        var overflows = false
        func add(_ figure: inout Int64, _ more: Int64) {
            let (result, overflow) = figure.addingReportingOverflow(more)
            figure = result
            overflows = overflows || overflow
        }
        add(&sum.views, other.views)
        add(&sum.orders, other.orders)
        add(&sum.units, other.units)
        add(&sum.revenue, other.revenue)
        return overflows ? nil : sum
    }
}

extension RowReader.Row {
    /// A currency; none for the empty text.
    func currency(_ column: Int32) throws(StoreError) -> Currency {
        let code = try text(column)
        if code.isEmpty { return .none }
        guard let currency = Currency(code: code) else {
            throw flaw(column, expected: "the code of a currency")
        }
        return currency
    }

}
