import Testing
import Timekeeping

struct CivilDateTests {
    @Test(arguments: [
        (0, 1970, 1, 1), (-1, 1969, 12, 31), (59, 1970, 3, 1), (10_957, 2000, 1, 1),
        (11_016, 2000, 2, 29), (11_017, 2000, 3, 1), (19_782, 2024, 2, 29),
        (-25_509, 1900, 2, 28), (-25_508, 1900, 3, 1), (9_862, 1997, 1, 1),
        (-719_162, 1, 1, 1), (-719_468, 0, 3, 1),
    ])
    func `known days are the dates of the calendar`(days: Int, year: Int, month: Int, day: Int) {
        let date = CivilDate(year: year, month: month, day: day)
        #expect(CivilDate(daysSinceEpoch: days) == date)
        #expect(date.daysSinceEpoch == days)
    }

    @Test func `every day of eight centuries follows the one before it`() {
        var expected = CivilDate(year: 1600, month: 1, day: 1)
        let first = expected.daysSinceEpoch
        for days in first..<first + 2 * 146_097 {
            let date = CivilDate(daysSinceEpoch: days)
            guard date == expected, date.daysSinceEpoch == days else {
                Issue.record("day \(days) is \(date), expected \(expected)")
                return
            }
            expected.day += 1
            if expected.day > CivilDate.lengthOfMonth(expected.month, year: expected.year) {
                expected.day = 1
                expected.month = expected.month % 12 + 1
                expected.year += expected.month == 1 ? 1 : 0
            }
        }
        #expect(expected == CivilDate(year: 2400, month: 1, day: 1))
    }

    @Test(arguments: [(1900, false), (2000, true), (2023, false), (2024, true), (2100, false)])
    func `29 February exists in leap years alone`(year: Int, isLeap: Bool) {
        #expect((CivilDate(validYear: year, month: 2, day: 29) != nil) == isLeap)
        #expect(CivilDate(validYear: year, month: 2, day: 28) != nil)
        #expect(CivilDate(validYear: year, month: 2, day: 30) == nil)
    }

    @Test(arguments: [(0, 1), (13, 1), (1, 0), (1, 32), (4, 31), (-1, 5)])
    func `a day the calendar does not have is refused`(month: Int, day: Int) {
        #expect(CivilDate(validYear: 2023, month: month, day: day) == nil)
    }

    @Test func `dates are ordered by year, month and day`() {
        let days = [(1999, 12, 31), (2000, 1, 1), (2000, 1, 2), (2000, 2, 1), (2001, 1, 1)]
        let dates = days.map { CivilDate(year: $0.0, month: $0.1, day: $0.2) }
        #expect(dates == dates.reversed().sorted())
    }

    @Test func `an instant falls into the day of its midnight, before 1970 too`() {
        let date = CivilDate(year: 1969, month: 7, day: 20)
        let midnight = Timestamp(midnightOf: date)
        #expect(midnight?.date == date)
        #expect(midnight.map { ($0 + .nanoseconds(86_399_999_999_999)).date } == date)
        #expect(
            midnight.map { ($0 - .nanoseconds(1)).date }
                == CivilDate(year: 1969, month: 7, day: 19)
        )
        #expect(Timestamp(midnightOf: CivilDate(year: 2300, month: 1, day: 1)) == nil)
    }

    @Test(arguments: [(7, 2, 3), (-7, 2, -4), (-8, 2, -4), (0, 5, 0), (-1, 86_400, -1)])
    func `the flooring quotient rounds down`(value: Int64, divisor: Int64, quotient: Int64) {
        #expect(value.flooringQuotient(divisor) == quotient)
    }
}
