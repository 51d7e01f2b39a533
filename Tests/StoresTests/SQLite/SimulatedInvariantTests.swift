import Datasets
import Experiments
import Logging
import Pipeline
import SQLStores
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// What the invariants say of runs in virtual time with which nothing is wrong.
@Suite(.timeLimit(.minutes(20)))
struct SimulatedInvariantTests {
    /// Shoppers who ask for much of their money back; the raw store's subscription retries.
    private static func pipeline() throws -> PipelineDocument {
        var shop = ShopPipeline(
            analytics: "windows: [1m, 1h, 1d], allowedLateness: 10s, commitInterval: 3s"
        )
        shop.subscription = ", retryPolicy: {minimumBackoff: 0.1s, maximumBackoff: 1s}"
        shop.end = """
              load: {shape: constant, rate: 10, arrivals: poisson}
              traffic:
                model: sessions
                users: 50
                products: 20
                refundProbability: 0.8
                concurrentSessions: 10
                transitions:
                  view_item: {add_to_cart: 0.7, view_item: 0.2}
                  add_to_cart: {begin_checkout: 0.9}
                  begin_checkout: {purchase: 0.9}
            """
        return try PipelineDocument.parse(text: shop.text, file: "shop.yaml")
    }

    /// Twice published, out of order, late by hours, and refused: nothing that a store may mind.
    private static let faults = """
        {name: again, kind: duplicate, target: shop, at: 0s, for: 5s, share: 0.3},
        {name: mixed, kind: reordered, target: shop, at: 5s, for: 5s, share: 0.3},
        {name: late, kind: late, target: shop, at: 10s, for: 5s, share: 0.1, by: 3h},
        {name: wrong, kind: malformed, target: shop, at: 15s, for: 5s, share: 0.1}
        """

    private static func simulate(
        _ document: PipelineDocument,
        seed: UInt64,
        isTroubled: Bool,
        _ raw: SQLiteRawStore,
        _ warehouse: SQLiteWarehouse
    ) async throws {
        var options = RunOptions()
        options.rate = .perSecond(10)
        options.duration = .seconds(20)
        options.seed = seed
        if isTroubled {
            let scenario = try ScenarioDocument.parse(
                text: """
                    apiVersion: weir/v1
                    kind: Scenario
                    metadata: {name: test}
                    spec:
                      faults: [\(faults)]
                    """,
                file: "faults.yaml",
                for: document,
                lasting: options.duration
            )
            options.experiment = Experiment(scenario: scenario)
        }
        let timeline = VirtualTimeline(
            start: CatalogueSample.began + .seconds(Int64(seed) * 60),
            tick: .seconds(1)
        )
        let simulation = Simulation(
            document: document,
            options: options,
            stores: RunStores(
                raw: [
                    .init(name: "raw", label: "r", store: raw)
                ],
                warehouses: [
                    .init(name: "warehouse", label: "w", store: warehouse)
                ]
            ),
            timeline: timeline,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            replay: "weir simulate"
        )
        let result = try await simulation.run(stop: Signal())
        #expect(result.failure == nil)
    }

    /// Twenty warehouses, into each of which five seeds are stored one after the other.
    @Test func `a hundred seeds give nothing that offends`() async throws {
        let document = try Self.pipeline()
        var totals = (refunds: 0, letters: Int64(0), late: Int64(0))
        for five in 0..<20 as Range<UInt64> {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let raw = try SQLiteRawStore(SQLiteLocation(path: folder.path("r.sqlite")))
            let warehouse = try SQLiteWarehouse(SQLiteLocation(path: folder.path("w.sqlite")))
            for seed in (5 * five)..<(5 * five + 5) {
                try await Self.simulate(
                    document,
                    seed: seed,
                    isTroubled: seed % 3 > 0,
                    raw,
                    warehouse
                )
            }
            let census = try await RawCensus.take(
                of: [raw],
                in: warehouse,
                at: CatalogueSample.judged
            )
            let offences = try await warehouse.offences(ShippedInvariants.all)
            #expect(offences == [], "seeds from \(5 * five) on")
            let exceptions = try await warehouse.exceptions()
            #expect(census.events > 500)
            #expect(census.unstored == 0)
            totals.refunds += census.refunds.count
            totals.letters += exceptions.deadLetters
            totals.late += exceptions.late
            try raw.close()
            try warehouse.close()
        }
        #expect(totals.refunds > 100)
        #expect(totals.letters > 100)
        #expect(totals.late > 100)
    }
}
