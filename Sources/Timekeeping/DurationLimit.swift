/// A bound on how long something may take, that an objective asks about.
///
/// What takes long is held to it one by one: a histogram would know it to three digits only.
package struct DurationLimit: Hashable, Sendable {
    package var nanoseconds: Int64
    /// Whether something of just that length is within the limit.
    package var isInclusive: Bool

    package init(nanoseconds: Int64, isInclusive: Bool) {
        self.nanoseconds = nanoseconds
        self.isInclusive = isInclusive
    }

    /// Whether something that took `nanoseconds` is within the limit.
    package func accepts(_ nanoseconds: Int64) -> Bool {
        isInclusive ? nanoseconds <= self.nanoseconds : nanoseconds < self.nanoseconds
    }

    /// What began before this is beyond the limit at `now`.
    package func earliestBegin(at now: Timestamp) -> Timestamp {
        let begin = now.nanoseconds.subtractingSaturated(nanoseconds)
        return Timestamp(nanoseconds: isInclusive ? begin : begin.addingSaturated(1))
    }
}
