import Foundation
import Testing

/// Objectives whose history is asked of a Prometheus.
@Suite(
    .enabled(if: PrometheusServer.isInstalled, PrometheusServer.skipped),
    .timeLimit(.minutes(20))
)
struct PrometheusSourceTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func objective(url: String, total: String = "slo_events_total") throws -> String {
        try folder.write(
            "objective.yaml",
            """
            apiVersion: openslo/v1
            kind: DataSource
            metadata: {name: prom}
            spec: {type: prometheus, connectionDetails: {url: "\(url)"}}
            ---
            apiVersion: openslo/v1
            kind: Service
            metadata: {name: shop}
            spec: {description: "The shop."}
            ---
            apiVersion: openslo/v1
            kind: SLO
            metadata: {name: message-success}
            spec:
              service: shop
              budgetingMethod: Occurrences
              timeWindow: [{duration: 3d, isRolling: true}]
              objectives: [{target: 0.999}]
              indicator:
                metadata: {name: message-success}
                spec:
                  ratioMetric:
                    counter: true
                    good:
                      metricSource:
                        metricSourceRef: prom
                        spec: {query: 'slo_events_total{result="good"}'}
                    total:
                      metricSource: {metricSourceRef: prom, spec: {query: '\(total)'}}
            """
        )
    }

    /// Three and a half days of minutes with a few failures, from which the counters restart once.
    private static let slices: String = {
        var text = "start,good,total\n"
        for minute in 0..<5000 {
            let total = 50 + minute * 7 % 31
            let bad = minute % 97 == 0 ? 3 : 0
            text += "\(1_767_225_600 + minute * 60),\(total - bad),\(total)\n"
        }
        return text
    }()

    private static let asOf = "2026-01-04T11:20:00Z"

    private func report(_ arguments: [String]) async throws -> (Ending, [String: Any]) {
        let ending = try await Program.run(
            ["slo", "report", "--format", "json", "--as-of", Self.asOf] + arguments
        )
        guard !ending.output.isEmpty else { return (ending, [:]) }
        let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
        let objectives = (json as? [String: Any])?["objectives"] as? [[String: Any]]
        return (ending, objectives?.first ?? [:])
    }

    @Test func `a report on what Prometheus has is that on the slices it was filled with`()
        async throws
    {
        let slices = try folder.write("slices.csv", Self.slices)
        let export = try await Program.run([
            "slo", "export", "--history", slices, "--objective", "message-success",
        ])
        try folder.write("history.om", export.output)
        try await PrometheusServer.backfill(
            folder.path("history.om"),
            into: folder.path("prometheus")
        )
        try await PrometheusServer.serving(folder.path("prometheus")) { server in
            let path = try objective(url: "http://127.0.0.1:\(server.port)")
            let (asked, fromPrometheus) = try await report(["--objectives", path])
            try #require(asked.exitCode == 0, "\(asked.errors)")
            let (read, fromFile) = try await report(["--objectives", path, "--history", slices])
            try #require(read.exitCode == 0, "\(read.errors)")
            for key in ["budget", "burn_rates", "state", "alerts"] {
                let theirs = try JSONSerialization.data(
                    withJSONObject: [fromPrometheus[key]],
                    options: .sortedKeys
                )
                let ours = try JSONSerialization.data(
                    withJSONObject: [fromFile[key]],
                    options: .sortedKeys
                )
                #expect(theirs == ours, "\(key)")
            }

            // More good events than events: nobody knows what they were.
            let odd = try objective(
                url: "http://127.0.0.1:\(server.port)",
                total: #"slo_events_total{result="bad"}"#
            )
            let (ending, _) = try await report(["--objectives", odd])
            #expect(ending.errors.contains("not counted, as good-exceeds-total: "))

            // A sum made by the query is read, and said to hide resets; no PromQL is refused.
            let (summed, _) = try await report([
                "--objectives",
                try objective(
                    url: "http://127.0.0.1:\(server.port)",
                    total: "sum(slo_events_total)"
                ),
            ])
            #expect(summed.exitCode == 0)
            #expect(summed.errors.contains("expected the counters themselves"))
            let wrong = try objective(url: "http://127.0.0.1:\(server.port)", total: "sum(")
            let (refused, _) = try await report(["--objectives", wrong])
            #expect(refused.exitCode == 65)
            #expect(refused.errors.contains("refuses"), "\(refused.errors)")
        }
    }

    @Test func `a Prometheus that is not there leaves an objective without data`() async throws {
        let path = try objective(url: "http://127.0.0.1:1")
        let (ending, objective) = try await report(["--objectives", path])
        #expect(ending.exitCode == 69)
        #expect(objective["state"] as? String == "no-data")
        #expect(ending.errors.contains("message-success: http://127.0.0.1:1: cannot be reached"))
        let status = try await Program.run(["slo", "status", "--objectives", path])
        #expect(status.exitCode == 69)
        #expect(status.output.hasPrefix("message-success: no-data"))
    }

    @Test(arguments: ["", "http://127.0.0.1:99999", "http://user:secret@127.0.0.1:9090"])
    func `a data source that says not where is told with its place`(url: String) async throws {
        let path = try objective(url: url)
        let (ending, _) = try await report(["--objectives", path])
        #expect(ending.exitCode == 65)
        #expect(ending.errors.contains("objective.yaml:4:"), "\(ending.errors)")
        #expect(ending.errors.contains("connectionDetails.url"), "\(ending.errors)")
    }
}
