internal import Reports
internal import SLO
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

    /// A duration as windows are named: `5m`, `3d`; Prometheus knows no unit below milliseconds.
    static func duration(_ duration: Duration) -> String {
        DurationText.write(.milliseconds(duration.inNanoseconds / 1_000_000))
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}

extension ExactDecimal {
    /// The product as Prometheus is to read it: exact where 18 digits hold it, else as near as a
    /// `Double` has it.
    func timesText(_ other: ExactDecimal) -> String {
        let (digits, overflow) = digits.multipliedReportingOverflow(by: other.digits)
        if !overflow, let product = ExactDecimal(digits: digits, scale: scale + other.scale) {
            return product.description
        }
        return "\(approximation * other.approximation)"
    }

    /// This share in per cent, such as `99.9`.
    var percentText: String {
        ExactDecimal(digits: digits, scale: scale - 2)?.description ?? description
    }
}

/// The names that the rules give, and those of the scrape that they read.
///
/// The `slo:*` names and the identity labels are Sloth's, so that its dashboards work. What
/// Sloth has no name for is named alike.
enum RuleNames {
    /// The scrape's counter of what a budget counts: events, or time slices by their bad share.
    static let events = "slo_events_total"
    /// The scrape's counter of events, where a budget counts slices.
    static let measuredEvents = "slo_measured_events_total"
    /// The scrape's counter of the seconds in which something reported.
    static let observedSeconds = "slo_observed_seconds_total"
    /// The scrape's counter of the seconds under maintenance.
    static let excludedSeconds = "slo_excluded_seconds_total"
    /// The scrape's gauges of what the engine makes of a window, for composites.
    static let sli = "slo_sli_ratio"
    static let burnRate = "slo_burn_rate"
    /// The scrape's gauge of the budget that is left, for calendar windows.
    static let remaining = "slo_error_budget_remaining_ratio"

    /// Good and bad events within a window.
    static func increase(_ window: String) -> String { "slo:events:increase\(window)" }
    /// The bad share of what was observed within a window.
    static func errorRatio(_ window: String) -> String { "slo:sli_error:ratio_rate\(window)" }
    /// The observed share of a window, without what was under maintenance.
    static func observed(_ window: String) -> String { "slo:sli_observed:ratio\(window)" }
    /// The bad share of the whole window, where what was not observed is not bad.
    static func spent(_ window: String) -> String { "slo:sli_spent:ratio\(window)" }

    /// The windows in which Sloth's dashboards draw the error ratio.
    static let dashboardWindows: [Duration] = [
        .seconds(300), .seconds(1800), .seconds(3600), .seconds(7200), .seconds(21_600),
        .seconds(86_400), .seconds(3 * 86_400),
    ]
}
