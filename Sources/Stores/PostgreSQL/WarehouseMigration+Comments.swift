extension WarehouseMigration {
    // What psql says of the tables, which WarehouseTables has; with the tables that only
    // PostgreSQL has.

    /// On the aggregates, and which run wrote last.
    static let aggregates = """
        ALTER TABLE distinct_hashes ALTER COLUMN hashes SET STORAGE EXTERNAL;
        CREATE TABLE writers (
            subscription text COLLATE "C" PRIMARY KEY,
            writer uuid NOT NULL,
            number bigint NOT NULL,
            stored_at timestamptz NOT NULL DEFAULT now()
        ) WITH (fillfactor = 60);
        COMMENT ON TABLE window_aggregates IS
            'What was counted in each event-time window, by category and currency.';
        COMMENT ON COLUMN window_aggregates.grain IS
            'Length of the window: 1s, 1m, 1h, 1d, 1mo (a month in UTC), or all.';
        COMMENT ON COLUMN window_aggregates.start_ns IS
            'Start of the window in nanoseconds since 1970-01-01 UTC; weir_time() shows it.';
        COMMENT ON COLUMN window_aggregates.category IS
            'Category of the products; empty for the total, in which each event counts once.';
        COMMENT ON COLUMN window_aggregates.currency IS 'ISO 4217 code; empty for none.';
        COMMENT ON COLUMN window_aggregates.view_item_list IS 'Events of this name, as the next.';
        COMMENT ON COLUMN window_aggregates.purchase IS 'Purchases; each is one order.';
        COMMENT ON COLUMN window_aggregates.units IS 'Pieces bought.';
        COMMENT ON COLUMN window_aggregates.revenue IS
            'Value of purchases in minor units (cents); weir_amount() shows it.';
        COMMENT ON COLUMN window_aggregates.refunded IS 'Value of refunds in minor units.';
        COMMENT ON TABLE product_sales IS 'What was counted of each product, in windows of a day.';
        COMMENT ON COLUMN product_sales.orders IS 'Orders that hold the product.';
        COMMENT ON COLUMN product_sales.revenue IS 'In minor units (cents).';
        COMMENT ON TABLE distinct_hashes IS
            'Sketches that count distinct shoppers and sessions, as what each commit added.';
        COMMENT ON COLUMN distinct_hashes.hashes IS
            '64-bit hashes, each with its little end first; the parts of a sketch add up.';
        COMMENT ON TABLE progress IS
            'Which offsets of a stream the aggregates hold, as intervals.';
        COMMENT ON TABLE watermarks IS 'The latest event time that was seen of a stream.';
        COMMENT ON TABLE counted_events IS
            'Events of replayed logs that the aggregates hold, by a hash of (source, id).';
        COMMENT ON TABLE late_events IS
            'Events that came after a window they belong to was closed, each once.';
        COMMENT ON COLUMN late_events.missed_grain IS
            'The longest window that does not hold the event; no shorter one does.';
        COMMENT ON COLUMN late_events.lateness_ns IS 'How far it was behind the watermark.';
        COMMENT ON COLUMN late_events.document IS 'The event as it was read.';
        COMMENT ON TABLE dead_letters IS 'Messages that a subscription gave up, each once.';
        COMMENT ON COLUMN dead_letters.position IS 'Where the message is in its topic.';
        COMMENT ON COLUMN dead_letters.reason IS 'A label; detail says it in full.';
        COMMENT ON COLUMN dead_letters.document IS
            'The event''s bytes; convert_from(document, ''UTF8'') shows them.';
        COMMENT ON TABLE writers IS
            'Which run has written last for a subscription: another one is refused.';
        COMMENT ON COLUMN writers.number IS
            'The latest commit of the run, which is known again by it when it is tried again.';

        """

    /// On the slices of objectives, with a view that shows them.
    static let history = """
        COMMENT ON TABLE sli_series IS
            'Which versions of which objectives were counted, in slices of which length.';
        COMMENT ON COLUMN sli_series.slice_ns IS 'Length of every slice, in nanoseconds.';
        COMMENT ON TABLE sli_slices IS
            'Good and all events of each slice of time; those of several writers add up.';
        COMMENT ON COLUMN sli_slices.start_ns IS
            'Start of the slice in nanoseconds since 1970-01-01 UTC; weir_time() shows it.';
        COMMENT ON COLUMN sli_slices.writer IS 'The run that counted.';

        CREATE VIEW sli_by_hour AS
        SELECT weir_time(start_ns - mod(start_ns, 3600000000000)) AS hour, objective, component,
            revision, sum(good)::bigint AS good, sum(total)::bigint AS total,
            round(100 * sum(good) / nullif(sum(total), 0), 4) AS good_percent
        FROM sli_slices JOIN sli_series USING (series)
        GROUP BY 1, objective, component, revision
        ORDER BY 1, objective, component, revision;
        COMMENT ON VIEW sli_by_hour IS 'What each objective counted in each hour (UTC).';

        """

    /// On the catalogue.
    static let datasets = """
        COMMENT ON TABLE dataset_entries IS
            'What is stored: raw events of a topic (root), or what is counted (derivative).';
        COMMENT ON COLUMN dataset_entries.owner IS 'The team; empty where it has no owner.';
        COMMENT ON TABLE dataset_references IS
            'Names for blocks of a chain; head is the last one.';
        COMMENT ON TABLE dataset_statistics IS 'What the chain of a dataset holds, in sum.';
        COMMENT ON TABLE dataset_key_blocks IS
            'The blocks of chains that say what a dataset is.';
        COMMENT ON TABLE dataset_data_blocks IS
            'The blocks of chains that say which data has come; both tables share one sequence.';
        COMMENT ON COLUMN dataset_data_blocks.content_hash IS 'SHA-256 of what came.';
        COMMENT ON COLUMN dataset_data_blocks.previous_hash IS 'That of the block before.';
        COMMENT ON TABLE dataset_dependencies IS
            'What derivatives are made from; that may be in another warehouse.';

        """

    /// On what the last refresh of the invariants found.
    static let snapshot = """
        COMMENT ON TABLE dataset_invariants IS 'How each invariant stood at the last refresh.';
        COMMENT ON COLUMN dataset_invariants.refreshed_ns IS
            'When it was last checked with success.';
        COMMENT ON COLUMN dataset_invariants.failures IS 'How many checks have failed since.';
        COMMENT ON TABLE dataset_anomalies IS
            'Violations of an invariant, present and past; gone_ns is NULL while one is there.';

        """

    /// On when what runs has changed.
    static let deployments = """
        COMMENT ON TABLE deployments IS
            'What was deployed when; judged_ns is when the invariants were held against it.';

        """

    /// On what the raw events add up to.
    static let census = """
        COMMENT ON TABLE raw_census IS
            'The last census of the raw events, in one row; without one nothing is known of them.';
        COMMENT ON COLUMN raw_census.recorded IS
            'How many events the catalogue said there are, before the first was read.';
        COMMENT ON COLUMN raw_census.counted IS
            'How many events all windows held, before the first was read.';
        COMMENT ON COLUMN raw_census.unstored IS 'How many events are counted and not stored.';
        COMMENT ON COLUMN raw_census.settled_ns IS
            'The event time before which nothing is under way, even while a run goes on.';
        COMMENT ON TABLE raw_census_hours IS
            'Sums over those raw events that the aggregates say they hold.';
        COMMENT ON TABLE raw_census_sources IS 'Which raw events each source has.';
        COMMENT ON COLUMN raw_census_sources.sequences IS
            'How many numbers of its sequence occur; NULL where it does not number its events.';
        COMMENT ON COLUMN raw_census_sources.refused IS
            'Dead letters of the subscriptions that store raw events.';
        COMMENT ON TABLE raw_census_refunds IS
            'Orders of which something was refunded, in minor units (cents).';
        COMMENT ON TABLE raw_census_findings IS 'What is wrong with single events.';

        """

    /// On orders, with views that count them.
    static let orders = """
        COMMENT ON COLUMN counted_events.content IS
            'A digest of what it said; NULL where an older version counted it, by another hash.';
        COMMENT ON TABLE counted_orders IS
            'Orders of logs that the aggregates hold, by a hash of (source, transaction_id).';
        COMMENT ON TABLE uncounted_events IS
            'Events of replayed logs that add nothing, though none was counted just so before.';
        COMMENT ON COLUMN uncounted_events.reason IS
            'repeated-order: its transaction_id was counted under another id; conflict: its '
            '(source, id) was counted with another content.';
        COMMENT ON COLUMN uncounted_events.document IS 'The event as it was read.';
        COMMENT ON COLUMN window_aggregates.purchase IS
            'Purchases; each is one order, unless it is among the order_parts.';
        COMMENT ON COLUMN window_aggregates.order_parts IS
            'Purchases that hold further lines of an order, and are none of their own.';

        \(sales(orders: "purchase - order_parts"))

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
            'Views, carts, checkouts and orders on each day (UTC), of all shoppers; how many '
            'sessions that viewed have bought is in the report of a run.';
        COMMENT ON COLUMN events_by_day.category IS 'Empty for all categories.';

        """

    /// On who counts what.
    static let letters = """
        COMMENT ON COLUMN dead_letters.decided_ns IS
            'When somebody discarded it, for decided_why; NULL while it is open.';

        """

    /// On what replays have made of them.
    static let replays = """
        COMMENT ON TABLE replays IS
            'Replays of dead letters; of one without ended_ns, letters may still be open.';
        COMMENT ON COLUMN dead_letters.outcome IS
            'What the last replay made of it; failed where it is still open.';

        """

    /// On what subscriptions dropped.
    static let dropped = """
        COMMENT ON TABLE dropped_messages IS
            'Runs of messages that a subscription shed while it was full, that expired in it, or '
            'that a seek skipped; every position from the first to the last is one.';

        """

    /// On what was made of them.
    static let letterEdits = """
        COMMENT ON COLUMN dead_letters.successor IS
            'The id of the letter that an edit has made of it, at the same position.';
        COMMENT ON COLUMN dead_letters.edited_from IS
            'The id of the letter that it was made of; NULL where a subscription gave it up.';
        COMMENT ON COLUMN replays.target IS
            'The subscription that letters were given to in place of their own.';

        """

    /// On the counts of events that GA4 has not named.
    static let customEvents = """
        COMMENT ON COLUMN window_aggregates.custom_events IS
            'Events of all other names; window_events has them by name.';
        COMMENT ON TABLE window_events IS
            'How many custom events of each name fell into each window.';

        """

    /// On replays of what is no dead letter.
    static let eventReplays = """
        COMMENT ON COLUMN replays.through_position IS
            'Of a replay of stored events, the highest position when it began; NULL of letters.';
        COMMENT ON COLUMN replays.source IS
            'The raw store of the events, where it is not that of the pipeline.';
        COMMENT ON TABLE replayed_events IS
            'Runs of stored events of which a replay has made the same; every position from the '
            'first to the last is one.';

        """

    static let owners = """
        COMMENT ON TABLE counting_owners IS
            'The subscription that counts a topic here: another one is refused.';
        COMMENT ON TABLE kept_parts IS
            'Which windows are kept, whether sales by product and distinct counts are.';
        COMMENT ON COLUMN kept_parts.part IS
            'A length of windows, distinct counts in them, or products.';
        COMMENT ON COLUMN kept_parts.is_kept IS '1 where the latest run keeps it, else 0.';
        COMMENT ON COLUMN kept_parts.missing IS
            'Events that were counted while it was not kept, and that it does not hold.';
        COMMENT ON COLUMN kept_parts.paused_at IS
            'How many events were counted in all when it was last kept, where it no longer is.';
        COMMENT ON COLUMN kept_parts.lacks_distinct IS
            '1 where its distinct counts lack what came before it was kept.';

        """
}
