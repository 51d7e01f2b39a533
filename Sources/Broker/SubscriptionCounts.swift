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

    /// The messages that are in the subscription now.
    package var unsettled: Int64 { outstanding + backlog + waiting }
}
