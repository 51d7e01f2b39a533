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

        CREATE FUNCTION weir_amount(minor_units numeric, currency text) RETURNS numeric
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE
                WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG',
                    'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN minor_units
                WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND')
                    THEN round(minor_units * 0.001, 3)
                ELSE round(minor_units * 0.01, 2)
            END
            $$;
        COMMENT ON FUNCTION weir_amount IS
            'Minor units as an amount with the digits that ISO 4217 gives the currency.';

        CREATE VIEW revenue_per_hour AS
        SELECT weir_time(start_ns) AS hour, currency, purchase AS orders, units,
            weir_amount(revenue, currency) AS revenue, weir_amount(refunded, currency) AS refunded,
            weir_amount(revenue::numeric - refunded, currency) AS net,
            CASE WHEN purchase > 0 THEN weir_amount(round(revenue::numeric / purchase), currency)
            END AS average_order
        FROM window_aggregates
        WHERE grain = '1h' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;
        COMMENT ON VIEW revenue_per_hour IS 'What the shop sold and refunded in each hour (UTC).';

        CREATE VIEW sales_per_day AS
        SELECT (weir_time(start_ns) AT TIME ZONE 'UTC')::date AS day, currency,
            purchase AS orders, units,
            weir_amount(revenue, currency) AS revenue, weir_amount(refunded, currency) AS refunded
        FROM window_aggregates
        WHERE grain = '1d' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;
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
}
