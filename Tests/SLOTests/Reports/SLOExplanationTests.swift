import ObjectiveSamples
import Reports
import SLO
import Testing
import Timekeeping

@Suite struct SLOExplanationTests {
    typealias Sample = SampleObjective

    private static func text(_ objective: Objective, _ history: RecordedHistory) throws -> String {
        let report = try SLOReportTests.report(objective, history)
        return SLOExplanation(report.objectives[0], of: objective, in: report).document.text(
            colour: false
        )
    }

    @Test func `every figure has its sum`() throws {
        let text = try Self.text(
            Sample.make(rules: Sample.workbook),
            SLOReportTests.outage(minutes: 5)
        )
        for line in [
            "1 - 0.999 = 0.001",
            "43200 of 1m",
            "43200 / 43200 = 1",
            "4320000 - 4319500 good = 500",
            "500 / 4320000 = 0.00011574074",
            "500 × 43200 / (4320000 × 43200)",
            "4320000 × 43200 / 43200 × 0.001 = 4320 events",
            "43200 × 1m × 0.001 = 43.2 min",
            "1/8640 > 1 × 0.001: 1000 > 8640: no",
            "1h: 1/12 > 14.4 × 0.001: 10000 > 1728: yes (firing)",
            "0.884259259259 × 2592000 s / 83.333333333333",
        ] {
            #expect(text.contains(line), "\(line)")
        }
    }

    @Test func `slices are explained by their verdicts`() throws {
        let text = try Self.text(
            Sample.make(
                target: "0.95",
                .timeslices(window: Sample.minute, target: Sample.decimal("0.9"))
            ),
            SLOReportTests.outage(minutes: 5)
        )
        #expect(text.contains("5 / 43200 = 0.00011574074"))
        #expect(text.contains("43200 × 0.05 = 2160 slices"))
        #expect(text.contains("2160 - 5 = 2155 slices"))
    }

    @Test func `without data it says so`() throws {
        let objective = try Sample.make()
        let text = try Self.text(objective, RecordedHistory(emptyFor: objective))
        #expect(text.contains("none, for nothing was counted"))
        #expect(text.contains("not decided"))
    }
}
