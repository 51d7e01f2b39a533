import ObjectiveSamples
import SLO
import Testing
import Timekeeping

@Suite struct CalendarWindowTests {
    private func window(
        _ start: String,
        _ count: Int,
        _ unit: CalendarPeriod.Unit,
        _ zone: String
    ) throws -> CalendarWindow {
        CalendarWindow(
            start: try #require(CivilDateTime(start)),
            period: CalendarPeriod(count: count, unit: unit),
            zone: try CivilZone(named: zone)
        )
    }

    private func instant(_ text: String) throws -> Timestamp {
        try #require(Timestamp(rfc3339: text))
    }

    private func text(_ range: Range<Timestamp>) -> [String] {
        [range.lowerBound.description, range.upperBound.description]
    }

    @Test(arguments: [
        ("2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),  // 23 hours
        ("2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),  // 25 hours
        ("2026-06-01T12:00:00Z", "2026-05-31T22:00:00Z", "2026-06-01T22:00:00Z"),
        // The start belongs to the period, its end to the next one.
        ("2026-05-31T22:00:00Z", "2026-05-31T22:00:00Z", "2026-06-01T22:00:00Z"),
    ])
    func `a day in Berlin has 23 or 25 hours where clocks change`(
        at: String,
        from: String,
        to: String
    ) throws {
        let days = try window("2020-01-01 00:00:00", 1, .day, "Europe/Berlin")
        #expect(text(days.period(containing: try instant(at))) == [from, to])
    }

    @Test func `months of every length follow each other without a gap`() throws {
        let months = try window("2022-01-01 00:00:00", 1, .month, "America/New_York")
        var at = try instant("2023-12-15T00:00:00Z")
        var days: [Int64] = []
        for _ in 0..<12 {
            let period = months.period(containing: at)
            let next = months.period(containing: period.upperBound)
            #expect(next.lowerBound == period.upperBound)
            #expect(months.period(before: period.upperBound) == period)
            days.append((period.upperBound - period.lowerBound).components.seconds / 3600)
            at = period.upperBound
        }
        // December 2023 to November 2024: March is an hour short, November an hour long.
        #expect(
            days == [744, 744, 29 * 24, 743, 720, 744, 720, 744, 744, 720, 744, 721]
        )
    }

    @Test func `months from the 31st start on the last day of a shorter one`() throws {
        let months = try window("2026-01-31 00:00:00", 1, .month, "UTC")
        let starts = (0..<5).map { months.start(ofPeriod: $0).date.day }
        #expect(starts == [31, 28, 31, 30, 31])
        #expect(
            text(months.period(containing: try instant("2026-03-05T00:00:00Z")))
                == ["2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"]
        )
    }

    @Test(arguments: [
        (2, CalendarPeriod.Unit.week, "2026-05-25T00:00:00Z", "2026-06-08T00:00:00Z"),
        (1, .quarter, "2026-05-11T00:00:00Z", "2026-08-11T00:00:00Z"),
        (1, .year, "2026-05-11T00:00:00Z", "2027-05-11T00:00:00Z"),
        (36, .hour, "2026-06-05T12:00:00Z", "2026-06-07T00:00:00Z"),
        (90, .minute, "2026-06-05T12:00:00Z", "2026-06-05T13:30:00Z"),
    ])
    func `periods of every unit are found before and after their start`(
        count: Int,
        unit: CalendarPeriod.Unit,
        from: String,
        to: String
    ) throws {
        for start in ["2026-05-11 00:00:00", "2030-05-11 00:00:00"] {
            let periods = try window(start, count, unit, "UTC")
            let period = periods.period(containing: try instant("2026-06-05T13:00:00Z"))
            #expect(period.contains(try instant("2026-06-05T13:00:00Z")))
            #expect(periods.period(containing: period.lowerBound) == period)
            #expect(
                periods.period(containing: period.upperBound).lowerBound == period.upperBound
            )
            if start.hasPrefix("2026") {
                #expect(text(period) == [from, to])
            }
        }
    }

    @Test func `hours go on evenly while clocks change`() throws {
        let hours = try window("2026-07-01 00:00:00", 1, .hour, "Europe/Berlin")
        for (at, to) in [
            ("2026-12-01T05:00:00Z", "2026-12-01T06:00:00Z"),
            ("2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"),
            ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"),
        ] {
            let period = hours.period(containing: try instant(at))
            #expect(period.upperBound.description == to)
            #expect(period.upperBound - period.lowerBound == .seconds(3600))
        }
    }

    @Test func `a time that clocks skip or show twice has one instant`() throws {
        let berlin = try CivilZone(named: "Europe/Berlin")
        let skipped = try #require(CivilDateTime("2026-03-29 02:30:00"))
        #expect(berlin.instant(at: skipped) == (try instant("2026-03-29T01:30:00Z")))
        let twice = try #require(CivilDateTime("2026-10-25 02:30:00"))
        #expect(berlin.instant(at: twice) == (try instant("2026-10-25T00:30:00Z")))
        // Half an hour of daylight saving.
        let howe = try CivilZone(named: "Australia/Lord_Howe")
        let summer = try #require(CivilDateTime("2026-01-01 00:00:00"))
        #expect(howe.instant(at: summer) == (try instant("2025-12-31T13:00:00Z")))
        let winter = try #require(CivilDateTime("2026-07-01 00:00:00"))
        #expect(howe.instant(at: winter) == (try instant("2026-06-30T13:30:00Z")))
        // A day that the zone left out: after the 29th came the 31st.
        let apia = try CivilZone(named: "Pacific/Apia")
        let days = try window("2011-12-01 00:00:00", 1, .day, "Pacific/Apia")
        let last = days.period(containing: try instant("2011-12-30T09:59:59Z"))
        #expect(apia.civil(at: last.upperBound).date.day == 31)
    }

    @Test func `civil times are read strictly`() throws {
        let time = try #require(CivilDateTime("2022-01-31 23:59:59"))
        #expect(time.description == "2022-01-31 23:59:59" && time.secondOfDay == 86_399)
        for text in [
            "2022-01-01", "2022-01-01T00:00:00", "2022-02-30 00:00:00", "2022-01-01 24:00:00",
            "2022-01-01 00:00:60", "2022-01-01 00:00:00Z", "2022-01-01  00:00:00", "",
            "2022-01-01 00:00:00.5", "0000-01-01 00:00:00",
        ] {
            #expect(CivilDateTime(text) == nil, "\(text)")
        }
    }

    @Test func `a budget of a month begins anew with it`() throws {
        let months = try window("2026-01-01 00:00:00", 1, .month, "Europe/Berlin")
        let objective = try SampleObjective.make(target: "0.99", window: .calendar(months))
        let march = try instant("2026-02-28T23:00:00Z")
        var tracker = ObjectiveTracker.exact(
            objective,
            slice: .seconds(600),
            span: .seconds(62 * 86_400),
            from: march
        )
        let april = try instant("2026-03-31T22:00:00Z")
        tracker.run(until: march + .seconds(6000), good: 0, total: 100)
        let early = try #require(tracker.status())
        // Ten slices of the month's 743 hours, not of the 6000 seconds so far.
        #expect(early.measurement.slices == 743 * 6 && early.measurement.elapsed == 10)
        #expect(early.measurement.coverage == .one)
        #expect(early.budget.spentRatio == ExactRatio(10 * 100, 743 * 6))
        #expect(early.budget.time == .seconds(743 * 36))
        tracker.run(until: april, good: 100, total: 100)
        // At the end of the month a report is about the month.
        let end = try #require(tracker.status())
        #expect(end.period == march..<april)
        #expect(end.budget.spentRatio == ExactRatio(10 * 100, 743 * 6))
        #expect(end.budget.allowed == ExactRatio(743 * 6, 1))
        #expect(end.worstDays.map(\.date) == [CivilDate(year: 2026, month: 3, day: 1)])
        #expect(end.worstDays.first?.spentRatio == end.budget.spentRatio)
        tracker.run(until: april + .seconds(600), good: 100, total: 100)
        let next = try #require(tracker.status())
        #expect(next.budget.spentRatio == .zero && next.budget.remainingRatio == .one)
        #expect(next.previous?.period == march..<april)
        #expect(next.previous?.budget.spentRatio == ExactRatio(10 * 100, 743 * 6))
        #expect(next.sliChange == ExactRatio(10, 743 * 6))
    }
}
