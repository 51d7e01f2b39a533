package import SLO
package import Timekeeping

/// The answer of a data source to a query: the values of one series, as written.
package struct QueriedSeries: Sendable {
    /// Its labels, which distinguish it from others of the same query.
    package var labels: [String: String]
    package var samples: [(instant: Timestamp, value: String)]

    package init(
        labels: [String: String] = [:],
        _ samples: [(instant: Timestamp, value: String)] = []
    ) {
        self.labels = labels
        self.samples = samples
    }
}

/// Makes counts of slices from the answers to one query, a part of the past at a time.
///
/// A sample belongs to the slice that ends at it; one that lies off the grid, to the nearest end.
/// Series are distinguished by their labels, and what they count in a slice is added up. The first
/// sample of a counter says nothing of when its events were and counts none; a series that is not
/// there any more counts nothing more.
package struct QueriedCounts: Sendable {
    private let form: QueryForm
    private let isSum: Bool
    private let slice: Int64
    private var readers: [[String: String]: CounterReader] = [:]
    /// By the number of the slice.
    package private(set) var counts: [Int64: MeasuredNumber] = [:]
    private var unreadable: Int64 = 0

    /// Counts of a query that is read as `reading` says.
    package init(_ reading: QueryReading, slice: Duration) {
        form = reading.form
        isSum = reading.isSum
        self.slice = slice.inNanoseconds
    }

    /// Takes the next part of the answer; the samples of a series are in the order of time.
    package mutating func take(_ answer: [QueriedSeries]) {
        for series in answer {
            var reader = readers[series.labels] ?? CounterReader(ofSum: isSum)
            for (instant, value) in series.samples {
                guard let count = count(value, &reader) else { continue }
                let number = (instant.nanoseconds + slice / 2).flooringQuotient(slice) - 1
                guard let sum = (counts[number] ?? .zero).adding(count)?.counted else {
                    unreadable += 1
                    continue
                }
                counts[number] = sum
            }
            if form == .counter { readers[series.labels] = reader }
        }
    }

    private mutating func count(_ value: String, _ reader: inout CounterReader) -> MeasuredNumber? {
        if form == .counter { return reader.increment(to: value) }
        var count = MeasuredNumber(value)
        if form == .rate { count = count?.over(nanoseconds: slice) }
        if count == nil { unreadable += 1 }
        return count?.counted
    }

    /// Values of which nothing could be made, and resets of counters.
    package var faults: SliceDefects {
        var faults = SliceDefects()
        if unreadable > 0 { faults.count(.unreadable, times: unreadable) }
        // order-free: they are added up
        for reader in readers.values { faults.add(reader.faults) }
        return faults
    }
}

/// Makes the slices of one indicator from the answers to its queries.
///
/// What a value means is the indicator's: of a ratio of counts see ``QueriedCounts``; a raw ratio
/// is the slice's, as if of one event, whatever the traffic was; a threshold's value is one
/// measurement. Where not both sources of a ratio have counted, the total is unknown, and the
/// slice was not observed.
package struct QueriedHistory: Sendable {
    package private(set) var gathered = SliceGatherer()
    /// Values of which no slice could be made, and resets of counters.
    package private(set) var faults = SliceDefects()

    /// The slices of a ratio of the counts that its two sources gave.
    package init(_ ratio: RatioIndicator, _ sources: [QueriedCounts], slice: Duration) {
        guard sources.count == 2 else { return }
        for source in sources { faults.add(source.faults) }
        var isBad = false
        if case .badTotal = ratio.terms { isBad = true }
        for (number, marked) in sources[0].counts.sorted(by: { $0.key < $1.key }) {
            guard let total = sources[1].counts[number] else { continue }
            let start = Timestamp(nanoseconds: number * slice.inNanoseconds)
            let good = isBad ? total.subtracting(marked) : marked
            let fault = good.map { gathered.append(start: start, good: $0, total: total) }
            if let fault = fault ?? .unreadable { faults.count(fault) }
        }
    }

    /// The slices of a threshold, or of a ratio that its source has divided, from one series.
    package init(_ indicator: Indicator, _ series: QueriedSeries, slice: Duration) {
        for (instant, value) in series.samples {
            guard let value = MeasuredNumber(value), let good = indicator.goodShare(of: value),
                gathered.append(start: instant - slice, good: good, total: 1) == nil
            else {
                faults.count(.unreadable)
                continue
            }
        }
    }
}

extension Indicator {
    /// Which part of a slice is good that has this value; nil if none can have it.
    fileprivate func goodShare(of value: MeasuredNumber) -> MeasuredNumber? {
        switch self {
        case .threshold(let threshold):
            return threshold.comparison.holds(value, MeasuredNumber(threshold.value)) ? 1 : 0
        case .ratio(let ratio):
            guard case .raw(_, let type) = ratio.terms, value >= .zero, value <= 1 else {
                return nil
            }
            return type == .success
                ? value.counted : MeasuredNumber(1).subtracting(value.counted)
        }
    }
}
