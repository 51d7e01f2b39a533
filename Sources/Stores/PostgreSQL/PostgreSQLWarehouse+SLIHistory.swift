package import SLO
internal import Stages
package import Timekeeping

extension PostgreSQLWarehouse: SLIHistory {
    package func append(
        _ slices: [Slice],
        to series: SliceSeries,
        writer: String
    ) async throws {
        // PostgreSQL refuses to replace one row twice in one statement: the last one counts.
        var latest: [Timestamp: Slice] = [:]
        for slice in slices { latest[slice.start] = slice }
        let ordered = latest.values.sorted { $0.start < $1.start }
        try await commits.run { line throws(StoreError) in
            try line.execute("BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)")
            let parameters = PostgreSQLWarehouse.parameters(series)
            func numbers(_ statement: Statement) throws(StoreError) -> [Int64] {
                try line.query(statement, parameters) { row throws(StoreError) in
                    try row.integer(0)
                }
            }
            var found = try numbers(HistoryStatement.series)
            if found.isEmpty { found = try numbers(HistoryStatement.addSeries) }
            var rows = CopyRows(columns: 5)
            for slice in ordered {
                rows.beginRow()
                rows.append(found.first ?? 0)
                rows.append(slice.start.nanoseconds)
                rows.append(writer)
                rows.append(Int64(clamping: slice.good))
                rows.append(Int64(clamping: slice.total))
            }
            try line.execute(
                "COPY staged_slices FROM STDIN (FORMAT binary); EXECUTE add_slices; COMMIT",
                copying: [{ [rows] in rows }]
            )
        }
    }

    package func slices(
        of series: SliceSeries,
        in range: Range<Timestamp>
    ) async throws -> [Slice] {
        let (first, end) = (range.lowerBound.nanoseconds, range.upperBound.nanoseconds)
        return try await reports.run { [flaws] line throws(StoreError) in
            try line.query(
                HistoryStatement.slices,
                PostgreSQLWarehouse.parameters(series) + [.integer(first), .integer(end)],
                notingIn: flaws
            ) { row throws(StoreError) in
                Slice(
                    start: try row.instant(0),
                    good: try row.integer(1),
                    total: try row.integer(2)
                )
            }
        }
    }

    package func extents() async throws -> [SliceSeriesExtent] {
        try await reports.run { [flaws] line throws(StoreError) in
            try line.query(
                HistoryStatement.extents,
                notingIn: flaws
            ) { row throws(StoreError) in
                let slice = try row.span(4)
                let (first, last) = (try row.instant(5), try row.instant(6))
                guard SliceSeries.widths.contains(slice), last + slice > last else {
                    throw row.flaw(4, expected: "the width of a slice")
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
            }
        }.sorted { $0.series < $1.series }
    }

    private static func parameters(_ series: SliceSeries) -> [Parameter] {
        [
            .text(series.objective), .text(series.component),
            .text(series.revision.description), .text(series.indicatorRevision.description),
            .integer(series.slice.inNanoseconds),
        ]
    }
}

/// The texts that keep and read slices.
private enum HistoryStatement {
    private static let isSeries = """
        objective = $1 AND component = $2 AND revision = $3 AND indicator_revision = $4
            AND slice_ns = $5
        """

    static let series = Statement(
        name: "series",
        sql: "SELECT series FROM sli_series WHERE \(isSeries)"
    )

    static let addSeries = Statement(
        name: "add_series",
        sql: """
            INSERT INTO sli_series (objective, component, revision, indicator_revision, slice_ns)
            VALUES ($1, $2, $3, $4, $5) RETURNING series
            """
    )

    static let slices = Statement(
        name: "slices",
        sql: """
            SELECT start_ns, \(WarehouseStatement.sum(of: "good")),
                \(WarehouseStatement.sum(of: "total"))
            FROM sli_slices
            WHERE series = (SELECT series FROM sli_series WHERE \(isSeries))
                AND start_ns >= $6 AND start_ns < $7
            GROUP BY start_ns ORDER BY start_ns
            """,
        table: "sli_slices",
        keys: 1
    )

    static let extents = Statement(
        name: "extents",
        sql: """
            SELECT objective, component, revision, indicator_revision, slice_ns,
                first_start_ns, last_start_ns
            FROM sli_series CROSS JOIN LATERAL (
                SELECT min(start_ns) AS first_start_ns, max(start_ns) AS last_start_ns
                FROM sli_slices WHERE sli_slices.series = sli_series.series
            ) AS extent
            WHERE first_start_ns IS NOT NULL
            """,
        table: "sli_series",
        keys: 4
    )
}
