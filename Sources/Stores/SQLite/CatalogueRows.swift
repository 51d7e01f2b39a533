internal import Datasets
internal import Foundation
internal import GRDB
internal import Stages
internal import Timekeeping

/// The rows of the catalogue, within a transaction of the caller's.
struct CatalogueRows {
    let database: Database
    /// The file, to be named in errors.
    let path: String

    init(_ database: Database, _ path: String) {
        self.database = database
        self.path = path
    }

    func append(_ draft: DataBlockDraft) throws {
        guard let tip = try tip(of: draft.dataset) else {
            throw StoreError(noChainOf: draft.dataset, in: path)
        }
        let block = tip.next(.data(draft.event), of: draft.dataset, at: draft.time)
        try insert(block, of: draft.dataset)
    }

    func register(_ definition: DatasetDefinition, at now: Timestamp) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO dataset_entries (dataset_id, owner, dataset_name, kind, created_ns)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (dataset_id) DO UPDATE SET owner = excluded.owner
                """
        ).execute(arguments: [
            definition.id.text, definition.owner, definition.name, definition.kind.rawValue,
            now.nanoseconds,
        ])
        for upstream in definition.upstream {
            try database.cachedStatement(
                sql: """
                    INSERT INTO dataset_dependencies (upstream_dataset_id, downstream_dataset_id)
                    VALUES (?, ?) ON CONFLICT DO NOTHING
                    """
            ).execute(arguments: [upstream.text, definition.id.text])
        }
        let tip = try tip(of: definition.id)
        let known = try latestPayloads(of: definition.id)
        for block in definition.blocks(after: tip, known: known, at: now) {
            try insert(block, of: definition.id)
        }
    }

    /// The last block of a chain; nil where there is no chain at all.
    ///
    /// - Throws: `StoreError` where the head is not the last block.
    private func tip(of dataset: DatasetID) throws -> ChainTip? {
        try RowReader(
            database,
            StoredTable("dataset_references or dataset_statistics", keys: 1),
            """
            SELECT :dataset AS dataset_id, head.sequence_number, head.block_hash, updated_ns,
                watermark_ns,
                max(
                    ifnull((SELECT max(sequence_number) FROM dataset_key_blocks
                        WHERE dataset_id = :dataset), -1),
                    ifnull((SELECT max(sequence_number) FROM dataset_data_blocks
                        WHERE dataset_id = :dataset), -1)
                ) AS last
            FROM (SELECT :dataset AS dataset_id)
            LEFT JOIN dataset_references AS head
                ON head.dataset_id = :dataset AND head.block_ref_name = 'head'
            LEFT JOIN dataset_statistics ON dataset_statistics.dataset_id = :dataset
            """,
            ["dataset": dataset.text]
        ).first { row in
            let last = try row.integer(5)
            let head = try row.optionalInteger(1)
            guard last >= 0 || head != nil else { return nil }
            guard head == last, last < .max, let updated = try row.optionalInstant(3) else {
                throw StoreError(chainOf: dataset, head: head, last: last, in: path)
            }
            return ChainTip(
                sequence: last,
                hash: try row.hash(2),
                time: updated,
                watermark: try row.optionalInstant(4)
            )
        } ?? nil
    }

    private func latestPayloads(of dataset: DatasetID) throws -> [KeyEvent.Kind: String] {
        var payloads: [KeyEvent.Kind: String] = [:]
        try RowReader(
            database,
            StoredTable("dataset_key_blocks", keys: 2),
            """
            SELECT dataset_id, sequence_number, event_type, payload FROM dataset_key_blocks
            WHERE dataset_id = ? ORDER BY sequence_number
            """,
            [dataset.text]
        ).forEach { row in
            payloads[try row.value(2)] = try row.text(3)
        }
        return payloads
    }

    /// Adds a block, moves the head to it and counts it.
    private func insert(_ block: MetadataBlock, of dataset: DatasetID) throws {
        var records: Int64 = 0
        var lastPosition: Int64?
        switch block.event {
        case .key(let event):
            try database.cachedStatement(
                sql: """
                    INSERT INTO dataset_key_blocks (dataset_id, sequence_number, event_type,
                        system_ns, payload, previous_hash, block_hash)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: [
                dataset.text, block.sequence, event.kind.rawValue, block.time.nanoseconds,
                event.payload, block.previous?.data, block.hash.data,
            ])
        case .data(let event):
            records = event.records
            lastPosition = event.positions?.upperBound
            try database.cachedStatement(
                sql: """
                    INSERT INTO dataset_data_blocks (dataset_id, sequence_number, event_type,
                        system_ns, first_position, last_position, num_records, content_hash,
                        watermark_ns, previous_hash, block_hash)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: [
                dataset.text, block.sequence, event.kind.rawValue, block.time.nanoseconds,
                event.positions?.lowerBound, lastPosition, records, event.content.data,
                event.watermark?.nanoseconds, block.previous?.data, block.hash.data,
            ])
        }
        try database.cachedStatement(
            sql: """
                INSERT INTO dataset_references
                    (dataset_id, block_ref_name, sequence_number, block_hash)
                VALUES (?, 'head', ?, ?)
                ON CONFLICT (dataset_id, block_ref_name) DO UPDATE SET
                    sequence_number = excluded.sequence_number, block_hash = excluded.block_hash
                """
        ).execute(arguments: [dataset.text, block.sequence, block.hash.data])
        try database.cachedStatement(
            sql: """
                INSERT INTO dataset_statistics (dataset_id, num_blocks, num_records,
                    last_position, watermark_ns, updated_ns)
                VALUES (?, 1, ?, ?, ?, ?)
                ON CONFLICT (dataset_id) DO UPDATE SET
                    num_blocks = num_blocks + 1, num_records = num_records + excluded.num_records,
                    last_position = max(ifnull(last_position, excluded.last_position),
                        ifnull(excluded.last_position, last_position)),
                    watermark_ns = ifnull(excluded.watermark_ns, watermark_ns),
                    updated_ns = excluded.updated_ns
                """
        ).execute(arguments: [
            dataset.text, records, lastPosition, block.event.watermark?.nanoseconds,
            block.time.nanoseconds,
        ])
    }
}

extension BlockHash {
    /// As SQLite takes it.
    var data: Data { Data(bytes) }
}
