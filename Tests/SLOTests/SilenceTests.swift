import ObjectiveSamples
import Reports
import SLO
import Testing
import Timekeeping

/// No traffic is no data, whether rows are missing or say 0 of 0.
@Suite struct SilenceTests {
    typealias Sample = SampleObjective

    private static let rule = NoDataAlert(after: .seconds(1800), severity: "ticket")

    private static func tracker(weights: [String] = ["1"]) throws -> ObjectiveTracker {
        let objective = try Sample.make(weights: weights, rules: [.noData(rule)])
        return .exact(objective, slice: Sample.minute, span: Sample.day * 10)
    }

    /// Goes on to `end`; `total` is what each minute has, nil where it has no row.
    private static func run(
        _ tracker: inout ObjectiveTracker,
        until end: Timestamp,
        of components: [Int] = [0],
        _ total: (Int) -> Int64?
    ) -> Int {
        var fired = 0
        var minute = 0
        while let now = tracker.now, now < end {
            for component in components {
                guard let total = total(minute) else { continue }
                tracker.record(Slice(start: now, good: total, total: total), of: component)
            }
            tracker.advance(to: now + Sample.minute)
            fired += tracker.evaluate().count { if case .fired = $0 { true } else { false } }
            minute += 1
        }
        return fired
    }

    @Test(arguments: [nil, Int64(0)])
    func `six hours without an event after good days are no data`(nothing: Int64?) throws {
        var tracker = try Self.tracker()
        let good = Sample.monday + Sample.day * 2
        #expect(Self.run(&tracker, until: good) { _ in 100 } == 0)
        let fired = Self.run(&tracker, until: good + Sample.hour * 6) { _ in nothing }
        #expect(fired == 1)
        let status = try #require(tracker.status())
        #expect(status.state == .noData)
        #expect(
            status.reason
                == (nothing == nil
                    ? "nothing was observed since \(good)"
                    : "no event was counted since \(good): 0 of 0 in every slice")
        )
        #expect(status.gateVerdict.outcome == .fails)
        // The next event ends it.
        _ = Self.run(&tracker, until: good + Sample.hour * 6 + Sample.minute) { _ in 1 }
        #expect(tracker.status()?.state != .noData && tracker.status()?.firing.isEmpty == true)
    }

    @Test func `the gaps of a service with few events are no silence`() throws {
        // An event in half an hour: a gap of five hours is ten times as long, and one more minute
        // is more than that.
        var tracker = try Self.tracker()
        let end = Sample.monday + Sample.day * 2
        #expect(Self.run(&tracker, until: end) { $0 % 30 == 29 ? 1 : 0 } == 0)
        #expect(tracker.status()?.state != .noData)
        // 96 events in 53 hours: ten times 33 minutes.
        #expect(Self.run(&tracker, until: end + Sample.hour * 5) { _ in 0 } == 0)
        #expect(tracker.status()?.state != .noData)
        #expect(Self.run(&tracker, until: end + Sample.hour * 6) { _ in 0 } == 1)
        #expect(tracker.status()?.state == .noData)
    }

    @Test func `a part of a composite that falls silent makes it no data and is named`() throws {
        var tracker = try Self.tracker(weights: ["0.5", "0.5"])
        let end = Sample.monday + Sample.day
        _ = Self.run(&tracker, until: end, of: [0, 1]) { _ in 10 }
        _ = Self.run(&tracker, until: end + Sample.hour, of: [0]) { _ in 10 }
        let status = try #require(tracker.status())
        #expect(status.state == .noData)
        #expect(status.reason == "nothing of part-1 was observed since \(end)")
    }

    // MARK: - Units

    @Test func `days and windows say what their counts are of`() throws {
        let window = BudgetingMethod.timeslices(
            window: Sample.minute,
            target: try Sample.decimal("0.9")
        )
        for (method, cell) in [
            (window, "1 of 120 slices bad"), (.occurrences, "100 of 12,000 events bad"),
        ] {
            let objective = try Sample.make(method)
            let slices = (0..<120).map { minute in
                let start = Sample.monday + Sample.minute * minute
                return Slice(start: start, good: minute == 7 ? 0 : 100, total: 100)
            }
            let asOf = Sample.monday + Sample.hour * 2
            let history = RecordedHistory(slice: Sample.minute, components: [slices])
            let review = try ObjectiveReview(objective, history: history, asOf: asOf)
            let text = SLOReport([review], asOf: asOf, source: "test").document.text(colour: false)
            let day = text.split(separator: "\n").first {
                $0.contains("2026-06-01 ") && !$0.contains("T")
            }
            #expect(day?.contains(cell) == true, "\(text)")
            #expect(day?.contains(" min ") == true)
        }
    }

    @Test func `events of a composite are told part by part and never as one number`() throws {
        let objective = try Sample.make(weights: ["0.5", "0.5"])
        let slices = { (bad: Int, total: Int) in
            (0..<120).map { minute in
                let start = Sample.monday + Sample.minute * minute
                return Slice(start: start, bad: minute == 7 ? bad : 0, total: total)
            }
        }
        let asOf = Sample.monday + Sample.hour * 2
        let history = RecordedHistory(
            slice: Sample.minute,
            components: [slices(30, 100), slices(150, 200)]
        )
        let review = try ObjectiveReview(objective, history: history, asOf: asOf)
        let report = SLOReport([review], asOf: asOf, source: "test")
        let text = report.document.text(colour: false)
        #expect(text.contains("part-0: 30 of 12,000 events bad; part-1: 150 of 24,000 events bad"))
        #expect(!text.contains("180 of") && !text.contains("36,000"))
        #expect(report.objectives[0].measured.total == nil)
    }
}
