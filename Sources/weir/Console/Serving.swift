internal import Collector
internal import Commerce
internal import Console
internal import HTTPServing
internal import Logging
internal import Operations
internal import Pipeline
internal import Prometheus
internal import SLO
internal import Storage
internal import Synchronization
internal import Timekeeping

/// A server beside something else: it ends with it, and never ends it.
struct Serving {
    typealias Serve =
        @Sendable (
            _ stop: Signal, _ onListening: @escaping @Sendable (ListenAddress) -> Void
        ) async throws -> Void

    /// What the server is called, such as `console`.
    let name: String
    /// What is said once it listens, where the address stands for `…`.
    let words: String
    let logger: Logger
    /// Serves until it is told to stop; nil where nothing is served.
    let serve: Serve?

    /// A console that shows `subject`; nil where there is none.
    init(server: ConsoleServer?, subject: any ConsoleSubject, logger: Logger) {
        self.init(
            "console",
            saying: "serving http://…/metrics",
            logger: logger,
            serve: { server in { try await server.run(subject, until: $0, onListening: $1) } },
            of: server
        )
    }

    /// The server that `serve` makes of `server`, where there is one.
    init<Server>(
        _ name: String,
        saying words: String,
        logger: Logger,
        serve: (Server) -> Serve,
        of server: Server?
    ) {
        self.name = name
        self.words = words
        self.logger = logger
        self.serve = server.map(serve)
    }

    /// Runs `body` while the server answers, which it does before `body` begins.
    ///
    /// - Throws: `ListenError` if the server cannot be opened, and what `body` throws.
    func running<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let serve else { return try await body() }
        let (listening, stop, ended) = (Signal(), Signal(), Signal())
        return try await withCompanions(
            {
                defer { ended.raise() }
                try await self.serve(by: serve, listening, until: stop)
            },
            body: {
                try await listening.wait(since: 0)
                let result: Result<Value, any Error>
                do { result = .success(try await body()) } catch { result = .failure(error) }
                // What is being answered is answered.
                stop.raise()
                try await ended.wait(since: 0)
                return try result.get()
            }
        )
    }

    private func serve(
        by serve: Serve,
        _ listening: Signal,
        until stop: Signal
    ) async throws {
        do {
            try await serve(stop) { [words] address in
                Terminal.message(words.replacing("…", with: "\(address)"))
                listening.raise()
            }
        } catch  where listening.version > 0 {
            // What is served goes on.
            logger.warning("the \(name) has ended", metadata: ["error": "\(error)"])
        }
    }
}

/// A run as a console shows it, from before it begins.
final class RunSubject: ConsoleSubject {
    private let process: ProcessMetrics
    private let invariants: InvariantWatch?
    private let stores: RunStores
    private let rules: EventRules
    private let timeline: any Timeline
    private let snapshots = SubscriptionSnapshots()
    private let run = Mutex<RunMetrics?>(nil)
    /// The data read back after the run.
    private let last = Mutex<[MetricFamily]?>(nil)
    /// Raised when the last figures have been asked for.
    let isRead = Signal()

    /// A run of `document` with `stores`.
    init(
        _ document: PipelineDocument,
        _ stores: RunStores,
        _ process: ProcessMetrics,
        _ invariants: InvariantWatch?,
        _ timeline: any Timeline
    ) {
        rules = document.validation.rules
        self.stores = stores
        self.process = process
        self.invariants = invariants
        self.timeline = timeline
    }

    /// The run has its meters, and what comes through `doors` goes to it.
    func begin(_ metrics: RunMetrics, _ doors: RunDoors) {
        run.withLock { $0 = metrics }
        doors.begin(metrics)
    }

    /// The run has ended: its figures stay what they are now.
    func conclude() {
        let figures = (run.withLock { $0 }?.families ?? []) + (invariants?.families ?? [])
        last.withLock { $0 = figures }
    }

    var families: [MetricFamily] {
        if let last = last.withLock({ $0 }) {
            isRead.raise()
            return last + process.families
        }
        return (run.withLock { $0 }?.families ?? []) + (invariants?.families ?? [])
            + process.families
    }

    /// How the run is doing; nil before it has begun.
    var condition: PipelineCondition? { run.withLock { $0 }?.condition }

    var resources: [ConsoleResource] {
        RunQuestions.resources { [self] in questions }
    }

    /// Who answers questions; while the run is not under way nobody does.
    private var questions: Result<RunQuestions, RunQuestions.Absence> {
        guard last.withLock({ $0 }) == nil else {
            return .failure(.init(text: "the run has ended; ask its stores, without --at"))
        }
        guard let metrics = run.withLock({ $0 }) else {
            return .failure(.init(text: "the run has not begun; ask again"))
        }
        return .success(
            RunQuestions(
                run: LiveRun(metrics.nodes),
                stores: stores,
                rules: rules,
                snapshots: snapshots,
                timeline: timeline
            )
        )
    }

    var impediments: [String] {
        guard last.withLock({ $0 }) == nil else { return ["the run has ended"] }
        return run.withLock { $0 }?.impediments ?? ["the run has not begun"]
    }
}
