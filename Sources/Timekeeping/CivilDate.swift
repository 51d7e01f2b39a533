/// A day of the proleptic Gregorian calendar, in UTC.
package struct CivilDate: Hashable, Comparable, Sendable {
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to the length of the month.
    package var day: Int

    /// A date that is known to exist; use ``init(validYear:month:day:)`` for input.
    package init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date, or nil if the calendar has no such day (30 February, month 13).
    package init?(validYear year: Int, month: Int, day: Int) {
        guard (1...12).contains(month), day >= 1,
            day <= CivilDate.lengthOfMonth(month, year: year)
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// The date `days` after 1970-01-01.
    ///
    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    package init(daysSinceEpoch days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01; negative before it.
    ///
    /// Hinnant's `days_from_civil`.
    package var daysSinceEpoch: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The days of `month` (1 to 12) in `year`.
    package static func lengthOfMonth(_ month: Int, year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    package static func < (left: CivilDate, right: CivilDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}

extension CivilDate: CustomStringConvertible {
    /// `2006-01-02`.
    package var description: String {
        "\(year.text(width: 4))-\(month.text(width: 2))-\(day.text(width: 2))"
    }
}

extension Timestamp {
    private static let nanosecondsPerDay: Int64 = 86_400_000_000_000

    /// Midnight UTC at the start of `date`, or nil outside the years a timestamp covers.
    package init?(midnightOf date: CivilDate) {
        let (value, overflow) = Int64(date.daysSinceEpoch)
            .multipliedReportingOverflow(by: Timestamp.nanosecondsPerDay)
        guard !overflow else { return nil }
        self.init(nanoseconds: value)
    }

    /// The UTC day this instant falls in.
    package var date: CivilDate {
        CivilDate(daysSinceEpoch: Int(nanoseconds.flooringQuotient(Timestamp.nanosecondsPerDay)))
    }
}

extension Int64 {
    /// The quotient rounded towards negative infinity, so that instants before 1970 fall into
    /// the right window.
    @inlinable
    package func flooringQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The sum, or the nearest number there is: what no shop reaches must not end a run.
    @inlinable
    package func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the nearest number there is.
    @inlinable
    package func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}

/// A date and a time of day on a wall, in no particular zone.
package struct CivilDateTime: Hashable, Comparable, Sendable {
    package var date: CivilDate
    /// 0 to 86,399.
    package var secondOfDay: Int

    package init(date: CivilDate, secondOfDay: Int = 0) {
        precondition((0..<86_400).contains(secondOfDay), "a day has 86,400 seconds on the wall")
        self.date = date
        self.secondOfDay = secondOfDay
    }

    /// The time that `text` names as `2006-01-02 15:04:05`, or nil if it does not.
    package init?(_ text: some StringProtocol) {
        // The same form as RFC 3339 but for the separator and the zone.
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 10, parts[1].utf8.count == 8,
            !parts[1].hasSuffix("60"),
            let instant = Timestamp(rfc3339: parts[0] + "T" + parts[1] + "Z")
        else { return nil }
        self.init(secondsSinceEpoch: instant.nanoseconds.flooringQuotient(1_000_000_000))
    }

    /// The wall of UTC, `seconds` after 1970 began.
    package init(secondsSinceEpoch seconds: Int64) {
        let days = seconds.flooringQuotient(86_400)
        self.init(
            date: CivilDate(daysSinceEpoch: Int(days)),
            secondOfDay: Int(seconds - days * 86_400)
        )
    }

    /// Seconds since 1970 began on the wall of UTC.
    package var secondsSinceEpoch: Int64 {
        Int64(date.daysSinceEpoch) * 86_400 + Int64(secondOfDay)
    }

    package static func < (left: CivilDateTime, right: CivilDateTime) -> Bool {
        (left.date, left.secondOfDay) < (right.date, right.secondOfDay)
    }
}

extension CivilDateTime: CustomStringConvertible {
    /// `2006-01-02 15:04:05`.
    package var description: String {
        let text = Timestamp(seconds: secondsSinceEpoch).description.dropLast()
        return String(text).replacing("T", with: " ")
    }
}
