import ObjectiveSamples
import Prometheus
import SLO
import Testing
import Timekeeping

@Suite struct ObjectiveMetricsTests {
    typealias Sample = SampleObjective

    private static func text(_ tracker: ObjectiveTracker) throws -> [Substring] {
        let reading = try #require(ObjectiveMetrics.Reading(tracker))
        let families = ObjectiveMetrics([reading]).families
        return ExpositionText.write(families, as: .openMetrics).split(separator: "\n")
    }

    private static func tracker() throws -> ObjectiveTracker {
        var tracker = ObjectiveTracker(
            try Sample.make(
                rules: Sample.workbook + [.noData(.init(after: Sample.hour, severity: "ticket"))]
            ),
            slice: Sample.minute
        )
        tracker.advance(to: Sample.monday)
        return tracker
    }

    @Test func `every series exists before the first event`() throws {
        let before = try Self.text(Self.tracker())
        for line in [
            "slo_events_total{slo=\"sample\",result=\"good\"} 0",
            "slo_events_total{slo=\"sample\",result=\"bad\"} 0",
            "slo_alert_firing{slo=\"sample\",severity=\"page\",tier=\"fast\"} 0",
            "slo_alert_firing{slo=\"sample\",severity=\"ticket\",tier=\"no-data\"} 0",
            "slo_state{slo=\"sample\",state=\"no-data\"} 1",
            "slo_state{slo=\"sample\",state=\"ok\"} 0",
            "slo_window_coverage_ratio{slo=\"sample\",window=\"30d\"} 0",
            "slo_sli_ratio{slo=\"sample\",window=\"1h\"} NaN",
            "slo_objective_ratio{slo=\"sample\"} 0.999",
            "slo_window_seconds{slo=\"sample\"} 2592000",
        ] {
            #expect(before.contains { $0 == line }, "\(line)")
        }
        var running = try Self.tracker()
        running.run(until: Sample.monday + Sample.hour, good: 9, total: 10)
        let names = { (lines: [Substring]) in
            Set(lines.map { $0.prefix { $0 != "}" } })
        }
        #expect(names(before) == names(try Self.text(running)))
    }

    @Test func `counters go on from the start, whatever windows forget`() throws {
        var tracker = try Self.tracker()
        tracker.run(until: Sample.monday + Sample.hour, good: 9, total: 10)
        let lines = try Self.text(tracker)
        #expect(lines.contains("slo_events_total{slo=\"sample\",result=\"good\"} 540"))
        #expect(lines.contains("slo_events_total{slo=\"sample\",result=\"bad\"} 60"))
        tracker.advance(to: Sample.monday + Sample.day * 40)
        #expect(tracker.count.good == ExactRatio(540, 1))
        #expect(tracker.count.bad == ExactRatio(60, 1))
    }

    @Test func `names have no colons, and each family is said once`() throws {
        let lines = try Self.text(Self.tracker())
        let names = lines.filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != "{" } }
        #expect(names.allSatisfy { !$0.contains(":") })
        let types = lines.filter { $0.hasPrefix("# TYPE") }
        #expect(Set(types).count == types.count)
        #expect(lines.last == "# EOF")
    }
}
