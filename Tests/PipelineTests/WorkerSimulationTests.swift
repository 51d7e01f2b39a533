import Commerce
import Experiments
import Logging
import Pipeline
import Storage
import TestSupport
import Testing
import Timekeeping

/// Any number of workers of an analytics stage leaves the same warehouse.
@Suite(.timeLimit(.minutes(20)))
struct WorkerSimulationTests {
    private static let length = Duration.seconds(60)

    /// Everything in the warehouse after a run with that many workers, and the digest of the run.
    private static func warehouse(
        workers: Int,
        faults: String = "",
        interleaving: UInt64? = nil
    ) async throws -> (contents: [String], digest: String?) {
        var shop = ShopPipeline(
            analytics: "workers: \(workers), windows: [1s, 1m, 1d], allowedLateness: 0s, "
                + "distinctCounts: {windows: [1s, 1m, 1d], categories: [1m]}"
        )
        shop.subscription = ", retryPolicy: {minimumBackoff: 0.1s, maximumBackoff: 1s}"
        shop.end = """
              load: {shape: constant, rate: 40, arrivals: poisson}
              traffic: {model: sessions, users: 200, products: 50, categories: 5}
            """
        let document = try PipelineDocument.parse(text: shop.text, file: "shop.yaml")
        var options = RunOptions()
        options.duration = length
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
        let warehouse = MemoryWarehouse(
            windowLimit: 10_000,
            openWindows: 10_000,
            catalogue: ForgetfulCatalogue()
        )
        let simulation = Simulation(
            document: document,
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
                warehouses: [.init(name: "warehouse", label: "memory:", store: warehouse)]
            ),
            timeline: VirtualTimeline(
                start: Timestamp(seconds: 1_769_904_000),
                tick: .milliseconds(100)
            ),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            interleaving: interleaving,
            replay: ""
        )
        let result = try await simulation.run(stop: Signal())
        #expect(result.failure == nil)
        return (contents(of: warehouse), result.report.simulation?.digest)
    }

    private static func contents(of warehouse: MemoryWarehouse) -> [String] {
        var lines: [String] = []
        for grain in Grain.allCases {
            for categories in [WindowCategories.total, .each] {
                for row in warehouse.windows(grain, categories: categories) {
                    lines.append("\(grain) \(row.start) '\(row.category)' \(row.cell)")
                    lines.append("\(row.currency.code) \(String(describing: row.conversion))")
                    for measure in Measure.allCases {
                        let key = SketchText(
                            grain: grain,
                            start: row.start,
                            measure: measure,
                            category: row.category
                        )
                        lines.append("\(Set(warehouse.sketch(key)).sorted())")
                    }
                }
            }
        }
        for row in warehouse.topProducts(atMost: .max) {
            lines.append("\(row.product) \(row.currency.code) \(row.cell)")
        }
        for stream in warehouse.progress(of: "analytics") {
            lines.append("\(stream.stream) \(stream.consumed.intervals) \(stream.watermark)")
        }
        lines.append("\(warehouse.exceptions())")
        return lines
    }

    @Test(arguments: [""] + FaultSimulationTests.kinds.map(\.fault))
    func `one, two and four workers leave equal warehouses`(fault: String) async throws {
        let one = try await Self.warehouse(workers: 1, faults: fault)
        #expect(one.contents.count > 1000)
        for workers in fault.isEmpty ? [2, 4] : [4] {
            let many = try await Self.warehouse(workers: workers, faults: fault)
            #expect(many.contents == one.contents, "\(workers) workers, \(fault)")
        }
    }

    @Test func `a run with several workers is the same every time`() async throws {
        let crash = "{kind: crash, target: analytics, at: 10s, for: 20s, every: 3s}"
        for interleaving in [nil, 1, 2, 3] as [UInt64?] {
            let first = try await Self.warehouse(
                workers: 3,
                faults: crash,
                interleaving: interleaving
            )
            let second = try await Self.warehouse(
                workers: 3,
                faults: crash,
                interleaving: interleaving
            )
            #expect(first.digest == second.digest)
            #expect(first.contents == second.contents)
        }
    }
}
