package import Timekeeping

/// Why a block does not belong where it is.
package enum ChainError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The chain does not begin with a Seed, but with this.
    case noSeed(found: String)
    /// A Seed that is not the first block.
    case secondSeed(sequence: Int64)
    /// The sequence continues with a number other than the next one.
    case gap(expected: Int64, found: Int64)
    /// A block that is older than the one before it.
    case timeBackwards(sequence: Int64)
    /// A watermark before an earlier one.
    case watermarkBackwards(sequence: Int64)
    /// A block that names another hash than that of the block before it.
    case brokenLink(sequence: Int64)
    /// A block whose content does not match its hash.
    case wrongHash(sequence: Int64)

    package var description: String {
        switch self {
        case .noSeed(let found):
            "the chain begins with \(found); expected a Seed"
        case .secondSeed(let sequence):
            "block \(sequence) is a Seed; expected a Seed as the first block only"
        case .gap(let expected, let found):
            "block \(found) is where block \(expected) was expected"
        case .timeBackwards(let sequence):
            "block \(sequence) is older than the block before it"
        case .watermarkBackwards(let sequence):
            "the watermark of block \(sequence) lies before an earlier one"
        case .brokenLink(let sequence):
            "block \(sequence) does not name the hash of the block before it"
        case .wrongHash(let sequence):
            "block \(sequence) has a hash that does not match its content"
        }
    }
}

/// Checks the blocks of a chain, one after the other; a pure value.
package struct ChainValidator: Sendable {
    private let dataset: DatasetID
    /// The last block that was taken.
    package private(set) var tip: ChainTip?

    /// A validator of the chain of `dataset`, which goes on after `tip`.
    package init(_ dataset: DatasetID, after tip: ChainTip? = nil) {
        self.dataset = dataset
        self.tip = tip
    }

    /// Takes the next block.
    ///
    /// - Throws: ``ChainError`` if it does not belong there; it is not taken then.
    package mutating func append(_ block: MetadataBlock) throws(ChainError) {
        let isSeed = block.event.name == KeyEvent.Kind.seed.rawValue
        if let tip {
            guard !isSeed else { throw .secondSeed(sequence: block.sequence) }
            guard block.sequence == tip.sequence + 1 else {
                throw .gap(expected: tip.sequence + 1, found: block.sequence)
            }
            guard block.time >= tip.time else { throw .timeBackwards(sequence: block.sequence) }
            if let watermark = tip.watermark, let next = block.event.watermark, next < watermark {
                throw .watermarkBackwards(sequence: block.sequence)
            }
        } else {
            guard isSeed else { throw .noSeed(found: block.event.name) }
            guard block.sequence == 0 else { throw .gap(expected: 0, found: block.sequence) }
        }
        guard block.previous == tip?.hash else { throw .brokenLink(sequence: block.sequence) }
        guard block.hash == block.computedHash(in: dataset) else {
            throw .wrongHash(sequence: block.sequence)
        }
        tip = ChainTip(block, watermark: tip?.watermark)
    }

    /// Takes in that `block` follows, whatever is wrong with it, to go on looking after it.
    package mutating func skip(to block: MetadataBlock) {
        tip = ChainTip(block, watermark: tip?.watermark)
    }
}

/// What the next block of a chain depends on.
package struct ChainTip: Hashable, Sendable {
    package var sequence: Int64
    package var hash: BlockHash
    package var time: Timestamp
    /// The latest watermark of any block so far.
    package var watermark: Timestamp?

    package init(sequence: Int64, hash: BlockHash, time: Timestamp, watermark: Timestamp?) {
        self.sequence = sequence
        self.hash = hash
        self.time = time
        self.watermark = watermark
    }

    /// The tip of a chain that ends with `block`, and whose watermark was `watermark` before it.
    package init(_ block: MetadataBlock, watermark: Timestamp?) {
        self.init(
            sequence: block.sequence,
            hash: block.hash,
            time: block.time,
            watermark: [watermark, block.event.watermark].compactMap(\.self).max()
        )
    }

    /// The block that records `event` next.
    ///
    /// Neither its time nor its watermark lies before the tip's: the clock of another run may be
    /// behind, and a log that is read again begins with its oldest event.
    package func next(
        _ event: MetadataEvent,
        of dataset: DatasetID,
        at now: Timestamp
    ) -> MetadataBlock {
        var event = event
        if case .data(var data) = event {
            data.watermark = [watermark, data.watermark].compactMap(\.self).max()
            event = .data(data)
        }
        return MetadataBlock(
            sequence: sequence + 1,
            of: dataset,
            time: max(now, time),
            previous: hash,
            event: event
        )
    }
}
