import Commerce
import Documents
import Experiments
import Foundation
import Logging
import Pipeline
import Storage
import TestSupport
import Testing
import Timekeeping

/// A stream of the shopper model is the same where everything that made it is, and else another.
@Suite(.timeLimit(.minutes(3)))
struct StreamNameTests {
    private struct Made {
        var settings: [String] = []
        var seed: UInt64 = 1
        var rate = 20.0
        var start: Int64 = 1_769_904_000
        var tick = Duration.seconds(1)
        var seconds = 5

        func stores() -> RunStores {
            RunStores(
                raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
                warehouses: [
                    .init(name: "warehouse", label: "memory:", store: MemoryWarehouse())
                ]
            )
        }

        func run(on stores: RunStores) async throws -> RunReport {
            let text = try String(
                contentsOf: shippedFile("storefront.yaml"),
                encoding: .utf8
            ).replacing("users: 100000", with: "users: 500")
                .replacing("products: 10000", with: "products: 100")
            let document = try PipelineDocument.parse(
                text: text,
                file: "storefront.yaml",
                with: settings.map { try #require(DocumentSetting($0)) }
            )
            let timeline = VirtualTimeline(start: Timestamp(seconds: start), tick: tick)
            var options = RunOptions()
            options.seed = seed
            options.rate = .perSecond(rate)
            options.duration = .seconds(seconds)
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
            return result.report
        }
    }

    private static let others: [(String, Made)] = [
        ("seed", Made(seed: 2)), ("rate", Made(rate: 21)), ("start", Made(start: 1_769_904_001)),
        ("tick", Made(tick: .milliseconds(500))),
        ("users", Made(settings: ["spec.traffic.users=501"])),
        ("refunds", Made(settings: ["spec.traffic.refundProbability=0.06"])),
        ("sessions", Made(settings: ["spec.traffic.concurrentSessions=64"])),
        ("arrivals", Made(settings: ["spec.load.arrivals=uniform"])),
        ("currency", Made(settings: ["spec.traffic.currency=EUR"])),
    ]

    /// Both runs are stored and counted: as many as both have published.
    ///
    /// Where the second was taken for the first, 6,022 were stored and 3,027 counted.
    @Test func `another seed, rate or setting is another stream, and is counted`() async throws {
        var streams: Set<String> = []
        for (name, other) in Self.others {
            let stores = Made().stores()
            let first = try await Made().run(on: stores)
            let second = try await other.run(on: stores)
            #expect(first.input.stream != second.input.stream, "\(name)")
            streams.insert(second.input.stream)
            let published = first.producers[0].published + second.producers[0].published
            #expect(second.rawStore?.events == published, "\(name)")
            let counted = second.warehouse?.totals.events.values.reduce(0, +)
            #expect(counted == published, "\(name)")
        }
        #expect(streams.count == Self.others.count)
    }

    @Test func `the same again is recognised, and a longer run goes on where it ended`()
        async throws
    {
        let stores = Made().stores()
        let first = try await Made().run(on: stores)
        let again = try await Made(settings: ["spec.stages.analytics.commitInterval=2s"]).run(
            on: stores
        )
        #expect(again.input.stream == first.input.stream)
        #expect(again.rawStore?.events == first.producers[0].published)
        let longer = try await Made(seconds: 9).run(on: stores)
        let published = longer.producers[0].published
        #expect(published > first.producers[0].published)
        #expect(longer.rawStore?.events == published)
        #expect(longer.warehouse?.totals.events.values.reduce(0, +) == published)
    }
}
