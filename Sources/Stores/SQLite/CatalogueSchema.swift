/// The tables of a SQLite warehouse that hold the catalogue, and what invariants found in it.
enum CatalogueSchema {
    // A hash has 32 bytes. What other programs delete goes with the entry, where they turn foreign
    // keys on; dependencies may name datasets of other warehouses.
    static let datasets = """
        CREATE TABLE dataset_entries (
            dataset_id TEXT NOT NULL PRIMARY KEY,
            owner TEXT NOT NULL,
            dataset_name TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('root', 'derivative')),
            created_ns INTEGER NOT NULL
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE dataset_references (
            dataset_id TEXT NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            block_ref_name TEXT NOT NULL,
            sequence_number INTEGER NOT NULL,
            block_hash BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX dataset_references_once
            ON dataset_references (dataset_id, block_ref_name);
        CREATE TABLE dataset_statistics (
            dataset_id TEXT NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            num_blocks INTEGER NOT NULL,
            num_records INTEGER NOT NULL,
            last_position INTEGER,
            watermark_ns INTEGER,
            updated_ns INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX dataset_statistics_once ON dataset_statistics (dataset_id);
        CREATE TABLE dataset_key_blocks (
            dataset_id TEXT NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            sequence_number INTEGER NOT NULL,
            event_type TEXT NOT NULL,
            system_ns INTEGER NOT NULL,
            payload TEXT NOT NULL,
            previous_hash BLOB,
            block_hash BLOB NOT NULL,
            PRIMARY KEY (dataset_id, sequence_number)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE dataset_data_blocks (
            dataset_id TEXT NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            sequence_number INTEGER NOT NULL,
            event_type TEXT NOT NULL,
            system_ns INTEGER NOT NULL,
            first_position INTEGER,
            last_position INTEGER,
            num_records INTEGER NOT NULL,
            content_hash BLOB NOT NULL,
            watermark_ns INTEGER,
            previous_hash BLOB,
            block_hash BLOB NOT NULL,
            PRIMARY KEY (dataset_id, sequence_number)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE dataset_dependencies (
            upstream_dataset_id TEXT NOT NULL,
            downstream_dataset_id TEXT NOT NULL,
            PRIMARY KEY (downstream_dataset_id, upstream_dataset_id)
        ) WITHOUT ROWID, STRICT;
        """

    static let snapshot = """
        CREATE TABLE dataset_invariants (
            invariant TEXT NOT NULL PRIMARY KEY,
            severity TEXT NOT NULL,
            owner TEXT NOT NULL,
            description TEXT NOT NULL,
            anomalies INTEGER NOT NULL,
            refreshed_ns INTEGER,
            took_ns INTEGER NOT NULL,
            failures INTEGER NOT NULL,
            failure TEXT
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE dataset_anomalies (
            invariant TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL,
            first_seen_ns INTEGER NOT NULL,
            last_seen_ns INTEGER NOT NULL,
            gone_ns INTEGER,
            PRIMARY KEY (invariant, subject, first_seen_ns)
        ) WITHOUT ROWID, STRICT;
        """

    static let deployments = """
        CREATE TABLE deployments (
            marked_ns INTEGER PRIMARY KEY,
            version TEXT NOT NULL,
            settle_ns INTEGER NOT NULL,
            judged_ns INTEGER
        ) STRICT;
        """
}
