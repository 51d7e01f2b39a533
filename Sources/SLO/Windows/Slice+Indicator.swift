package import Timekeeping

extension Slice {
    /// A slice of an indicator that counts bad events.
    package init(start: Timestamp, bad: Int64, total: Int64) {
        // More bad events than events leave fewer than none good, which is a fault of its own.
        self.init(start: start, good: total - bad, total: total)
    }

    /// A slice of a threshold indicator: each measurement is an event, good where it holds.
    package init(
        start: Timestamp,
        measurements: some Collection<ExactDecimal>,
        of indicator: ThresholdIndicator
    ) {
        let good = measurements.count { indicator.isGood($0) }
        self.init(start: start, good: Int64(good), total: Int64(measurements.count))
    }

    /// How many events a raw ratio stands for, since nobody knows of how many it was made.
    package static let rawTotal: Int64 = 1_000_000_000

    /// A slice of a raw ratio: every slice weighs the same, whatever the traffic was.
    ///
    /// The ratio is rounded to ``rawTotal`` parts, half away from zero. Nil where it is not
    /// between 0 and 1.
    package init?(start: Timestamp, raw ratio: ExactDecimal, _ type: RatioIndicator.RawType) {
        guard ratio >= .zero, ratio <= .one else { return nil }
        let divisor = Int128(Int64.powerOfTen(ratio.scale))
        let parts = (Int128(ratio.digits) * Int128(Slice.rawTotal) * 2 + divisor) / (divisor * 2)
        let good = type == .success ? Int64(parts) : Slice.rawTotal - Int64(parts)
        self.init(start: start, good: good, total: Slice.rawTotal)
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
            guard sum.observed > 0 || sum.excludedTotal > 0 else { return nil }
            return Slice(
                start: Timestamp(nanoseconds: number * length),
                good: sum.good + sum.excludedGood,
                total: sum.total + sum.excludedTotal
            )
        }
    }
}
