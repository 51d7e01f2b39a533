import Pipeline
import Reports
import Testing

@Suite struct ReportFormatTests {
    @Test(arguments: [
        ("report.json", ReportFormat.json), ("a/b.c/r.md", .markdown), ("R.HTML", .html),
        ("x.y.txt", .text),
    ])
    func `the ending of a file chooses its form`(path: String, format: ReportFormat) {
        #expect(ReportFormat(path: path) == format)
    }

    @Test(arguments: ["", "report", "report.pdf", "a.json/report", "report.", "json"])
    func `another ending chooses none`(path: String) {
        #expect(ReportFormat(path: path) == nil)
    }

    @Test(arguments: ReportFormat.allCases)
    func `every form names the run and ends with a newline`(format: ReportFormat) throws {
        let rendered = try ReportFixture.report().rendered(as: format)
        #expect(rendered.contains("storefront"))
        #expect(rendered.hasSuffix("\n"))
        #expect(try ReportFixture.report().rendered(as: format) == rendered)
    }

    @Test(arguments: ReportFormat.allCases)
    func `every form has the figures of the log`(format: ReportFormat) throws {
        let rendered = try ReportFixture.report().rendered(as: format)
        let figures =
            format == .json
            ? ["69659", "167881", "2500315.63", "23570"]
            : ["69,659", "167,881", "2,500,315.63 USD", "23,570", "4.32%", "35.89 USD"]
        for figure in figures {
            #expect(rendered.contains(figure), "\(figure)")
        }
    }

    // MARK: - JSON

    @Test func `what was written is read back`() throws {
        let report = try ReportFixture.report()
        let json = try report.json()
        #expect(try RunReport(json: json).json() == json)
        #expect(report.stages[0].latency.p999Ms == 212.4)
        #expect(report.samples[0].stages[0].p50Ms != nil)
    }

    @Test func `keys are in snake case and names from data stay as they are`() throws {
        let json = try ReportFixture.report().json()
        let keys = [
            "schema_version", "latency_from", "p50_ms", "p999_ms", "max_ms", "waiting_to_retry",
            "revenue_minor", "dead_letters_by_reason", "published_rate", "emptyTransactionID",
            "tooManyFields", "too_large", "invalid date",
        ]
        for key in keys {
            #expect(json.contains("\"\(key)\" :"), "\(key)")
        }
        #expect(!json.contains("empty_transaction"))
        #expect(json.contains("sqlite:.weir/raw.sqlite"))
    }

    @Test func `what was not measured is left out of the JSON`() throws {
        var report = try ReportFixture.report(samples: 0)
        report.stages.removeFirst()
        report.rate.asked = nil
        let json = try report.json()
        #expect(!json.contains("\"asked\""))
        #expect(try RunReport(json: json).stages[0].jobs.p50Ms == nil)
    }

    @Test func `JSON that is no report is refused`() {
        #expect(throws: (any Error).self) { try RunReport(json: "{}") }
        #expect(throws: (any Error).self) { try RunReport(json: "") }
    }
}
