extension WarehouseMigration {
    /// What the raw events add up to, beside what was made from them.
    static let census = """
        CREATE TABLE raw_census (
            taken_ns bigint NOT NULL,
            events bigint NOT NULL,
            recorded bigint NOT NULL,
            counted bigint NOT NULL,
            unstored bigint NOT NULL,
            settled_ns bigint NOT NULL
        );
        COMMENT ON TABLE raw_census IS
            'The last census of the raw events, in one row; without one nothing is known of them.';
        COMMENT ON COLUMN raw_census.recorded IS
            'How many events the catalogue said there are, before the first was read.';
        COMMENT ON COLUMN raw_census.counted IS
            'How many events all windows held, before the first was read.';
        COMMENT ON COLUMN raw_census.unstored IS 'How many events are counted and not stored.';
        COMMENT ON COLUMN raw_census.settled_ns IS
            'The event time before which nothing is under way, even while a run goes on.';

        CREATE TABLE raw_census_hours (
            start_ns bigint NOT NULL,
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
            PRIMARY KEY (start_ns, currency)
        );
        COMMENT ON TABLE raw_census_hours IS
            'Sums over those raw events that the aggregates say they hold.';

        CREATE TABLE raw_census_sources (
            source text COLLATE "C" PRIMARY KEY,
            events bigint NOT NULL,
            sequences bigint,
            last_sequence bigint,
            first_gap bigint,
            refused bigint NOT NULL,
            latest_ns bigint NOT NULL
        );
        COMMENT ON TABLE raw_census_sources IS 'Which raw events each source has.';
        COMMENT ON COLUMN raw_census_sources.sequences IS
            'How many numbers of its sequence occur; NULL where it does not number its events.';
        COMMENT ON COLUMN raw_census_sources.refused IS
            'Dead letters of the subscriptions that store raw events.';

        CREATE TABLE raw_census_refunds (
            source text COLLATE "C" NOT NULL,
            transaction_id text COLLATE "C" NOT NULL,
            currency text COLLATE "C" NOT NULL,
            purchases bigint NOT NULL,
            purchased bigint NOT NULL,
            refunded bigint NOT NULL,
            latest_ns bigint NOT NULL,
            PRIMARY KEY (source, transaction_id, currency)
        );
        COMMENT ON TABLE raw_census_refunds IS
            'Orders of which something was refunded, in minor units (cents).';

        CREATE TABLE raw_census_findings (
            kind text COLLATE "C" NOT NULL,
            subject text COLLATE "C" NOT NULL,
            detail text NOT NULL
        );
        COMMENT ON TABLE raw_census_findings IS 'What is wrong with single events.';
        """
}
