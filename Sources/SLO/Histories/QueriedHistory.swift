package import Timekeeping

/// What a data source answered to one query: at some instants a value, as it wrote it.
package struct QueriedSeries: Sendable {
    package var samples: [(instant: Timestamp, value: String)]

    package init(_ samples: [(instant: Timestamp, value: String)] = []) {
        self.samples = samples
    }
}

/// Makes the slices of one indicator from the answers to its queries, one for each of its sources.
///
/// The sources are asked for their values at the ends of slices. What a value means is the
/// indicator's:
/// - of counters, a slice is what was counted since the sample before it, from a reset on where
///   the counter went back; where more time than a slice lies between the two, the rest of it was
///   not observed;
/// - of numbers that are no counters, the value is what the slice counted, rounded to whole events
///   (`increase()` gives fractions, since it extrapolates);
/// - a raw ratio is the slice's, whatever the traffic was;
/// - a threshold's value is one measurement.
package struct QueriedHistory: Sendable {
    package private(set) var slices: [Slice] = []
    /// Values of which no slice could be made, and resets of counters.
    package private(set) var faults = SliceFaults()

    /// The slices of `indicator`, in slices of `slice`, from answers in the order of its sources.
    package init(_ indicator: Indicator, _ answers: [QueriedSeries], slice: Duration) {
        switch indicator {
        case .threshold(let threshold):
            take(answers.first, slice) { start, value in
                ExactDecimal(measured: value).map {
                    Slice(start: start, measurements: [$0], of: threshold)
                }
            }
        case .ratio(let ratio):
            switch ratio.terms {
            case .raw(_, let type):
                take(answers.first, slice) { start, value in
                    ExactDecimal(measured: value).flatMap { Slice(start: start, raw: $0, type) }
                }
            case .goodTotal:
                take(answers, ratio, slice) { Slice(start: $0, good: $1, total: $2) }
            case .badTotal:
                take(answers, ratio, slice) { Slice(start: $0, bad: $1, total: $2) }
            }
        }
    }

    private mutating func take(
        _ answer: QueriedSeries?,
        _ slice: Duration,
        _ make: (Timestamp, String) -> Slice?
    ) {
        for (instant, value) in answer?.samples ?? [] {
            if let made = make(instant - slice, value) {
                slices.append(made)
            } else {
                faults.count(.unreadable)
            }
        }
    }

    private mutating func take(
        _ answers: [QueriedSeries],
        _ ratio: RatioIndicator,
        _ slice: Duration,
        _ make: (Timestamp, Int64, Int64) -> Slice
    ) {
        guard answers.count == 2 else { return }
        let counts = answers.map { answer in
            ratio.isCounter ? increments(answer) : wholes(answer)
        }
        for (instant, marked) in counts[0].sorted(by: { $0.key < $1.key }) {
            // Both, or nobody knows of how many they were.
            guard let total = counts[1][instant] else { continue }
            slices.append(make(instant - slice, marked, total))
        }
    }

    private mutating func increments(_ answer: QueriedSeries) -> [Timestamp: Int64] {
        var reader = CounterReader()
        var counts: [Timestamp: Int64] = [:]
        for (instant, value) in answer.samples {
            counts[instant] = reader.increment(to: value)
        }
        faults.add(reader.faults)
        return counts
    }

    private mutating func wholes(_ answer: QueriedSeries) -> [Timestamp: Int64] {
        var counts: [Timestamp: Int64] = [:]
        for (instant, value) in answer.samples {
            if let number = Double(value), let whole = Int64(exactly: number.rounded()) {
                counts[instant] = whole
            } else {
                faults.count(.unreadable)
            }
        }
        return counts
    }
}

extension ExactDecimal {
    /// A measurement as a data source writes it: exactly, or to 12 decimals where a binary
    /// fraction has more digits than are held; nil for what is not a number.
    init?(measured text: String) {
        if let exact = ExactDecimal(text) {
            self = exact
        } else if let number = Double(text), number.magnitude < 1e5,
            let digits = Int64(exactly: (number * 1e12).rounded()),
            let rounded = ExactDecimal(digits: digits, scale: 12)
        {
            self = rounded
        } else {
            return nil
        }
    }
}

extension Objective {
    /// Whether its history is what a data source answers, and not what a run has kept.
    package var isQueried: Bool {
        let kinds = components.flatMap(\.indicator.sources).map(\.kind)
        return kinds.contains(.prometheus) && !kinds.contains(.unread)
    }

    /// Whether it is measured by something that is not read here, so that there is no history.
    package var isUnread: Bool {
        components.flatMap(\.indicator.sources).contains { $0.kind == .unread }
    }
}
