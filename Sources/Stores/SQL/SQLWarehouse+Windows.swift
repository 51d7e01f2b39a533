internal import Commerce
internal import Datasets
package import SLO
package import Storage
package import Timekeeping

// What a report reads of the aggregates.
extension SQLWarehouse {
    package func windows(
        _ grain: Grain,
        categories: WindowCategories
    ) async throws(StoreError) -> [WindowRow] {
        try await read { [damage] session in
            let only = categories == .total ? "category = ''" : "category <> ''"
            var distincts = WindowDistincts(grain)
            try session.forEach(
                WindowStatement.sketches(only),
                [.text(grain.rawValue)],
                notingIn: damage
            ) { row in
                distincts.add(
                    try row.hashes(4),
                    to: try row.value(2),
                    of: try row.text(3),
                    at: try Timestamp(nanoseconds: row.integer(1))
                )
            }
            distincts.finish()
            return try session.map(
                WindowStatement.windows(only),
                [.text(grain.rawValue)],
                notingIn: damage
            ) { row in
                let start = try Timestamp(nanoseconds: row.integer(1))
                let category = try row.text(2)
                let counts = distincts[start, category]
                return WindowRow(
                    grain: grain,
                    start: start,
                    category: category,
                    currency: try row.currency(3),
                    cell: try row.windowCell(4),
                    distinct: counts.distinct,
                    conversion: counts.conversion
                )
            }
        }
    }

    package func sketch(_ key: SketchText) async throws(StoreError) -> [UInt64] {
        try await lookUp { session in
            try session.map(WindowStatement.sketch, key.values) { try $0.hashes(4) }
        }.flatMap { $0 }
    }

    package func customEvents() async throws(StoreError) -> [CustomEventRow] {
        try await read { [damage] session in
            try session.map(
                WindowStatement.customEvents,
                [.text(Grain.all.rawValue)],
                notingIn: damage
            ) { row in
                CustomEventRow(name: try row.text(1), events: try row.count(2))
            }
        }
    }

    package func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow] {
        try await read { [damage] session in
            var best = BestSellers(atMost: limit)
            try session.forEach(
                WindowStatement.products(Session.dialect),
                notingIn: damage
            ) { row in
                var product = ProductRow(
                    product: try row.text(0),
                    currency: try row.currency(1),
                    cell: ProductCell()
                )
                // A sum that PostgreSQL has no room for is NULL.
                let isInRange = !(4...7).contains { row.isNull($0) }
                if isInRange {
                    product.cell.views = try row.count(4)
                    product.cell.orders = try row.count(5)
                    product.cell.units = try row.integer(6)
                    product.cell.revenue = try row.integer(7)
                }
                guard isInRange, best.add(product) else {
                    throw row.damaged(7, expected: "figures whose sum over all windows has 64 bits")
                }
            }
            return best.finish()
        }
    }

    package func exceptions() async throws(StoreError) -> WarehouseExceptions {
        let counts = try await read { session in
            try session.map(WindowStatement.exceptions) { row in
                WarehouseExceptions(
                    late: try row.integer(0),
                    deadLetters: try row.integer(1),
                    repeatedOrders: try row.integer(2),
                    conflicts: try row.integer(3)
                )
            }
        }
        return counts.first ?? WarehouseExceptions(late: 0, deadLetters: 0)
    }
}

extension SQLSession {
    /// Takes the parts of a sketch out of the table.
    package func takeSketch(_ key: SketchText) throws -> [UInt64] {
        try map(WindowStatement.takeSketch, key.values) { try $0.hashes(4) }.flatMap { $0 }
    }
}

private enum WindowStatement {
    static func windows(_ only: String) -> SQLStatement {
        SQLStatement(
            """
            SELECT \(SQLInsert.windows.list)
            FROM window_aggregates WHERE grain = $1 AND \(only)
            ORDER BY start_ns, category, currency
            """,
            of: "window_aggregates",
            keys: 4
        )
    }

    /// In the order of the index.
    static func sketches(_ only: String) -> SQLStatement {
        SQLStatement(
            """
            SELECT grain, start_ns, measure, category, hashes FROM distinct_hashes
            WHERE grain = $1 AND \(only) ORDER BY start_ns
            """,
            of: "distinct_hashes",
            keys: 4
        )
    }

    private static let isSketch = "grain = $1 AND start_ns = $2 AND measure = $3 AND category = $4"

    static let sketch = SQLStatement(
        "SELECT grain, start_ns, measure, category, hashes FROM distinct_hashes WHERE \(isSketch)",
        of: "distinct_hashes",
        keys: 4
    )

    static let takeSketch = SQLStatement(
        """
        DELETE FROM distinct_hashes WHERE \(isSketch)
        RETURNING grain, start_ns, measure, category, hashes
        """,
        of: "distinct_hashes",
        keys: 4
    )

    static let customEvents = SQLStatement(
        "SELECT grain, name, events FROM window_events WHERE grain = $1 ORDER BY name",
        of: "window_events",
        keys: 2
    )

    /// The figures of each product one after the other, added up as far as a sum that leaves its
    /// range takes no other with it.
    static func products(_ dialect: SQLDialect) -> SQLStatement {
        let sums = ProductCell.columns.map(dialect.sumInRange)
        let figures = sums.compactMap { $0 }
        return figures.count == sums.count
            ? SQLStatement(
                """
                SELECT product, currency, min(grain) AS grain, min(start_ns) AS start_ns,
                    \(figures.joined(separator: ", "))
                FROM product_sales GROUP BY product, currency ORDER BY product, currency
                """,
                of: "product_sales",
                keys: 2
            )
            : SQLStatement(
                """
                SELECT product, currency, grain, start_ns, views, orders, units, revenue
                FROM product_sales ORDER BY product, currency
                """,
                of: "product_sales",
                keys: 4
            )
    }

    static let exceptions: SQLStatement = """
        SELECT (SELECT count(*) FROM late_events), (SELECT count(*) FROM dead_letters),
            (SELECT count(*) FROM uncounted_events WHERE reason = 'repeated-order'),
            (SELECT count(*) FROM uncounted_events WHERE reason = 'conflict')
        """
}

extension SQLRow {
    /// The sums of a window, in ``WindowCell/columns`` from `column` on.
    fileprivate func windowCell(_ column: Int32) throws(StoreError) -> WindowCell {
        var cell = WindowCell()
        var next = column
        for name in EventName.allCases {
            cell.events[Int(name.rawValue)] = try count(next)
            next += 1
        }
        cell.units = try integer(next)
        cell.revenue = try integer(next + 1)
        cell.refunded = try integer(next + 2)
        cell.orderParts = try count(next + 3)
        return cell
    }
}

/// The products with the highest revenue, of rows that come product by product.
private struct BestSellers {
    private let limit: Int
    private var best: [ProductRow] = []
    private var current: ProductRow?
    /// Whether the sums of ``current`` have no room for its figures: then it is not listed.
    private var isBeyondRange = false

    init(atMost limit: Int) {
        self.limit = limit
    }

    /// Adds a window's figures; false where the sums have no room for them, the first time.
    mutating func add(_ row: ProductRow) -> Bool {
        guard let sums = current, sums.currency == row.currency,
            // By bytes: texts that Unicode calls equivalent are different products.
            sums.product.utf8.elementsEqual(row.product.utf8)
        else {
            place()
            current = row
            return true
        }
        if isBeyondRange { return true }
        guard let sum = sums.cell.adding(row.cell) else {
            isBeyondRange = true
            return false
        }
        current?.cell = sum
        return true
    }

    mutating func finish() -> [ProductRow] {
        place()
        return best
    }

    /// Those with the same revenue stay in the order in which they come.
    private mutating func place() {
        defer { (current, isBeyondRange) = (nil, false) }
        guard let row = current, !isBeyondRange else { return }
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

// What objectives counted, slice by slice.
extension SQLWarehouse {
    package func slices(
        of series: SliceSeries,
        in range: Range<Timestamp>
    ) async throws -> [Slice] {
        let bounds = [range.lowerBound, range.upperBound].map { SQLValue.integer($0.nanoseconds) }
        return try await read { [damage] session in
            var slices: [Slice] = []
            // Added up here: a sum that leaves its range would end the query, and most groups have
            // one row.
            try session.forEach(
                HistoryStatement.slices,
                series.values + bounds,
                notingIn: damage
            ) { row in
                let start = try row.instant(0)
                let (good, total) = (try row.integer(1), try row.integer(2))
                if let last = slices.indices.last, slices[last].start == start {
                    slices[last].good += Int128(good)
                    slices[last].total += Int128(total)
                } else {
                    slices.append(Slice(start: start, good: good, total: total))
                }
            }
            return slices
        }
    }

    package func extents() async throws -> [SliceSeriesExtent] {
        try await read { [damage] session in
            try session.map(HistoryStatement.extents, notingIn: damage) { row in
                let slice = try row.span(4)
                let (first, last) = (try row.instant(5), try row.instant(6))
                guard SliceSeries.widths.contains(slice), last + slice > last else {
                    throw row.damaged(4, expected: "the width of a slice")
                }
                return SliceSeriesExtent(
                    series: SliceSeries(
                        objective: try row.text(0),
                        component: try row.text(1),
                        revision: Revision(try row.text(2)),
                        indicatorRevision: Revision(try row.text(3)),
                        slice: slice
                    ),
                    range: first..<(last + slice)
                )
            }.sorted { $0.series < $1.series }
        }
    }
}

extension SQLSession {
    /// The number that stands for `series` in the database, which is given where it is new.
    package func number(of series: SliceSeries) throws -> Int64 {
        let known = try map(HistoryStatement.series, series.values) { try $0.integer(0) }.first
        if let known { return known }
        let new = try map(HistoryStatement.addSeries, series.values) { try $0.integer(0) }
        return new.first ?? 0
    }
}

extension SliceSeries {
    fileprivate var values: [SQLValue] {
        [
            .text(objective), .text(component), .text(revision.description),
            .text(indicatorRevision.description), .integer(slice.inNanoseconds),
        ]
    }
}

private enum HistoryStatement {
    private static let knownSeries = """
        SELECT series FROM sli_series
        WHERE objective = $1 AND component = $2 AND revision = $3 AND indicator_revision = $4
            AND slice_ns = $5
        """

    static let series = SQLStatement(knownSeries, of: "sli_series")

    static let addSeries = SQLStatement(
        """
        INSERT INTO sli_series (objective, component, revision, indicator_revision, slice_ns)
        VALUES ($1, $2, $3, $4, $5) RETURNING series
        """,
        of: "sli_series"
    )

    static let slices = SQLStatement(
        """
        SELECT start_ns, good, total FROM sli_slices
        WHERE series = (\(knownSeries)) AND start_ns >= $6 AND start_ns < $7
        ORDER BY start_ns
        """,
        of: "sli_slices",
        keys: 1
    )

    static let extents = SQLStatement(
        """
        SELECT objective, component, revision, indicator_revision, slice_ns, first_start_ns,
            last_start_ns
        FROM (
            SELECT sli_series.*,
                (SELECT min(start_ns) FROM sli_slices
                 WHERE sli_slices.series = sli_series.series) AS first_start_ns,
                (SELECT max(start_ns) FROM sli_slices
                 WHERE sli_slices.series = sli_series.series) AS last_start_ns
            FROM sli_series
        ) AS extents WHERE first_start_ns IS NOT NULL
        """,
        of: "sli_series",
        keys: 4
    )
}
