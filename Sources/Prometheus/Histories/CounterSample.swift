/// The head of a line of an exposition: a name and labels, before a value and a timestamp.
///
/// Source: the OpenMetrics 1.0 specification, "ABNF".
struct CounterSample {
    var name: String
    var labels: [String: String]
    /// What follows them.
    var rest: String

    /// The head of the sample that `line` is; nil if it is not one.
    init?(_ line: String) {
        var rest = line.unicodeScalars[...]
        let isEnd = { (scalar: Unicode.Scalar) in scalar == "{" || scalar == " " }
        guard let nameEnd = rest.firstIndex(where: isEnd) else { return nil }
        name = String(rest[..<nameEnd])
        rest = rest[nameEnd...]
        labels = [:]
        if rest.first == "{" {
            guard let read = CounterSample.labels(&rest) else { return nil }
            labels = read
        }
        self.rest = String(rest)
    }

    private static func labels(_ rest: inout Substring.UnicodeScalarView) -> [String: String]? {
        var labels: [String: String] = [:]
        rest.removeFirst()
        while let first = rest.first, first != "}" {
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let name = String(rest[..<equals])
            rest = rest[rest.index(after: equals)...]
            guard rest.first == "\"" else { return nil }
            rest.removeFirst()
            guard let value = text(&rest) else { return nil }
            labels[name] = value
            if rest.first == "," { rest.removeFirst() }
        }
        guard rest.first == "}" else { return nil }
        rest.removeFirst()
        return labels
    }

    /// The text up to the closing quote.
    private static func text(_ rest: inout Substring.UnicodeScalarView) -> String? {
        var text = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return String(text)
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                text.append(escaped == "n" ? "\n" : escaped)
            default: text.append(scalar)
            }
        }
        return nil
    }
}
