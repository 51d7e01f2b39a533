import Pipeline
import Reports
import Testing
import Timekeeping

/// What the shipped scenarios do to the shipped objectives, as `pipelines/README.md` has it.
@Suite(.timeLimit(.minutes(10)))
struct ScenarioTableTests {
    /// A row of the table.
    private struct Row {
        var scenario: String
        /// When each objective pages at the latest, after the first fault has begun.
        var pages: [String: Duration] = [:]
        /// Those that the run misses without a page.
        var misses: Set<String> = []

        init(_ cells: [String]) throws {
            scenario = cells[0].replacing("`", with: "")
            for part in cells[1].split(separator: ", ") where part != "–" {
                let words = part.split(separator: " within ")
                let limit = try #require(words.last.flatMap { DurationText.parse(String($0)) })
                pages[String(words[0])] = limit
            }
            misses = Set(cells[2].split(separator: ", ").map(String.init).filter { $0 != "–" })
        }
    }

    private static func rows() throws -> [Row] {
        try ShippedStorefront.table(headed: "| Scenario | Pages").map(Row.init)
    }

    @Test func `every shipped scenario has a row`() throws {
        #expect(try Self.rows().map(\.scenario) == ShippedStorefront.scenarios())
    }

    @Test(arguments: try ShippedStorefront.scenarios())
    func `a scenario pages what its row says in time, and nothing else`(
        scenario: String
    ) async throws {
        let row = try #require(try Self.rows().first { $0.scenario == scenario })
        let isMonth = scenario == "weather"
        let report = try await ShippedStorefront.simulate(
            scenario: scenario,
            rate: isMonth ? 0.5 : 20,
            lasting: .seconds(isMonth ? 86_400 : 3600),
            tick: .seconds(isMonth ? 5 : 2)
        )
        let faults = try #require(report.faults)
        for fault in faults { #expect(fault.effects > 0, "\(fault.name) changed nothing") }
        let began = try #require(faults.first.flatMap { Timestamp(rfc3339: $0.start) })
        var pages: [String: Duration] = [:]
        for alert in report.alerts ?? [] where alert.severity == "page" {
            let objective = String(alert.alert.prefix { $0 != "/" })
            let after = try #require(Timestamp(rfc3339: alert.start)) - began
            pages[objective] = min(after, pages[objective] ?? after)
        }
        #expect(Set(pages.keys) == Set(row.pages.keys), "\(pages)")
        for (objective, after) in pages {
            let limit = row.pages[objective] ?? .zero
            #expect(after <= limit && after > limit / 2, "\(objective) pages after \(after)")
        }
        let missed = (report.objectives ?? []).filter { $0.run?.meetsTarget == false }.map(\.name)
        #expect(Set(missed).subtracting(pages.keys) == row.misses, "\(missed)")
        #expect(Set(missed).isSuperset(of: pages.keys))
        // No objective sees what is lost in silence; the counts of the stage do.
        let isQuiet = row.pages.isEmpty && row.misses.isEmpty && scenario != "silent-loss"
        #expect((report.verdict?.result == .failed) == !isQuiet, "\(report.verdict?.text ?? "")")
        try expectHonest(report)
    }

    /// That what the report of a scenario says is to the point, and does not contradict itself.
    private func expectHonest(_ report: RunReport) throws {
        let text = try report.rendered(as: .text)
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("what to change"), "\(text)")
        for fault in report.faults ?? [] {
            #expect((fault.visible == nil) == (fault.seenBy == nil))
            // What is lost stays lost.
            if fault.isLasting == true { #expect(fault.recovered == nil) }
        }
        for name in (report.faults ?? []).compactMap(\.seenBy?.first) {
            #expect(words.contains("by \(name)"), "\(text)")
        }
        if words.contains("could not keep up") { #expect(!words.contains("no bottleneck")) }
        if words.contains("data loss") {
            #expect(!words.contains("accounts for every message"))
            #expect(!words.contains("every message accounted for"))
            #expect(words.contains("no objective or alert noticed"))
            #expect(words.contains("what it lost is not recovered"))
        }
        // No number is of the messages of two subscriptions together.
        for subscription in report.subscriptions where subscription.deadLettered > 0 {
            let count = ReportNumbers.count(subscription.deadLettered)
            #expect(words.contains("\(count) by \(subscription.name)"), "\(text)")
        }
        for stage in report.stages where stage.kind == "ingest" {
            // Also what was delivered again, because the worker that stored it died, counts once.
            let acked = report.subscriptions.first { $0.name == stage.subscription }?.acked
            #expect(stage.latency.count == acked)
        }
        for stage in report.stages where (stage.slowMessages ?? 0) > 0 {
            let count = ReportNumbers.count(stage.slowMessages ?? 0)
            let verb = stage.kind == "ingest" ? "stored" : "counted"
            #expect(words.contains("\(stage.name) \(verb) \(count) events"), "\(text)")
        }
        if (report.faults ?? []).contains(where: { $0.factor != nil }) {
            #expect(!words.contains("% of asked") && words.contains("which the scenario changed"))
        }
    }

    @Test func `faults at the same time have one recovery, which is that of the last`() async throws
    {
        let report = try await ShippedStorefront.simulate(
            faults: """
                {kind: unavailable, target: raw, at: 2m, for: 1m}, \
                {kind: unavailable, target: warehouse, at: 150s, for: 90s}, \
                {kind: failing, target: warehouse, share: 0.5, at: 7m, for: 30s}
                """,
            rate: 20,
            lasting: .seconds(900)
        )
        let faults = try #require(report.faults)
        #expect(faults.map(\.recoveredWith) == ["unavailable-2", nil, nil])
        #expect(faults[0].recovered == nil)
        #expect(faults[1].recovered ?? "" > faults[1].end)
        #expect(faults[2].recovered ?? "" > faults[2].end)
        // Availability pages since the first, and has not come to rest.
        #expect(faults[0].alert?.hasPrefix("availability/") == true)
        #expect(faults[0].alreadyFiring == nil)
        #expect(faults[2].alert == nil)
        #expect(faults[2].alreadyFiring?.hasPrefix("availability/") == true)
        let text = try report.rendered(as: .markdown)
        #expect(text.contains("recovered together with unavailable of warehouse"))
        #expect(text.contains("was firing already"))
    }
}
