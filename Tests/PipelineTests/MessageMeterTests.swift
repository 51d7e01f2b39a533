import OpenSLO
import Pipeline
import SLO
import Testing
import Timekeeping

/// The meters of single messages, of subscriptions and of workers, in whole pipelines.
@Suite(.timeLimit(.minutes(20)))
struct MessageMeterTests {
    @Test(arguments: [
        "{kind: late, target: storefront, by: 5m, at: 1m, for: 5m}",
        "{kind: clock-skew, target: storefront, by: 5m, at: 1m, for: 5m}",
    ])
    func `a fault that changes the events' own time leaves the latency as it was`(
        fault: String
    ) async throws {
        let clean = try await ShippedStorefront.simulate(
            rate: 20,
            lasting: .seconds(600),
            takesServiceTimes: false
        )
        let report = try await ShippedStorefront.simulate(
            faults: fault,
            rate: 20,
            lasting: .seconds(600),
            takesServiceTimes: false
        )
        #expect((report.faults?.first?.effects ?? 0) > 1000)
        let expected = try clean.stage("ingest").latency
        let latency = try report.stage("ingest").latency
        #expect(latency.count == expected.count)
        #expect(latency.p50Ms == expected.p50Ms)
        #expect(latency.p99Ms == expected.p99Ms)
        #expect(latency.maxMs == expected.maxMs)
        let freshness = try report.objective("freshness")
        #expect(freshness.run?.meetsTarget == true)
        #expect(freshness.run?.sli.decimal == "1")
    }

    @Test func `an outage counts while it lasts, and each message once`() async throws {
        // 20 a second, and a limit of 10 s: what is due from 60 s on waits until 180 s.
        let latency = try ShippedStorefront.objective(on: "latency.ingest", "op: lte, value: 10")
        let report = try await ShippedStorefront.simulate(
            faults: "{kind: partition, target: ingest, at: 60s, for: 2m}",
            objectives: [latency],
            rate: 20,
            lasting: .seconds(600),
            takesServiceTimes: false
        )
        let published = try #require(report.producers.first?.published)
        let run = try #require(try report.objective("latency-ingest").run)
        #expect(run.total?.number == MeasuredNumber(published))
        let good = try #require(run.good?.number.digits)
        let bad = published - Int64(good)
        // Those of 110 s, as many as a Poisson process has of them.
        #expect(abs(Double(bad) - 2200) < 4 * 2200.0.squareRoot(), "\(bad)")
        // The first slice with a message that waits for more than 10 s is the one after 70 s.
        let fault = try #require(report.faults?.first)
        #expect(fault.visible == "2026-02-01T00:01:20Z")
        #expect(fault.recovered == "2026-02-01T00:03:10Z")
    }

    @Test func `freshness, lag and busy are measured once a slice`() async throws {
        let objectives = [
            try ShippedStorefront.objective(on: "freshness.ingest", "op: lte, value: 10"),
            try ShippedStorefront.objective(on: "freshness.analytics", "op: lte, value: 10"),
            try ShippedStorefront.objective(on: "lag.analytics", "op: lte, value: 10"),
            try ShippedStorefront.objective(on: "busy.ingest", "op: lt, value: 0.5"),
            try ShippedStorefront.objective(on: "busy.analytics", "op: lt, value: 0.5"),
        ]
        let report = try await ShippedStorefront.simulate(
            faults: """
                {kind: slow, target: raw, by: 30s, at: 100s, for: 100s}, \
                {kind: partition, target: analytics, at: 400s, for: 100s}
                """,
            objectives: objectives,
            rate: 20,
            lasting: .seconds(600),
            takesServiceTimes: false
        )
        func bad(_ name: String) throws -> Int128 {
            let run = try #require(try report.objective(name).run)
            let total = try #require(run.total?.number.digits)
            // The last one is that of what is settled after the load has ended.
            #expect((60...61).contains(total), "\(name)")
            return total - (try #require(run.good?.number.digits))
        }
        // A job of 30 s each: from the first slice that ends beyond 10 s to the end of the last.
        let stale = try bad("freshness-ingest")
        #expect((10...13).contains(stale), "\(stale)")
        let busy = try bad("busy-ingest")
        #expect((10...13).contains(busy), "\(busy)")
        // Cut off, analytics does nothing, and what it has counted grows old.
        let cutOff = try bad("freshness-analytics")
        #expect((8...12).contains(cutOff), "\(cutOff)")
        #expect(abs(try bad("lag-analytics") - cutOff) <= 1)
        #expect(try bad("busy-analytics") == 0)
        let share = try #require(try report.stage("ingest").busyRatio)
        #expect((0.15...0.22).contains(share), "\(share)")
        #expect(try report.stage("analytics").busyRatio ?? 1 < 0.05)
    }

    @Test func `what a pipeline does not have is not applicable, fires nothing and is not judged`()
        async throws
    {
        let objectives =
            try ShippedStorefront.objectives()
            + [ShippedStorefront.objective(on: "latency.nowhere", "op: lte, value: 10")]
        let report = try await ShippedStorefront.simulate(
            objectives: objectives,
            rate: 1,
            lasting: .seconds(3600)
        )
        #expect(report.alerts?.isEmpty == true)
        let connections = try report.objective("mongodb-connections")
        #expect(connections.state == "not-applicable")
        #expect(connections.gate.outcome == .notJudged)
        #expect(connections.run == nil)
        #expect(
            connections.reason == "the pipeline has no raw store with connections, such as MongoDB"
        )
        let nowhere = try report.objective("latency-nowhere")
        #expect(nowhere.reason == "the pipeline has no stage 'nowhere'")
        #expect(report.verdict?.text.contains("4 objectives met") == true)
        #expect(report.verdict?.result == .passed)
    }
}
