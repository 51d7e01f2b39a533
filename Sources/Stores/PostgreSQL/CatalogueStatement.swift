/// The texts that write and read the catalogue.
enum CatalogueStatement {
    static let addEntry = Statement(
        name: "add_entry",
        sql: """
            INSERT INTO dataset_entries (dataset_id, owner, dataset_name, kind, created_ns)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (dataset_id) DO UPDATE SET owner = excluded.owner
            """
    )

    static let addDependency = Statement(
        name: "add_dependency",
        sql: """
            INSERT INTO dataset_dependencies (upstream_dataset_id, downstream_dataset_id)
            VALUES ($1, $2) ON CONFLICT DO NOTHING
            """
    )

    /// The head with what the statistics say of it, and the last block there is or -1.
    static let tip = Statement(
        name: "tip",
        sql: """
            SELECT asked.dataset_id, head.sequence_number, head.block_hash, updated_ns,
                watermark_ns,
                greatest(
                    (SELECT max(sequence_number) FROM dataset_key_blocks WHERE dataset_id = $1),
                    (SELECT max(sequence_number) FROM dataset_data_blocks WHERE dataset_id = $1),
                    -1
                )
            FROM (SELECT $1::text AS dataset_id) AS asked
            LEFT JOIN dataset_references AS head
                ON head.dataset_id = $1 AND head.block_ref_name = 'head'
            LEFT JOIN dataset_statistics ON dataset_statistics.dataset_id = $1
            """,
        table: "dataset_references or dataset_statistics",
        keys: 1
    )

    static let payloads = Statement(
        name: "payloads",
        sql: """
            SELECT dataset_id, sequence_number, event_type, payload FROM dataset_key_blocks
            WHERE dataset_id = $1 ORDER BY sequence_number
            """,
        table: "dataset_key_blocks",
        keys: 2
    )

    static let addKeyBlock = Statement(
        name: "add_key_block",
        sql: """
            WITH block AS (
                INSERT INTO dataset_key_blocks (dataset_id, sequence_number, event_type, system_ns,
                    payload, previous_hash, block_hash)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
            ), \(moved(hash: "$7"))
            \(counted(records: "0", position: "NULL", watermark: "NULL"))
            """
    )

    static let addDataBlock = Statement(
        name: "add_data_block",
        sql: """
            WITH block AS (
                INSERT INTO dataset_data_blocks (dataset_id, sequence_number, event_type, system_ns,
                    first_position, last_position, num_records, content_hash, watermark_ns,
                    previous_hash, block_hash)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ), \(moved(hash: "$11"))
            \(counted(records: "$7", position: "$6", watermark: "$9"))
            """
    )

    /// The head of $1 points to block $2.
    private static func moved(hash: String) -> String {
        """
        head AS (
                INSERT INTO dataset_references
                    (dataset_id, block_ref_name, sequence_number, block_hash)
                VALUES ($1, 'head', $2, \(hash))
                ON CONFLICT (dataset_id, block_ref_name) DO UPDATE SET
                    sequence_number = excluded.sequence_number, block_hash = excluded.block_hash
            )
        """
    }

    /// The block of $1 from $4 is in the statistics.
    private static func counted(records: String, position: String, watermark: String) -> String {
        """
        INSERT INTO dataset_statistics AS stored (dataset_id, num_blocks, num_records,
            last_position, watermark_ns, updated_ns)
        VALUES ($1, 1, \(records), \(position), \(watermark), $4)
        ON CONFLICT (dataset_id) DO UPDATE SET
            num_blocks = stored.num_blocks + 1,
            num_records = stored.num_records + excluded.num_records,
            last_position = greatest(stored.last_position, excluded.last_position),
            watermark_ns = coalesce(excluded.watermark_ns, stored.watermark_ns),
            updated_ns = excluded.updated_ns
        """
    }

    static let records = Statement(
        name: "dataset_records",
        sql: """
            SELECT DISTINCT ON (dataset_id) dataset_id, owner, dataset_name, kind, created_ns,
                num_blocks, num_records, last_position, watermark_ns, updated_ns
            FROM dataset_entries LEFT JOIN dataset_statistics USING (dataset_id)
            ORDER BY dataset_id
            """,
        table: "dataset_entries or dataset_statistics",
        keys: 1
    )

    static let references = Statement(
        name: "dataset_references",
        sql: "SELECT dataset_id, block_ref_name, sequence_number, block_hash "
            + "FROM dataset_references",
        table: "dataset_references",
        keys: 2
    )

    static let dependencies = Statement(
        name: "dataset_dependencies",
        sql: "SELECT upstream_dataset_id, downstream_dataset_id FROM dataset_dependencies",
        table: "dataset_dependencies",
        keys: 2
    )

    static let blocks = Statement(
        name: "dataset_blocks",
        sql: """
            SELECT dataset_id, sequence_number, event_type, system_ns, payload,
                NULL::bigint AS first_position, NULL::bigint AS last_position,
                0::bigint AS num_records, NULL::bytea AS content_hash,
                NULL::bigint AS watermark_ns, previous_hash, block_hash
            FROM dataset_key_blocks
            WHERE dataset_id = $1 AND sequence_number >= $2
            UNION ALL
            SELECT dataset_id, sequence_number, event_type, system_ns, '', first_position,
                last_position, num_records, content_hash, watermark_ns, previous_hash, block_hash
            FROM dataset_data_blocks
            WHERE dataset_id = $1 AND sequence_number >= $2
            ORDER BY 2 LIMIT $3
            """,
        table: "dataset_key_blocks or dataset_data_blocks",
        keys: 2
    )
}
