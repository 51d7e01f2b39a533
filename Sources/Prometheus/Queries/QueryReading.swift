internal import Documents
package import SLO
internal import Timekeeping

/// The form of one source of a ratio, and what of it had to be assumed.
package struct QueryReading: Hashable, Sendable {
    package var form: QueryForm
    /// Whether the query itself adds counters up, so that a reset cannot be seen.
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
        var given: QueryForm?
        if case .query(_, let form) = source.measure { given = form }
        isSum = false
        switch shape.value {
        case .rate: form = .rate
        case .count: form = .count
        case .metric, .constant, .unknown: form = isCounter ? .counter : .count
        }
        if let given { form = given }
        isSum = form == .counter && shape.isAggregated
        assumption = given == nil ? QueryReading.assumption(shape, form) : nil
        doubt = doubt(shape, isCounter: isCounter, isGiven: given != nil, slice)
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
        isGiven: Bool,
        _ slice: Duration
    ) -> String? {
        if isSum {
            return "the query puts counters together before anything is counted, so that nothing "
                + "can tell a restart, or a replica that comes or goes, from events; expected the "
                + "counters themselves, whose increments are taken one by one and added up"
        }
        if case .count(let window?) = shape.value, form == .count, window != slice {
            return "the query counts over \(DurationText.write(window)), and is asked every "
                + "\(DurationText.write(slice)): an event counts as often as the one has the "
                + "other in it; expected the two to be the same, or rate() in place of it"
        }
        guard !isGiven else { return nil }
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
    /// How each of its sources is read, in their order; none of what is not a ratio of counts.
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
        /// What a window has counted: `increase`, `count_over_time`; with its length, if known.
        case count(over: Duration?)
        /// The values of a metric themselves.
        case metric(String)
        /// The same at every instant.
        case constant
        /// Not known.
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
        let given = shapes.filter { $0.value != .constant }
        guard let first = given.first else { return QueryShape(.constant) }
        guard isKept, given.allSatisfy({ $0.kind == first.kind }) else {
            return QueryShape(.unknown, isAggregated: given.contains(where: \.isAggregated))
        }
        return QueryShape(first.value, isAggregated: given.contains(where: \.isAggregated))
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

/// The text of an expression of PromQL, in which brackets and strings are minded.
struct QueryText {
    private let scalars: [Unicode.Scalar]
    /// How many brackets are open before each scalar; -1 within a string.
    private let depths: [Int]

    init(_ text: String) {
        self.init(Array(text.unicodeScalars))
    }

    private init(_ all: [Unicode.Scalar]) {
        var scalars = all[...]
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        var depths: [Int] = []
        var depth = 0
        var quote: Unicode.Scalar?
        var isEscaped = false
        for scalar in scalars {
            if let open = quote {
                depths.append(-1)
                if isEscaped {
                    isEscaped = false
                    continue
                }
                if scalar == "\\", open != "`" { isEscaped = true }
                if scalar == open { quote = nil }
                continue
            }
            switch scalar {
            case "\"", "'", "`":
                quote = scalar
                depths.append(-1)
            case "(", "[", "{":
                depths.append(depth)
                depth += 1
            case ")", "]", "}":
                depth = max(0, depth - 1)
                depths.append(depth)
            default: depths.append(depth)
            }
        }
        self.scalars = Array(scalars)
        self.depths = depths
    }

    var first: Unicode.Scalar? { scalars.first }

    var isNumber: Bool { Double(string(0..<scalars.count)) != nil }

    private func string(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range])
        return String(text)
    }

    private func part(_ range: Range<Int>) -> QueryText { QueryText(Array(scalars[range])) }

    /// The place of the bracket that closes the one at `open`.
    private func end(of open: Int) -> Int? {
        (open + 1..<scalars.count).first { place in
            depths[place] == depths[open] && [")", "]", "}"].contains(scalars[place])
        }
    }

    var withoutOuterParentheses: QueryText {
        guard first == "(", let end = end(of: 0), end == scalars.count - 1 else { return self }
        return part(1..<end).withoutOuterParentheses
    }

    // MARK: - Names and arguments

    private static func isName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_"
            || scalar == ":"
    }

    private func name(at start: Int) -> Range<Int>? {
        var end = start
        while end < scalars.count, QueryText.isName(scalars[end]) { end += 1 }
        return end > start && !("0"..."9").contains(scalars[start]) ? start..<end : nil
    }

    private func skippingBlanks(_ place: Int) -> Int {
        var place = place
        while place < scalars.count, scalars[place].properties.isWhitespace { place += 1 }
        return place
    }

    /// The name that the expression begins with.
    var leadingName: String? { name(at: 0).map { string($0) } }

    /// Whether nothing but labels, a range and modifiers follows `name`.
    func isSelector(_ name: String) -> Bool {
        let next = skippingBlanks(name.unicodeScalars.count)
        guard next < scalars.count else { return true }
        return ["{", "[", "@"].contains(scalars[next])
            || self.name(at: next).map { string($0) }
                == "offset"
    }

    /// What is between the parentheses after `name`, by commas; nil if there are none.
    ///
    /// Between the two may be the grouping of an aggregation.
    func arguments(of name: String) -> [QueryText]? {
        var open = skippingBlanks(name.unicodeScalars.count)
        if let word = self.name(at: open), ["by", "without"].contains(string(word).lowercased()) {
            let labels = skippingBlanks(word.upperBound)
            guard labels < scalars.count, scalars[labels] == "(", let end = end(of: labels) else {
                return nil
            }
            open = skippingBlanks(end + 1)
        }
        guard open < scalars.count, scalars[open] == "(", let end = end(of: open) else {
            return nil
        }
        var arguments: [QueryText] = []
        var start = open + 1
        for place in start..<end
        where scalars[place] == ","
            && depths[place] == depths[start - 1]
                + 1
        {
            arguments.append(part(start..<place))
            start = place + 1
        }
        return arguments + [part(start..<end)]
    }

    /// The range of a range vector, such as that of `x[5m]` and of `x[1h:5m]`.
    var range: Duration? {
        guard let open = scalars.indices.last(where: { scalars[$0] == "[" && depths[$0] >= 0 }),
            let end = end(of: open)
        else { return nil }
        let text = string(open + 1..<end).prefix { $0 != ":" }
        return QueryText.duration(text)
    }

    /// A duration as Prometheus writes it: `5m`, `1h30m`, `1d`.
    static func duration(_ text: some StringProtocol) -> Duration? {
        let units: [(String, Int64)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
            ("w", 604_800_000), ("y", 31_536_000_000),
        ]
        var rest = Substring(text.filter { $0 != " " })
        var sum: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(letters.count)
            guard let count = Int64(digits), count < 1_000_000,
                let unit = units.first(where: { $0.0 == letters })
            else { return nil }
            sum += count * unit.1
        }
        return sum > 0 ? .milliseconds(sum) : nil
    }

    // MARK: - Operators

    /// The operands between binary operators that stand in no brackets, and the operators.
    var operands: (operands: [QueryText], operators: [String]) {
        var operands: [QueryText] = []
        var operators: [String] = []
        var start = 0
        var place = 0
        while place < scalars.count {
            guard depths[place] == 0, let (word, end) = binaryOperator(at: place, after: start)
            else {
                place = depths[place] == 0 ? name(at: place)?.upperBound ?? place + 1 : place + 1
                continue
            }
            operands.append(part(start..<place))
            operators.append(word)
            place = afterModifiers(end)
            start = place
        }
        return (operands + [part(start..<scalars.count)], operators)
    }

    private func binaryOperator(at place: Int, after start: Int) -> (String, Int)? {
        if let word = name(at: place), place > start {
            let text = string(word).lowercased()
            return ["and", "or", "unless", "atan2"].contains(text) ? (text, word.upperBound) : nil
        }
        let two = string(place..<min(place + 2, scalars.count))
        if ["==", "!=", ">=", "<="].contains(two) { return (two, place + 2) }
        let one = String(scalars[place])
        guard ["+", "-", "*", "/", "%", "^", ">", "<"].contains(one), hasOperand(start..<place)
        else { return nil }
        return (one, place + 1)
    }

    /// Whether a sign that follows these is between two operands, and not part of a number or of
    /// an offset.
    private func hasOperand(_ range: Range<Int>) -> Bool {
        let before = string(range).filter { !$0.isWhitespace }.lowercased()
        if before.isEmpty || before.hasSuffix("offset") { return false }
        // `1e-5`
        return
            !(before.hasSuffix("e") && before.first.map { ("0"..."9").contains($0) } == true
            && before.dropLast().allSatisfy { $0.isNumber || $0 == "." })
    }

    /// The place after `bool`, `on (…)`, `ignoring (…)`, `group_left (…)`, `group_right (…)`.
    private func afterModifiers(_ place: Int) -> Int {
        var place = skippingBlanks(place)
        while let word = name(at: place) {
            let text = string(word).lowercased()
            guard ["bool", "on", "ignoring", "group_left", "group_right"].contains(text) else {
                return place
            }
            place = skippingBlanks(word.upperBound)
            if text != "bool", place < scalars.count, scalars[place] == "(",
                let end = end(of: place)
            {
                place = skippingBlanks(end + 1)
            }
        }
        return place
    }
}
