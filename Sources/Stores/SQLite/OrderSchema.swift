/// What a SQLite warehouse knows of orders, beside the events that open them.
enum OrderSchema {
    // An event without a digest of its content was counted by a version that knew events by
    // another identity. Orders are purchases less their further parts.
    static let changes = """
        ALTER TABLE counted_events ADD COLUMN content INTEGER;
        CREATE INDEX counted_events_before ON counted_events (subscription)
            WHERE content IS NULL;
        CREATE TABLE counted_orders (
            subscription TEXT NOT NULL,
            identity_high INTEGER NOT NULL,
            identity_low INTEGER NOT NULL,
            PRIMARY KEY (subscription, identity_high, identity_low)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE uncounted_events (
            subscription TEXT NOT NULL,
            reason TEXT NOT NULL,
            source TEXT NOT NULL,
            id TEXT NOT NULL,
            content INTEGER NOT NULL,
            time_ns INTEGER NOT NULL,
            transaction_id TEXT NOT NULL,
            document BLOB NOT NULL,
            PRIMARY KEY (subscription, reason, source, id, content)
        ) WITHOUT ROWID, STRICT;
        ALTER TABLE window_aggregates ADD COLUMN order_parts INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE raw_census_hours ADD COLUMN order_parts INTEGER NOT NULL DEFAULT 0;
        DROP VIEW revenue_per_hour;
        CREATE VIEW revenue_per_hour AS
        SELECT datetime(start_ns / 1000000000, 'unixepoch') AS hour, currency,
            purchase - order_parts AS orders, revenue, refunded
        FROM window_aggregates
        WHERE grain = '1h' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;
        DROP VIEW sales_per_day;
        CREATE VIEW sales_per_day AS
        SELECT date(start_ns / 1000000000, 'unixepoch') AS day, currency,
            purchase - order_parts AS orders, units, revenue, refunded
        FROM window_aggregates
        WHERE grain = '1d' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;
        """
}
