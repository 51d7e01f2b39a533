internal import Synchronization
internal import Timekeeping

/// The counts of a collector.
package final class CollectorMeter: Sendable {
    /// What a collector did.
    package struct Counts: Sendable {
        package var requests: Int64 = 0
        /// Events that are in the topic, and kept until they are settled.
        package var accepted: Int64 = 0
        /// Events of an earlier run that were accepted and not settled then.
        package var recovered: Int64 = 0
        /// Requests of which nothing was taken, by the class of the reason.
        package var refusedRequests: [String: Int64] = [:]
        /// Those of them that could not be brought into the form of an event, and so become dead
        /// letters, by the class of the reason.
        package var unconformed: [String: Int64] = [:]
        /// Members of accepted requests that no event could be made of, by the class of the reason.
        package var refusedEvents: [String: Int64] = [:]
        /// What is understood and is no event of a shop, by kind.
        package var ignored: [String: Int64] = [:]
        /// How many values were changed before an event was taken, by the rule that did.
        package var conformed: [String: Int64] = [:]
        /// How often events of several requests were kept and published together.
        package var batches: Int64 = 0
        /// How long it took to keep and to publish them, which takes long where subscriptions are
        /// full.
        package var publishing = Duration.zero

        package init() {}

        /// Events that were published.
        package var published: Int64 { accepted + recovered }
    }

    /// The stage's name in the pipeline.
    package let name: String
    private let counts = Mutex(Counts())

    /// A meter at zero.
    package init(name: String) {
        self.name = name
    }

    /// Everything so far.
    package var total: Counts { counts.withLock { $0 } }

    /// Changes the counts.
    package func update(_ change: (inout Counts) -> Void) { counts.withLock { change(&$0) } }
}
