internal import Documents
internal import Timekeeping

/// How the values of a query are read.
package enum QueryForm: String, Hashable, Sendable, CaseIterable {
    /// Each series counts up; a slice has its increment, and the increments are added.
    case counter
    /// Per second: a slice has it times its length.
    case rate
    /// What the slice has counted.
    case count
}

/// The form of one source of a ratio, and what of it had to be assumed.
package struct QueryReading: Hashable, Sendable {
    package var form: QueryForm
    /// Whether the query itself adds counters up, so that a reset cannot be told.
    package var isSum: Bool
    /// What was assumed, in one sentence; nil where the document says it.
    package var assumption: String?
    /// What is wrong with it, and the remedy; nil where nothing is.
    package var doubt: String?

    /// The key of a source's `spec` that tells the form.
    package static let key = "gives"

    /// How `source`, of a ratio whose sources are said to be counters or not, is read in slices
    /// of `slice`.
    package init(_ source: MetricSource, isCounter: Bool, slice: Duration) {
        let shape = QueryShape(source.spec["query"] ?? "")
        let told = source.spec[QueryReading.key].flatMap { QueryForm(rawValue: $0) }
        isSum = false
        switch shape.value {
        case .rate: form = .rate
        case .count: form = .count
        case .metric, .constant, .unknown: form = isCounter ? .counter : .count
        }
        if let told { form = told }
        isSum = form == .counter && shape.isAggregated
        assumption = told == nil ? QueryReading.assumption(shape, form) : nil
        doubt = doubt(shape, isCounter: isCounter, isTold: told != nil, slice)
    }

    private static func assumption(_ shape: QueryShape, _ form: QueryForm) -> String? {
        switch (shape.value, form) {
        case (.rate, _):
            "a rate per second, weighed by the length of each slice"
        case (.count, _), (_, .count):
            "what each slice has counted"
        case (.unknown, _), (.constant, _):
            "a counter of each of its series"
        case (.metric, _): nil
        }
    }

    private func doubt(
        _ shape: QueryShape,
        isCounter: Bool,
        isTold: Bool,
        _ slice: Duration
    ) -> String? {
        if isSum {
            return "the query puts counters together before anything is counted, so that nobody "
                + "can tell a restart, or a replica that comes or goes, from events; expected the "
                + "counters themselves, whose increments are taken one by one and added up"
        }
        if case .count(let window?) = shape.value, form == .count, window != slice {
            return "the query counts over \(DurationText.write(window)), and is asked every "
                + "\(DurationText.write(slice)): an event counts as often as the one has the "
                + "other in it; expected the two to be the same, or rate() in place of it"
        }
        guard !isTold else { return nil }
        switch shape.value {
        case .rate where isCounter, .count where isCounter:
            return "'counter: true', and the query gives no counter, but "
                + "\(assumption ?? ""); it is read so; expected 'counter: false', or the counter "
                + "itself"
        case .metric(let name) where !isCounter && QueryReading.isCounterName(name):
            return "'\(shortened(name))' is named as a counter is, and each of its values is read "
                + "as what a slice has counted; expected 'counter: true'"
        case .unknown:
            return "it cannot be seen what the query gives; it is read as \(assumption ?? ""); "
                + "say it with \(QueryReading.key): counter, rate or count, beside the query"
        default: return nil
        }
    }

    private static func isCounterName(_ name: String) -> Bool {
        ["_total", "_count", "_bucket"].contains { name.hasSuffix($0) }
    }
}

extension Indicator {
    /// How each of its sources is read, in their order; none of what is no ratio of counts.
    package func readings(slice: Duration) -> [QueryReading] {
        guard case .ratio(let ratio) = self else { return [] }
        if case .raw = ratio.terms { return [] }
        return sources.filter { $0.kind == .prometheus }.map {
            QueryReading($0, isCounter: ratio.isCounter, slice: slice)
        }
    }
}
