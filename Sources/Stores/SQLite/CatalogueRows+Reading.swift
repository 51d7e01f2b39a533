internal import Datasets
internal import GRDB
internal import Stages
internal import Timekeeping

extension CatalogueRows {
    /// Every dataset that can be read, with those of its references that can.
    func records(notingIn flaws: DamagedValues) throws -> [DatasetRecord] {
        let references = try references(notingIn: flaws)
        let statistics = try statistics(notingIn: flaws)
        let edges = try RowReader(
            database,
            StoredTable("dataset_dependencies", keys: 2),
            "SELECT upstream_dataset_id, downstream_dataset_id FROM dataset_dependencies"
        ).map(notingIn: flaws) { row in
            (up: DatasetID(try row.text(0)), down: DatasetID(try row.text(1)))
        }
        // order-free: each is looked up.
        let upstream = Dictionary(grouping: edges, by: \.down)
        // order-free: each is looked up.
        let downstream = Dictionary(grouping: edges, by: \.up)
        return try RowReader(
            database,
            StoredTable("dataset_entries", keys: 1),
            """
            SELECT dataset_id, dataset_name, kind, owner, created_ns FROM dataset_entries
            ORDER BY dataset_id
            """
        ).map(notingIn: flaws) { row in
            let id = DatasetID(try row.text(0))
            return DatasetRecord(
                id: id,
                name: try row.text(1),
                kind: try row.value(2),
                owner: try row.text(3),
                created: try row.instant(4),
                references: references[id, default: []],
                statistics: statistics[id],
                upstream: upstream[id, default: []].map(\.up).sorted(),
                downstream: downstream[id, default: []].map(\.down).sorted()
            )
        }
    }

    private func references(
        notingIn flaws: DamagedValues
    ) throws -> [DatasetID: [DatasetRecord.Reference]] {
        var references: [DatasetID: [DatasetRecord.Reference]] = [:]
        try RowReader(
            database,
            StoredTable("dataset_references", keys: 2),
            """
            SELECT dataset_id, block_ref_name, sequence_number, block_hash
            FROM dataset_references
            """
        ).forEach(notingIn: flaws) { row in
            let reference = DatasetRecord.Reference(
                name: try row.text(1),
                sequence: try row.sequence(2),
                hash: try row.hash(3)
            )
            references[DatasetID(try row.text(0)), default: []].append(reference)
        }
        return references
    }

    private func statistics(
        notingIn flaws: DamagedValues
    ) throws -> [DatasetID: DatasetRecord.Statistics] {
        var statistics: [DatasetID: DatasetRecord.Statistics] = [:]
        try RowReader(
            database,
            StoredTable("dataset_statistics", keys: 1),
            """
            SELECT dataset_id, num_blocks, num_records, last_position, watermark_ns, updated_ns
            FROM dataset_statistics
            """
        ).forEach(notingIn: flaws) { row in
            statistics[DatasetID(try row.text(0))] = DatasetRecord.Statistics(
                blocks: try row.sequence(1),
                records: try row.count(2),
                lastPosition: try row.optionalInteger(3),
                watermark: try row.optionalInstant(4),
                updated: try row.instant(5)
            )
        }
        return statistics
    }

    /// The blocks that can be read, among those that `limit` and `sequence` name.
    func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int,
        notingIn flaws: DamagedValues
    ) throws -> [MetadataBlock] {
        try RowReader(
            database,
            StoredTable("dataset_key_blocks or dataset_data_blocks", keys: 2),
            """
            SELECT dataset_id, sequence_number, event_type, system_ns, payload,
                NULL AS first_position, NULL AS last_position, 0 AS num_records,
                NULL AS content_hash, NULL AS watermark_ns, previous_hash, block_hash
            FROM dataset_key_blocks
            WHERE dataset_id = :dataset AND sequence_number >= :first
            UNION ALL
            SELECT dataset_id, sequence_number, event_type, system_ns, '', first_position,
                last_position, num_records, content_hash, watermark_ns, previous_hash, block_hash
            FROM dataset_data_blocks
            WHERE dataset_id = :dataset AND sequence_number >= :first
            ORDER BY sequence_number LIMIT :limit
            """,
            ["dataset": dataset.text, "first": sequence, "limit": limit]
        ).map(notingIn: flaws) { row in
            MetadataBlock(
                sequence: try row.sequence(1),
                time: try row.instant(3),
                previous: row.isNull(10) ? nil : try row.hash(10),
                event: try row.event(),
                hash: try row.hash(11)
            )
        }
    }
}

extension RowReader.Row {
    /// The number of a block, which has a next one.
    func sequence(_ column: Int32) throws(StoreError) -> Int64 {
        let number = try count(column)
        guard number < .max else { throw flaw(column, expected: "the number of a block") }
        return number
    }

    func hash(_ column: Int32) throws(StoreError) -> BlockHash {
        guard let hash = BlockHash(bytes: try bytes(column)) else {
            throw flaw(column, expected: "a hash of 32 bytes")
        }
        return hash
    }

    /// What happened, in the columns from the second one on.
    fileprivate func event() throws(StoreError) -> MetadataEvent {
        let type = try text(2)
        if let kind = KeyEvent.Kind(rawValue: type) {
            return .key(KeyEvent(kind, payload: try text(4)))
        }
        guard let kind = DataEvent.Kind(rawValue: type) else {
            throw flaw(2, expected: "the name of an event of a chain")
        }
        var positions: ClosedRange<Int64>?
        if let first = try optionalInteger(5), let last = try optionalInteger(6) {
            guard first <= last else { throw flaw(6, expected: "a position from \(first)") }
            positions = first...last
        }
        return .data(
            DataEvent(
                kind,
                positions: positions,
                records: try count(7),
                content: try hash(8),
                watermark: try optionalInstant(9)
            )
        )
    }
}
