internal import Documents
package import SLO
internal import Timekeeping

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
        let shape = QueryShape(source.query ?? "")
        var told: QueryForm?
        if case .query(_, let form) = source.measure { told = form }
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

/// What an expression of PromQL gives, as far as its outermost functions tell.
///
/// No more of the language is understood than that takes: brackets, strings and operators.
package struct QueryShape: Hashable, Sendable {
    /// What the values of the expression are.
    package enum Value: Hashable, Sendable {
        /// Per second: `rate`, `irate`.
        case rate
        /// What a window has counted: `increase`, `count_over_time`; with its length, if told.
        case count(over: Duration?)
        /// The values of a metric themselves.
        case metric(String)
        /// The same at every instant.
        case constant
        /// It cannot be told.
        case unknown
    }

    package var value: Value
    /// Whether several series are put together into one, as `sum` does.
    package var isAggregated: Bool

    private static let aggregators: Set<String> = [
        "sum", "avg", "min", "max", "group", "count", "stddev", "stdvar", "topk", "bottomk",
        "quantile", "count_values", "limitk",
    ]
    /// Functions whose values are of the kind that their first argument's are.
    private static let transparent: Set<String> = [
        "abs", "ceil", "floor", "round", "clamp", "clamp_min", "clamp_max", "sort", "sort_desc",
        "label_replace", "label_join", "last_over_time", "histogram_count", "histogram_sum",
    ]

    /// The shape of an expression.
    package init(_ text: some StringProtocol) {
        self.init(QueryText(String(text)))
    }

    private init(_ value: Value, isAggregated: Bool = false) {
        self.value = value
        self.isAggregated = isAggregated
    }

    private init(_ text: QueryText) {
        let text = text.withoutOuterParentheses
        let (operands, operators) = text.operands
        if operands.count > 1 {
            self = QueryShape.joined(operands.map { QueryShape($0) }, operators)
            return
        }
        guard let name = text.leadingName else {
            // A metric without a name, or a number.
            self.init(text.first == "{" ? .metric("") : text.isNumber ? .constant : .unknown)
            return
        }
        guard let arguments = text.arguments(of: name) else {
            self.init(text.isSelector(name) ? .metric(name) : .unknown)
            return
        }
        let function = name.lowercased()
        switch function {
        case "rate", "irate": self.init(.rate)
        case "increase", "count_over_time", "sum_over_time":
            self.init(.count(over: arguments.first?.range))
        case "vector", "scalar", "time": self.init(.constant)
        case "count", "group":
            self.init(.unknown, isAggregated: true)
        default:
            if QueryShape.aggregators.contains(function), let last = arguments.last {
                self = QueryShape(last)
                isAggregated = true
            } else if QueryShape.transparent.contains(function), let first = arguments.first {
                self = QueryShape(first)
            } else {
                self.init(.unknown)
            }
        }
    }

    /// What operands come to: the same as each of them where they are added, or one stands in for
    /// another.
    private static func joined(_ shapes: [QueryShape], _ operators: [String]) -> QueryShape {
        let isKept = operators.allSatisfy {
            ["+", "-", "or", "and", "unless", ">", "<", ">=", "<=", "==", "!="].contains($0)
        }
        let told = shapes.filter { $0.value != .constant }
        guard let first = told.first else { return QueryShape(.constant) }
        guard isKept, told.allSatisfy({ $0.kind == first.kind }) else {
            return QueryShape(.unknown, isAggregated: told.contains(where: \.isAggregated))
        }
        return QueryShape(first.value, isAggregated: told.contains(where: \.isAggregated))
    }

    private var kind: Int {
        switch value {
        case .rate: 0
        case .count: 1
        case .metric: 2
        case .constant: 3
        case .unknown: 4
        }
    }
}
