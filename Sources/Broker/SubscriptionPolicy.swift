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
    /// How long a message that is not acked stays; behind that it is counted as expired.
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
