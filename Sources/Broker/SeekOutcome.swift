package import Timekeeping

/// What a seek does to the messages of a subscription, or would do.
package struct SeekOutcome: Hashable, Sendable {
    /// Acked messages that come again.
    package let broughtBack: Int64
    /// Messages that were not acked, and are taken for acked.
    package let skipped: Int64
    /// Messages that subscribers had in hand: what they say of them changes nothing any more.
    package let takenBack: Int64
    /// What is in the backlog afterwards.
    package let backlog: Int64

    /// The difference between the counts `before` the seek and `after` it.
    init(_ before: SubscriptionCounts, _ after: SubscriptionCounts) {
        broughtBack = after.replayed - before.replayed
        skipped = after.skipped - before.skipped
        takenBack = before.outstanding
        backlog = after.backlog
    }
}

extension DeliveryState {
    /// What a seek to `target` would do at `now`.
    package func outcome(of target: SeekTarget, at now: Timestamp) -> SeekOutcome {
        var copy = self
        _ = copy.handle(.seek(target), at: now)
        return SeekOutcome(counts, copy.counts)
    }
}
