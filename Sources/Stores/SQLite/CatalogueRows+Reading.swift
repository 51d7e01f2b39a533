internal import Datasets
internal import GRDB
internal import Stages
internal import Timekeeping

extension CatalogueRows {
    func records() throws -> [DatasetRecord] {
        let references = Dictionary(
            grouping: try Row.fetchAll(database, sql: "SELECT * FROM dataset_references")
        ) { DatasetID($0["dataset_id"]) }
        let edges = try Row.fetchAll(database, sql: "SELECT * FROM dataset_dependencies").map {
            (up: DatasetID($0["upstream_dataset_id"]), down: DatasetID($0["downstream_dataset_id"]))
        }
        // order-free: each is looked up.
        let upstream = Dictionary(grouping: edges, by: \.down)
        // order-free: each is looked up.
        let downstream = Dictionary(grouping: edges, by: \.up)
        return try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM dataset_entries LEFT JOIN dataset_statistics USING (dataset_id)
                GROUP BY dataset_id ORDER BY dataset_id
                """
        ).map { row -> DatasetRecord in
            let id = DatasetID(row["dataset_id"])
            return DatasetRecord(
                id: id,
                name: row["dataset_name"],
                kind: DatasetKind(rawValue: row["kind"]) ?? .root,
                owner: row["owner"],
                created: Timestamp(nanoseconds: row["created_ns"]),
                references: try references[id, default: []].map {
                    DatasetRecord.Reference(
                        name: $0["block_ref_name"],
                        sequence: $0["sequence_number"],
                        hash: try hash($0, "block_hash", of: id)
                    )
                },
                statistics: statistics(row),
                upstream: upstream[id, default: []].map(\.up).sorted(),
                downstream: downstream[id, default: []].map(\.down).sorted()
            )
        }
    }

    private func statistics(_ row: Row) -> DatasetRecord.Statistics? {
        guard let blocks: Int64 = row["num_blocks"] else { return nil }
        return DatasetRecord.Statistics(
            blocks: blocks,
            records: row["num_records"],
            lastPosition: row["last_position"],
            watermark: (row["watermark_ns"] as Int64?).map(Timestamp.init(nanoseconds:)),
            updated: Timestamp(nanoseconds: row["updated_ns"])
        )
    }

    func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int
    ) throws -> [MetadataBlock] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT sequence_number, event_type, system_ns, payload, NULL AS first_position,
                    NULL AS last_position, 0 AS num_records, NULL AS content_hash,
                    NULL AS watermark_ns, previous_hash, block_hash
                FROM dataset_key_blocks
                WHERE dataset_id = :dataset AND sequence_number >= :first
                UNION ALL
                SELECT sequence_number, event_type, system_ns, '', first_position, last_position,
                    num_records, content_hash, watermark_ns, previous_hash, block_hash
                FROM dataset_data_blocks
                WHERE dataset_id = :dataset AND sequence_number >= :first
                ORDER BY sequence_number LIMIT :limit
                """,
            arguments: ["dataset": dataset.text, "first": sequence, "limit": limit]
        ).map { row in
            MetadataBlock(
                sequence: row["sequence_number"],
                time: Timestamp(nanoseconds: row["system_ns"]),
                previous: BlockHash(bytes: row.bytes("previous_hash")),
                event: try event(row, of: dataset),
                hash: try hash(row, "block_hash", of: dataset)
            )
        }
    }

    private func event(_ row: Row, of dataset: DatasetID) throws -> MetadataEvent {
        let type: String = row["event_type"]
        if let kind = KeyEvent.Kind(rawValue: type) {
            return .key(KeyEvent(kind, payload: row["payload"]))
        }
        guard let kind = DataEvent.Kind(rawValue: type) else {
            throw StoreError(unreadable: "an event \"\(type)\"", of: dataset, in: path)
        }
        var positions: ClosedRange<Int64>?
        if let first: Int64 = row["first_position"], let last: Int64 = row["last_position"],
            first <= last
        {
            positions = first...last
        }
        return .data(
            DataEvent(
                kind,
                positions: positions,
                records: row["num_records"],
                content: try hash(row, "content_hash", of: dataset),
                watermark: (row["watermark_ns"] as Int64?).map(Timestamp.init(nanoseconds:))
            )
        )
    }

    private func hash(_ row: Row, _ column: String, of dataset: DatasetID) throws -> BlockHash {
        guard let hash = BlockHash(bytes: row.bytes(column)) else {
            throw StoreError(
                unreadable: "a \(column) of other than 32 bytes",
                of: dataset,
                in: path
            )
        }
        return hash
    }
}
