internal import Reports

/// A value to be written as YAML, block by block, so that people can read what comes out.
enum YAMLValue {
    /// A key of a mapping with its value.
    struct Entry {
        var key: String
        var value: YAMLValue
    }

    case text(String)
    /// Several lines, as a literal block.
    case block(String)
    /// A number as it is to stand there.
    case number(String)
    case list([YAMLValue])
    /// A mapping, in this order.
    case entries([Entry])

    /// A mapping, in the order of `pairs`.
    static func mapping(_ pairs: [(key: String, value: YAMLValue)]) -> YAMLValue {
        .entries(pairs.map { Entry(key: $0.key, value: $0.value) })
    }

    /// A promtool unit test over samples a minute apart.
    static func unitTest(
        _ name: String,
        _ series: [YAMLValue],
        alerts: [YAMLValue] = [],
        expressions: [YAMLValue] = []
    ) -> YAMLValue {
        var entries: [(key: String, value: YAMLValue)] = [
            ("name", .text(name)), ("interval", "1m"), ("input_series", .list(series)),
        ]
        if !alerts.isEmpty { entries.append(("alert_rule_test", .list(alerts))) }
        if !expressions.isEmpty { entries.append(("promql_expr_test", .list(expressions))) }
        return .mapping(entries)
    }

    /// The samples of a series, in promtool's notation.
    static func series(_ name: String, _ values: String) -> YAMLValue {
        ["series": .text(name), "values": .text(values)]
    }

    /// What an alert looks like after so many minutes.
    static func alert(_ name: String, at minutes: Int, _ expected: [YAMLValue]) -> YAMLValue {
        ["eval_time": "\(minutes)m", "alertname": .text(name), "exp_alerts": .list(expected)]
    }

    /// What an expression gives after so many minutes: one number without labels, or nothing.
    static func expression(_ text: String, at minutes: Int, _ value: String?) -> YAMLValue {
        var samples: [YAMLValue] = []
        if let value { samples = [["labels": "{}", "value": .number(value)]] }
        return ["expr": .text(text), "eval_time": "\(minutes)m", "exp_samples": .list(samples)]
    }

    /// The document, with a line feed at its end.
    var document: String {
        lines.joined(separator: "\n") + "\n"
    }

    private var lines: [String] {
        switch self {
        case .text, .number, .block: [inline]
        case .list(let items): items.flatMap { Self.indented($0.lines, by: "  ", first: "- ") }
        case .entries(let entries): entries.flatMap { Self.lines(of: $0.key, $0.value) }
        }
    }

    private static func lines(of key: String, _ value: YAMLValue) -> [String] {
        let name = "\(quoted(key)):"
        switch value {
        case .text, .number: return ["\(name) \(value.inline)"]
        case .list(let items) where items.isEmpty: return ["\(name) []"]
        case .entries(let entries) where entries.isEmpty: return ["\(name) {}"]
        case .block(let text):
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return ["\(name) |-"] + lines.map { $0.isEmpty ? "" : "  \($0)" }
        case .list, .entries: return [name] + indented(value.lines, by: "  ", first: "  ")
        }
    }

    private static func indented(_ lines: [String], by rest: String, first: String) -> [String] {
        lines.enumerated().map { index, line in
            line.isEmpty ? line : (index == 0 ? first : rest) + line
        }
    }

    private var inline: String {
        switch self {
        case .text(let text), .block(let text): Self.quoted(text)
        case .number(let number): number
        case .list, .entries: ""
        }
    }

    /// `text` as it is where YAML reads it as this text, else in double quotes.
    static func quoted(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let isPlain =
            bytes.first.map { (97...122).contains($0 | 0x20) || $0 == 95 } == true
            && bytes.allSatisfy {
                (97...122).contains($0 | 0x20) || (48...57).contains($0)
                    || "_-./:".utf8.contains($0)
            }
            && bytes.last != UInt8(ascii: ":")
            && !words.contains(text.lowercased())
        // YAML's double quotes escape as PromQL's do: control characters and line separators may
        // not stand there as they are, and what steers or disguises is to be seen.
        return isPlain ? text : PromQL.quoted(text)
    }

    /// What YAML 1.1 takes for something other than a text.
    private static let words: Set<String> = [
        "true", "false", "yes", "no", "on", "off", "y", "n", "null",
    ]
}

extension YAMLValue: ExpressibleByStringInterpolation {
    init(stringLiteral text: String) { self = .text(text) }
}

extension YAMLValue: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral pairs: (String, YAMLValue)...) {
        self = .entries(pairs.map { Entry(key: $0.0, value: $0.1) })
    }
}
