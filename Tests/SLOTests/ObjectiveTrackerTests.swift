import ObjectiveSamples
import SLO
import Testing
import Timekeeping

@Suite struct ObjectiveTrackerTests {
    typealias Sample = SampleObjective

    private func hourly(
        _ budgeting: BudgetingMethod = .occurrences,
        target: String = "0.9",
        minimumEvents: Int64 = 0,
        maintenance: [MaintenanceWindow] = []
    ) throws -> ObjectiveTracker {
        try ObjectiveTracker.exact(
            Sample.make(
                target: target,
                budgeting,
                window: .rolling(Sample.hour),
                minimumEvents: minimumEvents,
                maintenance: maintenance
            ),
            slice: Sample.minute,
            span: Sample.hour * 4
        )
    }

    @Test func `states tell too little from nothing and nothing from good`() throws {
        var tracker = try hourly()
        #expect(ObjectiveTracker(tracker.objective, slice: Sample.minute).status() == nil)
        #expect(tracker.status()?.state == .noData)
        tracker.run(until: Sample.monday + Sample.minute * 30, good: 10, total: 10)
        #expect(tracker.status()?.state == .partial)
        tracker.run(until: Sample.monday + Sample.hour, good: 10, total: 10)
        #expect(tracker.status()?.state == .ok)
        tracker.run(until: Sample.monday + Sample.minute * 65, good: 1, total: 10)
        #expect(tracker.status()?.budget.spentRatio == ExactRatio(45, 60))
        #expect(tracker.status()?.state == .atRisk)
        tracker.run(until: Sample.monday + Sample.minute * 66, good: 0, total: 10)
        tracker.run(until: Sample.monday + Sample.minute * 67, good: 5, total: 10)
        // All of it is spent, and no more: the target is still met.
        let exhausted = try #require(tracker.status())
        #expect(exhausted.budget.isExhausted && exhausted.isMeetingTarget == true)
        #expect(exhausted.state == .atRisk)
        tracker.run(until: Sample.monday + Sample.minute * 68, good: 9, total: 10)
        let breached = try #require(tracker.status())
        #expect(breached.state == .breached && breached.isMeetingTarget == false)
        #expect(breached.budget.remaining == ExactRatio(-1, 1))
        #expect(breached.budget.remainingRatio == ExactRatio(-1, 60))
        #expect(breached.budget.remainingTime == .seconds(-6))
        #expect(breached.budget.isExhausted && breached.projectedExhaustion == nil)
    }

    @Test func `silence is no data however good it was before`() throws {
        var tracker = try hourly()
        tracker.run(until: Sample.monday + Sample.hour, good: 10, total: 10)
        tracker.advance(to: Sample.monday + Sample.minute * 65)
        #expect(tracker.status()?.state == .partial)
        tracker.advance(to: Sample.monday + Sample.minute * 66)
        let silent = try #require(tracker.status())
        #expect(silent.state == .noData && silent.reason.contains("2026-06-01T01:00:00Z"))
        // What reports that nothing happens is no silence, but no success either.
        var idle = try hourly()
        idle.run(until: Sample.monday + Sample.hour, good: 0, total: 0)
        let status = try #require(idle.status())
        #expect(status.state == .noData && status.measurement.coverage == .one)
        #expect(status.measurement.sli == nil && status.budget.spentRatio == .zero)
    }

    @Test func `with fewer events than the gate nothing is said`() throws {
        var tracker = try hourly(minimumEvents: 100)
        tracker.run(until: Sample.monday + Sample.minute * 59, good: 1, total: 1)
        tracker.run(until: Sample.monday + Sample.hour, good: 0, total: 40)
        let few = try #require(tracker.status())
        #expect(few.state == .partial && few.reason == "99 events of the 100 it takes")
        tracker.run(until: Sample.monday + Sample.minute * 61, good: 0, total: 2)
        #expect(tracker.status()?.state == .breached)
    }

    @Test func `counts that cannot be are refused each under its name`() throws {
        var tracker = try hourly()
        let start = Sample.monday
        tracker.record(Slice(start: start, good: -1, total: 5))
        tracker.record(Slice(start: start, good: 0, total: -1))
        tracker.record(Slice(start: start, good: 6, total: 5))
        tracker.record(Slice(start: start, bad: 6, total: 5))
        tracker.record(Slice(start: start, good: 0, total: .max))
        tracker.record(Slice(start: start + Sample.minute, good: 1, total: 1))
        tracker.record(Slice(start: start - Sample.minute, good: 1, total: 1))
        tracker.record(Slice(start: .distantFuture, good: 1, total: 1))
        tracker.record(Slice(start: .distantPast, good: 1, total: 1))
        for _ in 0..<2 {
            tracker.record(Slice(start: start, good: 0, total: Slice.largestTotal))
        }
        tracker.advance(to: start - .seconds(1))
        let met = tracker.faults.met
        #expect(
            met.map(\.fault) == [
                .negative, .goodExceedsTotal, .implausible, .tooLate, .ahead, .clockStep,
            ]
        )
        #expect(met.map(\.count) == [3, 1, 2, 2, 2, 1])
        #expect(tracker.now == start)
    }

    @Test func `a clock that steps back changes nothing that is known`() throws {
        var tracker = try hourly()
        tracker.run(until: Sample.monday + Sample.hour, good: 9, total: 10)
        let before = try #require(tracker.status())
        tracker.advance(to: Sample.monday + Sample.minute * 20)
        let after = try #require(tracker.status())
        #expect(after.asOf == before.asOf && after.faults[.clockStep] == 1)
        #expect(after.measurement.components == before.measurement.components)
        // Slices of the time that comes twice are late, and added to where they belong.
        tracker.record(
            Slice(start: Sample.monday + Sample.minute * 20, good: 0, total: 10)
        )
        #expect(tracker.status()?.measurement.events.total == 610)
    }

    @Test func `a slice that is late changes the verdict on its time slice`() throws {
        var tracker = try hourly(
            .timeslices(window: Sample.minute * 5, target: Sample.decimal("0.9"))
        )
        tracker.run(until: Sample.monday + Sample.hour, good: 10, total: 10)
        #expect(tracker.status()?.measurement.judged == JudgedSum(judged: 12))
        tracker.record(Slice(start: Sample.monday + Sample.minute * 7, good: 0, total: 5))
        // 50 of 55 are enough, 50 of 56 are not.
        #expect(tracker.status()?.measurement.judged?.bad == 0)
        tracker.record(Slice(start: Sample.monday + Sample.minute * 8, good: 0, total: 1))
        #expect(tracker.status()?.measurement.judged?.bad == 1)
        tracker.record(Slice(start: Sample.monday + Sample.minute * 8, good: 50, total: 50))
        #expect(tracker.status()?.measurement.judged == JudgedSum(judged: 12))
    }

    @Test func `a time slice is judged when it has ended`() throws {
        var tracker = try hourly(
            .timeslices(window: Sample.minute * 5, target: Sample.decimal("0.9"))
        )
        tracker.run(until: Sample.monday + Sample.minute * 9, good: 0, total: 10)
        #expect(tracker.measure(last: Sample.hour, asOf: Sample.monday + Sample.hour).observed == 1)
        tracker.run(until: Sample.monday + Sample.minute * 10, good: 0, total: 10)
        #expect(tracker.measure(last: Sample.hour, asOf: Sample.monday + Sample.hour).observed == 2)
        // Empty slices are good, missing ones are neither.
        tracker.run(until: Sample.monday + Sample.minute * 15, good: 0, total: 0)
        tracker.advance(to: Sample.monday + Sample.hour)
        let measurement = try #require(tracker.status()).measurement
        #expect(
            measurement.judged
                == JudgedSum(badUnits: JudgedSum.unit * 2, judged: 3, bad: 2, empty: 1)
        )
        #expect(measurement.errorRatio == ExactRatio(2, 3))
        #expect(measurement.spentShare == ExactRatio(2, 12))
        #expect(measurement.coverage == ExactRatio(3, 12))
    }

    @Test func `a composite's slice is bad with any component's, and unknown with any's`() throws {
        let objective = try Sample.make(
            target: "0.9",
            .timeslices(window: Sample.minute, target: Sample.decimal("0.5")),
            window: .rolling(Sample.minute * 10),
            weights: ["1", "1"]
        )
        var tracker = ObjectiveTracker.exact(
            objective,
            slice: Sample.minute,
            span: Sample.hour
        )
        let rows: [(Int64?, Int64?)] = [(10, 10), (10, 4), (4, nil), (10, nil), (nil, nil)]
        for (number, row) in rows.enumerated() {
            let start = Sample.monday + Sample.minute * number
            for (component, good) in [row.0, row.1].enumerated() {
                guard let good else { continue }
                tracker.record(Slice(start: start, good: good, total: 10), of: component)
            }
            tracker.advance(to: start + Sample.minute)
        }
        let measurement = try #require(tracker.status()).measurement
        #expect(measurement.judged?.judged == 3 && measurement.judged?.bad == 2)
        #expect(measurement.coverage == ExactRatio(3, 10))
    }

    @Test func `a composite of which a part was never seen has no data and no figures`() throws {
        var tracker = ObjectiveTracker(
            try Sample.make(target: "0.9", weights: ["0.5", "0.5"]),
            slice: Sample.minute
        )
        tracker.advance(to: Sample.monday)
        tracker.record(Slice(start: Sample.monday, good: 10, total: 10), of: 0)
        tracker.advance(to: Sample.monday + Sample.minute)
        let status = try #require(tracker.status())
        #expect(status.state == .noData)
        #expect(status.measurement.sli == nil)
        #expect(status.budget.remainingRatio == nil)
    }

    @Test func `a composite of events loses what its components lose by weight`() throws {
        let objective = try Sample.make(
            target: "0.5",
            window: .rolling(Sample.minute * 10),
            weights: ["0.5", "2"]
        )
        var tracker = ObjectiveTracker.exact(
            objective,
            slice: Sample.minute,
            span: Sample.hour
        )
        tracker.run(until: Sample.monday + Sample.minute * 10, good: 3, total: 4)
        let status = try #require(tracker.status())
        // 0.25 · 0.5 + 0.25 · 2
        #expect(status.measurement.errorRatio == ExactRatio(625, 1000))
        #expect(status.measurement.sli == ExactRatio(375, 1000))
        #expect(status.budget.spentRatio == ExactRatio(5, 4) && status.state == .breached)
        #expect(status.budget.allowed == nil)
    }

    @Test func `a share of a slice is kept to eighteen decimals`() throws {
        var tracker = try hourly(.ratioTimeslices(window: Sample.minute))
        tracker.run(until: Sample.monday + Sample.hour, good: 2, total: 3)
        let measurement = try #require(tracker.status()).measurement
        let third: Int128 = 333_333_333_333_333_333
        #expect(measurement.judged?.badUnits == third * 60)
        // Which is off by less than half of the last decimal in each slice.
        let error = ExactRatio(1, 3) - (measurement.errorRatio ?? .zero)
        #expect(error > .zero && error < ExactRatio(1, 2 * JudgedSum.unit))
    }

    @Test func `maintenance is excluded and shown as excluded`() throws {
        let window = MaintenanceWindow(
            reason: "upgrade",
            start: CivilDateTime(date: CivilDate(year: 2026, month: 6, day: 1), secondOfDay: 600),
            zone: .utc,
            duration: Sample.minute * 20,
            every: CalendarPeriod(count: 1, unit: .day)
        )
        for budgeting: BudgetingMethod in [
            .occurrences, .ratioTimeslices(window: Sample.minute),
            .timeslices(window: Sample.minute, target: .one),
        ] {
            var tracker = try hourly(budgeting, maintenance: [window])
            tracker.run(until: Sample.monday + Sample.minute * 10, good: 10, total: 10)
            tracker.run(until: Sample.monday + Sample.minute * 30, good: 0, total: 10)
            tracker.run(until: Sample.monday + Sample.hour, good: 10, total: 10)
            let status = try #require(tracker.status())
            #expect(status.measurement.excluded == 20 && status.measurement.expected == 40)
            #expect(status.measurement.coverage == .one && status.state == .ok)
            #expect(status.budget.spentRatio == .zero)
            #expect(status.measurement.excludedEvents.map(\.total) == [200])
            // The budget is that of the 40 minutes that count.
            #expect(status.budget.time == .seconds(240))
        }
    }

    @Test func `maintenance comes again on the wall until it ends`() throws {
        let berlin = try CivilZone(named: "Europe/Berlin")
        let window = MaintenanceWindow(
            reason: "weekly",
            start: try #require(CivilDateTime("2026-03-22 04:00:00")),
            zone: berlin,
            duration: Sample.hour,
            every: CalendarPeriod(count: 1, unit: .week),
            until: CivilDateTime("2026-04-05 00:00:00")
        )
        var schedule = MaintenanceSchedule([window])
        func isUnder(_ text: String) throws -> Bool {
            schedule.isUnderMaintenance(at: try #require(Timestamp(rfc3339: text)))
        }
        #expect(try !isUnder("2026-03-22T02:59:59Z"))
        #expect(try isUnder("2026-03-22T03:00:00Z"))
        #expect(try isUnder("2026-03-22T03:59:59Z"))
        #expect(try !isUnder("2026-03-22T04:00:00Z"))
        // Clocks have gone forward: four o'clock is an hour earlier.
        #expect(try isUnder("2026-03-29T02:30:00Z"))
        #expect(try !isUnder("2026-03-29T03:30:00Z"))
        #expect(try !isUnder("2026-04-05T02:30:00Z"))
        // And back in time, whatever was asked before.
        #expect(try isUnder("2026-03-22T03:30:00Z"))
    }

    @Test func `the worst days add up to what was spent`() throws {
        var tracker = try ObjectiveTracker.exact(
            Sample.make(target: "0.9", window: .rolling(Sample.day * 7)),
            slice: Sample.minute,
            span: Sample.day * 8
        )
        for (day, bad) in [0, 30, 10, 0, 30, 5, 0].enumerated() {
            let start = Sample.monday + Sample.day * day
            tracker.run(until: start + Sample.minute * bad, good: 0, total: 2)
            tracker.run(until: start + Sample.day, good: 2, total: 2)
        }
        let status = try #require(tracker.status())
        // Of equal days the earlier one comes first.
        #expect(status.worstDays.map(\.date.day) == [2, 5, 3, 6])
        let sum = status.worstDays.reduce(Int128(0)) { sum, day in
            sum + day.spentRatio.multiplied(by: ExactRatio(100_800, 1)).numerator
                / day.spentRatio.multiplied(by: ExactRatio(100_800, 1)).denominator
        }
        #expect(status.budget.spentRatio == ExactRatio(75, 1008))
        #expect(sum == 7500)
    }

    @Test func `exhaustion is projected from the burn rate of now`() throws {
        var tracker = try ObjectiveTracker.exact(
            Sample.make(target: "0.9", window: .rolling(Sample.hour * 30)),
            slice: Sample.minute,
            span: Sample.hour * 31
        )
        tracker.run(until: Sample.monday + Sample.hour * 30, good: 10, total: 10)
        #expect(try #require(tracker.status()).projectedExhaustion == nil)
        tracker.run(until: Sample.monday + Sample.hour * 33, good: 7, total: 10)
        let status = try #require(tracker.status())
        // A burn rate of 3 for a tenth of the window: 0.3 spent, the rest lasts 0.7 / 3 of it.
        #expect(status.budget.spentRatio == ExactRatio(3, 10))
        #expect(status.projectedExhaustion == status.asOf + Sample.hour * 7)
        #expect(status.projectionWindow == .seconds(180))
        // At 1 or slower nothing is ever left over for a whole period.
        tracker.run(until: Sample.monday + Sample.hour * 34, good: 99, total: 100)
        #expect(try #require(tracker.status()).projectedExhaustion == nil)
    }

    @Test func `only slices that divide the objective's own fit`() throws {
        let objective = try Sample.make(.ratioTimeslices(window: Sample.minute))
        #expect(ObjectiveTracker.fits(slice: .seconds(10), objective))
        #expect(!ObjectiveTracker.fits(slice: .seconds(7), objective))
        #expect(!ObjectiveTracker.fits(slice: .zero, objective))
        #expect(ObjectiveTracker.fits(slice: .seconds(7), try Sample.make()))
    }

    @Test func `measurements and raw ratios become slices`() throws {
        let threshold = ThresholdIndicator(
            metric: MetricSource(dataSource: "run", .meter("")),
            comparison: .lessThan,
            value: ExactDecimal(10)
        )
        let values = try ["9.999", "10", "10.001", "-3"].map(Sample.decimal)
        let start = Sample.monday
        let expected: [ThresholdComparison: Int128] = [
            .lessThan: 2, .lessThanOrEqual: 3, .greaterThan: 1, .greaterThanOrEqual: 2,
        ]
        for comparison in ThresholdComparison.allCases {
            var indicator = threshold
            indicator.comparison = comparison
            let slice = Slice(start: start, measurements: values, of: indicator)
            #expect(slice.total == 4 && slice.good == expected[comparison])
        }
    }
}
