import Foundation
import Testing

/// What `weir slo report` says of a history, asked of a real Prometheus that was filled with the
/// same history by `weir slo export`.
///
/// Where they differ, and why:
///
/// | | Prometheus | Weir |
/// |---|---|---|
/// | a window that begins before the history | `c - c offset w` has no answer | sums, `partial` |
/// | an instant over 5 minutes into a gap | no answer: past its look-back | sums, or `no-data` |
/// | a window with a gap in it | bad share over budget | times coverage: unseen spends nothing |
/// | `rate()` and `increase()` | stretched to the window's edges | counts |
@Suite(
    .enabled(if: PrometheusServer.isInstalled, PrometheusServer.skipped),
    .timeLimit(.minutes(20))
)
struct PrometheusAgreementTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    /// A window of a report.
    private struct Window {
        var name: String
        var seconds: Double
        var good: Double
        var total: Double
        var coverage: Double
        var isWhole: Bool { coverage == 1 }
        var sli: Double?
        var burnRate: Double?

        init(_ json: [String: Any]) throws {
            func number(_ json: Any?) -> Double? { (json as? [String: Any])?["value"] as? Double }
            name = try #require(json["window"] as? String)
            let measured = try #require(json["measured"] as? [String: Any])
            let slices = try #require(measured["slices"] as? Double)
            seconds = slices * (try #require(measured["slice_seconds"] as? Double))
            good = try #require(measured["good"] as? Double)
            total = try #require(measured["total"] as? Double)
            coverage = try #require(number(measured["coverage"]))
            sli = number(measured["sli"])
            burnRate = number(json["value"])
        }
    }

    private static let epoch = 1_767_225_600

    /// Four days of minutes with an outage of half an hour and, on the third day, a gap.
    private static func slices(seed: UInt64) -> [(start: Int, good: Int, total: Int)] {
        var state = seed
        func random(_ bound: UInt64) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % bound)
        }
        return (0..<4 * 1440).compactMap { minute in
            let total = 20 + random(200)
            let isOut = (1000..<1030).contains(minute)
            let bad = isOut ? total / 3 : random(40) == 0 ? 1 : 0
            guard !(2500..<2520).contains(minute) else { return nil }
            return (epoch + minute * 60, total - bad, total)
        }
    }

    private func report(at instant: Int, history: [String]) async throws -> [String: Any] {
        let asOf = Date(timeIntervalSince1970: Double(instant)).formatted(.iso8601)
        let ending = try await Program.run(
            ["slo", "report", "--format", "json", "--objective", "message-success"]
                + ["--window", "3d", "--as-of", asOf] + history
        )
        try #require(ending.exitCode == 0, "\(ending.errors)")
        let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
        let objectives = (json as? [String: Any])?["objectives"] as? [[String: Any]]
        return try #require(objectives?.first)
    }

    private func export(_ history: [String]) async throws {
        let ending = try await Program.run(
            ["slo", "export", "--objective", "message-success"] + history
        )
        try #require(ending.exitCode == 0, "\(ending.errors)")
        try folder.write("history.om", ending.output)
        try await PrometheusServer.backfill(
            folder.path("history.om"),
            into: folder.path("prometheus")
        )
    }

    private static func difference(_ result: String, _ seconds: Double) -> String {
        let counter = "slo_events_total{slo=\"message-success\",result=\"\(result)\"}"
        return "sum(\(counter) - \(counter) offset \(Int(seconds))s)"
    }

    private static func agree(_ theirs: Double?, _ ours: Double?) -> Bool {
        guard let theirs, let ours else { return theirs == nil && ours == nil }
        return abs(theirs - ours) <= 1e-9 * max(abs(theirs), abs(ours))
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `SLI, burn rates and budget agree wherever both are defined`(seed: UInt64) async throws {
        let slices = Self.slices(seed: seed)
        let text = slices.map { "\($0.start),\($0.good),\($0.total)\n" }.joined()
        let file = try folder.write("slices.csv", "start,good,total\n" + text)
        let history = ["--history", file]
        try await export(history)
        var compared = 0
        var undefined = 0
        try await PrometheusServer.serving(folder.path("prometheus")) { prometheus in
            // In the outage, after it, in the gap, after it, and at the end.
            for minute in [1015, 1100, 2510, 4600, 5760] {
                let instant = Self.epoch + minute * 60
                let report = try await report(at: instant, history: history)
                let windows = try #require(report["burn_rates"] as? [[String: Any]]).map(
                    Window.init
                )
                for window in windows {
                    let good = try prometheus.value(
                        of: Self.difference("good", window.seconds),
                        at: instant
                    )
                    let bad = try prometheus.value(
                        of: Self.difference("bad", window.seconds),
                        at: instant
                    )
                    guard let good, let bad else {
                        #expect(!window.isWhole, "\(window) at minute \(minute)")
                        undefined += 1
                        continue
                    }
                    #expect(good == window.good, "\(window) at minute \(minute)")
                    #expect(good + bad == window.total, "\(window) at minute \(minute)")
                    let ratio = good + bad == 0 ? nil : bad / (good + bad)
                    #expect(Self.agree(ratio.map { 1 - $0 }, window.sli), "\(window)")
                    let burnRate = ratio.map { $0 / 0.001 * window.coverage }
                    #expect(Self.agree(burnRate, window.burnRate), "\(window)")
                    compared += 1
                }
                guard let last = windows.last, last.seconds == 3 * 86_400, minute >= 3 * 1440
                else { continue }
                let budget = try #require(report["budget"] as? [String: Any])
                let remaining = try #require(budget["remaining_ratio"] as? [String: Any])
                let (good, bad) = (
                    Self.difference("good", 3 * 86_400), Self.difference("bad", 3 * 86_400)
                )
                let asked = try prometheus.value(
                    of: "1 - \(bad) / ((\(good) + \(bad)) * 0.001) * \(last.coverage)",
                    at: instant
                )
                #expect(Self.agree(asked, remaining["value"] as? Double))
            }
        }
        #expect(compared >= 20 && undefined >= 5, "\(compared) and \(undefined)")
    }

    /// The bound is that of what lies within one slice.
    ///
    /// Where the edges of the window lie between samples, Prometheus sees the slices that lie
    /// within whole, which count `d` in `w - s` seconds (`w` the window, `s` a slice), and makes
    /// `d · w / (w - s)` of them; the window in truth has one slice more. No slice counts more
    /// than `m`, so both are greater than `d` by at most `m`.
    @Test func `what increase extrapolates is off by a slice's worth at most`() async throws {
        let slices = Self.slices(seed: 3)
        let text = slices.map { "\($0.start),\($0.good),\($0.total)\n" }.joined()
        let file = try folder.write("slices.csv", "start,good,total\n" + text)
        let history = ["--history", file]
        try await export(history)
        var extrapolated = 0
        try await PrometheusServer.serving(folder.path("prometheus")) { prometheus in
            let instant = Self.epoch + 5760 * 60 - 60
            let windows = try #require(
                try await report(at: instant, history: history)["burn_rates"] as? [[String: Any]]
            ).map(Window.init)
            for window in windows where window.isWhole && window.seconds >= 300 {
                let largest = slices.filter {
                    $0.start < instant && Double($0.start) >= Double(instant) - window.seconds
                }.map(\.good).max()
                let asked = try prometheus.value(
                    of: "sum(increase(slo_events_total{result=\"good\"}"
                        + "[\(Int(window.seconds))s]))",
                    // Half a slice later, when there is no new sample yet.
                    at: instant + 30
                )
                let off = abs(try #require(asked) - window.good)
                #expect(off <= Double(try #require(largest)), "\(window)")
                if off > 0 { extrapolated += 1 }
            }
        }
        #expect(extrapolated > 0)
    }

    @Test func `the history of a run is the same in Prometheus`() async throws {
        let ran = try await folder.run([
            Program.storefront, "--events", "3000", "--rate", "1000",
        ])
        try #require(ran.exitCode == 0, "\(ran.errors)")
        let history = ["--warehouse", "sqlite:\(folder.warehouse.path)"]
        try await export(history)
        let text = try folder.text(of: "history.om")
        let line = try #require(text.split(separator: "\n").last { $0.hasPrefix("slo_events") })
        let instant = try #require(line.split(separator: " ").last.flatMap { Int($0) })
        let report = try await report(at: instant, history: history)
        let windows = try #require(report["burn_rates"] as? [[String: Any]]).map(Window.init)
        let whole = try #require(windows.last)
        // Ingest and analytics each have every message.
        #expect(whole.total == 2 * 3000)
        try await PrometheusServer.serving(folder.path("prometheus")) { prometheus in
            for (result, count) in [("good", whole.good), ("bad", whole.total - whole.good)] {
                let counted = try prometheus.value(
                    of: "sum(slo_events_total{slo=\"message-success\",result=\"\(result)\"})",
                    at: instant
                )
                #expect(counted == count)
            }
        }
    }
}
