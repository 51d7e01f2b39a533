package import Commerce

/// The CloudEvents identity `(source, id)` of an event in sixteen bytes, the same in every run.
///
/// The source's hash is laid over the id, so ids that ascend still ascend nearly within their
/// source, and a table keyed by identities grows at its end.
package struct EventIdentity: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The identity of the event at `place`.
    package init(_ batch: Batch, _ place: Int) {
        let event = batch.events[place]
        self.init(event.id, source: batch.lexicon.stableHash(of: event.source))
    }

    /// The identity of the event `id` of a source whose text has the stable hash `source`.
    init(_ id: EventID, source: UInt64) {
        // The time lies in the upper 48 bits of a UUIDv7 and keeps its order.
        high = id.high ^ (source & 0xffff)
        low = id.low ^ source
    }

    package static func < (left: EventIdentity, right: EventIdentity) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
