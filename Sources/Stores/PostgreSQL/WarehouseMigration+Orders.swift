extension WarehouseMigration {
    /// What is known of orders, beside the events that open them.
    static let orders = """
        ALTER TABLE counted_events ADD COLUMN content bigint;
        CREATE INDEX counted_events_before ON counted_events (subscription)
            WHERE content IS NULL;
        COMMENT ON COLUMN counted_events.content IS
            'A digest of what it said; NULL where an older version counted it, by another hash.';

        CREATE TABLE counted_orders (
            subscription text COLLATE "C" NOT NULL,
            identity uuid NOT NULL,
            PRIMARY KEY (subscription, identity)
        );
        COMMENT ON TABLE counted_orders IS
            'Orders of logs that the aggregates hold, by a hash of (source, transaction_id).';

        CREATE TABLE uncounted_events (
            subscription text COLLATE "C" NOT NULL,
            reason text COLLATE "C" NOT NULL,
            source text COLLATE "C" NOT NULL,
            id text COLLATE "C" NOT NULL,
            content bigint NOT NULL,
            time_ns bigint NOT NULL,
            transaction_id text NOT NULL,
            document bytea NOT NULL,
            PRIMARY KEY (subscription, reason, source, id, content)
        );
        COMMENT ON TABLE uncounted_events IS
            'Events of replayed logs that add nothing, though none was counted just so before.';
        COMMENT ON COLUMN uncounted_events.reason IS
            'repeated-order: its transaction_id was counted under another id; conflict: its '
            '(source, id) was counted with another content.';
        COMMENT ON COLUMN uncounted_events.document IS 'The event as it was read.';

        ALTER TABLE window_aggregates ADD COLUMN order_parts bigint NOT NULL DEFAULT 0;
        COMMENT ON COLUMN window_aggregates.purchase IS
            'Purchases; each is one order, unless it is among the order_parts.';
        COMMENT ON COLUMN window_aggregates.order_parts IS
            'Purchases that hold further lines of an order, and are none of their own.';
        ALTER TABLE raw_census_hours ADD COLUMN order_parts bigint NOT NULL DEFAULT 0;

        CREATE OR REPLACE VIEW revenue_per_hour AS
        SELECT weir_time(start_ns) AS hour, currency, purchase - order_parts AS orders, units,
            weir_amount(revenue, currency) AS revenue, weir_amount(refunded, currency) AS refunded,
            weir_amount(revenue::numeric - refunded, currency) AS net,
            CASE WHEN purchase > order_parts THEN
                weir_amount(round(revenue::numeric / (purchase - order_parts)), currency)
            END AS average_order
        FROM window_aggregates
        WHERE grain = '1h' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;

        CREATE OR REPLACE VIEW sales_per_day AS
        SELECT (weir_time(start_ns) AT TIME ZONE 'UTC')::date AS day, currency,
            purchase - order_parts AS orders, units,
            weir_amount(revenue, currency) AS revenue, weir_amount(refunded, currency) AS refunded
        FROM window_aggregates
        WHERE grain = '1d' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;

        DROP VIEW conversion_by_day;
        CREATE VIEW events_by_day AS
        SELECT (weir_time(start_ns) AT TIME ZONE 'UTC')::date AS day, category,
            sum(view_item)::bigint AS views, sum(add_to_cart)::bigint AS carts,
            sum(begin_checkout)::bigint AS checkouts,
            sum(purchase - order_parts)::bigint AS orders,
            round(100 * sum(add_to_cart) / nullif(sum(view_item), 0), 2) AS carts_per_100_views,
            round(100 * sum(purchase - order_parts) / nullif(sum(view_item), 0), 2)
                AS orders_per_100_views
        FROM window_aggregates
        WHERE grain = '1d'
        GROUP BY start_ns, category
        ORDER BY start_ns, category;
        COMMENT ON VIEW events_by_day IS
            'Views, carts, checkouts and orders on each day (UTC), whoever made them; how many '
            'sessions that viewed have bought is in the report of a run.';
        COMMENT ON COLUMN events_by_day.category IS 'Empty for all categories.';
        """
}
