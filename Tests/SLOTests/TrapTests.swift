import ObjectiveSamples
import SLO
import Testing
import Timekeeping

/// What other engines are known to get wrong, and the true value each time.
@Suite struct TrapTests {
    typealias Sample = SampleObjective

    @Test func `events weigh alike however they are spread`() throws {
        // Sloth's default period SLI averages the ratios of five-minute windows, and so tells
        // 0.00625 here.
        func track(_ budgeting: BudgetingMethod) throws -> ObjectiveTracker {
            let objective = try Sample.make(budgeting, window: .rolling(Sample.hour * 12))
            var tracker = ObjectiveTracker.exact(
                objective,
                slice: Sample.minute,
                span: Sample.hour * 13
            )
            tracker.run(until: Sample.monday + Sample.hour * 6, good: 10, total: 10)
            let spike = Sample.monday + Sample.hour * 6 + Sample.minute * 5
            tracker.run(until: spike, good: 50_000, total: 100_000)
            tracker.run(until: spike + Sample.hour * 6, good: 10, total: 10)
            return tracker
        }
        let occurrences = try track(.occurrences)
        let whole = occurrences.measure(
            last: Sample.hour * 12 + Sample.minute * 5,
            asOf: try #require(occurrences.now)
        )
        #expect(whole.errorRatio == ExactRatio(250_000, 507_200))
        // The average of ratios has a name of its own, and is only told where it is asked for.
        let ratios = try track(.ratioTimeslices(window: Sample.minute * 5))
        let mean = ratios.measure(
            last: Sample.hour * 12 + Sample.minute * 5,
            asOf: try #require(ratios.now)
        )
        #expect(mean.errorRatio == ExactRatio(1, 290))
    }

    @Test func `ten quiet minutes leave the budget defined`() throws {
        // Sloth's remaining budget is not a number until they have left the window.
        var tracker = try ObjectiveTracker.exact(
            Sample.make(window: .rolling(Sample.hour)),
            slice: Sample.minute,
            span: Sample.hour * 2
        )
        tracker.run(until: Sample.monday + Sample.minute * 30, good: 1000, total: 1000)
        tracker.run(until: Sample.monday + Sample.minute * 40, good: 0, total: 0)
        tracker.run(until: Sample.monday + Sample.minute * 59, good: 1000, total: 1000)
        tracker.run(until: Sample.monday + Sample.minute * 60, good: 990, total: 1000)
        let status = try #require(tracker.status())
        #expect(status.measurement.errorRatio == ExactRatio(10, 50_000))
        #expect(status.budget.remainingRatio == ExactRatio(8, 10))
        #expect(status.measurement.coverage == .one && status.state == .ok)
        // A window without a single event has no ratio, and has spent nothing.
        let quiet = tracker.burnRate(
            last: Sample.minute * 5,
            asOf: Sample.monday + Sample.minute * 40
        )
        #expect(quiet.measurement.errorRatio == nil && quiet.value == .zero)
    }

    @Test func `without a failure so far the error ratio is zero and not absent`() throws {
        // A rule over a success counter alone records nothing before the first failure.
        var failures = CounterReader(last: 0)
        var tracker = try ObjectiveTracker.exact(
            Sample.make(),
            slice: Sample.minute,
            span: Sample.hour
        )
        let bad = failures.increment(to: 0)
        tracker.record(Slice(start: Sample.monday, bad: try #require(bad).digits, total: 10))
        tracker.advance(to: Sample.monday + Sample.minute)
        let measurement = tracker.measure(
            last: Sample.minute,
            asOf: Sample.monday + Sample.minute
        )
        #expect(measurement.errorRatio == .zero && measurement.sli == .one)
    }

    @Test func `the first failures count where the counter was exposed at zero`() {
        // PromQL's rate() is 0 for a series that is born at 5.
        var exposed = CounterReader()
        #expect(exposed.increment(to: 0) == nil)
        #expect(exposed.increment(to: 5) == 5)
        // Of one that was not, nobody knows when its events were.
        var born = CounterReader()
        #expect(born.increment(to: 5) == nil)
        #expect(born.increment(to: 7) == 2)
    }

    @Test func `a short history detects an outage no sooner than a long one`() throws {
        // The six-hour window of a two-hour history holds two hours, so that promtool's test of
        // such rules pages after 45 seconds.
        for hours in [2, 7] {
            var tracker = try ObjectiveTracker.exact(
                Sample.make(rules: Sample.workbook),
                slice: .seconds(1),
                span: Sample.hour * 8
            )
            tracker.run(until: Sample.monday + Sample.hour * hours, good: 10, total: 10)
            let page = tracker.run(untilFiring: "fast", within: .seconds(60), good: 0, total: 10)
            #expect(page == .seconds(52))
            let slow = tracker.run(
                untilFiring: "medium",
                within: .seconds(100),
                good: 0,
                total: 10
            )
            #expect(slow == .seconds(130 - 52))
        }
    }

    @Test func `one error in the first hour spends what it is of the whole period`() throws {
        // Bad over what there is so far makes this -0.67 of the month's budget remaining.
        var tracker = try ObjectiveTracker.exact(
            Sample.make(),
            slice: Sample.minute,
            span: Sample.hour
        )
        tracker.run(until: Sample.monday + Sample.minute * 59, good: 10, total: 10)
        tracker.run(until: Sample.monday + Sample.hour, good: 9, total: 10)
        let status = try #require(tracker.status())
        #expect(status.budget.spentRatio == ExactRatio(1000, 600 * 720))
        #expect(status.budget.isEstimated && status.budget.allowed == ExactRatio(432, 1))
        #expect(status.measurement.coverage == ExactRatio(1, 720))
        #expect(status.state == .partial && status.isMeetingTarget == false)
    }

    @Test func `a counter that begins anew is neither negative nor lost`() {
        // A sum that is made before the rate sees every restart as a huge step.
        var reader = CounterReader(last: 1000)
        #expect([1010, 4, 9, 0, 2].map { reader.increment(to: $0) } == [10, 4, 5, 0, 2])
        #expect(reader.faults[.reset] == 2)
        #expect(reader.increment(to: -1) == nil && reader.faults[.negative] == 1)
        #expect(reader.increment(to: "NaN") == nil && reader.increment(to: "+Inf") == nil)
        #expect(reader.increment(to: "3.5.1") == nil && reader.faults[.unreadable] == 3)
        #expect(reader.increment(to: "1.2e+01") == 10)
    }

    @Test(arguments: [("0.999", 70), ("0.9999", 695)])
    func `a gate keeps one failure of a quiet service from paging`(
        target: String,
        enough: Int64
    ) throws {
        let fast = BurnRateAlert.workbook(period: Sample.day * 30)[0]
        func pages(events: Int64, gate: Int64) throws -> Bool {
            var alert = fast
            alert.minimumEvents = gate
            var tracker = try ObjectiveTracker.exact(
                Sample.make(target: target, rules: [.burnRate(alert)]),
                slice: Sample.minute * 5,
                span: Sample.hour * 2
            )
            tracker.run(until: Sample.monday + Sample.minute * 55, good: 0, total: 0)
            tracker.record(
                Slice(start: try #require(tracker.now), bad: 1, total: events)
            )
            tracker.advance(to: Sample.monday + Sample.hour)
            return !tracker.evaluate().isEmpty
        }
        #expect(try pages(events: enough - 1, gate: 0))
        #expect(try !pages(events: enough, gate: 0))
        #expect(try !pages(events: enough - 1, gate: enough))
        #expect(try pages(events: 10, gate: 10))
    }

    @Test(arguments: [
        (AlertTier.fast, "0.9305", "0.9306"), (.medium, "0.8333", "0.8334"),
        (.slow, "0.6666", "0.6667"),
    ])
    func `an alert that cannot fire is known before it is needed`(
        tier: AlertTier,
        unreachable: String,
        reachable: String
    ) throws {
        // Sloth and Pyrra generate it all the same.
        let alert = try #require(
            BurnRateAlert.workbook(period: Sample.day * 30).first { $0.tier == tier }
        )
        #expect(!alert.isReachable(target: try Sample.decimal(unreachable)))
        #expect(alert.isReachable(target: try Sample.decimal(reachable)))
    }

    @Test func `a target of 100% is none`() throws {
        // With it the budget of Sloth and Pyrra is infinite, and slo-generator's burn rate 0.
        #expect(!Objective.isTarget(.one))
        #expect(Objective.isTarget(try Sample.decimal("0.999999999999999999")))
        #expect(Objective.isTarget(.zero))
        #expect(!Objective.isTarget(try Sample.decimal("-0.1")))
    }

    @Test func `a budget has no noise and a rate at the boundary does not fire`() throws {
        // (100 - 99.9) / 100 is 0.0009999999999999432 in Sloth's floating point.
        let target = try #require(try Sample.decimal("99.9").fromPercent)
        #expect(target.complement.description == "0.001")
        let share = ExactRatio(144, 10_000)
        let factor = try Sample.decimal("14.4")
        #expect(!share.compares(.greaterThan, to: factor, of: target.complement))
        #expect(share.compares(.greaterThanOrEqual, to: factor, of: target.complement))
        let above = ExactRatio(
            Int128(144) * 1_000_000_000_000_000_000 + 1,
            Int128(10_000) * 1_000_000_000_000_000_000
        )
        #expect(above.compares(.greaterThan, to: factor, of: target.complement))
    }

    @Test func `numbers are written with all their digits`() throws {
        // Pyrra prints a factor of 5.6 as 6, slo-libsonnet a budget of 0.000001 as 0.00000.
        #expect(try Sample.decimal("5.6").description == "5.6")
        #expect(try Sample.decimal("99.9999").fromPercent?.complement.description == "0.000001")
    }

    @Test func `nothing is rounded before it is compared`() throws {
        // slo-generator rounds 9.04 to 9.0, which is not above 9.
        let share = ExactRatio(904, 100_000)
        let budget = try Sample.decimal("0.001")
        #expect(share.compares(.greaterThan, to: ExactDecimal(9), of: budget))
        #expect(share.divided(by: budget) == ExactRatio(904, 100))
    }

    @Test func `more good events than events are refused and counted`() throws {
        // Two queries at two instants gave slo-generator an SLI of 1.008.
        var tracker = try ObjectiveTracker.exact(
            Sample.make(window: .rolling(Sample.minute * 2)),
            slice: Sample.minute,
            span: Sample.hour
        )
        tracker.record(Slice(start: Sample.monday, good: 1008, total: 1000))
        tracker.advance(to: Sample.monday + Sample.minute)
        tracker.record(Slice(start: Sample.monday + Sample.minute, good: 99, total: 100))
        tracker.advance(to: Sample.monday + Sample.minute * 2)
        let status = try #require(tracker.status())
        #expect(status.measurement.sli == ExactRatio(99, 100))
        #expect(status.measurement.coverage == ExactRatio(1, 2))
        #expect(status.faults[.goodExceedsTotal] == 1)
        #expect(status.faults.met.map(\.fault) == [.goodExceedsTotal])
    }

    @Test func `a burn rate is a burn rate`() throws {
        // What Pyrra records as burnrate5m is an error ratio.
        var tracker = try ObjectiveTracker.exact(
            Sample.make(),
            slice: Sample.minute,
            span: Sample.hour
        )
        tracker.run(until: Sample.monday + Sample.minute * 5, good: 98, total: 100)
        let reading = tracker.burnRate(
            last: Sample.minute * 5,
            asOf: Sample.monday + Sample.minute * 5
        )
        #expect(reading.measurement.errorRatio == ExactRatio(2, 100))
        #expect(reading.value == ExactRatio(20, 1))
    }

    @Test func `an alert keeps its identity under another period and target`() throws {
        // Names with the window in them make alerts fire anew, and dashboards go blank.
        let month = try Sample.make(rules: Sample.workbook)
        var week = try Sample.make(target: "0.99", window: .rolling(Sample.day * 7))
        week.alertPolicies = [
            AlertPolicy(
                name: "burn",
                rules: BurnRateAlert.workbook(period: Sample.day * 7).map(AlertRule.burnRate)
            )
        ]
        func identities(_ objective: Objective) -> [AlertIdentity] {
            ObjectiveTracker(objective, slice: Sample.minute).alerts.map(\.identity)
        }
        #expect(identities(month) == identities(week))
        #expect(identities(month).map(\.description).first == "sample/burn/fast")
    }

    @Test func `a changed objective has another revision and its counts keep the old one`() throws {
        // Sloth computes the past anew under the new target, without a record of it.
        let before = try Sample.make()
        let after = try Sample.make(target: "0.9995")
        #expect(before.revision != after.revision)
        let series = (
            SliceSeries.all(of: before, slice: Sample.minute)[0],
            SliceSeries.all(of: after, slice: Sample.minute)[0]
        )
        #expect(series.0 != series.1)
        // The counts mean the same, so a report may use them, and say so.
        #expect(series.0.indicatorRevision == series.1.indicatorRevision)
    }

    @Test func `an unknown time zone is an error that names it`() throws {
        // A container without time zone data takes New York for unknown, or for UTC.
        for name in ["Nowhere/Land", "PST", "europe/berlin", "", "GMT+3", "UTC "] {
            #expect(throws: UnknownZoneError(identifier: name)) { try CivilZone(named: name) }
        }
        let zone = try CivilZone(named: "America/New_York")
        #expect(zone.offset(at: Timestamp(seconds: 1_783_000_000)) == -4 * 3600)
        #expect(try CivilZone(named: "UTC").offset(at: Sample.monday) == 0)
        #expect(
            UnknownZoneError(identifier: "Nowhere/Land").description.contains("Nowhere/Land")
        )
    }
}
