import ObjectiveSamples
import Reports
import SLO
import Testing
import Timekeeping

@Suite struct ObjectiveChangeTests {
    typealias Sample = SampleObjective

    static let targets: [(String, String)] = [
        ("target=99.95", "0.9995"), ("target=0.9995", "0.9995"), ("target=1.5", "0.015"),
        ("target=99.999", "0.99999"),
    ]

    @Test(arguments: targets)
    func `a target is per cent or a share`(text: String, target: String) throws {
        #expect(ObjectiveChange(text) == .target(try Sample.decimal(target)))
    }

    @Test(
        arguments: [
            "target=100", "target=1", "target=0", "target=-1", "target=x", "window=0s", "window=7",
            "policy=", "policy=1h",
            "policy=5m/1h@2", "policy=1h/5m/1m@2", "policy=1h@0", "minimum-events=-1", "name",
            "colour=red",
        ]
    )
    func `what is no change is none`(text: String) {
        #expect(ObjectiveChange(text) == nil)
    }

    @Test func `a tighter target spends more and fires more`() throws {
        let history = SLOReportTests.outage(minutes: 5)
        var objective = try Sample.make(rules: Sample.workbook)
        let written = try SLOReportTests.report(objective, history)
        let texts = ["policy=1h/5m@14.4", "target=99.99", "window=7d"]
        let changes = texts.compactMap { ObjectiveChange($0) }
        #expect(changes.count == 3)
        ObjectiveChange.apply(changes, to: &objective)
        #expect(objective.timeWindow == .rolling(Sample.day * 7))
        let changed = try SLOReportTests.report(objective, history)
        // 500 bad of 1,008,000 in a week, against one in ten thousand.
        #expect(changed.objectives[0].budget.spentRatio?.decimal == "4.960317460317")
        #expect(changed.objectives[0].alerts.map(\.alert) == ["sample/replay/burn-rate-14.4-1h-5m"])
        let report = ReplayReport(asWritten: written, changed: changed, changes: texts)
        let text = report.document.text(colour: false)
        #expect(text.contains("with policy=1h/5m@14.4, target=99.99, window=7d"))
        #expect(text.contains("496.03%"))
        #expect(try report.json().contains("\"as_written\""))
    }

    @Test func `the Workbook's pairs are fitted to the window`() throws {
        var objective = try Sample.make()
        let changes = ["policy=workbook", "window=15d"].compactMap { ObjectiveChange($0) }
        ObjectiveChange.apply(changes, to: &objective)
        guard case .burnRate(let fast) = objective.alertPolicies[0].rules[0] else {
            Issue.record("the first rule is a burn rate")
            return
        }
        #expect(fast.longWindow == .seconds(1800))
    }
}
