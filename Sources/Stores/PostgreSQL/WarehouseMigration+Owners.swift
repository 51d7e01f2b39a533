extension WarehouseMigration {
    // The aggregates of a warehouse are one, whoever counts: so a topic has one subscription that
    // counts it here, and a part of the aggregates is kept or not for all of them. The keys of
    // progress and counted_events are unique within a subscription; that no event is counted by
    // two is what the owners are for.
    static let owners = """
        CREATE TABLE counting_owners (
            topic text COLLATE "C" PRIMARY KEY,
            subscription text COLLATE "C" NOT NULL
        );
        COMMENT ON TABLE counting_owners IS
            'The subscription that counts a topic here: another one is refused.';

        CREATE TABLE kept_parts (
            part text COLLATE "C" PRIMARY KEY,
            is_kept bigint NOT NULL,
            missing bigint NOT NULL,
            paused_at bigint NOT NULL,
            lacks_distinct bigint NOT NULL
        );
        COMMENT ON TABLE kept_parts IS
            'Which windows are kept, whether sales by product and distinct counts are.';
        COMMENT ON COLUMN kept_parts.part IS 'A length of windows, products or distinct.';
        COMMENT ON COLUMN kept_parts.is_kept IS '1 where the latest run keeps it, else 0.';
        COMMENT ON COLUMN kept_parts.missing IS
            'Events that were counted while it was not kept, and that it does not hold.';
        COMMENT ON COLUMN kept_parts.paused_at IS
            'How many events were counted in all when it was last kept, where it no longer is.';
        COMMENT ON COLUMN kept_parts.lacks_distinct IS
            '1 where its distinct counts lack what came before it was kept.';

        """
}
