package import Timekeeping

/// Stores what is known about datasets: entries, chains, statistics, dependencies.
///
/// - Guarantees: a call is stored whole or not at all; what it stores satisfies the
///   ``ChainValidator``.
/// - Non-guarantees: that no other program has changed what is stored; the invariants check that.
/// - Failure and recovery: a call that threw may be repeated unchanged. A chain whose head is
///   not its last block is not added to.
package protocol DatasetCatalogue: Sendable {
    /// Brings the catalogue in line with `definitions`; changes nothing if it already is.
    func register(_ definitions: [DatasetDefinition], at now: Timestamp) async throws

    /// Adds a block for data that is stored elsewhere.
    func append(_ draft: DataBlockDraft) async throws

    /// Every dataset, by its id.
    func datasets() async throws -> [DatasetRecord]

    /// At most `limit` blocks of a chain from `sequence` on, by their sequence, without those that
    /// cannot be read.
    func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int
    ) async throws -> [MetadataBlock]
}

/// A dataset's entry in the catalogue.
package struct DatasetRecord: Hashable, Sendable {
    /// The totals of its chain.
    package struct Statistics: Hashable, Sendable {
        package var blocks: Int64
        package var records: Int64
        /// The greatest position in the topic; nil if none is known.
        package var lastPosition: Int64?
        package var watermark: Timestamp?
        package var updated: Timestamp

        package init(
            blocks: Int64,
            records: Int64,
            lastPosition: Int64?,
            watermark: Timestamp?,
            updated: Timestamp
        ) {
            self.blocks = blocks
            self.records = records
            self.lastPosition = lastPosition
            self.watermark = watermark
            self.updated = updated
        }
    }

    /// Where a reference points.
    package struct Reference: Hashable, Sendable {
        package var name: String
        package var sequence: Int64
        package var hash: BlockHash

        package init(name: String, sequence: Int64, hash: BlockHash) {
            self.name = name
            self.sequence = sequence
            self.hash = hash
        }
    }

    package var id: DatasetID
    package var name: String
    package var kind: DatasetKind
    package var owner: String
    package var created: Timestamp
    package var references: [Reference]
    /// Nil if the catalogue has lost them.
    package var statistics: Statistics?
    package var upstream: [DatasetID]
    package var downstream: [DatasetID]

    package init(
        id: DatasetID,
        name: String,
        kind: DatasetKind,
        owner: String,
        created: Timestamp,
        references: [Reference] = [],
        statistics: Statistics? = nil,
        upstream: [DatasetID] = [],
        downstream: [DatasetID] = []
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.owner = owner
        self.created = created
        self.references = references
        self.statistics = statistics
        self.upstream = upstream
        self.downstream = downstream
    }

    /// The reference that follows the chain.
    package var head: Reference? { references.first { $0.name == DatasetRecord.headName } }

    /// The name of the reference that every chain has.
    package static let headName = "head"
}

extension DatasetCatalogue {
    /// Checks every block of a chain.
    ///
    /// - Returns: How many blocks there are, the last of them, and the first `limit` mistakes.
    package func verify(
        _ dataset: DatasetID,
        atMost limit: Int = 20
    ) async throws -> ChainVerdict {
        var verdict = ChainVerdict()
        var validator = ChainValidator(dataset)
        var next: Int64 = .min
        while true {
            let page = try await blocks(of: dataset, from: next, atMost: 10_000)
            for block in page {
                do throws(ChainError) {
                    try validator.append(block)
                } catch {
                    verdict.mistakes += 1
                    if verdict.first.count < limit { verdict.first.append(error) }
                    validator.skip(to: block)
                }
            }
            verdict.blocks += Int64(page.count)
            verdict.tip = validator.tip
            // A page may lack blocks that cannot be read: only an empty one is the end.
            guard let last = page.last, last.sequence < .max else { return verdict }
            next = last.sequence + 1
        }
    }
}

/// The result of checking a chain.
package struct ChainVerdict: Hashable, Sendable {
    package var blocks: Int64 = 0
    package var mistakes: Int64 = 0
    /// The first of them.
    package var first: [ChainError] = []
    package var tip: ChainTip?

    /// Nothing checked yet.
    package init() {}

    /// Whether the chain is whole, and `head` points to its end.
    package func holds(head: DatasetRecord.Reference?) -> Bool {
        mistakes == 0 && blocks > 0 && head?.hash == tip?.hash && head?.sequence == tip?.sequence
    }
}
