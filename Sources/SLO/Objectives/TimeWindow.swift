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

    /// The period in one word: `30d`, or `1M` of a calendar.
    package var label: String {
        switch self {
        case .rolling(let duration): DurationText.write(duration)
        case .calendar(let window): window.period.description
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

/// A length of time that a calendar knows.
package struct CalendarPeriod: Hashable, Sendable {
    /// The units of OpenSLO's durations.
    package enum Unit: String, Hashable, Sendable, CaseIterable {
        case minute = "m"
        case hour = "h"
        case day = "d"
        case week = "w"
        case month = "M"
        case quarter = "Q"
        case year = "Y"

        /// The length as OpenSLO's reference has it: a month is 30 days, a year is 365.
        package var nominalLength: Duration {
            switch self {
            case .minute: .seconds(60)
            case .hour: .seconds(3600)
            case .day: .seconds(86_400)
            case .week: .seconds(7 * 86_400)
            case .month: .seconds(30 * 86_400)
            case .quarter: .seconds(90 * 86_400)
            case .year: .seconds(365 * 86_400)
            }
        }
    }

    /// At least 1.
    package var count: Int
    package var unit: Unit

    package init(count: Int, unit: Unit) {
        precondition((1...100_000).contains(count), "a period is at least one unit")
        self.count = count
        self.unit = unit
    }

    package var nominalLength: Duration { unit.nominalLength * count }
}

extension CalendarPeriod: CustomStringConvertible {
    /// As OpenSLO writes it: `1M`.
    package var description: String { "\(count)\(unit.rawValue)" }
}

extension CalendarWindow {
    /// The period that `instant` falls into, from its start to the start of the next one.
    package func period(containing instant: Timestamp) -> Range<Timestamp> {
        var number = estimate(at: instant)
        while start(ofPeriod: number) > instant {
            number -= 1
        }
        while start(ofPeriod: number + 1) <= instant {
            number += 1
        }
        return start(ofPeriod: number)..<start(ofPeriod: number + 1)
    }

    /// The period before the one that `instant` falls into.
    package func period(before instant: Timestamp) -> Range<Timestamp> {
        let current = period(containing: instant)
        return period(containing: current.lowerBound - .nanoseconds(1))
    }

    /// When the period that is `number` after the first one starts.
    ///
    /// Days, weeks and longer units start at the same time of day on the wall, so that a day is
    /// 23 or 25 hours long where clocks change. Months are counted from the first start: from the
    /// 31st they start on the last day of a shorter month, and on the 31st again after it. Minutes
    /// and hours are of equal length whatever the wall shows.
    package func start(ofPeriod number: Int64) -> Timestamp {
        let steps = number * Int64(period.count)
        switch period.unit {
        case .minute, .hour:
            let seconds: Int64 = period.unit == .minute ? 60 : 3600
            return Timestamp(
                nanoseconds: zone.instant(at: start).nanoseconds + steps * seconds * 1_000_000_000
            )
        case .day, .week:
            let days = Int(steps) * (period.unit == .week ? 7 : 1)
            let date = CivilDate(daysSinceEpoch: start.date.daysSinceEpoch + days)
            return zone.instant(at: CivilDateTime(date: date, secondOfDay: start.secondOfDay))
        case .month, .quarter, .year:
            let months = Int(steps) * monthsInUnit
            return zone.instant(
                at: CivilDateTime(
                    date: start.date.adding(months: months),
                    secondOfDay: start.secondOfDay
                )
            )
        }
    }

    private var monthsInUnit: Int {
        switch period.unit {
        case .month: 1
        case .quarter: 3
        case .year: 12
        case .minute, .hour, .day, .week: 0
        }
    }

    /// The number of the period, give or take one or two.
    private func estimate(at instant: Timestamp) -> Int64 {
        let civil = zone.civil(at: instant)
        switch period.unit {
        case .minute, .hour, .day, .week:
            let seconds = civil.secondsSinceEpoch - start.secondsSinceEpoch
            return seconds.flooringQuotient(period.nominalLength.components.seconds)
        case .month, .quarter, .year:
            let months = civil.date.monthsSinceYearZero - start.date.monthsSinceYearZero
            return Int64(months).flooringQuotient(Int64(monthsInUnit * period.count))
        }
    }
}

extension CivilDate {
    fileprivate var monthsSinceYearZero: Int { year * 12 + month - 1 }

    /// The same day `months` later, or the last day of a month that is too short for it.
    fileprivate func adding(months: Int) -> CivilDate {
        let sum = monthsSinceYearZero + months
        let year = Int(Int64(sum).flooringQuotient(12))
        let month = sum - year * 12 + 1
        return CivilDate(
            year: year,
            month: month,
            day: min(day, CivilDate.lengthOfMonth(month, year: year))
        )
    }
}
