import ObjectiveSamples
import Reports
import SLO
import Testing
import Timekeeping

@Suite struct SLOReportTests {
    typealias Sample = SampleObjective

    static let end = Sample.monday + Sample.day * 30

    /// Thirty days of minutes with 100 events each, in the last `minutes` of which all fail.
    static func outage(minutes: Int64) -> RecordedHistory {
        let slices = (0..<Int64(43_200)).map { minute in
            Slice(
                start: Sample.monday + Sample.minute * Int(minute),
                good: minute < 43_200 - minutes ? 100 : 0,
                total: 100
            )
        }
        return RecordedHistory(slice: Sample.minute, components: [slices])
    }

    static func report(
        _ objective: Objective,
        _ history: RecordedHistory,
        points: Int = 0
    ) throws -> SLOReport {
        let review = try ObjectiveReview(objective, history: history, asOf: end, points: points)
        return SLOReport([review], asOf: end, source: "test")
    }

    @Test func `five minutes of outage spend 11.57% of 30 days`() throws {
        let report = try Self.report(
            Sample.make(rules: Sample.workbook),
            Self.outage(minutes: 5)
        )
        let objective = try #require(report.objectives.first)
        #expect(objective.measured.good?.number == 4_319_500)
        #expect(objective.measured.total?.number == 4_320_000)
        #expect(objective.budget.allowedMinutes.decimal == "43.2")
        #expect(objective.budget.spentMinutes?.decimal == "5")
        #expect(objective.budget.remainingMinutes?.decimal == "38.2")
        #expect(objective.budget.allowed?.decimal == "4320")
        #expect(objective.budget.spent?.decimal == "500")
        #expect(objective.budget.spentRatio?.decimal == "0.11574074074")
        #expect(objective.budget.spentRatio?.numerator == "25")
        #expect(objective.budget.spentRatio?.denominator == "216")
        #expect(objective.burnRates.first { $0.window == "5m" }?.value?.decimal == "1000")
        #expect(objective.state == "at-risk")
        #expect(objective.meetsTarget == true)
        // The page fires at the end of the first minute: 100/6000 is above 14.4 · 0.001.
        let page = try #require(objective.alerts.first { $0.tier == "fast" })
        #expect(page.start == "2026-06-30T23:56:00Z")
        #expect(page.end == nil)
        #expect(page.because.contains("16.6666 over 1h (100 of 6,000 events bad)"))
        // 0.884… of 2,592,000 s at a burn rate of 83.3….
        #expect(objective.projectedExhaustion == "2026-07-01T07:38:24Z")
        #expect(objective.gate.outcome == .passes)
    }

    @Test func `what is overspent is below zero and not clamped`() throws {
        let report = try Self.report(Sample.make(), Self.outage(minutes: 432))
        let objective = try #require(report.objectives.first)
        #expect(objective.budget.remainingRatio?.decimal == "-9")
        #expect(objective.budget.remaining?.decimal == "-38880")
        #expect(objective.budget.remainingMinutes?.decimal == "-388.8")
        #expect(objective.state == "breached")
        #expect(objective.gate.outcome == .fails)
        #expect(report.document.text(colour: false).contains("-900%"))
    }

    @Test func `without data nothing is said, nothing is left, and nothing is judged`() throws {
        let objective = try Sample.make()
        let report = try Self.report(objective, RecordedHistory(emptyFor: objective))
        #expect(report.objectives[0].state == "no-data")
        #expect(report.objectives[0].measured.sli == nil)
        #expect(report.objectives[0].budget.remainingRatio == nil)
        #expect(report.objectives[0].gate.outcome == .notJudged)
        #expect(try !report.json().contains("\"sli\""))
        let text = report.document.text(colour: false)
        #expect(!text.contains("  left ") && !text.contains("  exhausted "))
    }

    @Test func `JSON comes back as it went, in snake case`() throws {
        let report = try Self.report(
            Sample.make(rules: Sample.workbook),
            Self.outage(minutes: 5),
            points: 100
        )
        let json = try report.json()
        #expect(json.contains("\"schema_version\" : 1"))
        #expect(json.contains("\"projected_exhaustion\" : \"2026-07-01T07:38:24Z\""))
        #expect(try SLOReport(json: json).json() == json)
        #expect(report.objectives[0].burnDown.count >= 100)
        #expect(report.objectives[0].burnDown.last?.at == "2026-07-01T00:00:00Z")
    }

    @Test func `the forms say the same, and the page draws the burn-down`() throws {
        let report = try Self.report(
            Sample.make(rules: Sample.workbook),
            Self.outage(minutes: 5),
            points: 100
        )
        for form in [
            report.document.text(colour: false), report.document.markdown(),
            report.document.html(),
        ] {
            #expect(form.contains("99.988425%"))
            #expect(form.contains("38.2 min"))
            #expect(form.contains("4,320 events"))
        }
        let page = report.document.html()
        #expect(page.contains("<strong>Error budget</strong>"))
        #expect(page.contains("<strong>Burn rate</strong>"))
        #expect(page.contains("alerts fired: page, ticket"))
    }

    @Test func `a budget that is overspent is drawn below zero`() throws {
        let report = try Self.report(Sample.make(), Self.outage(minutes: 432), points: 100)
        let page = report.document.html()
        #expect(page.contains(">-800%</span>") && page.contains("-900.0% at the end"))
        #expect(page.contains("below 0 it is overspent"))
    }

    @Test func `alerts that fire together are one episode, as bad as the worst of them`() throws {
        let report = try Self.report(
            Sample.make(rules: Sample.workbook),
            Self.outage(minutes: 432),
            points: 400
        )
        let text = report.document.text(colour: false)
        #expect(report.objectives[0].alerts.count > 1)
        #expect(text.contains("alerts, those that fired together as one"))
        let rows = text.split(separator: "\n").filter { $0.contains("still firing  page") }
        #expect(rows.count == 1, "\(text)")
    }

    @Test func `the period before is compared with`() throws {
        let objective = try Sample.make(window: .rolling(Sample.day))
        var history = Self.outage(minutes: 0)
        // 72 events of the day before, half of what its budget has.
        history.components[0][43_200 - 2000].good = 28
        let report = try Self.report(objective, history)
        let previous = try #require(report.objectives[0].previous)
        #expect(previous.spentRatio?.decimal == "0.5")
        #expect(previous.sliChange?.decimal == "0.0005")
        #expect(report.objectives[0].measured.sli?.decimal == "1")
    }

    @Test func `figures are cut off, so that nearly all is not all`() {
        let figure = SLOReport.Figure(ExactRatio(999_999_999_999_999, 1_000_000_000_000_000))
        #expect(figure.decimal == "0.999999999999")
        #expect(SLOReport.Figure(ExactRatio(-7, 2)).decimal == "-3.5")
        #expect(figure.ratio == ExactRatio(999_999_999_999_999, 1_000_000_000_000_000))
    }

    @Test func `a history too long for its slices is refused`() throws {
        let objective = try Sample.make(window: .rolling(Sample.day * 365))
        let history = RecordedHistory(
            slice: .seconds(1),
            components: [
                [
                    Slice(start: Self.end - Sample.day * 700, good: 1, total: 1),
                    Slice(start: Self.end - Sample.day, good: 1, total: 1),
                ]
            ]
        )
        #expect {
            try ObjectiveReview(objective, history: history, asOf: Self.end)
        } throws: { error in
            "\(error)".contains("more than 5000000 slices")
        }
    }

    @Test func `slices that do not make up a slice window are refused`() throws {
        let objective = try Sample.make(
            .timeslices(window: .seconds(90), target: Sample.decimal("0.9"))
        )
        #expect(throws: RecordedHistoryError.self) {
            try ObjectiveReview(objective, history: Self.outage(minutes: 1), asOf: Self.end)
        }
    }
}
