internal import GRDB
package import SLO
internal import Stages
package import Timekeeping

extension SQLiteWarehouse: SLIHistory {
    package func append(
        _ slices: [Slice],
        to series: SliceSeries,
        writer: String
    ) async throws {
        try await file.write { database in
            let number = try SQLiteWarehouse.number(of: series, in: database)
            let row = try RowWriter(
                database,
                """
                INSERT INTO sli_slices (series, start_ns, writer, good, total)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (series, start_ns, writer) DO UPDATE
                    SET good = excluded.good, total = excluded.total
                """
            )
            let writer = try SQLiteWarehouse.number(ofWriter: writer, in: database)
            for slice in slices {
                _ = try row.run {
                    try $0.set(1, number)
                    try $0.set(2, slice.start.nanoseconds)
                    try $0.set(3, writer)
                    try $0.set(4, Int64(clamping: slice.good))
                    try $0.set(5, Int64(clamping: slice.total))
                }
            }
        }
    }

    package func slices(
        of series: SliceSeries,
        in range: Range<Timestamp>
    ) async throws -> [Slice] {
        try await file.read { [flaws = file.flaws] database in
            guard let number = try SQLiteWarehouse.knownNumber(of: series, in: database) else {
                return []
            }
            let rows = try RowReader(
                database,
                StoredTable("sli_slices", keys: 1),
                """
                SELECT start_ns, good, total FROM sli_slices
                WHERE series = ? AND start_ns >= ? AND start_ns < ?
                ORDER BY start_ns
                """,
                [number, range.lowerBound.nanoseconds, range.upperBound.nanoseconds]
            )
            var slices: [Slice] = []
            // Added up here: SQLite would allocate for each group, and most have one row.
            let stored = try rows.map(notingIn: flaws) { row in
                (start: try row.instant(0), good: try row.integer(1), total: try row.integer(2))
            }
            for (start, good, total) in stored {
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
        try await file.read { [flaws = file.flaws] database in
            try RowReader(
                database,
                StoredTable("sli_series", keys: 4),
                """
                SELECT * FROM (
                    SELECT objective, component, revision, indicator_revision, slice_ns,
                        (SELECT min(start_ns) FROM sli_slices
                         WHERE sli_slices.series = sli_series.series) AS first_start_ns,
                        (SELECT max(start_ns) FROM sli_slices
                         WHERE sli_slices.series = sli_series.series) AS last_start_ns
                    FROM sli_series
                ) WHERE first_start_ns IS NOT NULL
                """
            ).map(notingIn: flaws) { row in
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
            }.sorted { $0.series < $1.series }
        }
    }

    /// The number that stands for `series` in the file, which is given where it is new.
    private static func number(of series: SliceSeries, in database: Database) throws -> Int64 {
        if let known = try knownNumber(of: series, in: database) { return known }
        try database.execute(
            sql: """
                INSERT INTO sli_series
                    (objective, component, revision, indicator_revision, slice_ns)
                VALUES (?, ?, ?, ?, ?)
                """,
            arguments: arguments(series)
        )
        return database.lastInsertedRowID
    }

    private static func knownNumber(
        of series: SliceSeries,
        in database: Database
    ) throws -> Int64? {
        try Int64.fetchOne(
            database,
            sql: """
                SELECT series FROM sli_series
                WHERE objective = ? AND component = ? AND revision = ?
                    AND indicator_revision = ? AND slice_ns = ?
                """,
            arguments: arguments(series)
        )
    }

    private static func number(ofWriter writer: String, in database: Database) throws -> Int64 {
        try database.execute(
            sql: "INSERT INTO sli_writers (name) VALUES (?) ON CONFLICT (name) DO NOTHING",
            arguments: [writer]
        )
        return try Int64.fetchOne(
            database,
            sql: "SELECT writer FROM sli_writers WHERE name = ?",
            arguments: [writer]
        ) ?? 0
    }

    private static func arguments(_ series: SliceSeries) -> StatementArguments {
        [
            series.objective, series.component, series.revision.description,
            series.indicatorRevision.description, series.slice.inNanoseconds,
        ]
    }
}
