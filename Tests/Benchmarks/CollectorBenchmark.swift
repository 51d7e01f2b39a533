internal import Broker
internal import Collector
internal import Commerce
internal import Foundation
internal import HTTPServing
internal import Hummingbird
internal import Logging
internal import NIOPosix
internal import Stages
internal import TestSupport
internal import Timekeeping

/// What a collector takes over HTTP: single events, and batches of a hundred, over connections that
/// stay open, each beside a plain Hummingbird handler that reads the body and lets it go.
///
/// The load is made in the same process, by one thread with many connections; no event has the id
/// of another.
struct CollectorBenchmark {
    private static let connections = 64
    private static let rounds = 3
    private static let length = Duration.seconds(3)
    private static let silent = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }

    func measure() async throws -> [Figure] {
        try await figures(of: "single", events: 1, target: ">= 30000 and 0.5")
            + figures(of: "batched", events: 100, target: ">= 200000 and 0.5")
    }

    private func figures(of name: String, events: Int, target: String) async throws -> [Figure] {
        let requests = BenchRequests(events: events)
        var (rates, ratios, latencies): ([Double], [Double], [Double]) = ([], [], [])
        for round in 0..<Self.rounds {
            // In turn, so that neither always comes first.
            let first = try await Self.load(requests, isCollector: round % 2 == 0)
            let second = try await Self.load(requests, isCollector: round % 2 == 1)
            let (own, plain) = round % 2 == 0 ? (first, second) : (second, first)
            rates.append(own.rate * Double(events))
            ratios.append(own.rate / plain.rate)
            latencies.append(own.p99)
        }
        return [
            Figure(
                name: "collector.\(name)",
                value: rates.median,
                unit: "events/s",
                ratio: ratios.median,
                target: target
            ),
            Figure(name: "collector.\(name)-p99", value: latencies.median, unit: "ms"),
        ]
    }

    private static func load(
        _ requests: BenchRequests,
        isCollector: Bool
    ) async throws -> (rate: Double, p99: Double) {
        isCollector
            ? try await withCollector { port in
                await sent(requests, to: port, withLatency: true)
            }
            : try await withPlainHandler { port in
                await sent(requests, to: port, withLatency: false)
            }
    }

    /// Requests per second of connections that send again as soon as they are answered, and then
    /// the 99th percentile at half of that rate, from the time at which each was to be sent.
    private static func sent(
        _ requests: BenchRequests,
        to port: Int,
        withLatency: Bool
    ) async -> (rate: Double, p99: Double) {
        do {
            let load = try await CollectorLoad.open(connections, to: port)
            let rate = try await load.closedLoop(requests, for: length)
            let p99 =
                withLatency
                ? try await load.p99(requests, perSecond: rate / 2, for: length) : .nan
            try await load.close()
            return (rate, p99)
        } catch {
            return (0, .nan)
        }
    }

    private static func withPlainHandler<Value: Sendable>(
        _ body: @escaping @Sendable (Int) async -> Value
    ) async throws -> Value {
        let port = Locked(0)
        let listening = Signal()
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let router = Router()
        router.post("/events") { request, _ in
            for try await _ in request.body {}
            return Response(status: .accepted)
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                port.change { $0 = channel.localAddress?.port ?? 0 }
                listening.raise()
            },
            eventLoopGroupProvider: .shared(threads),
            logger: silent
        )
        let value = try await withCompanions(
            { try await application.run() },
            body: {
                try await listening.wait(since: 0)
                return await body(port.value)
            }
        )
        try await threads.shutdownGracefully()
        return value
    }

    private static func withCollector<Value: Sendable>(
        _ body: @escaping @Sendable (Int) async -> Value
    ) async throws -> Value {
        let timeline = RealTimeline()
        let folder = try benchDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let broker = InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 1,
            subscriptions: [
                SubscriptionPlan(name: "all", topic: "events", policy: SubscriptionPolicy())
            ],
            timeline: timeline
        )
        let (topic, subscription) = (broker.topics[0], broker.subscriptions[0])
        let stage = CollectorStage(
            topic: topic,
            stream: "/bench",
            symbols: SymbolTable(),
            journal: JournalFolder(path: folder.path),
            limits: CollectorStage.Limits(),
            meter: CollectorMeter(name: "clients"),
            timeline: timeline,
            logger: silent
        ) {
            JournalLedger.Standing(
                lowest: [subscription.firstUnsettled],
                next: topic.nextPosition,
                hasKeptGivenUp: true
            )
        }
        let door = CollectorResponder.Door()
        door.occupant = stage
        let keys = SourceKeys([])
        let responder = CollectorResponder(
            protocols: [CloudEventsProtocol()],
            keys: keys,
            origins: CrossOrigin(allowed: []),
            door: door,
            logger: silent
        )
        let server = try CollectorServer(
            ListenAddress(host: "127.0.0.1", port: 0),
            responder,
            keys: keys,
            timeline: timeline,
            logger: silent
        )
        let port = Locked(0)
        let (listening, stop) = (Signal(), Signal())
        return try await withCompanions(
            { try await stage.run() },
            {
                try await server.run(until: stop) { address in
                    port.change { $0 = address.port }
                    listening.raise()
                }
            },
            {
                while let all = try await subscription.receive(atMost: 4096, until: nil) {
                    for delivery in all { subscription.settle(delivery, .ack) }
                }
            },
            body: {
                try await listening.wait(since: 0)
                try await timeline.sleep(until: timeline.now + .milliseconds(200))
                return await body(port.value)
            }
        )
    }
}
