import Commerce
import Documents
import Experiments
import Foundation
import Logging
import OpenSLO
import Pipeline
import Reports
import SLO
import Storage
import TestSupport
import Testing
import Timekeeping

/// Whole pipelines in virtual time.
@Suite(.timeLimit(.minutes(20)))
struct SimulationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The storefront with a shop that is made in no time.
    private static func storefront() throws -> PipelineDocument {
        let file = root.appending(path: "pipelines/storefront.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing("users: 100000", with: "users: 500")
            .replacing("products: 10000", with: "products: 100")
        return try PipelineDocument.parse(text: text, file: "storefront.yaml")
    }

    private static func objectives() throws -> [Objective] {
        let files = try OpenSLO.files(at: [root.appending(path: "slo/storefront").path])
        return try OpenSLO.read(files).checked().objectives
    }

    /// 2026-02-01T00:00:00Z, after the log.
    private static let start = Timestamp(seconds: 1_769_904_000)

    private static func stores() -> RunStores {
        RunStores(
            raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
            warehouses: [.init(name: "warehouse", label: "memory:", store: MemoryWarehouse())]
        )
    }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func simulate(
        _ options: RunOptions,
        history: (any SLIHistory)? = nil
    ) async throws -> RunReport {
        var options = options
        options.objectives = try objectives()
        var stores = stores()
        let timeline = VirtualTimeline(start: start, tick: .seconds(1))
        stores.history = history
        let simulation = Simulation(
            document: try storefront(),
            options: options,
            stores: stores,
            timeline: timeline,
            logger: logger,
            replay: "weir simulate"
        )
        let result = try await simulation.run(stop: Signal())
        #expect(result.failure == nil)
        return result.report
    }

    private static func options(rate: Double, seconds: Int, seed: UInt64 = 1) -> RunOptions {
        var options = RunOptions()
        options.seed = seed
        options.rate = .perSecond(rate)
        options.duration = .seconds(seconds)
        return options
    }

    @Test func `thirty seeds, each run twice, give equal digests and equal reports`() async throws {
        var digests: Set<String> = []
        for seed in 1...30 {
            let options = Self.options(rate: 20, seconds: 12, seed: UInt64(seed))
            let first = try await Self.simulate(options)
            let second = try await Self.simulate(options)
            let digest = try #require(first.simulation?.digest)
            #expect(second.simulation?.digest == digest, "seed \(seed)")
            #expect(try first.json() == second.json(), "seed \(seed)")
            digests.insert(digest)
        }
        #expect(digests.count == 30)
    }

    @Test(arguments: [ReportFormat.html, .markdown, .text])
    func `a report is the same to the byte`(format: ReportFormat) async throws {
        let options = Self.options(rate: 20, seconds: 60)
        let first = try await Self.simulate(options)
        let second = try await Self.simulate(options)
        #expect(try first.rendered(as: format) == second.rendered(as: format))
    }

    @Test func `a run in which nothing more is due goes on to its end all the same`() async throws {
        // One event in a hundred seconds, as a rule.
        let report = try await Self.simulate(Self.options(rate: 0.01, seconds: 600))
        #expect(report.started == "2026-02-01T00:00:00Z")
        #expect(report.ended == "2026-02-01T00:10:00Z")
        #expect(report.simulation?.to == report.ended)
    }

    /// A run ends between two looks at the meters, and what is left is no slice of its own.
    @Test(arguments: [1, 7, 61, 600])
    func `rates over time add up to what was published, and none is absurd`(
        seconds: Int
    ) async throws {
        let report = try await Self.simulate(Self.options(rate: 50, seconds: seconds))
        var (start, published, acknowledged) = (0.0, 0.0, 0.0)
        for sample in report.samples {
            let length = sample.seconds - start
            start = sample.seconds
            published += sample.publishedRate * length
            acknowledged +=
                sample.stages.first { $0.name == "ingest" }.map { $0.rate * length } ?? 0
            #expect(sample.publishedRate < 1000, "\(sample.seconds) s")
            #expect(sample.stages.allSatisfy { $0.rate < 1000 }, "\(sample.seconds) s")
        }
        let expected = Double(report.producers.reduce(0) { $0 + $1.published })
        #expect(abs(published - expected) < 0.001 * expected)
        #expect(abs(acknowledged - expected) < 0.001 * expected)
    }

    @Test func `a history outside keeps every slice that was judged`() async throws {
        let kept = MemorySLIHistory()
        let options = Self.options(rate: 5, seconds: 120)
        let report = try await Self.simulate(options, history: kept)
        let objective = try #require(report.objectives?.first { $0.name == "message-success" })
        let extent = try #require(
            await kept.extents().first { $0.series.objective == "message-success" }
        )
        let slices = try await kept.slices(of: extent.series, in: extent.range)
        #expect(slices.count >= 12)
        let total = try #require(objective.total).number
        #expect(total > MeasuredNumber(1000))
        #expect(total == MeasuredNumber(slices.reduce(Int128(0)) { $0 + $1.total }))
    }

    /// Forty purchases; the twentieth costs `cents`.
    private static func log(cents: Int = 1250) -> String {
        let lines = (0..<40).map { number in
            let value = Double(number == 20 ? cents : 1250) / 100
            let item = #"{"item_id":"p\#(number % 3)","price":\#(value),"quantity":1}"#
            let data =
                #"{"transaction_id":"o\#(number)","user_id":"u\#(number % 7)","#
                + #""currency":"USD","value":\#(value),"items":[\#(item)]}"#
            return #"{"specversion":"1.0","id":"e\#(number)","source":"/shop","#
                + #""type":"purchase","time":"2026-01-05T10:00:\#(number + 10)Z","#
                + #""data":\#(data)}"#
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func `traffic that is made ahead on the other core gives the same digest and report`()
        async throws
    {
        for seed in 1...25 {
            var options = Self.options(rate: 30, seconds: 20, seed: UInt64(seed))
            let plain = try await Self.simulate(options)
            options.makesTrafficAhead = true
            let ahead = try await Self.simulate(options)
            #expect(ahead.simulation?.digest == plain.simulation?.digest, "seed \(seed)")
            #expect(try ahead.json() == plain.json(), "seed \(seed)")
        }
    }

    @Test func `one event that differs by a cent changes the digest`() async throws {
        let file = try TemporaryFile(name: "orders.ndjson")
        var digests: [String] = []
        for cents in [1250, 1250, 1251] {
            try file.write(Self.log(cents: cents))
            var options = RunOptions()
            options.log = .init(path: file.path, format: nil, speed: 1)
            let report = try await Self.simulate(options)
            #expect(report.warehouse?.totals.orders == 40)
            digests.append(try #require(report.simulation?.digest))
        }
        #expect(digests[0] == digests[1])
        #expect(digests[1] != digests[2])
    }

    @Test func `a log gives the same warehouse and objectives in real and in virtual time`()
        async throws
    {
        let file = try TemporaryFile(name: "orders.ndjson")
        try file.write(Self.log())
        var options = RunOptions()
        options.log = .init(path: file.path, format: nil, speed: nil)
        let virtual = try await Self.simulate(options)
        options.objectives = try Self.objectives()
        let run = PipelineRun(
            document: try Self.storefront(),
            options: options,
            stores: Self.stores(),
            timeline: RealTimeline(),
            logger: Self.logger
        )
        let real = try await run.run(stop: Signal()).report
        #expect(real.simulation == nil)
        #expect(real.warehouse?.totals.orders == 40)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(try encoder.encode(real.warehouse) == encoder.encode(virtual.warehouse))
        #expect(real.rawStore?.events == virtual.rawStore?.events)
        let name = "message-success"
        let inReal = try #require(real.objectives?.first { $0.name == name })
        let inVirtual = try #require(virtual.objectives?.first { $0.name == name })
        #expect(inReal.total == 80)
        #expect((inReal.good, inReal.total) == (inVirtual.good, inVirtual.total))
    }

    @Test func `two virtual days are judged slice by slice`() async throws {
        let report = try await Self.simulate(Self.options(rate: 0.05, seconds: 2 * 86_400))
        let published = report.producers.reduce(0) { $0 + $1.published }
        // A Poisson count of mean 8640 lies within five standard deviations of it.
        #expect(abs(published - 8640) < 5 * 93)
        #expect(report.subscriptions.allSatisfy { $0.acked == published && $0.conserved })
        func objective(_ name: String) throws -> RunReport.Objective {
            try #require(report.objectives?.first { $0.name == name })
        }
        let availability = try objective("availability")
        // Five components, whose slices are of one kind each and are not added up.
        #expect(availability.total == nil && availability.sli?.ratio == .one)
        // Two days of the thirty that its period has.
        #expect(availability.coverage?.ratio == ExactRatio(1, 15))
        let success = try objective("message-success")
        #expect(success.total?.number == MeasuredNumber(2 * published))
        #expect(success.good == success.total)
        let latency = try objective("processing-latency")
        #expect((latency.total?.number ?? 0) > 0)
        #expect(latency.good == latency.total)
        let connections = try objective("mongodb-connections")
        #expect(connections.gate.outcome == .notJudged)
        #expect(connections.state == "not-applicable")
        #expect(report.alerts?.isEmpty == true)
    }

    @Test func `a simulation that is stopped drains and says so`() async throws {
        var options = RunOptions()
        options.rate = .perSecond(10)
        options.duration = .seconds(3600)
        let timeline = VirtualTimeline(start: Shop.epoch, tick: .seconds(1))
        let stop = Signal()
        stop.raise()
        let simulation = Simulation(
            document: try Self.storefront(),
            options: options,
            stores: Self.stores(),
            timeline: timeline,
            logger: Self.logger,
            replay: "weir simulate"
        )
        let report = try await simulation.run(stop: stop).report
        #expect(report.outcome == .interrupted)
        #expect(timeline.now < Shop.epoch + .seconds(60))
        #expect(report.subscriptions.allSatisfy { $0.conserved })
    }
}

/// A file in a folder of its own, removed when the test lets go of it.
private final class TemporaryFile {
    private let folder: URL
    let path: String

    init(name: String) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "weir-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: name).path
    }

    func write(_ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }
}
