internal import Reports

/// Exact figures as people read them: cut off and never rounded up, so that 99.999% is not 100%.
package enum FigureText {
    /// A ratio in per cent, to `digits` decimals.
    package static func percent(_ figure: SLOReport.Figure?, digits: Int = 4) -> String {
        guard let ratio = figure?.ratio else { return "–" }
        return number(ratio.multiplied(by: ExactRatio(100, 1)), digits: digits) + "%"
    }

    /// A number, to `digits` decimals at most.
    package static func number(_ figure: SLOReport.Figure?, digits: Int = 2) -> String {
        guard let ratio = figure?.ratio else { return "–" }
        return number(ratio, digits: digits)
    }

    static func number(_ ratio: ExactRatio, digits: Int) -> String {
        var text = ratio.decimal(digits)
        while text.contains("."), text.hasSuffix("0") || text.hasSuffix(".") {
            text.removeLast()
        }
        if text == "-0" { return "0" }
        let sign = text.hasPrefix("-") ? "-" : ""
        let parts = text.drop { $0 == "-" }.split(separator: ".")
        let whole = parts.first.map { ReportNumbers.grouped($0) } ?? "0"
        return sign + whole + (parts.count > 1 ? ".\(parts[1])" : "")
    }

    /// A difference of ratios in percentage points, with its sign.
    static func points(_ figure: SLOReport.Figure?) -> String {
        guard let ratio = figure?.ratio else { return "–" }
        let text = number(ratio.multiplied(by: ExactRatio(100, 1)), digits: 4)
        return (text.hasPrefix("-") || text == "0" ? "" : "+") + text + " points"
    }

    /// The target, a decimal text, in per cent with all its digits.
    package static func percent(target: String) -> String {
        guard let decimal = ExactDecimal(target) else { return target }
        let ratio = ExactRatio(decimal).multiplied(by: ExactRatio(100, 1))
        return number(ratio, digits: 16) + "%"
    }
}
