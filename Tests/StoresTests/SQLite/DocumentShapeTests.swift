import Documents
import Experiments
import Logging
import Pipeline
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// Whatever a document may say of topics and stores runs, on stores of every kind.
@Suite(.timeLimit(.minutes(5)))
struct DocumentShapeTests {
    /// Stages beside the producers `p1`, of topic `a`, and `p2`, of topic `b`.
    struct Shape: CustomTestStringConvertible {
        var testDescription: String
        var subscriptions: String
        var stages: [String]
        /// The raw stores, each with the name of the one it lies with.
        var raw: [String: String?]
        /// How many of the events of both topics are stored, and counted: 1 for each once.
        var stored = 1
        var counted = 1
    }

    static let shapes = [
        Shape(
            testDescription: "two topics into one raw store",
            subscriptions: "{name: ra, topic: a}, {name: rb, topic: b}, "
                + "{name: ca, topic: a}, {name: cb, topic: b}",
            stages: [
                "{name: ia, kind: ingest, subscription: ra, store: r1}",
                "{name: ib, kind: ingest, subscription: rb, store: r1, workers: 2}",
                "{name: xa, kind: analytics, subscription: ca, store: w, windows: [1h]}",
                "{name: xb, kind: analytics, subscription: cb, store: w, windows: [1h]}",
            ],
            raw: ["r1": nil]
        ),
        Shape(
            testDescription: "two topics into two names of one raw store",
            subscriptions: "{name: ra, topic: a}, {name: rb, topic: b}, "
                + "{name: ca, topic: a}, {name: cb, topic: b}",
            stages: [
                "{name: ia, kind: ingest, subscription: ra, store: r1}",
                "{name: ib, kind: ingest, subscription: rb, store: r2}",
                "{name: xa, kind: analytics, subscription: ca, store: w, windows: [1h]}",
                "{name: xb, kind: analytics, subscription: cb, store: w, windows: [1h]}",
            ],
            raw: ["r1": nil, "r2": "r1"]
        ),
        Shape(
            testDescription: "one topic twice into one raw store",
            subscriptions: "{name: ra, topic: a}, {name: r2, topic: a}, {name: rb, topic: b}",
            stages: [
                "{name: ia, kind: ingest, subscription: ra, store: r1}",
                "{name: i2, kind: ingest, subscription: r2, store: r1}",
                "{name: ib, kind: ingest, subscription: rb, store: r1}",
            ],
            raw: ["r1": nil],
            counted: 0
        ),
        Shape(
            testDescription: "a topic, and what a relay makes of it, into one raw store",
            subscriptions: "{name: ra, topic: a}, {name: rr, topic: a}, {name: rb, topic: b}, "
                + "{name: cb, topic: b}",
            stages: [
                "{name: relay, kind: relay, subscription: rr, publishes: b}",
                "{name: ia, kind: ingest, subscription: ra, store: r1}",
                "{name: ib, kind: ingest, subscription: rb, store: r1}",
                "{name: xb, kind: analytics, subscription: cb, store: w, windows: [1h]}",
            ],
            raw: ["r1": nil]
        ),
    ]

    @Test(arguments: shapes, ["memory", "SQLite"])
    func `a document's shape runs on every store`(shape: Shape, kind: String) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let names = shape.raw.keys.sorted()
        let stages = shape.stages.map { "    - \($0)" }.joined(separator: "\n")
        let raws = names.map { "    - {name: \($0), role: raw, url: 'memory:'}" }
            .joined(separator: "\n")
        let document = try PipelineDocument.parse(
            text: """
                apiVersion: weir/v1
                kind: Pipeline
                metadata: {name: shop}
                spec:
                  topics: [{name: a}, {name: b}]
                  subscriptions: [\(shape.subscriptions)]
                  stages:
                    - {name: p1, kind: producer, publishes: a}
                    - {name: p2, kind: producer, publishes: b}
                \(stages)
                  stores:
                \(raws)
                    - {name: w, role: warehouse, url: "memory:"}
                  traffic: {model: sessions, users: 50, products: 20}
                """,
            file: "shop.yaml"
        )
        let timeline = VirtualTimeline(start: Timestamp(seconds: 1_769_904_000), tick: .seconds(1))
        var stores = RunStores(raw: [], warehouses: [])
        for name in names {
            let twin = shape.raw[name] ?? nil
            let first = twin.flatMap { twin in stores.raw.first { $0.name == twin } }
            var store: any RawStore = first?.store ?? MemoryRawStore()
            if first == nil, kind == "SQLite" {
                store = try SQLiteRawStore(
                    SQLiteLocation(path: folder.path("\(name).sqlite"))
                )
            }
            stores.raw.append(.init(name: name, label: name, store: store, twin: twin))
        }
        var warehouse: any Warehouse = MemoryWarehouse()
        if kind == "SQLite" {
            warehouse = try SQLiteWarehouse(SQLiteLocation(path: folder.path("w.sqlite")))
        }
        stores.warehouses = [.init(name: "w", label: "w", store: warehouse)]
        var published: Int64 = 0
        for seed in 1...2 as ClosedRange<UInt64> {
            var options = RunOptions()
            options.rate = .perSecond(20)
            options.duration = .seconds(5)
            options.seed = 10 * seed
            let simulation = Simulation(
                document: document,
                options: options,
                stores: stores,
                timeline: timeline,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                replay: ""
            )
            let result = try await simulation.run(stop: Signal())
            #expect(result.failure == nil)
            published += result.report.producers.reduce(0) { $0 + $1.published }
        }
        let stored = try await stores.raw[0].store.count()
        #expect(stored == published * Int64(shape.stored))
        let counted = try await warehouse.windows(.all, categories: .total)
            .reduce(0) { $0 + $1.cell.total }
        #expect(counted == published * Int64(shape.counted))
    }
}
