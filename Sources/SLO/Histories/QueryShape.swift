internal import Timekeeping

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
