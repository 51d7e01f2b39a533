import Documents
import Experiments
import Foundation
import Logging
import OpenSLO
import Pipeline
import SLO
import Storage
import TestSupport
import Testing
import Timekeeping

/// What faults do to a whole pipeline, in virtual time.
@Suite(.timeLimit(.minutes(20)))
struct FaultSimulationTests {
    private static let start = Timestamp(seconds: 1_769_904_000)

    /// One topic with an ingest and an analytics stage, and what is to be put into its places.
    private static func pipeline(
        ingest: String = "",
        raw: String = "",
        arrivals: String = "poisson"
    ) throws -> PipelineDocument {
        var shop = ShopPipeline(analytics: "windows: [1m, 1d], allowedLateness: 1h")
        shop.subscription = """
            , retryPolicy: {minimumBackoff: 0.1s, maximumBackoff: 1s}, \
            deadLetterPolicy: {maxDeliveryAttempts: 5}
            """
        shop.ingest = ingest
        shop.raw = raw
        shop.end = """
              load: {shape: constant, rate: 10, arrivals: \(arrivals)}
              traffic: {model: mix, users: 200, products: 50, categories: 5}
            """
        return try PipelineDocument.parse(text: shop.text, file: "shop.yaml")
    }

    private static func simulate(
        _ document: PipelineDocument,
        faults: String = "",
        objectives: [Objective] = [],
        rate: Double = 10,
        lasting length: Duration,
        slice: Duration = .seconds(10),
        tick: Duration = .milliseconds(100),
        seed: UInt64 = 1
    ) async throws -> RunReport {
        var options = RunOptions()
        options.rate = .perSecond(rate)
        options.duration = length
        options.seed = seed
        options.slice = slice
        options.objectives = objectives
        var experiment = Experiment(takesServiceTimes: true)
        if !faults.isEmpty {
            experiment.scenario = try ScenarioDocument.parse(
                text: ShippedStorefront.scenario(of: faults),
                file: "faults.yaml",
                for: document,
                lasting: length
            )
        }
        options.experiment = experiment
        let stores = RunStores(
            raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
            warehouses: [
                .init(
                    name: "warehouse",
                    label: "memory:",
                    store: MemoryWarehouse(catalogue: ForgetfulCatalogue())
                )
            ]
        )
        let simulation = Simulation(
            document: document,
            options: options,
            stores: stores,
            timeline: VirtualTimeline(start: start, tick: tick),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            replay: "weir simulate"
        )
        let result = try await simulation.run(stop: Signal())
        #expect(result.failure == nil, "\(String(describing: result.failure))")
        for subscription in result.report.subscriptions {
            #expect(subscription.conserved, "\(subscription.name)")
        }
        return result.report
    }

    @Test func `a fault does what its kind says, and no message is unaccounted for`() async throws {
        let document = try Self.pipeline(
            raw: ", serviceTime: {distribution: constant, time: 20ms}"
        )
        let clean = try await Self.simulate(document, lasting: .seconds(60))
        for kind in Self.kinds {
            let report = try await Self.simulate(
                document,
                faults: kind.fault,
                lasting: .seconds(60)
            )
            let does = kind.check(report, clean)
            #expect(does, "\(kind.fault)")
            let fault = try #require(report.faults?.first)
            #expect(fault.effects > 0 || kind.fault.contains("drought"), "\(kind.fault)")
            #expect(fault.start == "2026-02-01T00:00:20Z")
            #expect(fault.end == "2026-02-01T00:00:40Z")
        }
    }

    @Test func `every kind of fault has a test of what it does`() {
        for kind in FaultKind.allCases {
            #expect(Self.kinds.contains { $0.fault.contains("kind: \(kind.rawValue),") })
        }
    }

    @Test func `the same seed has the same faults to the byte, and another seed has others`()
        async throws
    {
        let document = try Self.pipeline()
        let faults = """
            {kind: failing, target: raw, share: 0.3, random: {every: 20s}, for: 5s}, \
            {kind: duplicate, target: shop, share: 0.3, at: 10s, for: 60s}, \
            {kind: crash, target: ingest, every: 7s, at: 30s, for: 30s}
            """
        var digests: [String] = []
        for seed: UInt64 in [1, 1, 2] {
            let report = try await Self.simulate(
                document,
                faults: faults,
                lasting: .seconds(120),
                seed: seed
            )
            digests.append(try #require(report.simulation?.digest))
        }
        #expect(digests[0] == digests[1])
        #expect(digests[1] != digests[2])
    }

    /// 99.9% of the seconds of 30 days, each good where ingest worked in it.
    private static func availability() throws -> Objective {
        let text = """
            apiVersion: openslo/v1
            kind: Service
            metadata: {name: shop}
            spec: {description: A shop.}
            ---
            apiVersion: openslo/v1
            kind: SLO
            metadata: {name: ingest-up}
            spec:
              service: shop
              budgetingMethod: Timeslices
              timeWindow: [{duration: 30d, isRolling: true}]
              objectives:
                - {op: gte, value: 1, target: 0.999, timeSliceTarget: 1, timeSliceWindow: 1m}
              indicator:
                metadata: {name: up}
                spec:
                  thresholdMetric:
                    metricSource: {type: weir, spec: {meter: availability.ingest}}
            """
        let reading = OpenSLO.read([OpenSLO.SourceText(file: "slo.yaml", text: text)])
        var objective = try #require(reading.checked().objectives.first)
        // OpenSLO has no shorter slices than a minute; the engine has.
        objective.budgeting = .timeslices(window: .seconds(1), target: .one)
        let pairs = BurnRateAlert.workbook(period: .seconds(30 * 86_400)).map(AlertRule.burnRate)
        objective.alertPolicies = [
            AlertPolicy(
                name: "burn",
                rules: pairs + [.budgetExhausted(BudgetExhaustedAlert(severity: "page"))]
            )
        ]
        return objective
    }

    @Test func `a total outage of ingest pages after 52, 130 and 260 s, and ends the budget`()
        async throws
    {
        // What was not observed has spent nothing, so that the days before need not be made.
        let objective = try Self.availability()
        let report = try await Self.simulate(
            Self.pipeline(arrivals: "uniform"),
            faults: "{kind: partition, target: ingest, at: 60s, for: 45m}",
            objectives: [objective],
            rate: 1,
            lasting: .seconds(3600),
            slice: .seconds(1),
            tick: .seconds(1)
        )
        let fault = try #require(report.faults?.first)
        let visible = try #require(fault.visible.flatMap { Timestamp(rfc3339: $0) })
        // A message has to wait for ten seconds before its stage counts as down; the first slice
        // that is bad is the first second of the outage as the objective sees it.
        let down = visible - .seconds(1)
        let began = Self.start + .seconds(60)
        #expect(down - began >= .seconds(9) && down - began <= .seconds(12))
        var fired: [String: Duration] = [:]
        for alert in report.alerts ?? [] {
            let at = try #require(Timestamp(rfc3339: alert.start))
            let rule = String(alert.alert.split(separator: "/").last ?? "")
            fired[rule] = fired[rule] ?? at - down
        }
        #expect(fired["fast"] == .seconds(52))
        #expect(fired["medium"] == .seconds(130))
        #expect(fired["slow"] == .seconds(260))
        #expect(fired["budget-exhausted"] == .seconds(2592))
        #expect(fault.recovered != nil)
    }

    /// The chance that an arrival finds all of `servers` taken, by Erlang (1917).
    private static func erlangC(_ load: Double, _ servers: Int) -> Double {
        var term = 1.0
        var sum = 1.0
        for k in 1..<max(servers, 1) {
            term *= load / Double(k)
            sum += term
        }
        let last = term * load / Double(servers) * Double(servers) / (Double(servers) - load)
        return last / (sum + last)
    }

    @Test(arguments: [(1, 0.5), (1, 0.8), (3, 2.1)])
    func `waiting in line is as long as queueing theory says`(
        servers: Int,
        load: Double
    ) async throws {
        let document = try Self.pipeline(
            ingest: ", batch: 1, workers: \(servers), "
                + "serviceTime: {distribution: exponential, mean: 1s}"
        )
        let seconds = 12_000
        let report = try await Self.simulate(
            document,
            rate: load,
            lasting: .seconds(seconds),
            tick: .milliseconds(1)
        )
        let latency = try #require(Self.stage(report, "ingest")?.latency)
        let count = Double(latency.count)
        // Sojourn in M/M/c; with one server it is exponential of rate 1 - load.
        let free = Double(servers) - load
        let waits = Self.erlangC(load, servers)
        if servers == 1 {
            let mean = 1 / free
            // A batch-means bound for correlated waits: (1 + load) / (1 - load) runs as one.
            let error = 4 * mean * ((1 + load) / (1 - load) / count).squareRoot()
            let median = try #require(latency.p50Ms) / 1000
            #expect(abs(median - mean * 0.693147) < error, "median \(median)")
            let p99 = try #require(latency.p99Ms) / 1000
            #expect(abs(p99 - mean * 4.60517) < 12 * error, "p99 \(p99)")
        } else {
            // P(T > t) of M/M/c: a wait with chance C, then a service.
            func beyond(_ time: Double) -> Double {
                let ratio = waits / (1 - free)
                return Foundation.exp(-time) * (1 - ratio * (1 - Foundation.exp(time * (1 - free))))
            }
            let p99 = try #require(latency.p99Ms) / 1000
            #expect(abs(beyond(p99) - 0.01) < 0.004, "p99 \(p99)")
            let median = try #require(latency.p50Ms) / 1000
            #expect(abs(beyond(median) - 0.5) < 0.03, "median \(median)")
        }
    }
}
