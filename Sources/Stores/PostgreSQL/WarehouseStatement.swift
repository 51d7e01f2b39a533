internal import Commerce
internal import SQLStores
internal import Storage
internal import Timekeeping

/// The texts that a commit is made of: fixed, since every value travels beside them.
package enum WarehouseStatement {
    /// Held by each commit to its end, so that two never take each other's rows in turn, and by
    /// who reads progress, so that a commit in flight is waited for.
    static let lock = "SELECT \(locked(by: "pg_advisory_xact_lock"));"
    /// As ``lock``, beside others that only read.
    static let sharedLock = "SELECT \(locked(by: "pg_advisory_xact_lock_shared"));"

    private static func locked(by function: String) -> String {
        "\(function)(hashtextextended('weir ' || current_database() || '.' || "
            + "current_setting('search_path'), 0))"
    }

    /// What a connection makes before its first commit: tables of its own, which take the rows of
    /// a commit and are empty after it, and the statements that move them on.
    package static let session =
        [
            SQLInsert.windows, .products, .customEvents, .late, .uncounted, .letters, .dropped,
            .slices,
        ]
        .map(\.stage).joined()
            + """
            CREATE TEMPORARY TABLE staged_progress (subscription text COLLATE "C", \
            stream text COLLATE "C", watermark_ns bigint, first_offset bigint, \
            last_offset bigint) ON COMMIT DELETE ROWS;

            PREPARE remove_intervals AS
            DELETE FROM progress USING staged_progress AS marked
            WHERE marked.watermark_ns IS NOT NULL
                AND progress.subscription = marked.subscription
                AND progress.stream = marked.stream
                AND NOT EXISTS (
                    SELECT FROM staged_progress AS kept
                    WHERE kept.stream = progress.stream
                        AND kept.first_offset = progress.first_offset
                );

            PREPARE add_intervals AS
            INSERT INTO progress (subscription, stream, first_offset, last_offset)
            SELECT subscription, stream, first_offset, last_offset
            FROM staged_progress WHERE first_offset IS NOT NULL
            ON CONFLICT (subscription, stream, first_offset)
                DO UPDATE SET last_offset = excluded.last_offset
                WHERE progress.last_offset <> excluded.last_offset;

            PREPARE add_watermarks AS
            \(SQLInsert.watermarks.all(of: "staged_progress WHERE watermark_ns IS NOT NULL"));
            """

    /// Replaces the mark of a subscription, and gives the one before.
    ///
    /// A query in what is returned sees the table as it was before the statement; since ``lock``
    /// is held, that is the mark that was replaced.
    static let admit = SQLStatement(
        """
        INSERT INTO writers (subscription, writer, number) VALUES ($1, $2, $3)
        ON CONFLICT (subscription) DO UPDATE SET
            writer = excluded.writer, number = excluded.number, stored_at = now()
        RETURNING (SELECT writer FROM writers WHERE subscription = $1),
            (SELECT number FROM writers WHERE subscription = $1)
        """,
        of: "writers"
    )

    static let lastWriter = SQLStatement(
        "SELECT writer, number FROM writers WHERE subscription = $1",
        of: "writers"
    )

    /// Gives the length of what is one part then.
    static let mergeSketch = SQLStatement(
        """
        WITH taken AS (
            DELETE FROM distinct_hashes
            WHERE grain = $1 AND start_ns = $2 AND measure = $3 AND category = $4
            RETURNING hashes
        )
        INSERT INTO distinct_hashes (grain, start_ns, measure, category, hashes)
        SELECT $1, $2, $3, $4, string_agg(hashes, '') FROM taken HAVING count(*) > 0
        RETURNING octet_length(hashes)::bigint
        """
    )
}

extension SQLInsert {
    /// The table of a connection's own that takes the rows of a commit first, as COPY names it.
    var staged: String { "staged_\(table) (\(list))" }

    /// The prepared statement that moves them on.
    var move: String { "add_\(table)" }

    /// Makes both.
    fileprivate var stage: String {
        "CREATE TEMPORARY TABLE staged_\(table) (LIKE \(table)) ON COMMIT DELETE ROWS; "
            + "PREPARE \(move) AS \(all(of: "staged_\(table)")); "
    }
}

/// Sketches are stored as what each commit adds to them: a part is a run of 64-bit hashes, little
/// end first.
extension PostgreSQLWarehouse {
    /// Makes the parts of each of these sketches one, with fewer hashes where there are far more
    /// than it counts with.
    ///
    /// What fails stays in its parts, as good as before, and is merged when it is due again.
    func merge(_ sketches: [SketchText]) async {
        guard !sketches.isEmpty else { return }
        try? await lookups.run { connection in
            try connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            for key in sketches {
                let lengths = try connection.map(
                    WarehouseStatement.mergeSketch,
                    key.values
                ) { row in Int(try row.integer(0)) / 8 }
                let capacity = SketchKey.capacity(key.grain, ofOneCategory: !key.category.isEmpty)
                if let length = lengths.first, length > 2 * capacity {
                    try PostgreSQLWarehouse.cut(key, to: capacity, connection)
                }
            }
            try connection.execute("COMMIT")
        }
    }

    private static func cut(
        _ key: SketchText,
        to capacity: Int,
        _ connection: PostgreSQLConnection
    ) throws {
        let all = try connection.takeSketch(key)
        let fewer = DistinctSketch(capacity: capacity, values: all).values
        try connection.insert([key.values + [SQLValue(hashes: fewer)]], into: .hashes)
    }
}
