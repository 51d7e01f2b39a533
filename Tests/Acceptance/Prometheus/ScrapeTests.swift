import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// A real Prometheus scrapes a live run.
    @Suite(
        .serialized,
        .timeLimit(.minutes(20)),
        .enabled(if: PrometheusServer.isInstalled, "prometheus is not installed")
    )
    struct ScrapeTests {
        private let folder: TestFolder
        private let port = RawConnection.freePort()

        init() throws {
            folder = try TestFolder()
        }

        /// The shop with its load for three seconds, and then next to nothing.
        private func pipeline() throws -> String {
            let objectives = Program.packageRoot.appending(path: "slo/storefront").path
            let text = Pipelines.shop.replacing(
                "load: {shape: constant, rate: 1000, arrivals: uniform}",
                with: """
                    load: {shape: step, steps: [{at: 0s, rate: 2000}, {at: 3s, rate: 0.0001}]}
                      objectives: ["\(objectives)"]
                    """
            )
            return try folder.write("shop.yaml", text)
        }

        /// What the console of the run says at `path`.
        private func page(_ path: String) -> String? {
            (try? RawConnection(port: port))?.ask("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        }

        private func waitUntilServing() async throws {
            while page("/readyz")?.contains("200 OK") != true {
                try await ContinuousClock().sleep(for: .milliseconds(50))
            }
        }

        /// Waits until nothing is under way, and every event is in a slice that has ended.
        private func waitUntilSettled(_ prometheus: PrometheusServer) async throws {
            try await prometheus.wait {
                let published = try prometheus.samples("weir_topic_published_messages_total")
                let acked = try prometheus.samples("sum(weir_subscription_acked_messages_total)")
                let counted = try prometheus.samples(
                    "sum(slo_events_total{slo='message-success'})"
                )
                guard let published = published.values.first, published >= 5900 else {
                    return false
                }
                return acked.values.first == 2 * published && counted.values.first == 2 * published
            }
        }

        @Test func `a live run is scraped without an error, and its counters are the report's`()
            async throws
        {
            let counters = Locked<[String: Double]>([:])
            let serving = "127.0.0.1:\(port)"
            let ending = try await folder.run([
                try pipeline(), "--serve", serving, "--linger", "0s",
            ]) { program in
                try await waitUntilServing()
                try await PrometheusServer.scraping(port: port, in: folder) { prometheus in
                    try await waitUntilSettled(prometheus)
                    let targets = try prometheus.targets()
                    #expect(targets.map(\.health) == ["up"])
                    #expect(targets.map(\.lastError) == [""])
                    let up = try prometheus.samples("min_over_time(up{job='weir'}[5m])")
                    #expect(up.values.first == 1)
                    for line in prometheus.text("/metrics")?.split(separator: "\n") ?? []
                    where line.hasPrefix("prometheus_target_scrapes_") {
                        #expect(line.hasSuffix(" 0"), "\(line)")
                    }
                    let held = try self.counters(in: prometheus)
                    counters.change { $0 = held }
                }
                try checkWithPromtool()
                try program.send(.interrupt)
            }
            #expect(ending.exitCode == 130)
            #expect(ending.errors.contains("serving http://\(serving)/metrics"))
            #expect(!ending.errors.contains("\"level\":\"error\""), "\(ending.errors)")
            let expected = try reported(ending.output)
            #expect(counters.value == expected)
            #expect(expected.count > 20)
        }

        /// Counters of which the report has the same, as Prometheus holds them.
        private func counters(in prometheus: PrometheusServer) throws -> [String: Double] {
            var held: [String: Double] = [:]
            func take(_ name: String, by label: String) throws {
                let found = try prometheus.samples(name, by: label)
                for (key, value) in found.sorted(by: { $0.key < $1.key }) {
                    held["\(name) \(key)"] = value
                }
            }
            for name in Self.subscriptionCounters {
                try take("weir_subscription_\(name)_messages_total", by: "subscription")
            }
            for name in Self.stageCounters {
                try take("weir_stage_\(name)_messages_total", by: "stage")
            }
            try take("weir_stage_message_latency_seconds_count", by: "stage")
            try take(
                "messaging_process_duration_seconds_count",
                by: "messaging_consumer_group_name"
            )
            try take("weir_producer_published_messages_total", by: "producer")
            try take(Self.goodEvents, by: "slo")
            return held
        }

        private static let subscriptionCounters = [
            "published", "acked", "delivered", "redelivered", "nacked", "dead_lettered", "expired",
            "filtered", "shed",
        ]
        private static let stageCounters = ["processed", "duplicate", "late"]
        /// Of the objectives that count: a composite weighs shares.
        private static let goodEvents =
            "slo_events_total{result='good',slo!~'availability|freshness'}"

        /// The same of the report.
        private func reported(_ output: String) throws -> [String: Double] {
            let json = try #require(
                JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
            )
            var counters: [String: Double] = [:]
            func each(_ key: String, _ body: (String, [String: Any]) throws -> Void) throws {
                for row in try #require(json[key] as? [[String: Any]]) {
                    try body(try #require(row["name"] as? String), row)
                }
            }
            func count(_ row: [String: Any], _ key: String) throws -> Double {
                Double(try #require(row[key] as? Int))
            }
            try each("subscriptions") { name, row in
                for key in Self.subscriptionCounters {
                    counters["weir_subscription_\(key)_messages_total \(name)"] =
                        try count(row, key)
                }
            }
            try each("stages") { name, row in
                for key in Self.stageCounters {
                    let reported = key == "duplicate" ? "duplicates" : key
                    counters["weir_stage_\(key)_messages_total \(name)"] = try count(row, reported)
                }
                let latency = try #require(row["latency"] as? [String: Any])
                let jobs = try #require(row["jobs"] as? [String: Any])
                counters["weir_stage_message_latency_seconds_count \(name)"] =
                    try count(latency, "count")
                counters["messaging_process_duration_seconds_count \(name)"] =
                    try count(jobs, "count")
            }
            try each("producers") { name, row in
                counters["weir_producer_published_messages_total \(name)"] =
                    try count(row, "published")
            }
            try each("objectives") { name, row in
                // What does not apply to this pipeline is in neither.
                guard !["availability", "freshness"].contains(name),
                    row["state"] as? String != "not-applicable"
                else { return }
                counters["\(Self.goodEvents) \(name)"] = try count(row, "good")
            }
            return counters
        }

        /// Both formats of the page; promtool reads the older one.
        private func checkWithPromtool() throws {
            let answer = try #require(page("/metrics"))
            let head = try #require(answer.firstRange(of: "\r\n\r\n"))
            try folder.write("metrics.txt", String(answer[head.upperBound...]))
            let process = Process()
            let pipe = Pipe()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = [
                "-c", "/usr/bin/promtool check metrics < '\(folder.path("metrics.txt"))' 2>&1",
            ]
            process.standardOutput = pipe
            try process.run()
            let said = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(String(decoding: said, as: UTF8.self))")
            #expect(said.isEmpty)
        }
    }
}
