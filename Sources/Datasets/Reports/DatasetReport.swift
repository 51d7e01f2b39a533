package import Reports
internal import Timekeeping

/// A report on a dataset, for people and programs.
package struct DatasetReport: WrittenReport, Sendable {
    /// A block of its chain.
    package struct Block: Encodable, Sendable {
        package var sequence: Int64
        package var time: String
        package var event: String
        package var hash: String
        package var payload: String?
        package var firstPosition: Int64?
        package var lastPosition: Int64?
        package var records: Int64?
        package var watermark: String?
    }

    /// The result of checking the whole chain.
    package struct Verification: Encodable, Sendable {
        package var holds: Bool
        package var blocks: Int64
        package var mistakes: Int64
        package var first: [String]
    }

    package var schemaVersion = 1
    package var id: String
    package var name: String
    package var kind: String
    package var owner: String
    package var created: String
    /// The number of the block that the head points to; nil if there is no head.
    package var head: Int64?
    package var headHash: String?
    /// Nil if the catalogue has lost the statistics.
    package var blocks: Int64?
    package var records: Int64?
    package var lastPosition: Int64?
    package var watermark: String?
    package var updated: String?
    package var upstream: [String]
    package var downstream: [String]
    /// The last ones; nil if they were not asked for.
    package var chain: [Block]?
    package var verification: Verification?

    /// The report on `record`.
    package init(
        _ record: DatasetRecord,
        chain: [MetadataBlock]? = nil,
        verdict: ChainVerdict? = nil
    ) {
        id = record.id.text
        name = record.name
        kind = record.kind.rawValue
        owner = record.owner
        created = record.created.description
        head = record.head?.sequence
        headHash = record.head?.hash.description
        blocks = record.statistics?.blocks
        records = record.statistics?.records
        lastPosition = record.statistics?.lastPosition
        watermark = record.statistics?.watermark?.description
        updated = record.statistics?.updated.description
        upstream = record.upstream.map(\.text)
        downstream = record.downstream.map(\.text)
        self.chain = chain?.map(Block.init)
        verification = verdict.map { verdict in
            Verification(
                holds: verdict.holds(head: record.head),
                blocks: verdict.blocks,
                mistakes: verdict.mistakes,
                first: verdict.first.map(\.description)
            )
        }
    }

    /// The report, for any form.
    package var document: ReportDocument {
        typealias Cell = ReportDocument.Cell
        var facts: [ReportDocument.Fact] = [
            .init("kind", "\(kind)"), .init("owner", owner.isEmpty ? .absent : "\(owner)"),
            .init("created", "\(created)"),
            .init("head", head.map { Cell("block \($0)") } ?? Cell("missing", .bad)),
            .init("records", records.map { .count($0) } ?? Cell("missing", .bad)),
            .init("last position", lastPosition.map { .count($0) } ?? .absent),
            .init("watermark", Cell(watermark)),
            .init("updated", Cell(updated)),
            .init("upstream", Cell(upstream.isEmpty ? "none" : upstream.joined(separator: ", "))),
            .init(
                "downstream",
                Cell(downstream.isEmpty ? "none" : downstream.joined(separator: ", "))
            ),
        ]
        if let headHash { facts.insert(.init("hash", "\(headHash)"), at: 4) }
        var sections: [ReportDocument.Section] = []
        if let chain { sections.append(.init(title: "Chain", blocks: [.table(table(of: chain))])) }
        if let verification, !verification.first.isEmpty {
            let mistakes = ReportDocument.Block.list(
                title: "what is wrong with the chain",
                items: verification.first,
                more: verification.mistakes - Int64(verification.first.count)
            )
            sections.append(.init(title: "Mistakes", blocks: [mistakes]))
        }
        return ReportDocument(
            kind: "Dataset",
            title: id,
            subject: "dataset",
            verdict: verdict,
            facts: facts,
            sections: sections
        )
    }

    private var verdict: ReportDocument.Cell {
        guard let verification else {
            return "\(blocks.map { "\($0)" } ?? "?") blocks, not verified"
        }
        return verification.holds
            ? .init("verified: \(verification.blocks) blocks", .good)
            : .init(
                "damaged: \(verification.mistakes) mistakes in \(verification.blocks) blocks"
                    + (verification.mistakes == 0 ? ", and the head is not the last one" : ""),
                .bad
            )
    }

    private func table(of chain: [Block]) -> ReportDocument.Table {
        ReportDocument.Table(
            "the last \(chain.count) blocks",
            [
                .number("block"), .text("time"), .text("event"), .number("records"),
                .text("positions"), .text("hash"),
            ],
            of: chain
        ) { block in
            let positions = block.firstPosition.flatMap { first in
                block.lastPosition.map { "\(first)–\($0)" }
            }
            return [
                .count(block.sequence), "\(block.time)", "\(block.event)",
                block.records.map { .count($0) } ?? .absent,
                .init(positions), "\(block.hash.prefix(12))",
            ]
        }
    }
}

extension DatasetReport.Block {
    fileprivate init(_ block: MetadataBlock) {
        sequence = block.sequence
        time = block.time.description
        event = block.event.name
        hash = block.hash.description
        switch block.event {
        case .key(let event):
            payload = event.payload
        case .data(let event):
            firstPosition = event.positions?.lowerBound
            lastPosition = event.positions?.upperBound
            records = event.records
            watermark = event.watermark?.description
        }
    }
}

/// All datasets of a catalogue.
package struct DatasetListing: WrittenListing, Sendable {
    package var schemaVersion = 1
    package var warehouse: String
    package var datasets: [DatasetReport]

    /// The listing of `records`.
    package init(_ records: [DatasetRecord], in warehouse: String) {
        self.warehouse = warehouse
        datasets = records.map { DatasetReport($0) }
    }

    package func text(colour: Bool) -> String {
        let table = ReportDocument.Table(
            "datasets",
            [
                .text("dataset"), .text("owner"), .number("blocks"), .number("records"),
                .number("last position"), .text("watermark"), .text("updated"),
            ],
            of: datasets
        ) { line in
            [
                "\(line.id)", line.owner.isEmpty ? .absent : "\(line.owner)",
                line.blocks.map { .count($0) } ?? .init("missing", .bad),
                line.records.map { .count($0) } ?? .init("missing", .bad),
                line.lastPosition.map { .count($0) } ?? .absent,
                .init(line.watermark),
                .init(line.updated),
            ]
        }
        return TableText(table, colour: colour).text
    }
}
