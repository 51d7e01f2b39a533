package import Timekeeping

/// The period over which an objective has to hold.
package enum TimeWindow: Hashable, Sendable {
    /// The duration up to now.
    case rolling(Duration)
    /// Periods of a calendar, one after the other, each with a budget of its own.
    case calendar(CalendarWindow)

    /// The length of the period; for months, quarters and years their nominal one.
    package var nominalLength: Duration {
        switch self {
        case .rolling(let duration): duration
        case .calendar(let window): window.period.nominalLength
        }
    }
}

/// Periods that start by the clock on the wall of a time zone.
package struct CalendarWindow: Hashable, Sendable {
    /// The start of one of the periods; the others follow from it in both directions.
    package var start: CivilDateTime
    package var period: CalendarPeriod
    package var zone: CivilZone

    package init(start: CivilDateTime, period: CalendarPeriod, zone: CivilZone) {
        self.start = start
        self.period = period
        self.zone = zone
    }
}
