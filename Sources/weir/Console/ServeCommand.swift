internal import ArgumentParser
internal import Console
internal import Logging
internal import Pipeline
internal import SLO
internal import Stages
internal import Timekeeping
internal import UnixSignals

/// `weir serve`: the objectives of a warehouse for a scraper, without a run.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve how objectives stand in a warehouse, for Prometheus, without a run.",
        discussion: """
            GET /metrics, /healthz and /readyz, until it is interrupted, which is how it ends well \
            (exit code 0). The warehouse is read again every 10 s, or less often where that would \
            take more than a tenth of a core; its invariants are looked at where nobody else has \
            done so lately.
            """
    )

    @Argument(help: "Where to listen: host:port, or a port.")
    var address: ListenAddress = .standard

    @OptionGroup var console: ConsoleOptions

    @Option(help: "OpenSLO files or directories (repeatable; default: slo/storefront).")
    var objectives: [String] = []

    @Option(
        help: """
            Where a run kept the history: sqlite:<path> or postgresql://… (also WEIR_WAREHOUSE_URL).
            """
    )
    var warehouse: String?

    @OptionGroup var watch: InvariantWatchOptions

    @Option(help: "What is logged to standard error: debug, info, warning or error.")
    var logLevel: LogLevelArgument = .warning

    func run() async throws {
        try await SLOCommand.reporting {
            let timeline = RealTimeline()
            let logger = JSONLogHandler.logger(logLevel.level, timeline)
            let server = try console.server(at: address, logger: logger)
            let set = try SLOEvaluation.objectives(at: objectives)
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
            try await Serving(server: server, subject: subject, logger: logger).while {
                await withTaskGroup { group in
                    group.addTask { await subject.keepFresh() }
                    group.addTask { await invariantWatch?.run { subject.condition } }
                    for await _ in interrupts { break }
                    group.cancelAll()
                }
            }
            try await opened?.warehouse.close()
        }
    }
}
