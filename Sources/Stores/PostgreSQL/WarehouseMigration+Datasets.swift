extension WarehouseMigration {
    /// What is known of the datasets, and how they were made.
    static let datasets = """
        CREATE TABLE dataset_entries (
            dataset_id text COLLATE "C" PRIMARY KEY,
            owner text COLLATE "C" NOT NULL,
            dataset_name text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL CHECK (kind IN ('root', 'derivative')),
            created_ns bigint NOT NULL
        );
        COMMENT ON TABLE dataset_entries IS
            'What is stored: raw events of a topic (root), or what is counted (derivative).';
        COMMENT ON COLUMN dataset_entries.owner IS 'The team; empty where nobody owns it.';

        CREATE TABLE dataset_references (
            dataset_id text COLLATE "C" NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            block_ref_name text COLLATE "C" NOT NULL,
            sequence_number bigint NOT NULL,
            block_hash bytea NOT NULL
        ) WITH (fillfactor = 60);
        CREATE UNIQUE INDEX dataset_references_once
            ON dataset_references (dataset_id, block_ref_name);
        COMMENT ON TABLE dataset_references IS
            'Names for blocks of a chain; head is the last one.';

        CREATE TABLE dataset_statistics (
            dataset_id text COLLATE "C" NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            num_blocks bigint NOT NULL,
            num_records bigint NOT NULL,
            last_position bigint,
            watermark_ns bigint,
            updated_ns bigint NOT NULL
        ) WITH (fillfactor = 60);
        CREATE UNIQUE INDEX dataset_statistics_once ON dataset_statistics (dataset_id);
        COMMENT ON TABLE dataset_statistics IS 'What the chain of a dataset holds, in sum.';

        CREATE TABLE dataset_key_blocks (
            dataset_id text COLLATE "C" NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            sequence_number bigint NOT NULL,
            event_type text COLLATE "C" NOT NULL,
            system_ns bigint NOT NULL,
            payload text NOT NULL,
            previous_hash bytea,
            block_hash bytea NOT NULL,
            PRIMARY KEY (dataset_id, sequence_number)
        );
        COMMENT ON TABLE dataset_key_blocks IS
            'The blocks of chains that say what a dataset is.';

        CREATE TABLE dataset_data_blocks (
            dataset_id text COLLATE "C" NOT NULL REFERENCES dataset_entries ON DELETE CASCADE,
            sequence_number bigint NOT NULL,
            event_type text COLLATE "C" NOT NULL,
            system_ns bigint NOT NULL,
            first_position bigint,
            last_position bigint,
            num_records bigint NOT NULL,
            content_hash bytea NOT NULL,
            watermark_ns bigint,
            previous_hash bytea,
            block_hash bytea NOT NULL,
            PRIMARY KEY (dataset_id, sequence_number)
        );
        COMMENT ON TABLE dataset_data_blocks IS
            'The blocks of chains that say which data has come; both tables share one sequence.';
        COMMENT ON COLUMN dataset_data_blocks.content_hash IS 'SHA-256 of what came.';
        COMMENT ON COLUMN dataset_data_blocks.previous_hash IS 'That of the block before.';

        CREATE TABLE dataset_dependencies (
            upstream_dataset_id text COLLATE "C" NOT NULL,
            downstream_dataset_id text COLLATE "C" NOT NULL,
            PRIMARY KEY (downstream_dataset_id, upstream_dataset_id)
        );
        COMMENT ON TABLE dataset_dependencies IS
            'What derivatives are made from; that may be in another warehouse.';

        """

    /// What the last refresh of the invariants found.
    static let snapshot = """
        CREATE TABLE dataset_invariants (
            invariant text COLLATE "C" PRIMARY KEY,
            severity text NOT NULL,
            owner text NOT NULL,
            description text NOT NULL,
            anomalies bigint NOT NULL,
            refreshed_ns bigint,
            took_ns bigint NOT NULL,
            failures bigint NOT NULL,
            failure text
        );
        COMMENT ON TABLE dataset_invariants IS 'How each invariant stood at the last refresh.';
        COMMENT ON COLUMN dataset_invariants.refreshed_ns IS
            'When it was last looked at with success.';
        COMMENT ON COLUMN dataset_invariants.failures IS 'How many looks have failed since.';

        CREATE TABLE dataset_anomalies (
            invariant text COLLATE "C" NOT NULL,
            subject text COLLATE "C" NOT NULL,
            detail text NOT NULL,
            first_seen_ns bigint NOT NULL,
            last_seen_ns bigint NOT NULL,
            gone_ns bigint,
            PRIMARY KEY (invariant, subject, first_seen_ns)
        );
        COMMENT ON TABLE dataset_anomalies IS
            'What offends against an invariant, or did; gone_ns is NULL while it does.';
        """

    /// When what runs has changed.
    static let deployments = """
        CREATE TABLE deployments (
            marked_ns bigint PRIMARY KEY,
            version text NOT NULL,
            settle_ns bigint NOT NULL,
            judged_ns bigint
        );
        COMMENT ON TABLE deployments IS
            'What was deployed when; judged_ns is when the invariants were held against it.';
        """
}
