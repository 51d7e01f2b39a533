/// Derives increments from a counter that is only ever read.
///
/// A value below the one before is a reset: the process was restarted, and what it has
/// counted since is the increment. The first value is not an increment, since it is unknown when
/// those events were (Prometheus's `increase` takes it so too); a counter that is exposed at 0
/// before its first event loses none that way.
///
/// Where the counter is a sum of others, a fall is not a reset of it: one of them was reset or
/// went away. What was counted meanwhile is not known then, and there is no increment.
package struct CounterReader: Hashable, Sendable {
    /// The last value of the counter.
    package private(set) var last: MeasuredNumber?
    package private(set) var faults = SliceDefects()
    private let isSum: Bool

    /// Begins after `last`, or with the next value where that is nil.
    package init(last: MeasuredNumber? = nil, ofSum isSum: Bool = false) {
        self.last = last
        self.isSum = isSum
    }

    /// The events since the value before, or nil if this is the first one or is refused.
    package mutating func increment(to value: MeasuredNumber) -> MeasuredNumber? {
        guard value >= .zero else {
            faults.count(.negative)
            return nil
        }
        defer { last = value }
        guard let last else { return nil }
        if value < last {
            faults.count(isSum ? .sumFell : .reset)
            return isSum ? nil : value
        }
        return value.subtracting(last)
    }

    /// The same for a value as a data source writes it: `12`, `1.2e+01`, `0.5`.
    ///
    /// What is not a number is refused and counted, and does not become the last value.
    package mutating func increment(to text: some StringProtocol) -> MeasuredNumber? {
        guard let value = MeasuredNumber(text)?.counted else {
            faults.count(.unreadable)
            return nil
        }
        return increment(to: value)
    }
}
