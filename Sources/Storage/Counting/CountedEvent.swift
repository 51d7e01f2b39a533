package import Broker
package import Commerce

/// An event of a log that the aggregates hold.
package struct CountedEvent: Hashable, Sendable {
    package var identity: IdentityDigest
    /// A digest of what it says (``Batch/contentDigest(of:)``).
    package var content: UInt64

    package init(_ identity: IdentityDigest, content: UInt64) {
        self.identity = identity
        self.content = content
    }
}

/// Events and orders of logs, to be looked up.
package struct CountedQuestion: Hashable, Sendable {
    package var events: [IdentityDigest]
    package var orders: [IdentityDigest]

    package init(events: [IdentityDigest] = [], orders: [IdentityDigest] = []) {
        self.events = events
        self.orders = orders
    }
}

/// Those of the events and orders asked for that the aggregates hold.
package struct CountedAnswer: Hashable, Sendable {
    /// What each event said when it was counted.
    package var events: [IdentityDigest: UInt64]
    package var orders: Set<IdentityDigest>

    package init(events: [IdentityDigest: UInt64] = [:], orders: Set<IdentityDigest> = []) {
        self.events = events
        self.orders = orders
    }
}

/// An event of a log that is not counted, although it is not a duplicate.
package struct UncountedEvent: Sendable {
    /// Why it is not counted.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// A purchase whose `transaction_id` was counted under another id: one order, sent twice.
        case repeatedOrder = "repeated-order"
        /// An event of the same `(source, id)` was counted, and said something else.
        case conflict
    }

    package var publication: Publication<Batch>
    /// Its place in the batch.
    package var place: Int
    package var reason: Reason
    /// A digest of what it says.
    package var content: UInt64

    package init(publication: Publication<Batch>, place: Int, reason: Reason, content: UInt64) {
        self.publication = publication
        self.place = place
        self.reason = reason
        self.content = content
    }
}

extension String {
    /// Why a log cannot be counted into a warehouse of `place`: what an earlier version has
    /// counted cannot be known again.
    package static func countedBefore(_ subscription: String, _ place: String) -> String {
        "\(place): an earlier version of weir has counted events of a log for subscription "
            + "\"\(subscription)\", and knew them by another identity, so they would be counted "
            + "twice; replay the logs into a new warehouse"
    }
}
