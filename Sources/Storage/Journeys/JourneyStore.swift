package import Broker
package import Timekeeping

/// What a warehouse knows of where events go.
package struct JourneyMap: Hashable, Sendable {
    /// How data comes into a dataset, in the words of its chain.
    package struct Source: Hashable, Sendable {
        package var dataset: String
        /// Whether it is made from another dataset, and not pushed into.
        package var isDerivative: Bool
        /// The latest payload of its chain that says so.
        package var payload: String

        package init(dataset: String, isDerivative: Bool, payload: String) {
            self.dataset = dataset
            self.isDerivative = isDerivative
            self.payload = payload
        }
    }

    /// Who counts a topic.
    package struct Owner: Hashable, Sendable {
        package var topic: String
        package var subscription: String

        package init(topic: String, subscription: String) {
            self.topic = topic
            self.subscription = subscription
        }
    }

    /// How the numbers of a source stood when the last census was taken.
    package struct Numbers: Hashable, Sendable {
        package var source: String
        /// Nil where it does not number its events.
        package var last: Int64?
        package var firstGap: Int64?
        /// How many of its events were given up by those who store.
        package var refused: Int64

        package init(source: String, last: Int64?, firstGap: Int64?, refused: Int64) {
            self.source = source
            self.last = last
            self.firstGap = firstGap
            self.refused = refused
        }
    }

    /// What a subscription has dropped for one cause, all together.
    package struct Dropped: Hashable, Sendable {
        package var messages: Int64
        /// From the first to the last of them; not every message between them was dropped.
        package var span: DroppedMessages

        package init(messages: Int64, span: DroppedMessages) {
            self.messages = messages
            self.span = span
        }
    }

    package var sources: [Source] = []
    package var owners: [Owner] = []
    /// The lengths of the windows that are kept.
    package var grains: [Grain] = []
    package var census: Timestamp?
    /// Of the last census; empty without one.
    package var numbers: [Numbers] = []
    /// By subscription, then cause.
    package var dropped: [Dropped] = []

    /// Nothing is known.
    package init() {}
}

/// What was noted of one event, since it did not go the usual way.
package enum EventException: Hashable, Sendable {
    /// It came after windows had closed: up to those of the length `missed`.
    case late(subscription: String, missed: Grain, lateness: Duration)
    /// It is kept, and adds nothing.
    case uncounted(subscription: String, reason: String)
    case deadLetter(KeptLetter)

    /// The letter that it is; nil where it is none.
    package var letter: KeptLetter? {
        if case .deadLetter(let letter) = self { letter } else { nil }
    }

    /// Whose exception it is.
    package var subscription: String {
        switch self {
        case .late(let subscription, _, _), .uncounted(let subscription, _): subscription
        case .deadLetter(let letter): letter.name.subscription
        }
    }
}

/// Tells what became of single events.
///
/// - Guarantees: what a call finds is of one state of the warehouse.
package protocol JourneyStore: Sendable {
    /// Where events go.
    func journeyMap() async throws(StoreError) -> JourneyMap

    /// The highest position that any dropped message has; nil where none was dropped.
    func lastDropped() async throws(StoreError) -> Int64?

    /// The runs of dropped messages that have the one at `position`, by subscription.
    func dropped(at position: Int64) async throws(StoreError) -> [DroppedMessages]

    /// What was noted of the event `id` of `source`, by subscription.
    func exceptions(
        of source: String,
        id: String
    ) async throws(StoreError) -> [EventException]
}
