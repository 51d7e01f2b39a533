extension WarehouseMigration {
    // Times are nanoseconds since the epoch, as everywhere in Weir: a timestamptz has microseconds
    // only. The views show them as timestamptz, and money as decimal amounts.
    //
    // Texts sort by their bytes, which in UTF-8 is by their code points. Rows of the latest
    // windows are updated with every commit, so their pages keep room for new versions beside
    // the old ones (fillfactor), and no index changes.
    static let tables = """
        CREATE TABLE window_aggregates (
            grain text COLLATE "C" NOT NULL,
            start_ns bigint NOT NULL,
            category text COLLATE "C" NOT NULL,
            currency text COLLATE "C" NOT NULL,
            view_item_list bigint NOT NULL,
            view_item bigint NOT NULL,
            search bigint NOT NULL,
            add_to_cart bigint NOT NULL,
            remove_from_cart bigint NOT NULL,
            begin_checkout bigint NOT NULL,
            purchase bigint NOT NULL,
            refund bigint NOT NULL,
            units bigint NOT NULL,
            revenue bigint NOT NULL,
            refunded bigint NOT NULL,
            PRIMARY KEY (grain, start_ns, category, currency)
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

        CREATE TABLE product_sales (
            grain text COLLATE "C" NOT NULL,
            start_ns bigint NOT NULL,
            product text COLLATE "C" NOT NULL,
            currency text COLLATE "C" NOT NULL,
            views bigint NOT NULL,
            orders bigint NOT NULL,
            units bigint NOT NULL,
            revenue bigint NOT NULL,
            PRIMARY KEY (grain, start_ns, product, currency)
        ) WITH (fillfactor = 60);
        COMMENT ON TABLE product_sales IS 'What was counted of each product, in windows of a day.';
        COMMENT ON COLUMN product_sales.orders IS 'Orders that hold the product.';
        COMMENT ON COLUMN product_sales.revenue IS 'In minor units (cents).';

        CREATE TABLE distinct_hashes (
            grain text COLLATE "C" NOT NULL,
            start_ns bigint NOT NULL,
            measure text COLLATE "C" NOT NULL,
            category text COLLATE "C" NOT NULL,
            hashes bytea NOT NULL
        );
        ALTER TABLE distinct_hashes ALTER COLUMN hashes SET STORAGE EXTERNAL;
        CREATE INDEX distinct_hashes_window
            ON distinct_hashes (grain, start_ns, measure, category);
        COMMENT ON TABLE distinct_hashes IS
            'Sketches that count distinct shoppers and sessions, as what each commit added.';
        COMMENT ON COLUMN distinct_hashes.hashes IS
            '64-bit hashes, each with its little end first; the parts of a sketch add up.';

        CREATE TABLE writers (
            subscription text COLLATE "C" PRIMARY KEY,
            writer uuid NOT NULL,
            number bigint NOT NULL,
            stored_at timestamptz NOT NULL DEFAULT now()
        ) WITH (fillfactor = 60);
        COMMENT ON TABLE writers IS
            'Which run has written last for a subscription: another one is refused.';
        COMMENT ON COLUMN writers.number IS
            'The latest commit of the run, which is known again by it when it is tried again.';

        CREATE TABLE progress (
            subscription text COLLATE "C" NOT NULL,
            stream text COLLATE "C" NOT NULL,
            first_offset bigint NOT NULL,
            last_offset bigint NOT NULL,
            PRIMARY KEY (subscription, stream, first_offset)
        ) WITH (fillfactor = 60);
        COMMENT ON TABLE progress IS
            'Which offsets of a stream the aggregates hold, as intervals.';

        CREATE TABLE watermarks (
            subscription text COLLATE "C" NOT NULL,
            stream text COLLATE "C" NOT NULL,
            watermark_ns bigint NOT NULL,
            PRIMARY KEY (subscription, stream)
        ) WITH (fillfactor = 60);
        COMMENT ON TABLE watermarks IS 'The latest event time that was seen of a stream.';

        CREATE TABLE counted_events (
            subscription text COLLATE "C" NOT NULL,
            identity uuid NOT NULL,
            PRIMARY KEY (subscription, identity)
        );
        COMMENT ON TABLE counted_events IS
            'Events of replayed logs that the aggregates hold, by a hash of (source, id).';

        CREATE TABLE late_events (
            subscription text COLLATE "C" NOT NULL,
            source text COLLATE "C" NOT NULL,
            id text COLLATE "C" NOT NULL,
            time_ns bigint NOT NULL,
            missed_grain text COLLATE "C" NOT NULL,
            lateness_ns bigint NOT NULL,
            document text NOT NULL,
            PRIMARY KEY (subscription, source, id)
        );
        COMMENT ON TABLE late_events IS
            'Events that came after a window they belong to was closed, each once.';
        COMMENT ON COLUMN late_events.missed_grain IS
            'The longest window that does not hold the event; no shorter one does.';
        COMMENT ON COLUMN late_events.lateness_ns IS 'How far it was behind the watermark.';
        COMMENT ON COLUMN late_events.document IS 'The event as it was read.';

        CREATE TABLE dead_letters (
            subscription text COLLATE "C" NOT NULL,
            source text COLLATE "C" NOT NULL,
            id text COLLATE "C" NOT NULL,
            position bigint NOT NULL,
            reason text COLLATE "C" NOT NULL,
            detail text NOT NULL,
            attempts bigint NOT NULL,
            first_failure_ns bigint NOT NULL,
            last_failure_ns bigint NOT NULL,
            document bytea NOT NULL,
            PRIMARY KEY (subscription, source, id)
        );
        COMMENT ON TABLE dead_letters IS 'Messages that a subscription gave up, each once.';
        COMMENT ON COLUMN dead_letters.position IS 'Where the message is in its topic.';
        COMMENT ON COLUMN dead_letters.reason IS 'A label; detail says it in full.';
        COMMENT ON COLUMN dead_letters.document IS
            'The event''s bytes; convert_from(document, ''UTF8'') shows them.';

        """
}
