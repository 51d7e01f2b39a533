internal import Timekeeping

/// How a subscription delivers: Google Pub/Sub's fields, and what to do when it is full.
package struct SubscriptionPolicy: Hashable, Sendable {
    /// What becomes of a message that a full subscription has no room for.
    package enum WhenFull: String, Hashable, Sendable, CaseIterable {
        /// The publisher waits for room.
        case block
        /// The message is dropped for this subscription, and counted as shed.
        case shed
    }

    /// How long a subscriber has to settle a delivery before it is made again.
    package var ackDeadline: Duration = .seconds(60)
    /// Whether the messages of one ordering key (their `subject`) are delivered in order, and a
    /// later one only after the earlier ones are settled.
    package var isOrdered = false
    /// How long a message that is not acked stays; after that it is counted as expired.
    package var retention: Duration = .seconds(604_800)
    /// Whether acked messages stay as well, for that long, so that a seek can bring them back.
    package var retainsAcked = false
    /// How long a message waits after its first failure; doubled with each further one.
    package var minimumBackoff: Duration = .milliseconds(100)
    package var maximumBackoff: Duration = .seconds(10)
    /// After how many delivery attempts a message becomes a dead letter; nil for never.
    package var maximumAttempts: Int? = 5
    /// How many messages, and bytes of them, may be in the subscription unsettled.
    package var maximumMessages = 100_000
    package var maximumBytes = 32 << 20
    package var whenFull = WhenFull.block

    package init() {}

    /// How long a message waits after `failures` failures: exponential between the bounds.
    package func backoff(failures: Int) -> Duration {
        let least = minimumBackoff.inNanoseconds
        let most = maximumBackoff.inNanoseconds
        let doublings = min(max(failures - 1, 0), 62)
        let (wait, overflow) = least.multipliedReportingOverflow(by: 1 << doublings)
        return .nanoseconds(overflow ? most : min(wait, most))
    }
}

/// Where the messages of a subscription are, and what happened to them so far.
package struct SubscriptionCounts: Hashable, Sendable {
    // Each published message is in exactly one of these states.

    /// Every message of the topic since the subscription began.
    package var published: Int64 = 0
    /// Settled as processed.
    package var acked: Int64 = 0
    /// Delivered and not settled yet.
    package var outstanding: Int64 = 0
    /// Not delivered yet, or held back for the sake of order.
    package var backlog: Int64 = 0
    /// Failed, and waiting for the next attempt.
    package var waiting: Int64 = 0
    /// Given up after the last attempt, or at once where no attempt could succeed.
    package var deadLettered: Int64 = 0
    /// Not acked within the retention.
    package var expired: Int64 = 0
    /// Not wanted by the subscription's filter.
    package var filtered: Int64 = 0
    /// Dropped because the subscription was full.
    package var shed: Int64 = 0

    // These count happenings; one message may add to them more than once.

    package var delivered: Int64 = 0
    package var redelivered: Int64 = 0
    package var nacked: Int64 = 0
    package var expiredDeadlines: Int64 = 0
    /// Brought back by a seek.
    package var replayed: Int64 = 0
    /// Taken for acked by a seek, though no subscriber had acked them.
    package var skipped: Int64 = 0
    /// Of these, brought back by a later seek.
    package var unskipped: Int64 = 0
    /// Settlements that came after the deadline or after a seek, and changed nothing.
    package var staleSettlements: Int64 = 0

    package init() {}

    /// The messages whose states are accounted for; conservation says it equals ``published``.
    package var accounted: Int64 {
        acked + outstanding + backlog + waiting + deadLettered + expired + filtered + shed
    }

    /// Whether every message is in exactly one state.
    ///
    /// `published = acked + outstanding + backlog + waiting to retry + dead-lettered + expired
    /// + filtered + shed`, with no term negative.
    package var isConserved: Bool {
        published == accounted
            && min(acked, outstanding, backlog, waiting, deadLettered, expired, filtered, shed) >= 0
    }

    /// The messages that are acked only because a seek took them for acked.
    package var stillSkipped: Int64 { skipped - unskipped }

    /// The messages that are in the subscription now.
    package var unsettled: Int64 { outstanding + backlog + waiting }
}
