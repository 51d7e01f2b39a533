internal import Reports
internal import Timekeeping

/// Pieces of Prometheus's language, written so that Prometheus takes them as they are meant.
enum PromQL {
    /// `text` as a string of PromQL.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where ReportText.isShown(scalar): result.unicodeScalars.append(scalar)
            default: result += ReportText.escape(scalar)
            }
        }
        return result + "\""
    }

    /// The plain series, such as `x_total{a="b"}`, that `query` is or is the `sum` of; nil where it
    /// is anything else.
    static func summands(of query: String) -> String? {
        var text = query.trimmed
        if text.hasPrefix("sum"), text.hasSuffix(")") {
            let rest = String(text.dropFirst(3)).trimmed
            guard rest.hasPrefix("(") else { return nil }
            text = String(rest.dropFirst().dropLast()).trimmed
        }
        let name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_:".contains($0)) }
        let matchers = String(text.dropFirst(name.count)).trimmed
        guard let first = name.first, !first.isNumber else { return nil }
        if matchers.isEmpty { return String(name) }
        guard matchers.hasPrefix("{"), matchers.hasSuffix("}") else { return nil }
        // One pair of braces, those within quotes apart.
        var quote: Character?
        var isEscaped = false
        for letter in matchers.dropFirst().dropLast() {
            if isEscaped {
                isEscaped = false
            } else if let open = quote {
                if letter == "\\", open != "`" { isEscaped = true }
                if letter == open { quote = nil }
            } else if "\"'`".contains(letter) {
                quote = letter
            } else if "{}()[]".contains(letter) {
                return nil
            }
        }
        return quote == nil ? "\(name)\(matchers)" : nil
    }

    /// `expression` to twelve decimals, so that a share that is exactly a threshold equals it,
    /// whatever binary fractions have left of it on the way.
    static func decimal(_ expression: String) -> String {
        let isLong = expression.contains("\n")
        return isLong ? "round(\n\(expression),\n1e-12)" : "round(\(expression), 1e-12)"
    }

    /// A duration as a number of seconds: `300`, `0.5`.
    static func seconds(_ duration: Duration) -> String {
        ExactDecimal(digits: duration.inNanoseconds, scale: 9)?.description
            ?? "\(duration.inSeconds)"
    }

    /// A duration in one unit where that is possible, as windows are named: `5m`, `3d`.
    static func duration(_ duration: Duration) -> String {
        var rest = duration.inNanoseconds / 1_000_000
        var text = ""
        let units: [(name: String, milliseconds: Int64)] = [
            ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
        ]
        if let unit = units.first(where: { rest % $0.milliseconds == 0 }) {
            return "\(rest / unit.milliseconds)\(unit.name)"
        }
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
