package import Timekeeping

extension Timestamp {
    /// Midnight UTC of the day that eight digits name, such as `19970101`; else nil.
    package init?(yyyymmdd digits: some Collection<UInt8>) {
        guard digits.count == 8 else { return nil }
        var number = 0
        for digit in digits {
            guard (48...57).contains(digit) else { return nil }
            number = number * 10 + Int(digit - 48)
        }
        // The years that a timestamp covers as a whole, as for RFC 3339.
        guard (1678...2261).contains(number / 10_000),
            let date = CivilDate(
                validYear: number / 10_000,
                month: number / 100 % 100,
                day: number % 100
            )
        else { return nil }
        self.init(midnightOf: date)
    }

    /// The instant that a decimal number of seconds since the epoch names, with up to nine
    /// decimals; else nil.
    package init?(epochSeconds text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int64(parts[0]), parts[0].first != "+" else {
            return nil
        }
        var fraction: Int64 = 0
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard (1...9).contains(digits.count),
                digits.allSatisfy({ (48...57).contains($0) })
            else { return nil }
            for digit in digits {
                fraction = fraction * 10 + Int64(digit - 48)
            }
            for _ in digits.count..<9 {
                fraction *= 10
            }
        }
        let (seconds, overflow) = whole.multipliedReportingOverflow(by: 1_000_000_000)
        let signed = parts[0].first == "-" ? -fraction : fraction
        let (nanoseconds, carry) = seconds.addingReportingOverflow(signed)
        guard !overflow, !carry else { return nil }
        self.init(nanoseconds: nanoseconds)
    }

    /// The instant that a whole number of units of so many nanoseconds since the epoch names; else
    /// nil.
    init?(epoch text: String, unit nanoseconds: Int64) {
        guard text.first != "+", let number = Int64(text) else { return nil }
        let (instant, overflow) = number.multipliedReportingOverflow(by: nanoseconds)
        guard !overflow else { return nil }
        self.init(nanoseconds: instant)
    }

    /// Whole milliseconds since the epoch, as an id of version 7 takes them: 0 before it.
    var millisecondsForID: UInt64 {
        UInt64(max(0, nanoseconds) / 1_000_000)
    }
}
