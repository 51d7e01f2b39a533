import Foundation
import Testing

/// Control characters of others come out of no door: they would steer the terminal of whoever
/// reads there.
///
/// The doors in: arguments, records of a log, and names and texts of pipelines, scenarios,
/// objectives, histories and invariants. The doors out: standard output in every format, standard
/// error with the log, and the files of reports. (The page of metrics and the answers of the
/// console have tests of their own, in PrometheusTests and ConsoleTests.)
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ControlDoorTests {
    /// A title, BEL, the screen wiped, CSI in one character of C1, and a direction override.
    private static let hostile = "\u{1B}]0;x\u{7}\u{1B}[2J\u{9B}1m\u{202E}"
    /// The same as YAML's double quotes write it.
    private static let inYAML = #""\e]0;x\a\e[2J\x9b1m\u202e""#

    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func expectNothingSteers(_ text: String, _ what: String) {
        let steering = text.unicodeScalars.filter { scalar in
            (scalar.value < 32 && scalar != "\n") || (127..<160).contains(scalar.value)
                || scalar == "\u{202E}"
        }
        #expect(steering.isEmpty, "\(what): \(text.debugDescription.prefix(2000))")
    }

    private func check(_ arguments: [String]) async throws {
        let ending = try await Program.run(arguments, in: folder)
        for text in [ending.output, ending.errors] {
            expectNothingSteers(text, arguments.joined(separator: " "))
        }
    }

    @Test func `nothing of an argument steers the terminal`() async throws {
        let hostile = Self.hostile
        for arguments in [
            [hostile], ["run", hostile], ["run", Program.storefront, "--\(hostile)"],
            ["run", Program.storefront, "--set", "a=\(hostile)"],
            ["run", Program.storefront, "--report", "\(hostile)"],
            ["slo", "lint", hostile], ["slo", "report", "--history", hostile],
            ["slo", "explain", hostile], ["datasets", "show", hostile],
            ["invariants", "check", "--warehouse", "sqlite:\(hostile)"], ["new", "slo", hostile],
            ["new", "slo", "a", "--to", "\(hostile).yaml"],
        ] {
            try await check(arguments)
        }
    }

    @Test func `nothing of a record steers the terminal`() async throws {
        let hostile = Self.hostile
        // The last one is an event, with such a name as JSON writes it.
        let event = ShopLog.line(id: "a", transaction: #"t\u001b[2J\u009b\u202e1"#, cents: 700)
        try folder.write(
            "log.ndjson",
            "{\"specversion\":\"\(hostile)\"}\n\(hostile)\n{\"\(hostile)\":1}\n\(event)\n"
        )
        try folder.write("log.csv", "at,customer,order,units,total\n\(hostile),\(hostile),,1,x\n")
        try folder.write("shop.yaml", Pipelines.csvShop)
        let memory = ["--raw", "memory:", "--warehouse", "memory:", "--log-level", "debug"]
        let reports = ["a.json", "b.md", "c.html", "d.txt"]
        for (pipeline, log) in [(Program.storefront, "log.ndjson"), ("shop.yaml", "log.csv")] {
            for format in ["text", "json"] {
                try await check(
                    ["run", pipeline, "--input", log, "--format", format] + memory
                        + reports.flatMap { ["--report", $0] }
                )
                for name in reports {
                    expectNothingSteers(try folder.text(of: name), name)
                }
            }
        }
    }

    @Test func `nothing of a document steers the terminal`() async throws {
        let text = Self.inYAML
        let objective = """
            apiVersion: openslo/v1
            kind: SLO
            metadata: {name: web, displayName: \(text), labels: {a: \(text)}}
            spec:
              description: \(text)
              service: shop
              budgetingMethod: Occurrences
              timeWindow: [{duration: 1d, isRolling: true}]
              indicator:
                metadata: {name: web, displayName: \(text)}
                spec:
                  description: \(text)
                  ratioMetric:
                    counter: true
                    good: {metricSource: {type: weir, spec: {meter: pipeline.messages.good}}}
                    total: {metricSource: {type: weir, spec: {meter: \(text)}}}
              objectives: [{target: 0.99, displayName: \(text)}]
            """
        try folder.write("slo.yaml", objective)
        try folder.write("sound.yaml", objective.replacing("meter: \(text)", with: "meter: a.b"))
        try folder.write(
            "slices.csv",
            "start,good,total\n\(Self.hostile),1,2\n0,\(Self.hostile),3\n"
        )
        try folder.write(
            "shop.yaml",
            Pipelines.shop([("name: shop}", "name: \(text), x: \(text)}")])
        )
        try folder.write("scenario.yaml", "kind: \(text)\nspec: {faults: [{target: \(text)}]}\n")
        try folder.write("x.sql", "-- name: \(Self.hostile)\nSELECT '\(Self.hostile)'\n")
        let history = ["--objectives", "sound.yaml", "--history", "slices.csv"]
        for arguments in [
            ["run", "shop.yaml"], ["slo", "lint", "slo.yaml"], ["slo", "lint", "sound.yaml"],
            ["slo", "rules", "--objectives", "sound.yaml"], ["slo", "status"] + history,
            ["slo", "export"] + history, ["slo", "explain", "web"] + history,
            ["run", Program.storefront, "--scenario", "scenario.yaml"],
            ["invariants", "lint", "x.sql"],
        ]
            + ["text", "json", "markdown", "html", "openmetrics"].map({
                ["slo", "report", "--format", $0] + history
            })
        {
            try await check(arguments)
        }
    }
}
