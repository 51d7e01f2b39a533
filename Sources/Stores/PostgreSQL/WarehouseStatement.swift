internal import Commerce

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

    /// The columns of `window_aggregates` that are sums.
    static let sums =
        EventName.allCases.map(\.ga4) + ["order_parts", "units", "revenue", "refunded"]

    /// What a connection makes before its first commit: tables of its own, which take the rows of
    /// a commit and are empty after it, and the statements that move them on.
    package static let session = """
        CREATE TEMPORARY TABLE staged_windows (LIKE window_aggregates) ON COMMIT DELETE ROWS;
        CREATE TEMPORARY TABLE staged_products (LIKE product_sales) ON COMMIT DELETE ROWS;
        CREATE TEMPORARY TABLE staged_progress (subscription text COLLATE "C", \
        stream text COLLATE "C", watermark_ns bigint, first_offset bigint, last_offset bigint) \
        ON COMMIT DELETE ROWS;
        CREATE TEMPORARY TABLE staged_late (LIKE late_events) ON COMMIT DELETE ROWS;
        CREATE TEMPORARY TABLE staged_uncounted (LIKE uncounted_events) ON COMMIT DELETE ROWS;
        CREATE TEMPORARY TABLE staged_letters (LIKE dead_letters) ON COMMIT DELETE ROWS;

        CREATE TEMPORARY TABLE staged_slices (LIKE sli_slices) ON COMMIT DELETE ROWS;

        PREPARE add_windows AS
        INSERT INTO window_aggregates AS stored
            (grain, start_ns, category, currency, \(sums.joined(separator: ", ")))
        SELECT grain, start_ns, category, currency, \(sums.joined(separator: ", "))
        FROM staged_windows
        ON CONFLICT (grain, start_ns, category, currency) DO UPDATE SET \(added(sums));

        PREPARE add_products AS
        INSERT INTO product_sales AS stored
            (grain, start_ns, product, currency, views, orders, units, revenue)
        SELECT grain, start_ns, product, currency, views, orders, units, revenue
        FROM staged_products
        ON CONFLICT (grain, start_ns, product, currency)
            DO UPDATE SET \(added(["views", "orders", "units", "revenue"]));

        PREPARE remove_intervals AS
        DELETE FROM progress USING staged_progress AS marked
        WHERE marked.watermark_ns IS NOT NULL
            AND progress.subscription = marked.subscription AND progress.stream = marked.stream
            AND NOT EXISTS (
                SELECT FROM staged_progress AS kept
                WHERE kept.stream = progress.stream AND kept.first_offset = progress.first_offset
            );

        PREPARE add_intervals AS
        INSERT INTO progress (subscription, stream, first_offset, last_offset)
        SELECT subscription, stream, first_offset, last_offset
        FROM staged_progress WHERE first_offset IS NOT NULL
        ON CONFLICT (subscription, stream, first_offset)
            DO UPDATE SET last_offset = excluded.last_offset
            WHERE progress.last_offset <> excluded.last_offset;

        PREPARE add_watermarks AS
        INSERT INTO watermarks (subscription, stream, watermark_ns)
        SELECT subscription, stream, watermark_ns
        FROM staged_progress WHERE watermark_ns IS NOT NULL
        ON CONFLICT (subscription, stream) DO UPDATE SET watermark_ns = excluded.watermark_ns;

        PREPARE add_late AS
        INSERT INTO late_events
        SELECT * FROM staged_late ON CONFLICT (subscription, source, id) DO NOTHING;

        PREPARE add_uncounted AS
        INSERT INTO uncounted_events
        SELECT * FROM staged_uncounted
        ON CONFLICT (subscription, reason, source, id, content) DO NOTHING;

        PREPARE add_letters AS
        INSERT INTO dead_letters
        SELECT * FROM staged_letters
        ON CONFLICT (subscription, source, id) DO UPDATE SET
            position = excluded.position, reason = excluded.reason, detail = excluded.detail,
            attempts = excluded.attempts, last_failure_ns = excluded.last_failure_ns;

        PREPARE add_slices AS
        INSERT INTO sli_slices
        SELECT * FROM staged_slices
        ON CONFLICT (series, start_ns, writer)
            DO UPDATE SET good = excluded.good, total = excluded.total;
        """

    private static func added(_ columns: [String]) -> String {
        columns.map { "\($0) = stored.\($0) + excluded.\($0)" }.joined(separator: ", ")
    }

    /// Replaces the mark of a subscription, and gives the one before.
    ///
    /// A query in what is returned sees the table as it was before the statement; since ``lock``
    /// is held, that is the mark that was replaced.
    static let admit = Statement(
        name: "admit",
        sql: """
            INSERT INTO writers (subscription, writer, number) VALUES ($1, $2, $3)
            ON CONFLICT (subscription) DO UPDATE SET
                writer = excluded.writer, number = excluded.number, stored_at = now()
            RETURNING (SELECT writer FROM writers WHERE subscription = $1),
                (SELECT number FROM writers WHERE subscription = $1)
            """,
        table: "writers"
    )

    static let lastWriter = Statement(
        name: "last_writer",
        sql: "SELECT writer, number FROM writers WHERE subscription = $1",
        table: "writers"
    )

    /// A row an interval, and one without an interval for a stream that has none.
    static let progress = Statement(
        name: "progress",
        sql: """
            SELECT subscription, stream, first_offset, last_offset, watermark_ns
            FROM watermarks LEFT JOIN progress USING (subscription, stream)
            WHERE subscription = $1 ORDER BY stream, first_offset
            """,
        table: "watermarks or progress",
        keys: 3
    )

    static let sketch = Statement(
        name: "sketch",
        sql: """
            SELECT grain, start_ns, measure, category, hashes FROM distinct_hashes
            WHERE grain = $1 AND start_ns = $2 AND measure = $3 AND category = $4
            """,
        table: "distinct_hashes",
        keys: 4
    )

    /// Gives the length of what is one part then.
    static let mergeSketch = Statement(
        name: "merge_sketch",
        sql: """
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

    static let takeSketch = Statement(
        name: "take_sketch",
        sql: """
            DELETE FROM distinct_hashes
            WHERE grain = $1 AND start_ns = $2 AND measure = $3 AND category = $4
            RETURNING grain, start_ns, measure, category, hashes
            """,
        table: "distinct_hashes",
        keys: 4
    )

    static let windows = Statement(
        name: "windows",
        sql: """
            SELECT grain, start_ns, category, currency, \(sums.joined(separator: ", "))
            FROM window_aggregates WHERE grain = $1 AND (category = '') = ($2::bigint = 1)
            ORDER BY start_ns, category, currency
            """,
        table: "window_aggregates",
        keys: 4
    )

    static let sketches = Statement(
        name: "sketches",
        sql: """
            SELECT start_ns, measure, category, hashes FROM distinct_hashes
            WHERE grain = $1 AND (category = '') = ($2::bigint = 1) ORDER BY start_ns
            """,
        table: "distinct_hashes",
        keys: 3
    )

    static let topProducts = Statement(
        name: "top_products",
        sql: """
            SELECT product, currency, \(sum(of: "views")), \(sum(of: "orders")),
                \(sum(of: "units")), \(sum(of: "revenue"))
            FROM product_sales GROUP BY product, currency
            ORDER BY sum(revenue) DESC, product, currency LIMIT $1
            """,
        table: "product_sales",
        keys: 2
    )

    /// The sum of a column, or NULL where it has left its range: that stops no other one.
    static func sum(of column: String) -> String {
        "CASE WHEN sum(\(column)) BETWEEN -9223372036854775808 AND 9223372036854775807 "
            + "THEN sum(\(column))::bigint END AS \(column)"
    }

    static let exceptions = Statement(
        name: "exceptions",
        sql: """
            SELECT (SELECT count(*) FROM late_events), (SELECT count(*) FROM dead_letters),
                (SELECT count(*) FROM uncounted_events WHERE reason = 'repeated-order'),
                (SELECT count(*) FROM uncounted_events WHERE reason = 'conflict')
            """
    )
}
