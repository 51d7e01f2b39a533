package import Datasets
internal import Storage
package import Timekeeping

extension SQLWarehouse {
    package func register(
        _ definitions: [DatasetDefinition],
        at now: Timestamp
    ) async throws {
        try await write { session in
            for definition in definitions {
                try CatalogueRows(session).register(definition, at: now)
            }
        }
    }

    package func append(_ draft: DataBlockDraft) async throws {
        try await write { try CatalogueRows($0).append(draft) }
    }

    package func datasets() async throws -> [DatasetRecord] {
        try await read { [damage] in try CatalogueRows($0).records(notingIn: damage) }
    }

    package func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int
    ) async throws -> [MetadataBlock] {
        try await read { [damage] session in
            try session.map(
                CatalogueStatement.blocks,
                [.text(dataset.text), .integer(sequence), .integer(Int64(limit))],
                notingIn: damage
            ) { row in
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
}

/// The rows of the catalogue, within a transaction of the caller's.
package struct CatalogueRows<Session: SQLSession> {
    private let session: Session

    package init(_ session: Session) {
        self.session = session
    }

    /// Adds a block with the data of `draft` to a chain that there is.
    package func append(_ draft: DataBlockDraft) throws {
        guard let tip = try tip(of: draft.dataset) else {
            throw StoreError(noChainOf: draft.dataset, in: session.store)
        }
        let block = tip.next(.data(draft.event), of: draft.dataset, at: draft.time)
        try insert(block, of: draft.dataset)
    }

    fileprivate func register(_ definition: DatasetDefinition, at now: Timestamp) throws {
        let id = SQLValue.text(definition.id.text)
        try session.run(
            CatalogueStatement.addEntry,
            [
                id, .text(definition.owner), .text(definition.name),
                .text(definition.kind.rawValue), .integer(now.nanoseconds),
            ]
        )
        for upstream in definition.upstream {
            try session.run(CatalogueStatement.addDependency, [.text(upstream.text), id])
        }
        let tip = try tip(of: definition.id)
        var known: [KeyEvent.Kind: String] = [:]
        try session.forEach(CatalogueStatement.payloads, [id]) { row in
            known[try row.value(2)] = try row.text(3)
        }
        for block in definition.blocks(after: tip, known: known, at: now) {
            try insert(block, of: definition.id)
        }
    }

    /// The last block of a chain; nil where there is no chain at all.
    ///
    /// - Throws: `StoreError` where the head is not the last block.
    private func tip(of dataset: DatasetID) throws -> ChainTip? {
        let tips = try session.map(
            CatalogueStatement.tip,
            [.text(dataset.text)]
        ) { row -> ChainTip? in
            let last = try row.integer(5)
            let head = try row.optionalInteger(1)
            guard last >= 0 || head != nil else { return nil }
            guard head == last, last < .max, let updated = try row.optionalInstant(3) else {
                throw StoreError(chainOf: dataset, head: head, last: last, in: session.store)
            }
            return ChainTip(
                sequence: last,
                hash: try row.hash(2),
                time: updated,
                watermark: try row.optionalInstant(4)
            )
        }
        return tips.first ?? nil
    }

    /// Adds a block, moves the head to it and counts it.
    private func insert(_ block: MetadataBlock, of dataset: DatasetID) throws {
        let place: [SQLValue] = [
            .text(dataset.text), .integer(block.sequence), .text(block.event.name),
            .integer(block.time.nanoseconds), SQLValue(block.previous), SQLValue(block.hash),
        ]
        switch block.event {
        case .key(let event):
            try session.run(CatalogueStatement.addKeyBlock, place + [.text(event.payload)])
        case .data(let event):
            try session.run(
                CatalogueStatement.addDataBlock,
                place + [
                    SQLValue(event.positions?.lowerBound), SQLValue(event.positions?.upperBound),
                    .integer(event.records), SQLValue(event.content), SQLValue(event.watermark),
                ]
            )
        }
    }

    /// Every dataset that can be read, with those of its references that can.
    fileprivate func records(notingIn damage: DamagedValues) throws -> [DatasetRecord] {
        let references = try references(notingIn: damage)
        let statistics = try statistics(notingIn: damage)
        let edges = try session.map(CatalogueStatement.dependencies, notingIn: damage) { row in
            (up: DatasetID(try row.text(0)), down: DatasetID(try row.text(1)))
        }
        // order-free: each is looked up.
        let upstream = Dictionary(grouping: edges, by: \.down)
        // order-free: each is looked up.
        let downstream = Dictionary(grouping: edges, by: \.up)
        return try session.map(CatalogueStatement.entries, notingIn: damage) { row in
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
        notingIn damage: DamagedValues
    ) throws -> [DatasetID: [DatasetRecord.Reference]] {
        var references: [DatasetID: [DatasetRecord.Reference]] = [:]
        try session.forEach(CatalogueStatement.references, notingIn: damage) { row in
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
        notingIn damage: DamagedValues
    ) throws -> [DatasetID: DatasetRecord.Statistics] {
        var statistics: [DatasetID: DatasetRecord.Statistics] = [:]
        try session.forEach(CatalogueStatement.statistics, notingIn: damage) { row in
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
}

extension SQLRow {
    /// What happened, in the columns from the second one on.
    fileprivate func event() throws(StoreError) -> MetadataEvent {
        let type = try text(2)
        if let kind = KeyEvent.Kind(rawValue: type) {
            return .key(KeyEvent(kind, payload: try text(4)))
        }
        guard let kind = DataEvent.Kind(rawValue: type) else {
            throw damaged(2, expected: "the name of an event of a chain")
        }
        var positions: ClosedRange<Int64>?
        if let first = try optionalInteger(5), let last = try optionalInteger(6) {
            guard first <= last else { throw damaged(6, expected: "a position from \(first)") }
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

/// The statements that write and read the catalogue.
private enum CatalogueStatement {
    static let addEntry: SQLStatement = """
        INSERT INTO dataset_entries (dataset_id, owner, dataset_name, kind, created_ns)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (dataset_id) DO UPDATE SET owner = excluded.owner
        """

    static let addDependency: SQLStatement = """
        INSERT INTO dataset_dependencies (upstream_dataset_id, downstream_dataset_id)
        VALUES ($1, $2) ON CONFLICT DO NOTHING
        """

    /// The head with what the statistics say of it, and the last block there is or -1.
    static let tip = SQLStatement(
        """
        SELECT asked.dataset_id, head.sequence_number, head.block_hash, updated_ns, watermark_ns,
            (SELECT max(sequence_number) FROM (
                SELECT max(sequence_number) AS sequence_number FROM dataset_key_blocks
                WHERE dataset_id = $1
                UNION ALL
                SELECT max(sequence_number) FROM dataset_data_blocks WHERE dataset_id = $1
                UNION ALL
                SELECT -1
            ) AS ends) AS last
        FROM (SELECT CAST($1 AS text) AS dataset_id) AS asked
        LEFT JOIN dataset_references AS head
            ON head.dataset_id = $1 AND head.block_ref_name = 'head'
        LEFT JOIN dataset_statistics ON dataset_statistics.dataset_id = $1
        """,
        of: "dataset_references or dataset_statistics",
        keys: 1
    )

    static let payloads = SQLStatement(
        """
        SELECT dataset_id, sequence_number, event_type, payload FROM dataset_key_blocks
        WHERE dataset_id = $1 ORDER BY sequence_number
        """,
        of: "dataset_key_blocks",
        keys: 2
    )

    /// A block whose first six values are dataset, sequence number, event type, time, previous
    /// hash and hash.
    static let addKeyBlock: [SQLStatement] = [
        """
        INSERT INTO dataset_key_blocks (dataset_id, sequence_number, event_type, system_ns,
            previous_hash, block_hash, payload)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        moveHead, count(records: "0", position: "NULL", watermark: "NULL"),
    ]

    static let addDataBlock: [SQLStatement] = [
        """
        INSERT INTO dataset_data_blocks (dataset_id, sequence_number, event_type, system_ns,
            previous_hash, block_hash, first_position, last_position, num_records, content_hash,
            watermark_ns)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        moveHead, count(records: "$9", position: "$8", watermark: "$11"),
    ]

    private static let moveHead: SQLStatement = """
        INSERT INTO dataset_references (dataset_id, block_ref_name, sequence_number, block_hash)
        VALUES ($1, 'head', $2, $6)
        ON CONFLICT (dataset_id, block_ref_name) DO UPDATE SET
            sequence_number = excluded.sequence_number, block_hash = excluded.block_hash
        """

    private static func count(
        records: String,
        position: String,
        watermark: String
    ) -> SQLStatement {
        """
        INSERT INTO dataset_statistics AS stored (dataset_id, num_blocks, num_records,
            last_position, watermark_ns, updated_ns)
        VALUES ($1, 1, \(records), \(position), \(watermark), $4)
        ON CONFLICT (dataset_id) DO UPDATE SET
            num_blocks = stored.num_blocks + 1,
            num_records = stored.num_records + excluded.num_records,
            last_position = CASE
                WHEN excluded.last_position IS NULL
                    OR stored.last_position > excluded.last_position THEN stored.last_position
                ELSE excluded.last_position
            END,
            watermark_ns = coalesce(excluded.watermark_ns, stored.watermark_ns),
            updated_ns = excluded.updated_ns
        """
    }

    static let entries = SQLStatement(
        """
        SELECT dataset_id, dataset_name, kind, owner, created_ns FROM dataset_entries
        ORDER BY dataset_id
        """,
        of: "dataset_entries",
        keys: 1
    )

    static let statistics = SQLStatement(
        """
        SELECT dataset_id, num_blocks, num_records, last_position, watermark_ns, updated_ns
        FROM dataset_statistics
        """,
        of: "dataset_statistics",
        keys: 1
    )

    static let references = SQLStatement(
        "SELECT dataset_id, block_ref_name, sequence_number, block_hash FROM dataset_references",
        of: "dataset_references",
        keys: 2
    )

    static let dependencies = SQLStatement(
        "SELECT upstream_dataset_id, downstream_dataset_id FROM dataset_dependencies",
        of: "dataset_dependencies",
        keys: 2
    )

    static let blocks = SQLStatement(
        """
        SELECT dataset_id, sequence_number, event_type, system_ns, payload,
            CAST(NULL AS bigint) AS first_position, CAST(NULL AS bigint) AS last_position,
            CAST(0 AS bigint) AS num_records, CAST(NULL AS bytea) AS content_hash,
            CAST(NULL AS bigint) AS watermark_ns, previous_hash, block_hash
        FROM dataset_key_blocks
        WHERE dataset_id = $1 AND sequence_number >= $2
        UNION ALL
        SELECT dataset_id, sequence_number, event_type, system_ns, '', first_position,
            last_position, num_records, content_hash, watermark_ns, previous_hash, block_hash
        FROM dataset_data_blocks
        WHERE dataset_id = $1 AND sequence_number >= $2
        ORDER BY sequence_number LIMIT $3
        """,
        of: "dataset_key_blocks or dataset_data_blocks",
        keys: 2
    )
}
