/// What a scenario did to a run, as written to JSON.
extension RunReport {
    /// The scenario that the faults are from.
    package struct Scenario: Codable, Sendable {
        package var name: String
        /// What it is about, in a sentence; nil where its file has none.
        package var description: String?

        package init(name: String, description: String?) {
            (self.name, self.description) = (name, description)
        }
    }

    /// One time that a fault of the scenario was there.
    package struct Fault: Codable, Sendable {
        package var name: String
        /// Such as `unavailable`.
        package var kind: String
        /// What of the pipeline it happened to.
        package var target: String
        package var start: String
        package var end: String
        /// Calls, deliveries, batches or events it changed; 0 where none came by.
        package var effects: Int64 = 0
        package var firstEffect: String?
        /// The parameters of its kind that it has: how much longer, how many times as much or as
        /// many, and the share of calls or events.
        package var bySeconds: Double? = nil
        package var factor: Double? = nil
        package var share: Double? = nil
        /// The purchases among the messages that it took away.
        package var orders: Orders? = nil
        /// The end of the first slice in which an objective counted something bad.
        package var visible: String?
        /// The objectives that did.
        package var seenBy: [String]? = nil
        /// The first alert that fired after its start and before it was recovered from.
        package var alert: String?
        package var alerted: String?
        /// Where none fired: one that was firing already when it began.
        package var alreadyFiring: String? = nil
        /// The end of the first slice after it in which nothing was bad and no more messages
        /// waited than in any calm slice before.
        ///
        /// Nil also where that is the recovery from ``recoveredWith``, or it ``isLasting``.
        package var recovered: String?
        /// Whether what it did stays for ever: what is lost, or counted wrongly, is not made good
        /// by what comes later.
        package var isLasting: Bool? = nil
        /// The fault that was there at the same time and ended later, from which it recovered:
        /// what was bad in between may be the work of either.
        package var recoveredWith: String? = nil

        package init(name: String, kind: String, target: String, start: String, end: String) {
            (self.name, self.kind, self.target) = (name, kind, target)
            (self.start, self.end) = (start, end)
        }
    }
}
