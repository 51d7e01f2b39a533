import ObjectiveSamples
import SLO
import Testing
import Timekeeping

/// The figures of the SRE Workbook, chapter 5, and of exact integration.
@Suite struct KnownAnswerTests {
    typealias Sample = SampleObjective

    private static func alert(_ tier: AlertTier) throws -> BurnRateAlert {
        try #require(BurnRateAlert.workbook(period: Sample.day * 30).first { $0.tier == tier })
    }

    /// Four clean days, so that every window is full.
    private static let clean: ObjectiveTracker = {
        guard let objective = try? Sample.make(rules: Sample.workbook) else {
            preconditionFailure("the sample is an objective")
        }
        var tracker = ObjectiveTracker.exact(
            objective,
            slice: .seconds(10),
            span: Sample.day * 6
        )
        tracker.run(until: Sample.monday + Sample.day * 4, good: 1000, total: 1000)
        return tracker
    }()

    /// How long a step to `errorRatio` lasts until the whole budget of a period is spent.
    private static func exhaustionTime(
        errorRatio: ExactDecimal,
        target: ExactDecimal,
        period: Duration
    ) -> Duration? {
        BurnRateAlert(longWindow: period, factor: .one, severity: "")
            .detectionTime(errorRatio: errorRatio, target: target)
    }

    @Test func `an outage spends the budget of 30 days in 43.2 minutes`() throws {
        let time = try KnownAnswerTests.exhaustionTime(
            errorRatio: .one,
            target: Sample.decimal("0.999"),
            period: Sample.day * 30
        )
        #expect(time == .seconds(2592))
        let five = try KnownAnswerTests.exhaustionTime(
            errorRatio: .one,
            target: Sample.decimal("0.99999"),
            period: Sample.day * 30
        )
        #expect(five == .milliseconds(25_920))
        var tracker = try ObjectiveTracker.exact(
            Sample.make(),
            slice: Sample.minute,
            span: Sample.day * 30
        )
        tracker.run(until: Sample.monday + Sample.day * 30, good: 7, total: 7)
        let clean = try #require(tracker.status())
        #expect(clean.budget.time == .seconds(2592))
        #expect(clean.budget.remainingTime == .seconds(2592))
        tracker.run(until: Sample.monday + Sample.day * 30 + Sample.hour, good: 0, total: 7)
        let hour = tracker.burnRate(last: Sample.hour, asOf: try #require(tracker.now))
        #expect(hour.value == ExactRatio(1000, 1))
    }

    static let outages: [(AlertTier, Int64)] = [
        (.fast, 51_840), (.medium, 129_600), (.slow, 259_200), (.long, 259_200),
    ]

    @Test(arguments: outages)
    func `an outage is detected when the Workbook says`(
        tier: AlertTier,
        milliseconds: Int64
    ) throws {
        let target = try Sample.decimal("0.999")
        let alert = try KnownAnswerTests.alert(tier)
        #expect(
            alert.detectionTime(errorRatio: .one, target: target) == .milliseconds(milliseconds)
        )
        var tracker = KnownAnswerTests.clean
        let fired = tracker.run(
            untilFiring: tier.rawValue,
            within: .seconds(600),
            good: 0,
            total: 1000
        )
        // The first end of a ten-second slice behind the exact instant.
        #expect(fired == .seconds(milliseconds / 10_000 * 10 + 10))
    }

    @Test func `on a grid of one second the fast page fires at 52 seconds`() throws {
        var tracker = try ObjectiveTracker.exact(
            Sample.make(rules: Sample.workbook),
            slice: .seconds(1),
            span: .seconds(8000)
        )
        tracker.run(until: Sample.monday + .seconds(3600), good: 3, total: 3)
        let fired = tracker.run(untilFiring: "fast", within: .seconds(60), good: 0, total: 3)
        #expect(fired == .seconds(52))
    }

    @Test func `a window of ten minutes with an operator of at least fires at 0.6 seconds`() throws
    {
        let alert = BurnRateAlert(
            longWindow: .seconds(600),
            factor: .one,
            comparison: .greaterThanOrEqual,
            severity: "page"
        )
        var tracker = try ObjectiveTracker.exact(
            Sample.make(rules: [.burnRate(alert)]),
            slice: .milliseconds(100),
            span: .seconds(700)
        )
        tracker.run(until: Sample.monday + .seconds(600), good: 2, total: 2)
        let rule = tracker.alerts[0].identity.rule
        let fired = tracker.run(untilFiring: rule, within: .seconds(5), good: 0, total: 2)
        #expect(fired == .milliseconds(600))
    }

    @Test func `one window of 36 hours fires after 129.6 seconds and goes on for 36 hours`() throws
    {
        let alert = BurnRateAlert(longWindow: .seconds(129_600), factor: .one, severity: "page")
        #expect(
            alert.detectionTime(errorRatio: .one, target: try Sample.decimal("0.999"))
                == .milliseconds(129_600)
        )
        var tracker = try ObjectiveTracker.exact(
            Sample.make(rules: [.burnRate(alert)]),
            slice: .seconds(10),
            span: Sample.day * 4
        )
        let start = Sample.monday + Sample.hour * 36
        tracker.run(until: start, good: 5, total: 5)
        let rule = tracker.alerts[0].identity.rule
        #expect(
            tracker.run(untilFiring: rule, within: .seconds(140), good: 0, total: 5)
                == .seconds(130)
        )
        tracker.run(until: start + .seconds(140), good: 0, total: 5)
        var resolved: Timestamp?
        tracker.run(until: start + Sample.hour * 40, good: 5, total: 5) { tracker in
            for case .resolved(let episode) in tracker.evaluate() { resolved = episode.end }
            return resolved == nil
        }
        // 140 bad seconds are within the budget of the window once 20 of them have left it.
        #expect(resolved == start + Sample.hour * 36 + .seconds(20))
    }

    @Test func `spikes spend the known shares of the budget`() throws {
        let objective = try Sample.make()
        var spike = ObjectiveTracker.exact(objective, slice: Sample.minute, span: Sample.day * 30)
        spike.run(until: Sample.monday + .seconds(300), good: 0, total: 1000)
        spike.run(until: Sample.monday + Sample.day * 30, good: 1000, total: 1000)
        // 11.57%.
        #expect(spike.status()?.budget.spentRatio == ExactRatio(300, 2592))
        var drizzle = ObjectiveTracker.exact(
            objective,
            slice: Sample.minute,
            span: Sample.day * 30
        )
        drizzle.run(until: Sample.monday + .seconds(600), good: 999, total: 1000)
        drizzle.run(until: Sample.monday + Sample.day * 30, good: 1000, total: 1000)
        // 0.0231%.
        #expect(drizzle.status()?.budget.spentRatio == ExactRatio(1, 4320))
    }

    @Test func `one failure of ten requests in an hour burns at 100`() throws {
        var tracker = try ObjectiveTracker.exact(
            Sample.make(),
            slice: Sample.hour,
            span: Sample.day * 30
        )
        tracker.run(until: Sample.monday + Sample.hour * 719, good: 10, total: 10)
        tracker.run(until: Sample.monday + Sample.hour * 720, good: 9, total: 10)
        let status = try #require(tracker.status())
        let hour = try #require(status.burnRates.first { $0.window == Sample.hour })
        #expect(hour.measurement.errorRatio == ExactRatio(1, 10))
        #expect(hour.value == ExactRatio(100, 1))
        // 13.9%, and 7.2 failures may be.
        #expect(status.budget.spentRatio == ExactRatio(100, 720))
        #expect(status.budget.allowed == ExactRatio(72, 10))
    }

    @Test func `a factor of 14.4 never fires at 90%`() throws {
        let fast = try KnownAnswerTests.alert(.fast)
        let target = try Sample.decimal("0.9")
        #expect(!fast.isReachable(target: target))
        #expect(fast.detectionTime(errorRatio: .one, target: target) == nil)
        var tracker = try ObjectiveTracker.exact(
            Sample.make(target: "0.9", rules: [.burnRate(fast)]),
            slice: .seconds(10),
            span: Sample.day
        )
        let fired = tracker.run(
            untilFiring: "fast",
            within: Sample.hour * 2,
            good: 0,
            total: 100
        )
        #expect(fired == nil)
        let hour = tracker.burnRate(last: Sample.hour, asOf: try #require(tracker.now))
        #expect(hour.value == ExactRatio(10, 1))
    }

    @Test func `exactly 0.6% does not fire the factor of 6`() throws {
        var tracker = KnownAnswerTests.clean
        let fired = tracker.run(
            untilFiring: "medium",
            within: Sample.hour * 8,
            good: 994,
            total: 1000
        )
        #expect(fired == nil)
        // One event more in six hours of 2,160,000 is enough.
        let once = tracker.run(
            untilFiring: "medium",
            within: .seconds(10),
            good: 993,
            total: 1000
        )
        #expect(once == .seconds(10))
    }

    /// Bad events of a thousand; seconds to each tier, nil for never; hours to the last of the
    /// budget.
    struct Sustained: Sendable {
        var bad: Int64
        var fast: Double?
        var medium: Double?
        var slow: Double?
        var long: Double?
        var exhaustion: Int64
    }

    static let sustained = [
        Sustained(
            bad: 50,
            fast: 1036.8,
            medium: 2592,
            slow: 5184,
            long: 5184,
            exhaustion: 51_840
        ),
        Sustained(
            bad: 20,
            fast: 2592,
            medium: 6480,
            slow: 12_960,
            long: 12_960,
            exhaustion: 129_600
        ),
        Sustained(bad: 10, medium: 12_960, slow: 25_920, long: 25_920, exhaustion: 259_200),
        Sustained(bad: 5, slow: 51_840, long: 51_840, exhaustion: 518_400),
        Sustained(bad: 2, long: 129_600, exhaustion: 1_296_000),
    ]

    @Test(arguments: sustained)
    func `a sustained error rate fires the tiers when it should`(row: Sustained) throws {
        let target = try Sample.decimal("0.999")
        let ratio = try #require(ExactDecimal(digits: row.bad, scale: 3))
        let expected: [(AlertTier, Double?)] = [
            (.fast, row.fast), (.medium, row.medium), (.slow, row.slow), (.long, row.long),
        ]
        var tracker = KnownAnswerTests.clean
        let start = try #require(tracker.now)
        var fired: [String: Duration] = [:]
        tracker.run(until: start + .seconds(130_000), good: 1000 - row.bad, total: 1000) {
            for case .fired(let episode) in $0.evaluate() {
                fired[episode.alert.rule] = episode.start - start
            }
            return fired.count < expected.count { $0.1 != nil }
        }
        for (tier, seconds) in expected {
            let exact = try KnownAnswerTests.alert(tier)
                .detectionTime(errorRatio: ratio, target: target)
            #expect(exact == seconds.map { .milliseconds(Int64($0 * 1000)) })
            // The first end of a slice behind it: at the exact instant the rate equals the factor.
            let slices = seconds.map { Int64($0 / 10) + 1 }
            #expect(fired[tier.rawValue] == slices.map { .seconds($0 * 10) })
        }
        let exhaustion = KnownAnswerTests.exhaustionTime(
            errorRatio: ratio,
            target: target,
            period: Sample.day * 30
        )
        #expect(exhaustion == .seconds(row.exhaustion))
    }

    @Test func `two weeks of one-minute slices at 95% may have 1008 bad ones`() throws {
        let objective = try Sample.make(
            target: "0.95",
            .timeslices(window: Sample.minute, target: Sample.decimal("0.99")),
            window: .rolling(Sample.day * 14)
        )
        var tracker = ObjectiveTracker.exact(
            objective,
            slice: Sample.minute,
            span: Sample.day * 15
        )
        tracker.run(until: Sample.monday + Sample.minute * 1008, good: 98, total: 100)
        // A share that equals the slice target is good.
        tracker.run(until: Sample.monday + Sample.day * 14, good: 99, total: 100)
        let status = try #require(tracker.status())
        #expect(status.budget.allowed == ExactRatio(1008, 1))
        #expect(status.budget.time == Sample.hour * 16 + Sample.minute * 48)
        #expect(status.budget.spent == ExactRatio(1008, 1))
        #expect(status.budget.remaining == .zero && status.budget.isExhausted)
        #expect(!status.budget.isOverspent && status.isMeetingTarget == true)
        #expect(status.state == .atRisk)
        tracker.run(until: Sample.monday + Sample.day * 14 + Sample.minute, good: 0, total: 1)
        // The first bad minute has left the window and another has come.
        #expect(tracker.status()?.budget.spent == ExactRatio(1008, 1))
        tracker.run(
            until: Sample.monday + Sample.day * 14 + Sample.minute * 1008,
            good: 1,
            total: 1
        )
        #expect(tracker.status()?.budget.spent == ExactRatio(1, 1))
    }

    @Test func `two components of 95% make a composite of 90%`() throws {
        let objective = try Sample.make(
            target: "0.9",
            .ratioTimeslices(window: Sample.minute),
            window: .rolling(Sample.hour),
            weights: ["1", "1"]
        )
        var tracker = ObjectiveTracker.exact(
            objective,
            slice: Sample.minute,
            span: Sample.hour * 2
        )
        tracker.run(until: Sample.monday + Sample.hour, good: 95, total: 100)
        let status = try #require(tracker.status())
        #expect(status.measurement.sli == ExactRatio(90, 100))
        #expect(status.budget.remainingRatio == .zero && !status.budget.isOverspent)
    }
}
