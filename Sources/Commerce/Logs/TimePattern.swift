package import Timekeeping

/// How a log writes times, in the letters that most tools use, such as `dd/MM/yyyy HH:mm`.
///
/// `y` is the year, `M` the month, `d` the day, `H` the hour, `m` the minute, `s` the second, `a`
/// stands for AM or PM, `Z` for a zone: `Z`, `UTC`, `+02`, `+0200`, `+02:00` or a name of the
/// IANA database. Case matters only for these: the `m` after an hour is the minute, any other
/// the month. A number may have fewer digits than letters, but for the year. Seconds may have a
/// fraction of up to nine digits. Anything else stands for itself.
package struct TimePattern: Hashable, Sendable {
    fileprivate enum Part: Hashable, Sendable {
        case year(digits: Int)
        case month
        case day
        case hour
        case minute
        case second
        case half
        case zone
        /// Any number of spaces, or none.
        case space
        case literal(UInt8)
    }

    /// As it was written.
    package let text: String
    private let parts: [Part]

    /// The pattern that `text` writes, or nil if it names no day.
    package init?(_ text: String) {
        var parts: [Part] = []
        var rest = text.utf8[...]
        while let byte = rest.first {
            let letter = byte | 0x20
            let run = rest.prefix { $0 | 0x20 == letter }
            let isLetter = (97...122).contains(letter)
            rest = isLetter ? rest.dropFirst(run.count) : rest.dropFirst()
            switch letter {
            case UInt8(ascii: "y") where run.count == 4 || run.count == 2:
                parts.append(.year(digits: run.count))
            case UInt8(ascii: "m"):
                parts.append(parts.last(where: \.isNumber) == .hour ? .minute : .month)
            case UInt8(ascii: "d"): parts.append(.day)
            case UInt8(ascii: "h"): parts.append(.hour)
            case UInt8(ascii: "s"):
                // The fraction is read wherever there is one.
                if parts.last == .literal(UInt8(ascii: ".")), parts.contains(.second) {
                    parts.removeLast()
                } else {
                    parts.append(.second)
                }
            case UInt8(ascii: "a"): parts.append(.half)
            case UInt8(ascii: "z"): parts.append(.zone)
            case UInt8(ascii: "t") where run.count == 1: parts.append(.literal(byte))
            case _ where byte == UInt8(ascii: " "): parts.append(.space)
            case _ where isLetter: return nil
            default: parts.append(.literal(byte))
            }
        }
        let numbers = parts.filter(\.isNumber)
        guard Set(numbers).count == numbers.count, parts.contains(.month), parts.contains(.day),
            numbers.contains(where: { if case .year = $0 { true } else { false } })
        else { return nil }
        self.text = text
        self.parts = parts
    }

    /// The instant that `text` writes; on the walls of `zone` where it names none itself.
    package func instant(_ text: String, in zone: CivilZone) -> Timestamp? {
        var reading = Reading(rest: text.utf8[...])
        for part in parts {
            guard reading.take(part) else { return nil }
        }
        guard reading.rest.isEmpty else { return nil }
        return reading.instant(in: zone)
    }
}

extension TimePattern.Part {
    fileprivate var isNumber: Bool {
        switch self {
        case .year, .month, .day, .hour, .minute, .second: true
        case .half, .zone, .space, .literal: false
        }
    }
}

extension TimePattern {
    /// What was read of one time so far.
    private struct Reading {
        var rest: Substring.UTF8View
        private var year = 0
        private var month = 0
        private var day = 0
        private var hour = 0
        private var minute = 0
        private var second = 0
        private var nanoseconds: Int64 = 0
        private var isAfternoon: Bool?
        private var zone: CivilZone?
        /// Seconds east of UTC.
        private var offset: Int64?

        init(rest: Substring.UTF8View) {
            self.rest = rest
        }

        /// Reads `part`; false if something else is there.
        mutating func take(_ part: Part) -> Bool {
            switch part {
            case .year(let digits):
                guard let number = number(digits...digits) else { return false }
                year = digits == 4 ? number : number + (number < 69 ? 2000 : 1900)
            case .month: return set(\.month)
            case .day: return set(\.day)
            case .hour: return set(\.hour)
            case .minute: return set(\.minute)
            case .second: return set(\.second) && takeFraction()
            case .half:
                let word = String(rest.prefix(2))?.lowercased()
                guard word == "am" || word == "pm" else { return false }
                isAfternoon = word == "pm"
                rest.removeFirst(2)
            case .zone: return takeZone()
            case .space: rest = rest.drop { $0 == UInt8(ascii: " ") }
            case .literal(let byte):
                guard rest.first == byte else { return false }
                rest.removeFirst()
            }
            return true
        }

        private mutating func set(_ field: WritableKeyPath<Reading, Int>) -> Bool {
            guard let number = number(1...2) else { return false }
            self[keyPath: field] = number
            return true
        }

        private mutating func number(_ length: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix(length.upperBound).prefix { (48...57).contains($0) }
            guard digits.count >= length.lowerBound else { return nil }
            rest.removeFirst(digits.count)
            return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
        }

        private mutating func takeFraction() -> Bool {
            guard rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ",") else {
                return true
            }
            let digits = rest.dropFirst().prefix { (48...57).contains($0) }
            guard (1...9).contains(digits.count) else { return false }
            nanoseconds = digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
            for _ in digits.count..<9 { nanoseconds *= 10 }
            rest.removeFirst(digits.count + 1)
            return true
        }

        private mutating func takeZone() -> Bool {
            let word = String(rest) ?? ""
            rest = rest.suffix(0)
            switch word.uppercased() {
            case "Z", "UTC", "GMT": offset = 0
            default:
                offset = Reading.offset(word)
                if offset == nil { zone = try? CivilZone(named: word) }
            }
            return offset != nil || zone != nil
        }

        /// Seconds east of UTC, from `±hh`, `±hhmm` or `±hh:mm`.
        private static func offset(_ text: String) -> Int64? {
            guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
            var digits = Array(text.utf8.dropFirst())
            if digits.count == 5, digits[2] == UInt8(ascii: ":") { digits.remove(at: 2) }
            guard digits.count == 2 || digits.count == 4,
                digits.allSatisfy({ (48...57).contains($0) })
            else { return nil }
            let numbers = digits.map { Int64($0 - 48) } + [0, 0]
            let (hours, minutes) = (numbers[0] * 10 + numbers[1], numbers[2] * 10 + numbers[3])
            guard hours < 24, minutes < 60 else { return nil }
            return (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
        }

        func instant(in wall: CivilZone) -> Timestamp? {
            var hour = hour
            if let isAfternoon {
                guard (1...12).contains(hour) else { return nil }
                hour = hour % 12 + (isAfternoon ? 12 : 0)
            }
            guard (1678...2261).contains(year), hour < 24, minute < 60, second <= 60,
                let date = CivilDate(validYear: year, month: month, day: day)
            else { return nil }
            let seconds =
                Int64(date.daysSinceEpoch) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
            if let offset {
                return Timestamp(nanoseconds: (seconds - offset) * 1_000_000_000 + nanoseconds)
            }
            let instant = (zone ?? wall).instant(at: CivilDateTime(secondsSinceEpoch: seconds))
            return Timestamp(nanoseconds: instant.nanoseconds + nanoseconds)
        }
    }
}

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
