/// Makes increments of a counter that is only ever read, never told of.
///
/// A value below the one before is a reset: the process behind it began anew, and what it has
/// counted since is the increment. The first value is no increment, for nobody knows when those
/// events were; a counter that is exposed at 0 before its first event loses none that way.
package struct CounterReader: Hashable, Sendable {
    /// What the counter said last.
    package private(set) var last: Int64?
    package private(set) var faults = SliceFaults()

    /// Begins after `last`, or with the next value where that is nil.
    package init(last: Int64? = nil) {
        self.last = last
    }

    /// The events since the value before, or nil where this is the first one or is refused.
    package mutating func increment(to value: Int64) -> Int64? {
        guard value >= 0 else {
            faults.count(.negative)
            return nil
        }
        defer { last = value }
        guard let last else { return nil }
        if value < last {
            faults.count(.reset)
            return value
        }
        return value - last
    }

    /// The same for a value as a data source writes it: `12`, `1.2e+01`, `NaN`.
    ///
    /// What is no whole number is refused and counted, and does not become the last value.
    package mutating func increment(to text: some StringProtocol) -> Int64? {
        guard let value = ExactDecimal(text), value.scale == 0 else {
            faults.count(.unreadable)
            return nil
        }
        return increment(to: value.digits)
    }
}
