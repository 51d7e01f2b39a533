/// An instant: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Covers the years 1678 to 2262. Arithmetic ends at ``distantPast`` and ``distantFuture``: what is
/// read may be any instant.
@usableFromInline package struct Timestamp: Hashable, Comparable, Sendable {
    /// Nanoseconds since the epoch; negative before it.
    @usableFromInline package var nanoseconds: Int64

    /// The instant that lies `nanoseconds` after the epoch.
    @inlinable
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The instant that lies `seconds` after the epoch.
    @inlinable
    package init(seconds: Int64) {
        self.nanoseconds = seconds * 1_000_000_000
    }

    /// Before every instant that can be named.
    @inlinable package static var distantPast: Timestamp { Timestamp(nanoseconds: .min) }
    /// After every instant that can be named.
    @inlinable package static var distantFuture: Timestamp { Timestamp(nanoseconds: .max) }

    @inlinable
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `duration` later, truncated to whole nanoseconds.
    @inlinable
    package static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(nanoseconds: left.nanoseconds.addingSaturated(right.inNanoseconds))
    }

    /// The instant `duration` earlier, truncated to whole nanoseconds.
    @inlinable
    package static func - (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(nanoseconds: left.nanoseconds.subtractingSaturated(right.inNanoseconds))
    }

    /// The time from `right` to `left`; negative when `right` is the later one.
    @inlinable
    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .nanoseconds(left.nanoseconds.subtractingSaturated(right.nanoseconds))
    }
}

extension Duration {
    /// The duration in whole nanoseconds, truncated towards zero; the longest there is where it
    /// has more than fit.
    @inlinable
    package var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        return whole.addingSaturated(attoseconds / 1_000_000_000)
    }

    /// The duration in seconds, as nearly as a `Double` has it: for display only.
    @inlinable
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
