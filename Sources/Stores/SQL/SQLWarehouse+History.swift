package import SLO
internal import Storage
package import Timekeeping

// What objectives counted, slice by slice.
extension SQLWarehouse {
    package func slices(
        of series: SliceSeries,
        in range: Range<Timestamp>
    ) async throws -> [Slice] {
        let bounds = [range.lowerBound, range.upperBound].map { SQLValue.integer($0.nanoseconds) }
        return try await read { [flaws] session in
            var slices: [Slice] = []
            // Added up here: a sum that leaves its range would end the query, and most groups have
            // one row.
            try session.forEach(
                HistoryStatement.slices,
                series.values + bounds,
                notingIn: flaws
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
        try await read { [flaws] session in
            try session.map(HistoryStatement.extents, notingIn: flaws) { row in
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
