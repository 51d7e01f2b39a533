import Commerce
import Experiments
import Logging
import Pipeline
import Reports
import Storage
import Testing
import Timekeeping

/// A pipeline that keeps other windows than before, over one warehouse.
@Suite(.timeLimit(.minutes(3)))
struct WindowChangeTests {
    private let stores = RunStores(
        raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
        warehouses: [
            .init(
                name: "warehouse",
                label: "memory:",
                store: MemoryWarehouse(windowLimit: 10_000, openWindows: 10_000)
            )
        ]
    )

    /// `distinct` is what `distinctCounts` says.
    private func run(
        windows: String,
        distinct: String = "true",
        seed: UInt64
    ) async throws -> RunReport {
        let document = try PipelineDocument.parse(
            text: """
                apiVersion: weir/v1
                kind: Pipeline
                metadata: {name: shop}
                spec:
                  topics: [{name: events}]
                  subscriptions: [{name: in, topic: events}, {name: count, topic: events}]
                  stages:
                    - {name: shop, kind: producer, publishes: events}
                    - {name: ingest, kind: ingest, subscription: in, store: raw}
                    - {name: analytics, kind: analytics, subscription: count, \
                store: warehouse, windows: [\(windows)], distinctCounts: \(distinct)}
                  stores:
                    - {name: raw, role: raw, url: "memory:"}
                    - {name: warehouse, role: warehouse, url: "memory:"}
                  traffic: {model: sessions, users: 50, products: 20}
                """,
            file: "shop.yaml"
        )
        var options = RunOptions()
        options.rate = .perSecond(20)
        options.duration = .seconds(5)
        options.seed = seed
        let simulation = Simulation(
            document: document,
            options: options,
            stores: stores,
            timeline: VirtualTimeline(
                start: Timestamp(seconds: 1_769_904_000),
                tick: .seconds(1)
            ),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            replay: ""
        )
        let result = try await simulation.run(stop: Signal())
        #expect(result.failure == nil)
        return result.report
    }

    @Test func `a longer window is filled, and the days say what all time says`() async throws {
        let first = try await run(windows: "1h", seed: 1)
        let second = try await run(windows: "1h, 1d, 1mo", seed: 2)
        let published = first.producers[0].published + second.producers[0].published
        let warehouse = try #require(second.warehouse)
        // No hour has the shoppers of a category.
        #expect(
            warehouse.gaps?.map(\.part) == ["distinct 1d by category", "distinct 1mo by category"]
        )
        #expect(warehouse.days.first?.shoppers?.count == warehouse.totals.shoppers?.count)
        #expect(warehouse.totals.events.values.reduce(0, +) == published)
        #expect(warehouse.days.count == 1)
        #expect(warehouse.days.first?.orders == warehouse.totals.orders)
        #expect(warehouse.months.first?.units == warehouse.totals.units)
    }

    @Test func `a shorter window says in the headline how many events it lacks`() async throws {
        let first = try await run(windows: "1d", seed: 1)
        let second = try await run(windows: "1m, 1d", seed: 2)
        let before = first.producers[0].published
        #expect(second.warehouse?.gaps?.map(\.part) == ["1m", "distinct 1m"])
        #expect(second.warehouse?.gaps?.first?.missing == before)
        let text = second.verdict?.text ?? ""
        #expect(
            text.contains(
                "windows of 1m lack \(before) events counted before they were kept"
            ),
            "\(text.prefix(400))"
        )
    }

    @Test func `windows that are no longer kept are in the headline, and filled when they are`()
        async throws
    {
        let first = try await run(windows: "1h, 1d, 1mo", seed: 1)
        #expect(first.warehouse?.dropped == nil)
        // For as long as they are not kept, and not only once.
        for seed in [2, 3] as [UInt64] {
            let report = try await run(windows: "1h", seed: seed)
            #expect(
                report.warehouse?.dropped == [
                    "1d", "1mo", "distinct 1d", "distinct 1mo", "distinct 1d by category",
                    "distinct 1mo by category",
                ]
            )
            let text = report.verdict?.text ?? ""
            #expect(
                text.contains(
                    "windows of 1d, 1mo and distinct counts of 1d, 1mo and distinct counts by "
                        + "category of 1d, 1mo are no longer kept and go stale"
                ),
                "\(text.prefix(400))"
            )
        }
        let last = try #require(try await run(windows: "1h, 1d, 1mo", seed: 4).warehouse)
        #expect(last.dropped == nil)
        // There are no shorter windows in which shoppers of categories are kept.
        let missing = try #require(last.gaps?.first?.missing)
        #expect(last.gaps?.map(\.part) == ["distinct 1d by category", "distinct 1mo by category"])
        #expect(missing < last.totals.events.values.reduce(0, +))
        #expect(last.days.first?.orders == last.totals.orders)
        #expect(last.months.first?.units == last.totals.units)
    }

    @Test func `distinct counts that are not kept are absent, and say later what they lack`()
        async throws
    {
        let first = try await run(windows: "1h, 1d", distinct: "{windows: [1h]}", seed: 1)
        let warehouse = try #require(first.warehouse)
        #expect(warehouse.totals.shoppers?.exact == true)
        #expect(warehouse.days.map { $0.shoppers == nil } == [true])
        // The days are made of the hours; no shorter window has the shoppers of categories.
        let second = try await run(windows: "1h, 1d", distinct: "{windows: [1d]}", seed: 2)
        let filled = try #require(second.warehouse)
        #expect(filled.gaps == nil)
        #expect(filled.dropped == ["distinct 1h"])
        #expect(filled.days.first?.shoppers?.count == filled.totals.shoppers?.count)
        // An hour cannot be made of a day.
        let third = try await run(windows: "1h, 1d", seed: 3)
        let gap = try #require(third.warehouse?.gaps?.first)
        #expect(third.warehouse?.gaps?.count == 1)
        #expect(gap.part == "distinct 1h" && gap.missing == second.producers[0].published)
        // Without any, what is there goes stale.
        let none = try await run(windows: "1h, 1d", distinct: "false", seed: 4)
        #expect(none.warehouse?.dropped?.count == 5)
    }

    @Test func `another subscription over the topic is refused before anything is written`()
        async throws
    {
        let first = try await run(windows: "1d", seed: 1)
        let document = try PipelineDocument.parse(
            text: """
                apiVersion: weir/v1
                kind: Pipeline
                metadata: {name: shop}
                spec:
                  topics: [{name: events}]
                  subscriptions: [{name: in, topic: events}, {name: other, topic: events}]
                  stages:
                    - {name: shop, kind: producer, publishes: events}
                    - {name: ingest, kind: ingest, subscription: in, store: raw}
                    - {name: analytics, kind: analytics, subscription: other, \
                store: warehouse, windows: [1d]}
                  stores:
                    - {name: raw, role: raw, url: "memory:"}
                    - {name: warehouse, role: warehouse, url: "memory:"}
                """,
            file: "shop.yaml"
        )
        let run = PipelineRun(
            document: document,
            options: RunOptions(),
            stores: stores,
            timeline: VirtualTimeline(start: Timestamp(seconds: 0), tick: .seconds(1)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let error = await #expect(throws: StoreError.self) { try await run.run(stop: Signal()) }
        #expect(
            error?.message == "memory: topic \"events\" is counted here for the subscription "
                + "\"count\", and \"other\" would count its events once more; call the "
                + "subscription \"count\", or give this pipeline a warehouse of its own"
        )
        #expect(try await stores.raw[0].store.count() == first.producers[0].published)
    }
}
