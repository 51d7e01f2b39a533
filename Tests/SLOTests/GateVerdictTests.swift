import ObjectiveSamples
import SLO
import Testing
import Timekeeping

/// What a gate makes of objectives.
@Suite struct GateVerdictTests {
    typealias Sample = SampleObjective

    private static func tracker(
        _ budgeting: BudgetingMethod = .occurrences,
        weights: [String] = ["1"],
        minimumEvents: Int64 = 0
    ) throws -> ObjectiveTracker {
        var tracker = ObjectiveTracker(
            try Sample.make(
                target: "0.9",
                budgeting,
                weights: weights,
                minimumEvents: minimumEvents
            ),
            slice: .seconds(10)
        )
        tracker.advance(to: Sample.monday)
        return tracker
    }

    private static func verdict(_ tracker: ObjectiveTracker) throws -> GateVerdict {
        try #require(tracker.status()).gateVerdict
    }

    @Test func `a short run that misses the target fails, though a month's budget is left`() throws
    {
        var tracker = try Self.tracker()
        tracker.run(until: Sample.monday + .seconds(30), good: 1, total: 2)
        let status = try #require(tracker.status())
        #expect(status.state == .partial && !status.budget.isExhausted)
        #expect(status.gateVerdict.outcome == .fails)
        #expect(status.gateVerdict.reason.hasPrefix("partial, SLI 50% of 90% over 30d; "))
    }

    @Test func `a short run that meets it passes`() throws {
        var tracker = try Self.tracker()
        tracker.run(until: Sample.monday + .seconds(30), good: 9, total: 10)
        #expect(try Self.verdict(tracker).outcome == .passes)
    }

    @Test func `what nothing ever measured is not judged`() throws {
        var tracker = try Self.tracker()
        tracker.advance(to: Sample.monday + Sample.hour)
        let verdict = try Self.verdict(tracker)
        #expect(verdict.outcome == .notJudged && verdict.reason == "nothing has measured it")
    }

    @Test func `what has fallen silent fails, however good it was`() throws {
        var tracker = try Self.tracker()
        tracker.run(until: Sample.monday + Sample.hour, good: 10, total: 10)
        #expect(try Self.verdict(tracker).outcome == .passes)
        tracker.advance(to: Sample.monday + Sample.hour * 2)
        let verdict = try Self.verdict(tracker)
        #expect(verdict.outcome == .fails && verdict.reason.hasPrefix("no-data, nothing was"))
    }

    @Test func `before one slice is over nothing is judged, and then it is`() throws {
        var tracker = try Self.tracker(.timeslices(window: Sample.minute, target: .one))
        tracker.run(until: Sample.monday + .seconds(40), good: 1, total: 1)
        let young = try Self.verdict(tracker)
        #expect(young.outcome == .notJudged && young.reason == "not one slice of 1m is over yet")
        tracker.run(until: Sample.monday + .seconds(70), good: 1, total: 1)
        #expect(try Self.verdict(tracker).outcome == .passes)
    }

    @Test func `a composite of which a part is not measured names that part`() throws {
        var tracker = try Self.tracker(weights: ["0.5", "0.5"])
        tracker.record(Slice(start: Sample.monday, good: 10, total: 10), of: 0)
        tracker.advance(to: Sample.monday + .seconds(10))
        let verdict = try Self.verdict(tracker)
        #expect(verdict.outcome == .notJudged && verdict.reason == "nothing has measured part-1")
    }

    @Test func `fewer events than are asked for judge nothing, however bad they are`() throws {
        var tracker = try Self.tracker(minimumEvents: 100)
        tracker.run(until: Sample.monday + .seconds(30), good: 0, total: 10)
        #expect(try Self.verdict(tracker).outcome == .notJudged)
        tracker.run(until: Sample.monday + .seconds(100), good: 0, total: 10)
        #expect(try Self.verdict(tracker).outcome == .fails)
    }
}
