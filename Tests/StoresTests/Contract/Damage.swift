import Testing

/// Something that goes wrong with a catalogue, and what the invariants must say of it.
struct Damage: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// What another program does to the sample catalogue.
    var sql: String
    /// Each offence as "invariant subject", and no other.
    var offences: [String]

    init(_ description: String, _ sql: String, _ offences: String...) {
        testDescription = description
        self.sql = sql
        self.offences = offences.sorted()
    }

    private static let events = "dataset_id = 'root/events'"
    private static let orders = "dataset_id = 'root/orders'"
    private static let analytics = "dataset_id = 'derivative/analytics'"

    static let all = entries + heads + keyBlocks + dataBlocks + dependencies

    private static let entries = [
        Damage(
            "an entry is lost and all the rest is there",
            "DELETE FROM dataset_entries WHERE \(orders)",
            "known-datasets root/orders"
        ),
        Damage(
            "an entry without anything",
            """
            INSERT INTO dataset_entries (dataset_id, owner, dataset_name, kind, created_ns)
            VALUES ('root/bare', 'data', 'bare', 'root', 0)
            """,
            "head-reference root/bare",
            "key-blocks root/bare",
            "statistics root/bare"
        ),
        Damage(
            "two entries of a name, of which the second one is too new to be judged for the rest",
            """
            INSERT INTO dataset_entries (dataset_id, owner, dataset_name, kind, created_ns)
            VALUES ('root/orders 2', 'data', 'orders', 'root', 4000000000000000000)
            """,
            "unique-rows root/orders"
        ),
        Damage(
            "a root that is said to be a derivative",
            "UPDATE dataset_entries SET kind = 'derivative' WHERE \(events)",
            "derivative-has-upstream root/events"
        ),
        Damage(
            "a derivative that is said to be a root",
            "UPDATE dataset_entries SET kind = 'root' WHERE \(analytics)",
            "root-has-no-upstream derivative/analytics"
        ),
        Damage(
            "statistics that are lost",
            "DELETE FROM dataset_statistics WHERE \(events)",
            "statistics root/events"
        ),
        Damage(
            "statistics that are there twice",
            """
            DROP INDEX dataset_statistics_once;
            INSERT INTO dataset_statistics SELECT * FROM dataset_statistics WHERE \(events)
            """,
            "unique-rows root/events"
        ),
        Damage(
            "statistics of more records than there are",
            "UPDATE dataset_statistics SET num_records = num_records + 1 WHERE \(events)",
            "statistics-add-up root/events"
        ),
        Damage(
            "statistics of fewer blocks than there are",
            "UPDATE dataset_statistics SET num_blocks = 1 WHERE \(events)",
            "statistics-add-up root/events"
        ),
    ]

    private static let heads = [
        Damage(
            "a head that is lost",
            "DELETE FROM dataset_references WHERE \(events)",
            "head-reference root/events"
        ),
        Damage(
            "a head of another spelling",
            "UPDATE dataset_references SET block_ref_name = 'HEAD' WHERE \(events)",
            "head-reference root/events"
        ),
        Damage(
            "a head that is there twice",
            """
            DROP INDEX dataset_references_once;
            INSERT INTO dataset_references SELECT * FROM dataset_references WHERE \(events)
            """,
            "unique-rows root/events"
        ),
        Damage(
            "a head that has not moved on",
            """
            UPDATE dataset_references SET sequence_number = 6, block_hash = (
                SELECT block_hash FROM dataset_data_blocks
                WHERE \(events) AND sequence_number = 6
            ) WHERE \(events)
            """,
            "head-is-tip root/events"
        ),
        Damage(
            "a head with the hash of another block",
            """
            UPDATE dataset_references SET block_hash = (
                SELECT block_hash FROM dataset_data_blocks
                WHERE \(events) AND sequence_number = 6
            ) WHERE \(events)
            """,
            "head-is-tip root/events"
        ),
    ]

    private static let keyBlocks = [
        Damage(
            "all key blocks are lost",
            "DELETE FROM dataset_key_blocks WHERE \(orders)",
            "key-blocks root/orders",
            "contiguous-chain root/orders",
            "statistics-add-up root/orders"
        ),
        Damage(
            "the Seed is lost",
            "DELETE FROM dataset_key_blocks WHERE \(orders) AND sequence_number = 0",
            "seed-first root/orders",
            "contiguous-chain root/orders",
            "statistics-add-up root/orders"
        ),
        Damage(
            "only AddPushSource is left",
            "DELETE FROM dataset_key_blocks WHERE \(orders) AND event_type <> 'AddPushSource'",
            "seed-first root/orders",
            "contiguous-chain root/orders",
            "statistics-add-up root/orders"
        ),
        Damage(
            "SetDataSchema is lost and the Seed is there",
            "DELETE FROM dataset_key_blocks WHERE \(orders) AND event_type = 'SetDataSchema'",
            "contiguous-chain root/orders",
            "statistics-add-up root/orders"
        ),
        Damage(
            "a second Seed",
            "UPDATE dataset_key_blocks SET event_type = 'Seed' "
                + "WHERE \(orders) AND sequence_number = 2",
            "seed-first root/orders"
        ),
        Damage(
            "a chain that begins with something else",
            "UPDATE dataset_key_blocks SET event_type = 'SetDataSchema' "
                + "WHERE \(orders) AND sequence_number = 0",
            "seed-first root/orders"
        ),
        Damage(
            "a key block with another's hash",
            "UPDATE dataset_key_blocks SET block_hash = (SELECT block_hash FROM dataset_key_blocks "
                + "WHERE \(events) AND sequence_number = 1) "
                + "WHERE \(orders) AND sequence_number = 1",
            "linked-chain root/orders"
        ),
    ]

    private static let dataBlocks = [
        Damage(
            "a data block is lost",
            "DELETE FROM dataset_data_blocks WHERE \(analytics) AND sequence_number = 5",
            "contiguous-chain derivative/analytics",
            "statistics-add-up derivative/analytics"
        ),
        Damage(
            "the last data block is lost",
            "DELETE FROM dataset_data_blocks WHERE \(analytics) AND sequence_number = 8",
            "head-is-tip derivative/analytics",
            "statistics-add-up derivative/analytics"
        ),
        Damage(
            "every block is lost",
            "DELETE FROM dataset_data_blocks WHERE \(analytics); "
                + "DELETE FROM dataset_key_blocks WHERE \(analytics)",
            "head-is-tip derivative/analytics",
            "key-blocks derivative/analytics",
            "statistics-add-up derivative/analytics"
        ),
        Damage(
            "a data block has the number of a key block",
            """
            INSERT INTO dataset_data_blocks
            SELECT data.dataset_id, 1, 'AddData', other.system_ns, NULL, NULL, 0,
                data.content_hash, NULL, other.previous_hash, other.block_hash
            FROM dataset_data_blocks AS data
            JOIN dataset_key_blocks AS other ON other.dataset_id = data.dataset_id
            WHERE data.\(events) AND data.sequence_number = 3 AND other.sequence_number = 1
            """,
            "one-block-a-number root/events",
            "statistics-add-up root/events"
        ),
        Damage(
            "a data block that names another one before it",
            "UPDATE dataset_data_blocks SET previous_hash = content_hash "
                + "WHERE \(events) AND sequence_number = 5",
            "linked-chain root/events"
        ),
        Damage(
            "a data block that names none before it",
            "UPDATE dataset_data_blocks SET previous_hash = NULL "
                + "WHERE \(events) AND sequence_number = 5",
            "linked-chain root/events"
        ),
        Damage(
            "a data block that is older than the one before it",
            "UPDATE dataset_data_blocks SET system_ns = 1 WHERE \(events) AND sequence_number = 8",
            "linked-chain root/events"
        ),
        Damage(
            "a data block that says more records than came",
            "UPDATE dataset_data_blocks SET num_records = 11 "
                + "WHERE \(events) AND sequence_number = 8",
            "statistics-add-up root/events"
        ),
    ]

    private static let dependencies = [
        Damage(
            "the only dependency is lost",
            "DELETE FROM dataset_dependencies",
            "derivative-has-upstream derivative/analytics"
        ),
        Damage(
            "a dependency of a root",
            "INSERT INTO dataset_dependencies (upstream_dataset_id, downstream_dataset_id) "
                + "VALUES ('derivative/analytics', 'root/orders')",
            "root-has-no-upstream root/orders"
        ),
        Damage(
            "a dependency of nothing",
            "INSERT INTO dataset_dependencies (upstream_dataset_id, downstream_dataset_id) "
                + "VALUES ('root/orders', 'derivative/nothing')",
            "known-datasets derivative/nothing"
        ),
    ]
}
