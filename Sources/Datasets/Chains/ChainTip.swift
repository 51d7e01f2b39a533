package import Timekeeping

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
