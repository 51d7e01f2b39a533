internal import Timekeeping

/// Durations as documents write them: a decimal number and a unit.
package enum DurationText {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
        ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1),
    ]

    /// A hundred years: the longest that can be written, so that instants do not overflow.
    package static let longest = Duration.seconds(36_500 * 86_400)

    /// The duration that `text` names, exactly to the nanosecond, or nil where it is none:
    /// Pub/Sub's `600s` and `0.1s`, and also `250ms`, `10m`, `2h`, `7d`.
    package static func parse(_ text: String) -> Duration? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let unit = units.first(where: { $0.name == text[number.endIndex...] }) else {
            return nil
        }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.count <= 18 }),
            let whole = Int64(parts[0])
        else { return nil }
        let (nanoseconds, overflow) = whole.multipliedReportingOverflow(by: unit.nanoseconds)
        guard !overflow else { return nil }
        var total = Duration.nanoseconds(nanoseconds)
        if parts.count == 2 {
            guard let fraction = fraction(parts[1], of: unit.nanoseconds) else { return nil }
            total += .nanoseconds(fraction)
        }
        return total <= longest ? total : nil
    }

    /// `digits` behind the point as whole nanoseconds, or nil where it is not a whole number.
    private static func fraction(_ digits: Substring, of unit: Int64) -> Int64? {
        var result: Int64 = 0
        var scale: Int64 = unit
        for digit in digits {
            guard let value = digit.wholeNumberValue else { return nil }
            guard scale % 10 == 0 else {
                if value == 0 { continue }
                // Finer than this unit divides into whole nanoseconds.
                return nil
            }
            scale /= 10
            result += Int64(value) * scale
        }
        return result
    }

    /// The duration in its largest unit that leaves a whole number, such as `90s` or `7d`.
    package static func write(_ duration: Duration) -> String {
        let nanoseconds = duration.inNanoseconds
        guard nanoseconds != 0 else { return "0s" }
        let unit = units.first { nanoseconds % $0.nanoseconds == 0 } ?? ("ns", 1)
        return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
    }
}
