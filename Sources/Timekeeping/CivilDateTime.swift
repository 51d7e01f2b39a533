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

    /// The time that `text` names as `2006-01-02 15:04:05`, or nil where it does not.
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
