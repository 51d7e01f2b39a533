import Foundation
import Testing

extension Timed {
    @Suite(.serialized, .timeLimit(.minutes(20)))
    struct LatencyTests {
        /// The shipped pipeline with evenly spaced arrivals.
        private func evenPipeline(in folder: TestFolder) throws -> String {
            let text = try String(contentsOfFile: Program.storefront, encoding: .utf8)
            let even = text.replacing("arrivals: poisson", with: "arrivals: uniform")
            try #require(even != text)
            // The file's paths begin where it lies.
            let objectives = Program.packageRoot.appending(path: "slo").path
            let moved = even.replacing("../slo", with: objectives)
            return try folder.write("even.yaml", moved)
        }

        /// The expected quantiles follow from the stall's length and the run's.
        ///
        /// A sink that stalls for S seconds in a run of T seconds at a constant rate delays the
        /// message that is due x seconds into the stall by S - x. So the share of messages that
        /// wait longer than x is (S - x) / T, and the q-quantile is S - (1 - q) T:
        /// with S = 1 and T = 6 that is 0.40 s for p90, 0.94 s for p99, 0.994 s for p99.9.
        /// Counted from the actual send, as by a load generator that waits for answers, p99
        /// would not show the stall at all.
        ///
        /// The stall is a little longer than the lock is held, because SQLite looks for the
        /// lock's end at intervals of up to 0.1 s: S is taken to be the greatest latency.
        ///
        /// Other work of the machine can only add to latencies: one run of some that agrees with
        /// arithmetic is enough.
        @Test func `a stall of the sink is found where arithmetic puts it`() async throws {
            try await Timed.untilUndisturbed { try await stall() }
        }

        private func stall() async throws -> [String] {
            let folder = try TestFolder()
            let (held, length, rate) = (1.0, 6.0, 1000.0)
            let ending = try await folder.run([
                try evenPipeline(in: folder), "--rate", "\(rate)", "--duration", "\(Int(length))s",
            ]) { _ in
                try await folder.raw.wait(for: "SELECT count(*) FROM raw_events", atLeast: 1500)
                try await folder.raw.locked("IMMEDIATE") {
                    try await ContinuousClock().sleep(for: .seconds(held))
                }
            }
            #expect(ending.exitCode == 0, "\(ending.errors)")
            let report = try ending.report
            let latency = try #require(report.stage("ingest")?.latency)
            #expect(latency.count == report.published)
            #expect(abs(Double(report.published) - rate * length) <= 2)

            let p50 = try #require(latency.p50Ms) / 1000
            let p90 = try #require(latency.p90Ms) / 1000
            let p99 = try #require(latency.p99Ms) / 1000
            let p999 = try #require(latency.p999Ms) / 1000
            let stall = try #require(latency.maxMs) / 1000
            #expect(stall >= held - 0.02)
            #expect(p99 <= stall)
            #expect(p999 <= stall)
            return Timed.untrue([
                ("a stall of \(stall) s", stall <= held + 1),
                // What is not stalled is fast.
                ("p50 of \(p50) s", p50 < 0.25),
                // After the stall the queue drains at a finite rate, which adds to what waited
                // less.
                ("p90 of \(p90) s", p90 >= stall - 0.1 * length - 0.1),
                ("p99 of \(p99) s", p99 >= stall - 0.01 * length - 0.05),
                ("p99.9 of \(p999) s", p999 >= stall - 0.001 * length - 0.05),
                ("p90 of \(p90) s", p90 <= stall - 0.1 * length + 0.4),
            ])
        }

        @Test func `a replay keeps the proportions of the log's own clock`() async throws {
            try await Timed.untilUndisturbed { try await replay() }
        }

        private func replay() async throws -> [String] {
            let folder = try TestFolder()
            // 100 s with ten events a second, then 100 s with one: 50 times faster that is 2 s
            // with 1,000 events, then 2 s with 100.
            let log = ShopLog(count: 1_100) { index in
                index < 1_000 ? index / 10 : 100 + (index - 1_000)
            }
            let ending = try await folder.run([
                Program.storefront, "--input", try folder.write("log.ndjson", log.text),
                "--speed", "50",
            ])
            #expect(ending.exitCode == 0, "\(ending.errors)")
            let report = try ending.report
            #expect(report.input.speed == 50)
            #expect(report.published == 1_100)
            #expect(report.durationSeconds >= 199.0 / 50)
            let early = report.published(before: 1)
            let middle = report.published(before: 2)
            let late = report.published(before: 3)
            // Latency counts from when the sped-up clock says that an event is due.
            let p50 = try #require(report.stage("ingest")?.latency.p50Ms)
            return Timed.untrue([
                ("\(report.durationSeconds) s", report.durationSeconds <= 199.0 / 50 + 2),
                ("\(early) in the first second", abs(early - 500) < 100),
                ("\(middle) in two", abs(middle - 1_000) < 100),
                ("\(late) in three", abs(late - 1_050) < 40),
                ("p50 of \(p50) ms", p50 < 250),
            ])
        }
    }
}
