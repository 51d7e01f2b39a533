package import Timekeeping

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
