internal import ArgumentParser
internal import Console
internal import HTTPServing
internal import Logging
internal import OpenSLO
internal import Pipeline
internal import Prometheus
internal import SLO
internal import Storage
internal import Synchronization
internal import Timekeeping
internal import UnixSignals

/// `weir serve`: the objectives of a warehouse for a scraper, without a run.
struct ServeCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the state of a warehouse's objectives to Prometheus, without a run.",
        discussion: """
            GET /metrics, /healthz and /readyz, until it is interrupted (exit code 0). The \
            warehouse is read again every 10 s, or less often where that would \
            take more than a tenth of a core; its invariants are checked where \
            nothing else has checked them lately.
            """
    )

    @Argument(help: "Where to listen: host:port, or a port.")
    var address: ListenAddress = .standard

    @OptionGroup var console: ConsoleOptions

    @OptionGroup var objectives: ObjectiveFiles

    @Option(
        help: """
            Where a run kept the history: sqlite:<path> or postgresql://… (also WEIR_WAREHOUSE_URL).
            """
    )
    var warehouse: String?

    @OptionGroup var watch: InvariantWatchOptions

    @Option(help: "What is logged to standard error: debug, info, warning or error.")
    var logLevel: LogLevelArgument = .warning

    func perform() async throws {
        let timeline = RealTimeline()
        let logger = LogLines.logger(logLevel.level, timeline)
        let server = try console.server(at: address, logger: logger)
        let set = try objectives.read()
        let invariants = try watch.read()
        let opened = try await OpenCatalogue(ifThereAt: warehouse)
        let invariantWatch = opened.flatMap {
            watch.watch($0.invariants, $0.deployments, invariants, timeline, logger)
        }
        let subject = WarehouseSubject(
            set,
            warehouse: warehouse,
            invariants: invariantWatch,
            process: ProcessMetrics(began: timeline.now, version: Weir.version),
            timeline: timeline,
            logger: logger
        )
        try await subject.refresh()
        let interrupts = await UnixSignalsSequence(trapping: Interruption.signals)
        try await Serving(server: server, subject: subject, logger: logger).running {
            try await withCompanions(
                { await subject.keepFresh() },
                { await invariantWatch?.run { subject.condition } },
                body: { for await _ in interrupts { break } }
            )
        }
        try await opened?.warehouse.close()
    }
}

/// The objectives of a warehouse as a console shows them.
///
/// A scrape shows what was read last from the warehouse. Where the last reading found nothing
/// out, it is held to the time of the scrape: the objectives come to have no data by themselves.
final class WarehouseSubject: ConsoleSubject {
    private struct State {
        var reviews: [ObjectiveReview] = []
        var refreshed: Timestamp?
        var took = Duration.zero
        var failure: String?
    }

    /// How often the warehouse is read, at most.
    private static let interval = Duration.seconds(10)
    /// Reading takes at most one in this many parts of the time.
    private static let idleParts = 10

    private let set: ObjectiveSet
    private let warehouse: String?
    private let invariants: InvariantWatch?
    private let process: ProcessMetrics
    private let timeline: any Timeline
    private let logger: Logger
    private let state = Mutex(State())

    init(
        _ set: ObjectiveSet,
        warehouse: String?,
        invariants: InvariantWatch?,
        process: ProcessMetrics,
        timeline: any Timeline,
        logger: Logger
    ) {
        self.set = set
        self.warehouse = warehouse
        self.invariants = invariants
        self.process = process
        self.timeline = timeline
        self.logger = logger
    }

    /// Reads the warehouse.
    ///
    /// - Throws: What it throws, with what was read before kept.
    func refresh() async throws {
        let began = timeline.now
        let (reviews, unanswered) = try await read(asOf: began)
        state.withLock { state in
            state.reviews = reviews
            state.refreshed = began
            state.took = timeline.now - began
            state.failure =
                DamagedRows.all.count > 0
                ? "rows of the warehouse cannot be read"
                : unanswered.isEmpty ? nil : "a Prometheus does not answer"
        }
    }

    /// Reads the warehouse again and again, until the task is cancelled.
    func keepFresh() async {
        func next() -> Timestamp {
            let took = state.withLock { $0.took }
            return timeline.now + max(WarehouseSubject.interval, took * WarehouseSubject.idleParts)
        }
        while (try? await timeline.sleep(until: next())) != nil {
            do {
                try await refresh()
            } catch {
                state.withLock { $0.failure = "the warehouse cannot be read" }
                logger.warning("the warehouse cannot be read", metadata: ["error": "\(error)"])
            }
        }
    }

    /// How the objectives stand, and why some have no history.
    private func read(
        asOf now: Timestamp
    ) async throws -> (reviews: [ObjectiveReview], unanswered: [String]) {
        let source = try await HistorySource.stores(
            warehouse,
            for: set.entries,
            set.dataSources
        )
        do {
            let found = try await source.reviews(
                of: set.objectives.map { FollowedObjective(objective: $0, variants: [$0]) },
                asOf: now,
                points: [0]
            )
            for message in found.unanswered { logger.warning("\(message)") }
            try await source.close()
            return (found.reviews.flatMap(\.self), found.unanswered)
        } catch {
            try? await source.close()
            throw error
        }
    }

    var families: [MetricFamily] {
        let state = state.withLock { $0 }
        // What has ended since the last reading has not been read yet, which is not a fault.
        let now = state.failure == nil ? state.refreshed ?? timeline.now : timeline.now
        let readings = state.reviews.map { review in
            ObjectiveMetrics.Reading(
                review.tracker.status(asOf: now) ?? review.status,
                review.tracker.count
            )
        }
        let refreshed = MetricFamily(
            "weir_warehouse_last_read_timestamp_seconds",
            .gauge,
            unit: "seconds",
            help: "When the warehouse was read last.",
            samples: [
                MetricFamily.Sample(
                    [],
                    state.refreshed.map { .number(Double($0.nanoseconds) / 1e9) } ?? .absent
                )
            ]
        )
        return ObjectiveMetrics(readings).families + [refreshed]
            + (invariants?.families ?? []) + process.families
    }

    /// How what writes to the warehouse is doing, as far as that shows there.
    var condition: PipelineCondition {
        let state = state.withLock { $0 }
        return PipelineCondition(
            isImpeded: state.failure != nil,
            isBurning: state.reviews.contains(where: \.status.isPaging),
            backlog: 0
        )
    }

    var impediments: [String] {
        // No more than that: the error may hold what a client should not learn.
        state.withLock { $0.failure.map { [$0] } ?? [] }
    }
}
