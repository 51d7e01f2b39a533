internal import Datasets
internal import SQLStores
internal import Storage

/// The steps that make the tables of a schema, and what PostgreSQL has beside those tables.
enum WarehouseMigration {
    /// What a step makes that only PostgreSQL has, after the tables.
    private static let own: [WarehouseStep: String] = [
        .aggregates: aggregates + views, .history: history, .datasets: datasets + snapshot,
        .refresh: refresh, .deployments: deployments, .census: census, .orders: orders,
        .owners: owners, .amounts: amounts, .letters: letters,
        .replays: replays, .dropped: dropped, .letterSums: LetterTriggers.all,
        .letterEdits: letterEdits, .customEvents: customEvents, .eventReplays: eventReplays,
    ]

    /// Brings the schema of `location` up to date; processes that start at once take turns.
    static func migrate(
        _ connection: PostgreSQLConnection,
        _ location: PostgreSQLLocation
    ) throws {
        // Without a lock and without rights to create anything, where there is nothing to do.
        if try storedVersion(connection, location) == Int64(WarehouseStep.allCases.count) { return }
        try connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)")
        let stored = try storedVersion(connection, location)
        if stored == nil {
            try connection.execute("CREATE SCHEMA IF NOT EXISTS \(location.schema); \(ledger)")
        }
        for (version, step) in zip(Int64(1)..., WarehouseStep.allCases)
        where version > stored ?? 0 {
            try connection.execute(step.tables(.postgresql) + (own[step] ?? ""))
            try connection.run(
                "INSERT INTO migrations (version, name) VALUES ($1, $2)",
                [.integer(version), .text(step.rawValue)]
            )
        }
        try connection.execute("COMMIT")
    }

    /// The version that the schema has; nil where there is none, or nothing in it.
    private static func storedVersion(
        _ connection: PostgreSQLConnection,
        _ location: PostgreSQLLocation
    ) throws -> Int64? {
        let tables = try connection.map(
            SQLStatement(
                """
                SELECT relname::text FROM pg_class
                WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p', 'v', 'm')
                """
            ),
            [.text(location.schema)]
        ) { row in try row.text(0) }
        guard !tables.isEmpty else { return nil }
        guard tables.contains("migrations"), tables.contains("window_aggregates") else {
            throw StoreError(
                .wrongFormat,
                "\(connection.store): schema \(location.schema) belongs to another program; name "
                    + "another one in the URL with ?schema="
            )
        }
        let versions = try connection.map(
            SQLStatement("SELECT max(version) FROM migrations")
        ) { row in try row.optionalInteger(0) ?? 0 }
        let version = versions.first ?? 0
        let known = WarehouseStep.allCases.count
        guard version <= Int64(known) else {
            throw StoreError(
                .wrongFormat,
                "\(connection.store): schema \(location.schema) has version \(version), which a "
                    + "newer weir has made, and this one knows \(known); use that weir, or "
                    + "name another schema in the URL with ?schema="
            )
        }
        return version
    }

    private static let ledger = """
        CREATE TABLE migrations (
            version bigint PRIMARY KEY,
            name text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
        COMMENT ON TABLE migrations IS
            'Which steps have made the tables of this schema what they are.';
        """
}

extension WarehouseMigration {
    // Functions of SQL whose body is one expression are put in place by the planner, so the views
    // cost nothing over what they show. pg_catalog's names are found whatever the search path is.
    static let views = """
        CREATE FUNCTION weir_time(nanoseconds bigint) RETURNS timestamptz
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT timestamptz '1970-01-01 00:00:00+00'
                + make_interval(secs => nanoseconds / 1000000000)
                + (nanoseconds % 1000000000) / 1000 * interval '1 microsecond'
            $$;
        COMMENT ON FUNCTION weir_time IS 'Nanoseconds since the epoch as a time, to microseconds.';

        CREATE FUNCTION \(amount(fourDecimals: ""))
        COMMENT ON FUNCTION weir_amount IS
            'Minor units as an amount with the digits that ISO 4217 gives the currency.';

        \(sales(orders: "purchase"))
        COMMENT ON VIEW revenue_per_hour IS 'What the shop sold and refunded in each hour (UTC).';

        COMMENT ON VIEW sales_per_day IS 'What the shop sold and refunded on each day (UTC).';

        CREATE VIEW conversion_by_day AS
        SELECT (weir_time(start_ns) AT TIME ZONE 'UTC')::date AS day, category,
            sum(view_item)::bigint AS views, sum(add_to_cart)::bigint AS carts,
            sum(begin_checkout)::bigint AS checkouts, sum(purchase)::bigint AS orders,
            round(100 * sum(add_to_cart) / nullif(sum(view_item), 0), 2) AS cart_percent,
            round(100 * sum(purchase) / nullif(sum(view_item), 0), 2) AS order_percent
        FROM window_aggregates
        WHERE grain = '1d'
        GROUP BY start_ns, category
        ORDER BY start_ns, category;
        COMMENT ON VIEW conversion_by_day IS
            'From view to cart to order on each day (UTC), in per cent of the views.';
        COMMENT ON COLUMN conversion_by_day.category IS 'Empty for all categories.';

        CREATE VIEW top_products AS
        SELECT product, currency, sum(views)::bigint AS views, sum(orders)::bigint AS orders,
            sum(units)::bigint AS units, weir_amount(sum(revenue), currency) AS revenue
        FROM product_sales GROUP BY product, currency
        ORDER BY sum(product_sales.revenue) DESC, product, currency;
        COMMENT ON VIEW top_products IS 'The products by revenue over all days.';

        CREATE VIEW late_events_by_day AS
        SELECT (weir_time(time_ns) AT TIME ZONE 'UTC')::date AS day, subscription, missed_grain,
            count(*) AS events,
            avg(lateness_ns) / 1000000000 * interval '1 second' AS average_lateness,
            max(lateness_ns) / 1000000000 * interval '1 second' AS longest_lateness
        FROM late_events
        GROUP BY 1, subscription, missed_grain
        ORDER BY 1, subscription, missed_grain;
        COMMENT ON VIEW late_events_by_day IS
            'How many events of a day (UTC) came after their windows were closed, and how late.';
        """

    /// The views of what was sold, where `orders` says how many orders a window has.
    static func sales(orders: String) -> String {
        """
        CREATE OR REPLACE VIEW revenue_per_hour AS
        SELECT weir_time(start_ns) AS hour, currency, \(orders) AS orders, units,
            weir_amount(revenue, currency) AS revenue, weir_amount(refunded, currency) AS refunded,
            weir_amount(revenue::numeric - refunded, currency) AS net,
            CASE WHEN \(orders) > 0 THEN
                weir_amount(round(revenue::numeric / (\(orders))), currency)
            END AS average_order
        FROM window_aggregates
        WHERE grain = '1h' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;
        CREATE OR REPLACE VIEW sales_per_day AS
        SELECT (weir_time(start_ns) AT TIME ZONE 'UTC')::date AS day, currency,
            \(orders) AS orders, units,
            weir_amount(revenue, currency) AS revenue, weir_amount(refunded, currency) AS refunded
        FROM window_aggregates
        WHERE grain = '1d' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;
        """
    }

    /// Minor units of four decimals, beside those of none, two and three.
    static let amounts =
        "CREATE OR REPLACE FUNCTION "
        + amount(
            fourDecimals: "WHEN currency IN ('CLF', 'UYW') THEN round(minor_units * 0.0001, 4)"
        )

    private static func amount(fourDecimals: String) -> String {
        """
        weir_amount(minor_units numeric, currency text) RETURNS numeric
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE
                WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG',
                    'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN minor_units
                WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND')
                    THEN round(minor_units * 0.001, 3)
                \(fourDecimals)
                ELSE round(minor_units * 0.01, 2)
            END
            $$;
        """
    }
}
