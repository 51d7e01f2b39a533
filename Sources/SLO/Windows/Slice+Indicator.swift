package import Timekeeping

extension Slice {
    /// A slice of an indicator that counts bad events.
    package init(start: Timestamp, bad: some BinaryInteger, total: some BinaryInteger) {
        // More bad events than events leave fewer than none good, which is a fault of its own.
        self.init(start: start, good: Int128(total) &- Int128(bad), total: Int128(total))
    }

    /// A slice of a threshold indicator: each measurement is an event, good where it holds.
    package init(
        start: Timestamp,
        measurements: some Collection<ExactDecimal>,
        of indicator: ThresholdIndicator
    ) {
        let good = measurements.count { indicator.isGood($0) }
        self.init(start: start, good: good, total: measurements.count)
    }
}

extension ObjectiveTracker {
    /// What was counted in each observed slice from `start` on, maintenance or not, as far back as
    /// slices are kept one by one: what a history is to keep.
    ///
    /// A slice under maintenance in which nothing happened is not among them.
    package func slices(of component: Int = 0, from start: Timestamp) -> [Slice] {
        let open = events[component].open
        let length = slice.inNanoseconds
        let first = max(open.lowerBound, start.nanoseconds.flooringQuotient(length))
        guard first < open.upperBound else { return [] }
        return (first..<open.upperBound).compactMap { number in
            let sum = events[component].value(of: number)
            let aside = excludedEvents(of: component, in: number..<(number + 1))
            guard sum.observed > 0 || aside.total > 0 else { return nil }
            return Slice(
                start: Timestamp(nanoseconds: number * length),
                good: sum.good + aside.good,
                total: sum.total + aside.total
            )
        }
    }
}
