internal import Timekeeping

/// Numbers for people: the same in every format of a report, on every machine.
package enum ReportNumbers {
    /// `69659` as `69,659`.
    package static func count(_ value: Int64) -> String {
        (value < 0 ? "-" : "") + grouped(String(value.magnitude))
    }

    /// `digits` with a comma before every third digit from the end.
    package static func grouped(_ digits: some StringProtocol) -> String {
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 {
                text.append(",")
            }
            text.append(digit)
        }
        return text
    }

    /// `value` with exactly `digits` decimals, rounded half away from zero.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        rounded(value, digits, grouped)
    }

    /// ``fixed(_:_:)`` without commas, as style sheets and drawings read it.
    static func plain(_ value: Double, _ digits: Int) -> String {
        rounded(value, digits) { String($0) }
    }

    private static func rounded(
        _ value: Double,
        _ digits: Int,
        _ whole: (Substring) -> String
    ) -> String {
        let scaled = (value * powerOfTen(digits)).rounded(.toNearestOrAwayFromZero)
        guard abs(scaled) < 9e15 else { return value.description }
        let sign = scaled < 0 ? "-" : ""
        var text = String(Int64(abs(scaled)))
        if text.count <= digits {
            text = String(repeating: "0", count: digits + 1 - text.count) + text
        }
        return sign + whole(text.dropLast(digits)) + (digits > 0 ? "." + text.suffix(digits) : "")
    }

    /// `value` with three significant digits, more where the whole part has more.
    package static func significant(_ value: Double) -> String {
        switch abs(value) {
        case 0: "0"
        case ..<9.995: fixed(value, 2)
        case ..<99.95: fixed(value, 1)
        default: fixed(value, 0)
        }
    }

    /// `value` to two decimals, without those that are 0.
    package static func trimmed(_ value: Double) -> String {
        var text = fixed(value, 2)
        while text.contains("."), text.hasSuffix("0") || text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// Events per second.
    package static func rate(_ perSecond: Double) -> String {
        perSecond.isFinite ? significant(perSecond) + "/s" : "–"
    }

    /// A latency in the unit that suits it: µs, ms or s.
    package static func latency(milliseconds: Double) -> String {
        guard milliseconds.isFinite else { return "–" }
        return switch milliseconds {
        case ..<0.9995: significant(milliseconds * 1000) + " µs"
        case ..<999.5: significant(milliseconds) + " ms"
        default: significant(milliseconds / 1000) + " s"
        }
    }

    /// How long something took.
    package static func duration(seconds: Double) -> String {
        guard seconds.isFinite, abs(seconds) < 9e15 else { return "–" }
        guard seconds >= 59.995 else {
            return seconds < 0.9995
                ? significant(seconds * 1000) + " ms" : significant(seconds) + " s"
        }
        let whole = Int64(seconds.rounded())
        let units: [(length: Int64, name: String)] = [(86_400, "d"), (3600, "h"), (60, "min")]
        guard let first = units.firstIndex(where: { whole >= $0.length }) else {
            return "\(whole) s"
        }
        let lower = first + 1 < units.count ? units[first + 1] : (length: 1, name: "s")
        let rest = whole % units[first].length / lower.length
        let large = "\(count(whole / units[first].length)) \(units[first].name)"
        return rest > 0 ? large + " \(rest) \(lower.name)" : large
    }

    /// An instant, RFC 3339 in UTC, to the second; any other text as it is.
    package static func instant(_ text: String) -> String {
        guard text.hasSuffix("Z"), let dot = text.lastIndex(of: "."), dot > text.startIndex,
            text[dot...].dropFirst().dropLast().allSatisfy({ $0.isASCII && $0.isNumber }),
            text[..<dot].wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/#) != nil
        else { return text }
        return text[..<dot] + "Z"
    }

    /// A ratio in per cent.
    package static func percent(_ ratio: Double) -> String {
        ratio.isFinite ? fixed(ratio * 100, 2) + "%" : "–"
    }

    /// A decimal text with its currency: `2,500,315.63 USD`.
    package static func money(_ decimal: String, _ currency: String) -> String {
        let unsigned = decimal.hasPrefix("-") ? decimal.dropFirst() : decimal[...]
        let parts = unsigned.split(separator: ".", omittingEmptySubsequences: false)
        let plain =
            parts.count <= 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { (48...57).contains($0) }
            }
        guard plain, let whole = parts.first else { return decimal + " " + currency }
        let fraction = parts.count == 2 ? "." + parts[1] : ""
        let sign = decimal.hasPrefix("-") ? "-" : ""
        return "\(sign)\(grouped(whole))\(fraction) \(currency)"
    }

    /// Ten to `exponent`, exact as far as a double can be.
    package static func powerOfTen(_ exponent: Int) -> Double {
        Double("1e\(exponent)") ?? (exponent < 0 ? 0 : .infinity)
    }

    /// The greatest `n` with 10ⁿ ≤ `value`, a positive finite number.
    package static func decade(of value: Double) -> Int {
        var exponent = Int((value.portableLogarithm / 2.302_585_092_994_046).rounded(.down))
        // The logarithm may miss by one in the last place just at a power of ten.
        if powerOfTen(exponent + 1) <= value {
            exponent += 1
        } else if powerOfTen(exponent) > value {
            exponent -= 1
        }
        return exponent
    }
}
