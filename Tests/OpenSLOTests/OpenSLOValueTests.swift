import Documents
import ObjectiveSamples
import OpenSLO
import SLO
import Testing
import Timekeeping

/// What the texts of documents come to, where YAML or a float would make something else of them.
@Suite struct OpenSLOValueTests {
    private func objective(_ changes: (String, String)...) throws -> Objective {
        let text = changes.reduce(minimalSet) { $0.replacing($1.0, with: $1.1) }
        return try #require(try reading(text).checked().objectives.first)
    }

    @Test(arguments: [
        ("target: 0.999", "0.999"), ("target: 0.9990", "0.999"), ("target: 999e-3", "0.999"),
        ("target: 0", "0"), ("target: 0.999999999999999999", "0.999999999999999999"),
        ("targetPercent: 99.9", "0.999"), ("targetPercent: 99.99999", "0.9999999"),
        ("targetPercent: 0", "0"),
    ])
    func `a target is read digit by digit`(written: String, value: String) throws {
        #expect(try objective(("target: 0.999", written)).target.description == value)
    }

    @Test(arguments: [
        ("5m", 300), ("1h", 3600), ("2d", 172_800), ("1w", 604_800), ("1M", 2_592_000),
        ("1Q", 7_776_000), ("1Y", 31_536_000), ("030d", 2_592_000),
    ])
    func `a minute is m and a month is M`(written: String, seconds: Int64) throws {
        let window = try objective(("duration: 30d", "duration: \(written)")).timeWindow
        #expect(window == .rolling(.seconds(seconds)))
    }

    @Test(arguments: ["2022-01-01 12:00:00", "'2022-01-01 12:00:00'", "\"2022-01-01 12:00:00\""])
    func `a start is a time of the wall clock, with quotes or without`(written: String) throws {
        let calendar = "calendar: {startTime: \(written), timeZone: America/New_York}"
        let window = try objective(("30d, isRolling: true", "1M, \(calendar)")).timeWindow
        let zone = try CivilZone(named: "America/New_York")
        let start = try #require(CivilDateTime("2022-01-01 12:00:00"))
        let period = CalendarPeriod(count: 1, unit: .month)
        #expect(
            window == .calendar(CalendarWindow(start: start, period: period, zone: zone))
        )
    }

    @Test func `an alert that waits for nothing is an alert that does not wait`() throws {
        let objective = try objective(("alertAfter: 5m", "alertAfter: 0m"))
        guard case .burnRate(let alert)? = objective.alertPolicies.first?.rules.first else {
            Issue.record("there is no alert on a burn rate")
            return
        }
        #expect(alert.alertAfter == .zero)
    }

    @Test func `names that YAML takes for something else are read in quotes`() throws {
        let objective = try objective(
            ("name: checkout}", "name: \"on\"}"),
            ("service: checkout\n", "service: \"on\"\n")
        )
        #expect(objective.service == "on")
    }

    @Test func `labels of one text and of several are read`() {
        let text = """
            apiVersion: openslo/v1
            kind: Service
            metadata:
              name: a
              labels: {team: shop, tiers: [web, "2"], empty: ""}
              annotations: {openslo.com/x: y, example.com/note: ""}
            spec: {}
            """
        #expect(complaints(about: text) == [])
        #expect(
            doubts(about: text) == [
                "6:17: the prefix openslo.com/ is reserved for OpenSLO itself; expected a domain "
                    + "of your own"
            ]
        )
    }
}
