/// What became of the events of a ``Tracker``: each that was tracked was sent, was dropped, or is
/// waiting.
public struct TrackerCounts: Hashable, Sendable {
    /// Why an event was dropped.
    public enum DropReason: String, Hashable, Sendable, CaseIterable {
        /// No more events may wait.
        case full
        /// It is larger than a request may be (413).
        case tooLarge = "too-large"
        /// The collector cannot take it as it is (400).
        case malformed
        /// The key is missing, or nobody's (401).
        case unauthorized
        /// What answers takes no events there, or none in this form (403, 404, 405, 415).
        case misaddressed
        /// It was tracked after ``Tracker/shutdown(within:)`` began.
        case closed
        /// It was not accepted before ``Tracker/shutdown(within:)`` ended.
        case unsent
        /// The options name no collector.
        case noCollector = "no-collector"
    }

    /// Calls of `track`.
    public internal(set) var tracked = 0
    /// Events that the collector has accepted.
    public internal(set) var sent = 0
    /// Events that are lost, by reason.
    public internal(set) var dropped: [DropReason: Int] = [:]
    /// Events that wait to be sent, or for their answer.
    public internal(set) var waiting = 0
    /// Requests that have failed and were to be sent again.
    public internal(set) var retries = 0
    /// Why the last request was not accepted; nil once one was.
    public internal(set) var trouble: String?
}
