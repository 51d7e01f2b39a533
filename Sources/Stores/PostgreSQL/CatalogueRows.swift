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
            { row throws(StoreError) in (try row.value(2) as KeyEvent.Kind, try row.text(3)) }
        ) {
            known[kind] = payload
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
            let last = try row.integer(5)
            let head = try row.optionalInteger(1)
            guard last >= 0 || head != nil else { return nil }
            guard head == last, last < .max, let updated = try row.optionalInstant(3) else {
                throw StoreError(chainOf: dataset, head: head, last: last, in: line.server)
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

    /// Every dataset that can be read, with those of its references that can.
    func records(notingIn flaws: DamagedValues) throws(StoreError) -> [DatasetRecord] {
        let references = Dictionary(
            grouping: try line.query(
                CatalogueStatement.references,
                notingIn: flaws
            ) { row throws(StoreError) in
                let reference = DatasetRecord.Reference(
                    name: try row.text(1),
                    sequence: try row.sequence(2),
                    hash: try row.hash(3)
                )
                return (id: DatasetID(try row.text(0)), reference: reference)
            },
            by: \.id
        )
        let edges = try line.query(
            CatalogueStatement.dependencies,
            notingIn: flaws
        ) { row throws(StoreError) in
            (up: DatasetID(try row.text(0)), down: DatasetID(try row.text(1)))
        }
        // order-free: each is looked up.
        let upstream = Dictionary(grouping: edges, by: \.down)
        // order-free: each is looked up.
        let downstream = Dictionary(grouping: edges, by: \.up)
        return try line.query(
            CatalogueStatement.records,
            notingIn: flaws
        ) { row throws(StoreError) in
            let id = DatasetID(try row.text(0))
            return DatasetRecord(
                id: id,
                name: try row.text(2),
                kind: try row.value(3),
                owner: try row.text(1),
                created: try row.instant(4),
                references: references[id, default: []].map(\.reference),
                statistics: statistics(row, notingIn: flaws),
                upstream: upstream[id, default: []].map(\.up).sorted(),
                downstream: downstream[id, default: []].map(\.down).sorted()
            )
        }
    }

    private func statistics(
        _ row: ResultRow,
        notingIn flaws: DamagedValues
    ) -> DatasetRecord.Statistics? {
        guard !row.isNull(5) else { return nil }
        do throws(StoreError) {
            return DatasetRecord.Statistics(
                blocks: try row.sequence(5),
                records: try row.count(6),
                lastPosition: try row.optionalInteger(7),
                watermark: try row.optionalInstant(8),
                updated: try row.instant(9)
            )
        } catch {
            flaws.note(error)
            return nil
        }
    }

    /// The blocks that can be read, among those that `limit` and `sequence` name.
    func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int,
        notingIn flaws: DamagedValues
    ) throws(StoreError) -> [MetadataBlock] {
        try line.query(
            CatalogueStatement.blocks,
            [.text(dataset.text), .integer(sequence), .integer(Int64(limit))],
            notingIn: flaws
        ) { row throws(StoreError) in
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

extension ResultRow {
    /// The number of a block, which has a next one.
    fileprivate func sequence(_ column: Int32) throws(StoreError) -> Int64 {
        let number = try count(column)
        guard number < .max else { throw flaw(column, expected: "the number of a block") }
        return number
    }

    fileprivate func hash(_ column: Int32) throws(StoreError) -> BlockHash {
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
