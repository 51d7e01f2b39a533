internal import Collector
internal import HTTPServing
internal import Logging
internal import Pipeline
internal import PubSubServer
internal import Timekeeping

/// What lets the world into a run: its collector, its Pub/Sub API, and the programs that it starts.
struct RunDoors: Sendable {
    let collector: CollectorOpening?
    private let pubsub: PubSubOpening?
    private let programs: StagePrograms
    private let logger: Logger

    /// The doors of `document` at two addresses, nil for those that stay closed; its programs begin
    /// in `folder`.
    init(
        _ document: PipelineDocument,
        collecting: ListenAddress?,
        pubsub: ListenAddress?,
        in folder: String,
        _ timeline: any Timeline,
        _ logger: Logger
    ) throws {
        let collector = try CollectorOpening(document, at: collecting, timeline, logger)
        let pubsub = try PubSubOpening(document, at: pubsub, timeline, logger)
        self.collector = collector
        self.pubsub = pubsub
        self.logger = logger
        programs = StagePrograms(document, in: folder, timeline, logger) {
            var settings: [String: String] = [:]
            settings["PUBSUB_EMULATOR_HOST"] = pubsub?.place.address.map { "\($0)" }
            settings["WEIR_COLLECTOR_URL"] = collector?.place.address.map { "http://\($0)" }
            return settings
        }
    }

    /// Runs `body` while they are open: programs end before those whom they ask.
    func open<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Serving(collector, logger).running {
            try await Serving(pubsub, logger).running { try await programs.running(body) }
        }
    }

    /// The run has its nodes: what comes goes to them.
    func begin(_ metrics: RunMetrics) {
        collector?.door.occupant = metrics.collector
        pubsub?.door.occupant = metrics.externals
        programs.begun.raise()
    }
}
