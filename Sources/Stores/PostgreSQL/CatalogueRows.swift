internal import Datasets
internal import Stages
internal import Timekeeping

/// The rows of the catalogue, within a transaction of the caller's.
struct CatalogueRows {
    private let line: PostgreSQLLine

    init(_ line: PostgreSQLLine) {
        self.line = line
    }

    // MARK: - Writing

    func append(_ draft: DataBlockDraft) throws(StoreError) {
        guard let tip = try tip(of: draft.dataset) else {
            throw StoreError(noChainOf: draft.dataset, in: line.server)
        }
        try insert(
            tip.next(.data(draft.event), of: draft.dataset, at: draft.time),
            of: draft.dataset
        )
    }

    func register(
        _ definition: DatasetDefinition,
        at now: Timestamp
    ) throws(StoreError) {
        let id = definition.id.text
        try run(
            CatalogueStatement.addEntry,
            [
                .text(id), .text(definition.owner), .text(definition.name),
                .text(definition.kind.rawValue), .integer(now.nanoseconds),
            ]
        )
        for upstream in definition.upstream {
            try run(CatalogueStatement.addDependency, [.text(upstream.text), .text(id)])
        }
        let tip = try tip(of: definition.id)
        var known: [KeyEvent.Kind: String] = [:]
        for (kind, payload) in try line.query(
            CatalogueStatement.payloads,
            [.text(id)],
            { row in (KeyEvent.Kind(rawValue: row.text(0)), row.text(1)) }
        ) {
            kind.map { known[$0] = payload }
        }
        for block in definition.blocks(after: tip, known: known, at: now) {
            try insert(block, of: definition.id)
        }
    }

    /// The last block of a chain; nil where there is no chain at all.
    ///
    /// - Throws: `StoreError` where the head is not the last block.
    private func tip(of dataset: DatasetID) throws(StoreError) -> ChainTip? {
        let tips = try line.query(
            CatalogueStatement.tip,
            [.text(dataset.text)]
        ) { row throws(StoreError) -> ChainTip? in
            let last = row.integer(4)
            let head = row.optionalInteger(0)
            guard last >= 0 || head != nil else { return nil }
            guard head == last, let hash = BlockHash(bytes: row.bytes(1)),
                let updated = row.optionalInteger(2)
            else {
                throw StoreError(chainOf: dataset, head: head, last: last, in: line.server)
            }
            return ChainTip(
                sequence: last,
                hash: hash,
                time: Timestamp(nanoseconds: updated),
                watermark: row.optionalInteger(3).map(Timestamp.init(nanoseconds:))
            )
        }
        return tips.first ?? nil
    }

    /// Adds a block, moves the head to it and counts it.
    private func insert(_ block: MetadataBlock, of dataset: DatasetID) throws(StoreError) {
        let place: [Parameter] = [
            .text(dataset.text), .integer(block.sequence), .text(block.event.name),
            .integer(block.time.nanoseconds),
        ]
        let hashes = [Parameter(block.previous), Parameter(block.hash)]
        switch block.event {
        case .key(let event):
            try run(CatalogueStatement.addKeyBlock, place + [.text(event.payload)] + hashes)
        case .data(let event):
            let data = [
                Parameter(event.positions?.lowerBound), Parameter(event.positions?.upperBound),
                .integer(event.records), Parameter(event.content),
                Parameter(event.watermark?.nanoseconds),
            ]
            try run(CatalogueStatement.addDataBlock, place + data + hashes)
        }
    }

    private func run(
        _ statement: Statement,
        _ parameters: [Parameter]
    ) throws(StoreError) {
        _ = try line.query(statement, parameters) { _ in }
    }

    // MARK: - Reading

    func records() throws(StoreError) -> [DatasetRecord] {
        let references = Dictionary(
            grouping: try line.query(CatalogueStatement.references) { row throws(StoreError) in
                let id = DatasetID(row.text(0))
                let reference = DatasetRecord.Reference(
                    name: row.text(1),
                    sequence: row.integer(2),
                    hash: try hash(row, 3, of: id)
                )
                return (id: id, reference: reference)
            },
            by: \.id
        )
        let edges = try line.query(CatalogueStatement.dependencies) { row in
            (up: DatasetID(row.text(0)), down: DatasetID(row.text(1)))
        }
        // order-free: each is looked up.
        let upstream = Dictionary(grouping: edges, by: \.down)
        // order-free: each is looked up.
        let downstream = Dictionary(grouping: edges, by: \.up)
        return try line.query(CatalogueStatement.records) { row in
            let id = DatasetID(row.text(0))
            return DatasetRecord(
                id: id,
                name: row.text(2),
                kind: DatasetKind(rawValue: row.text(3)) ?? .root,
                owner: row.text(1),
                created: Timestamp(nanoseconds: row.integer(4)),
                references: references[id, default: []].map(\.reference),
                statistics: statistics(row),
                upstream: upstream[id, default: []].map(\.up).sorted(),
                downstream: downstream[id, default: []].map(\.down).sorted()
            )
        }
    }

    private func statistics(_ row: ResultRow) -> DatasetRecord.Statistics? {
        guard let blocks = row.optionalInteger(5) else { return nil }
        return DatasetRecord.Statistics(
            blocks: blocks,
            records: row.integer(6),
            lastPosition: row.optionalInteger(7),
            watermark: row.optionalInteger(8).map(Timestamp.init(nanoseconds:)),
            updated: Timestamp(nanoseconds: row.integer(9))
        )
    }

    func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int
    ) throws(StoreError) -> [MetadataBlock] {
        try line.query(
            CatalogueStatement.blocks,
            [.text(dataset.text), .integer(sequence), .integer(Int64(limit))]
        ) { row throws(StoreError) in
            MetadataBlock(
                sequence: row.integer(0),
                time: Timestamp(nanoseconds: row.integer(2)),
                previous: BlockHash(bytes: row.bytes(9)),
                event: try event(row, of: dataset),
                hash: try hash(row, 10, of: dataset)
            )
        }
    }

    private func event(
        _ row: ResultRow,
        of dataset: DatasetID
    ) throws(StoreError) -> MetadataEvent {
        let type = row.text(1)
        if let kind = KeyEvent.Kind(rawValue: type) {
            return .key(KeyEvent(kind, payload: row.text(3)))
        }
        guard let kind = DataEvent.Kind(rawValue: type) else {
            throw StoreError(unreadable: "an event \"\(type)\"", of: dataset, in: line.server)
        }
        var positions: ClosedRange<Int64>?
        if let first = row.optionalInteger(4), let last = row.optionalInteger(5), first <= last {
            positions = first...last
        }
        return .data(
            DataEvent(
                kind,
                positions: positions,
                records: row.integer(6),
                content: try hash(row, 7, of: dataset),
                watermark: row.optionalInteger(8).map(Timestamp.init(nanoseconds:))
            )
        )
    }

    private func hash(
        _ row: ResultRow,
        _ column: Int32,
        of dataset: DatasetID
    ) throws(StoreError) -> BlockHash {
        guard let hash = BlockHash(bytes: row.bytes(column)) else {
            throw StoreError(
                unreadable: "a hash of other than 32 bytes",
                of: dataset,
                in: line.server
            )
        }
        return hash
    }
}
