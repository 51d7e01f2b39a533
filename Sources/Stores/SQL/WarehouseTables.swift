/// A step from one form of a warehouse's tables to the next, in the order in which they came.
///
/// What a database makes beside the tables, or instead of them, is its own: views, comments,
/// the steps that only it has. A new step is a case here and its tables below, for both databases.
package enum WarehouseStep: String, CaseIterable, Sendable {
    case aggregates = "aggregates and exceptions"
    case history = "slices of objectives"
    case datasets = "datasets and invariants"
    case refresh = "refresh of the invariants"
    case deployments
    case census = "census of raw events"
    case orders
    case owners = "owners of what is counted"
    case amounts = "amounts of four decimals"
    case letters = "decisions about dead letters"
    case replays = "replays of dead letters"
    case dropped = "messages that were dropped"
    case letterSums = "sums of dead letters"
    case letterEdits = "edits of dead letters"
    case customEvents = "custom events"
    case eventReplays = "replays of stored events"

    /// The statements that both databases run, each in its own dialect; empty where there are none.
    package func tables(_ sql: SQLWords) -> String {
        switch self {
        case .aggregates: WarehouseTables.aggregates(sql)
        case .history: WarehouseTables.history(sql)
        case .datasets: WarehouseTables.datasets(sql) + WarehouseTables.snapshot(sql)
        case .deployments: WarehouseTables.deployments(sql)
        case .census: WarehouseTables.census(sql)
        case .orders: WarehouseTables.orders(sql)
        case .owners: WarehouseTables.owners(sql)
        case .letters: LetterTables.letters(sql)
        case .replays: LetterTables.replays(sql)
        case .dropped: WarehouseTables.dropped(sql)
        case .letterSums: LetterTables.letterSums(sql)
        case .letterEdits: LetterTables.letterEdits(sql)
        case .customEvents: WarehouseTables.customEvents(sql)
        case .eventReplays: LetterTables.eventReplays(sql)
        case .refresh, .amounts: ""
        }
    }
}

/// The tables of a warehouse, as each step that made them left them.
///
/// Times are nanoseconds since the epoch, money is in minor units, an empty category is the total
/// over all. Texts are compared and sorted by their bytes, which in UTF-8 is by their code
/// points.
enum WarehouseTables {
    /// The aggregates, how far they were made, and what is kept one by one.
    fileprivate static func aggregates(_ sql: SQLWords) -> String {
        sums(sql) + consumption(sql) + exceptions(sql)
    }

    /// What is summed up of a window, and of an hour in a census.
    private static let cell = [
        "view_item_list", "view_item", "search", "add_to_cart", "remove_from_cart",
        "begin_checkout", "purchase", "refund", "units", "revenue", "refunded",
    ]

    private static func sums(_ sql: SQLWords) -> String {
        """
        CREATE TABLE window_aggregates (
            grain \(sql.key) NOT NULL,
            start_ns \(sql.integer) NOT NULL,
            category \(sql.key) NOT NULL,
            currency \(sql.key) NOT NULL,
        \(sql.counts(cell))
            PRIMARY KEY (grain, start_ns, category, currency)
        )\(sql.keyed(fillFactor: 60));
        CREATE TABLE product_sales (
            grain \(sql.key) NOT NULL,
            start_ns \(sql.integer) NOT NULL,
            product \(sql.key) NOT NULL,
            currency \(sql.key) NOT NULL,
            views \(sql.integer) NOT NULL,
            orders \(sql.integer) NOT NULL,
            units \(sql.integer) NOT NULL,
            revenue \(sql.integer) NOT NULL,
            PRIMARY KEY (grain, start_ns, product, currency)
        )\(sql.keyed(fillFactor: 60));
        CREATE TABLE distinct_hashes (\(sql.partColumn)
            grain \(sql.key) NOT NULL,
            start_ns \(sql.integer) NOT NULL,
            measure \(sql.key) NOT NULL,
            category \(sql.key) NOT NULL,
            hashes \(sql.bytes) NOT NULL
        )\(sql.unkeyed());
        CREATE INDEX distinct_hashes_window
            ON distinct_hashes (grain, start_ns, measure, category);

        """
    }

    private static func consumption(_ sql: SQLWords) -> String {
        """
        CREATE TABLE progress (
            subscription \(sql.key) NOT NULL,
            stream \(sql.key) NOT NULL,
            first_offset \(sql.integer) NOT NULL,
            last_offset \(sql.integer) NOT NULL,
            PRIMARY KEY (subscription, stream, first_offset)
        )\(sql.keyed(fillFactor: 60));
        CREATE TABLE watermarks (
            subscription \(sql.key) NOT NULL,
            stream \(sql.key) NOT NULL,
            watermark_ns \(sql.integer) NOT NULL,
            PRIMARY KEY (subscription, stream)
        )\(sql.keyed(fillFactor: 60));
        CREATE TABLE counted_events (
            subscription \(sql.key) NOT NULL,
            \(sql.identityColumns),
            PRIMARY KEY (subscription, \(sql.identity))
        )\(sql.keyed());

        """
    }

    private static func exceptions(_ sql: SQLWords) -> String {
        """
        CREATE TABLE late_events (
            subscription \(sql.key) NOT NULL,
            source \(sql.key) NOT NULL,
            id \(sql.key) NOT NULL,
            time_ns \(sql.integer) NOT NULL,
            missed_grain \(sql.key) NOT NULL,
            lateness_ns \(sql.integer) NOT NULL,
            document \(sql.text) NOT NULL,
            PRIMARY KEY (subscription, source, id)
        )\(sql.keyed());
        CREATE TABLE dead_letters (
            subscription \(sql.key) NOT NULL,
            source \(sql.key) NOT NULL,
            id \(sql.key) NOT NULL,
            position \(sql.integer) NOT NULL,
            reason \(sql.key) NOT NULL,
            detail \(sql.text) NOT NULL,
            attempts \(sql.integer) NOT NULL,
            first_failure_ns \(sql.integer) NOT NULL,
            last_failure_ns \(sql.integer) NOT NULL,
            document \(sql.bytes) NOT NULL,
            PRIMARY KEY (subscription, source, id)
        )\(sql.keyed());

        """
    }

    /// What the objectives counted, slice by slice; a writer is a run.
    fileprivate static func history(_ sql: SQLWords) -> String {
        """
        CREATE TABLE sli_series (
            series \(sql.number) PRIMARY KEY,
            objective \(sql.key) NOT NULL,
            component \(sql.key) NOT NULL,
            revision \(sql.key) NOT NULL,
            indicator_revision \(sql.key) NOT NULL,
            slice_ns \(sql.integer) NOT NULL,
            UNIQUE (objective, component, revision, indicator_revision, slice_ns)
        )\(sql.unkeyed());
        CREATE TABLE sli_slices (
            series \(sql.integer) NOT NULL REFERENCES sli_series,
            start_ns \(sql.integer) NOT NULL,
            writer \(sql.writer) NOT NULL,
            good \(sql.integer) NOT NULL,
            total \(sql.integer) NOT NULL,
            PRIMARY KEY (series, start_ns, writer)
        )\(sql.keyed(fillFactor: 80));

        """
    }

    /// What is known of the datasets, and how they were made.
    ///
    /// A hash has 32 bytes. What is deleted of an entry's goes with it, where foreign keys are on;
    /// dependencies may name datasets of other warehouses.
    fileprivate static func datasets(_ sql: SQLWords) -> String {
        """
        CREATE TABLE dataset_entries (
            dataset_id \(sql.key) NOT NULL PRIMARY KEY,
            owner \(sql.key) NOT NULL,
            dataset_name \(sql.key) NOT NULL,
            kind \(sql.key) NOT NULL CHECK (kind IN ('root', 'derivative')),
            created_ns \(sql.integer) NOT NULL
        )\(sql.keyed());
        CREATE TABLE dataset_references (
            dataset_id \(sql.key) NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            block_ref_name \(sql.key) NOT NULL,
            sequence_number \(sql.integer) NOT NULL,
            block_hash \(sql.bytes) NOT NULL
        )\(sql.unkeyed(fillFactor: 60));
        CREATE UNIQUE INDEX dataset_references_once
            ON dataset_references (dataset_id, block_ref_name);
        CREATE TABLE dataset_statistics (
            dataset_id \(sql.key) NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            num_blocks \(sql.integer) NOT NULL,
            num_records \(sql.integer) NOT NULL,
            last_position \(sql.integer),
            watermark_ns \(sql.integer),
            updated_ns \(sql.integer) NOT NULL
        )\(sql.unkeyed(fillFactor: 60));
        CREATE UNIQUE INDEX dataset_statistics_once ON dataset_statistics (dataset_id);
        CREATE TABLE dataset_key_blocks (
            dataset_id \(sql.key) NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            sequence_number \(sql.integer) NOT NULL,
            event_type \(sql.key) NOT NULL,
            system_ns \(sql.integer) NOT NULL,
            payload \(sql.text) NOT NULL,
            previous_hash \(sql.bytes),
            block_hash \(sql.bytes) NOT NULL,
            PRIMARY KEY (dataset_id, sequence_number)
        )\(sql.keyed());
        CREATE TABLE dataset_data_blocks (
            dataset_id \(sql.key) NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            sequence_number \(sql.integer) NOT NULL,
            event_type \(sql.key) NOT NULL,
            system_ns \(sql.integer) NOT NULL,
            first_position \(sql.integer),
            last_position \(sql.integer),
            num_records \(sql.integer) NOT NULL,
            content_hash \(sql.bytes) NOT NULL,
            watermark_ns \(sql.integer),
            previous_hash \(sql.bytes),
            block_hash \(sql.bytes) NOT NULL,
            PRIMARY KEY (dataset_id, sequence_number)
        )\(sql.keyed());
        CREATE TABLE dataset_dependencies (
            upstream_dataset_id \(sql.key) NOT NULL,
            downstream_dataset_id \(sql.key) NOT NULL,
            PRIMARY KEY (downstream_dataset_id, upstream_dataset_id)
        )\(sql.keyed());

        """
    }

    /// What the last refresh of the invariants found.
    fileprivate static func snapshot(_ sql: SQLWords) -> String {
        """
        CREATE TABLE dataset_invariants (
            invariant \(sql.key) NOT NULL PRIMARY KEY,
            severity \(sql.text) NOT NULL,
            owner \(sql.text) NOT NULL,
            description \(sql.text) NOT NULL,
            anomalies \(sql.integer) NOT NULL,
            refreshed_ns \(sql.integer),
            took_ns \(sql.integer) NOT NULL,
            failures \(sql.integer) NOT NULL,
            failure \(sql.text)
        )\(sql.keyed());
        CREATE TABLE dataset_anomalies (
            invariant \(sql.key) NOT NULL,
            subject \(sql.key) NOT NULL,
            detail \(sql.text) NOT NULL,
            first_seen_ns \(sql.integer) NOT NULL,
            last_seen_ns \(sql.integer) NOT NULL,
            gone_ns \(sql.integer),
            PRIMARY KEY (invariant, subject, first_seen_ns)
        )\(sql.keyed());

        """
    }

    /// What was deployed when.
    fileprivate static func deployments(_ sql: SQLWords) -> String {
        """
        CREATE TABLE deployments (
            marked_ns \(sql.integer) PRIMARY KEY,
            version \(sql.text) NOT NULL,
            settle_ns \(sql.integer) NOT NULL,
            judged_ns \(sql.integer)
        )\(sql.unkeyed());

        """
    }

    /// What the raw events add up to, beside what was made from them: one row in the first table,
    /// or none where no census was taken.
    fileprivate static func census(_ sql: SQLWords) -> String {
        """
        CREATE TABLE raw_census (
            taken_ns \(sql.integer) NOT NULL,
            events \(sql.integer) NOT NULL,
            recorded \(sql.integer) NOT NULL,
            counted \(sql.integer) NOT NULL,
            unstored \(sql.integer) NOT NULL,
            settled_ns \(sql.integer) NOT NULL
        )\(sql.unkeyed());
        CREATE TABLE raw_census_hours (
            start_ns \(sql.integer) NOT NULL,
            currency \(sql.key) NOT NULL,
        \(sql.counts(cell))
            PRIMARY KEY (start_ns, currency)
        )\(sql.keyed());
        CREATE TABLE raw_census_sources (
            source \(sql.key) NOT NULL PRIMARY KEY,
            events \(sql.integer) NOT NULL,
            sequences \(sql.integer),
            last_sequence \(sql.integer),
            first_gap \(sql.integer),
            refused \(sql.integer) NOT NULL,
            latest_ns \(sql.integer) NOT NULL
        )\(sql.keyed());
        CREATE TABLE raw_census_refunds (
            source \(sql.key) NOT NULL,
            transaction_id \(sql.key) NOT NULL,
            currency \(sql.key) NOT NULL,
            purchases \(sql.integer) NOT NULL,
            purchased \(sql.integer) NOT NULL,
            refunded \(sql.integer) NOT NULL,
            latest_ns \(sql.integer) NOT NULL,
            PRIMARY KEY (source, transaction_id, currency)
        )\(sql.keyed());
        CREATE TABLE raw_census_findings (
            kind \(sql.key) NOT NULL,
            subject \(sql.key) NOT NULL,
            detail \(sql.text) NOT NULL
        )\(sql.unkeyed());

        """
    }

    /// What is known of orders, beside the events that open them.
    ///
    /// An event without a digest of its content was counted by a version that knew events by
    /// another identity. Orders are purchases less their further parts.
    fileprivate static func orders(_ sql: SQLWords) -> String {
        """
        ALTER TABLE counted_events ADD COLUMN content \(sql.integer);
        CREATE INDEX counted_events_before ON counted_events (subscription)
            WHERE content IS NULL;
        CREATE TABLE counted_orders (
            subscription \(sql.key) NOT NULL,
            \(sql.identityColumns),
            PRIMARY KEY (subscription, \(sql.identity))
        )\(sql.keyed());
        CREATE TABLE uncounted_events (
            subscription \(sql.key) NOT NULL,
            reason \(sql.key) NOT NULL,
            source \(sql.key) NOT NULL,
            id \(sql.key) NOT NULL,
            content \(sql.integer) NOT NULL,
            time_ns \(sql.integer) NOT NULL,
            transaction_id \(sql.text) NOT NULL,
            document \(sql.bytes) NOT NULL,
            PRIMARY KEY (subscription, reason, source, id, content)
        )\(sql.keyed());
        ALTER TABLE window_aggregates ADD COLUMN order_parts \(sql.integer) NOT NULL DEFAULT 0;
        ALTER TABLE raw_census_hours ADD COLUMN order_parts \(sql.integer) NOT NULL DEFAULT 0;

        """
    }

    /// The aggregates of a warehouse are one for all runs: so a topic has one subscription that
    /// counts it here, and a part of the aggregates is kept or not for all of them.
    ///
    /// The keys of `progress` and `counted_events` are unique within a subscription; that no event
    /// is counted by two is what the owners are for.
    fileprivate static func owners(_ sql: SQLWords) -> String {
        """
        CREATE TABLE counting_owners (
            topic \(sql.key) NOT NULL PRIMARY KEY,
            subscription \(sql.key) NOT NULL
        )\(sql.keyed());
        CREATE TABLE kept_parts (
            part \(sql.key) NOT NULL PRIMARY KEY,
            is_kept \(sql.integer) NOT NULL,
            missing \(sql.integer) NOT NULL,
            paused_at \(sql.integer) NOT NULL,
            lacks_distinct \(sql.integer) NOT NULL
        )\(sql.keyed());

        """
    }

    /// The positions of messages that a subscription shed, let expire or skipped, in runs.
    fileprivate static func dropped(_ sql: SQLWords) -> String {
        """
        CREATE TABLE dropped_messages (
            subscription \(sql.key) NOT NULL,
            cause \(sql.key) NOT NULL,
            first_position \(sql.integer) NOT NULL,
            last_position \(sql.integer) NOT NULL,
            first_ns \(sql.integer) NOT NULL,
            last_ns \(sql.integer) NOT NULL,
            PRIMARY KEY (subscription, cause, first_position)
        )\(sql.keyed());

        """
    }

    /// Events that GA4 has not named: how many there are, and of each name in each window.
    fileprivate static func customEvents(_ sql: SQLWords) -> String {
        """
        ALTER TABLE window_aggregates ADD COLUMN custom_events \(sql.integer) NOT NULL DEFAULT 0;
        ALTER TABLE raw_census_hours ADD COLUMN custom_events \(sql.integer) NOT NULL DEFAULT 0;
        CREATE TABLE window_events (
            grain \(sql.key) NOT NULL,
            start_ns \(sql.integer) NOT NULL,
            name \(sql.key) NOT NULL,
            events \(sql.integer) NOT NULL,
            PRIMARY KEY (grain, start_ns, name)
        )\(sql.keyed(fillFactor: 60));

        """
    }
}
