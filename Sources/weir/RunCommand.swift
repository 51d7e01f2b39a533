internal import ArgumentParser
internal import Collector
internal import Commerce
internal import Console
internal import Datasets
internal import Experiments
internal import HTTPServing
internal import Logging
internal import OpenSLO
internal import Pipeline
internal import Reports
internal import SLO
internal import Storage
internal import Timekeeping

/// `weir run`: a pipeline in real time.
struct RunCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a pipeline in real time, from the shopper model or from a real log.",
        discussion: """
            Without --duration, --events or --input, and with --collect, it runs until it is \
            interrupted, or for as long as --duration says. The first \
            interrupt stops the producers, drains what is under way and reports; the second one \
            ends at once. Without --raw and --warehouse, WEIR_RAW_URL and WEIR_WAREHOUSE_URL \
            say where events and aggregates go.
            """
    )

    @OptionGroup var file: PipelineFile

    // Unconditional, so that a negative number is not taken for an option.
    @Option(
        parsing: .unconditional,
        help: """
            Events per second, or 'max' (default: the pipeline's load); 0 with --collect for \
            nothing but what clients send.
            """,
        transform: { $0 == "0" ? .perSecond(0) : try ArgumentValue.rate($0) }
    )
    var rate: RunOptions.Rate?

    @Option(help: "How long to publish, such as 60s or 5m.", transform: ArgumentValue.duration())
    var duration: Duration?

    @Option(
        help: "How many events to publish.",
        transform: ArgumentValue.whole(1...1_000_000_000_000)
    )
    var events: Int?

    @Option(help: "The seed of the shopper model.")
    var seed: UInt64 = 1

    @Option(
        help: "A log to replay instead of the shopper model; '-' is standard input.",
        completion: .file()
    )
    var input: String?

    @Option(help: "The log's format (default: by the file's name).")
    var inputFormat: InputFormat?

    @Flag(
        name: .customLong("input-whole"),
        help: "Count the log's last row even where no line end follows it."
    )
    var inputIsWhole = false

    @Option(
        help: ArgumentHelp(
            "End with 65 where more records of the log were rejected: a number, or a share of all.",
            valueName: "n|p%"
        )
    )
    var maxRejected: RejectionLimit?

    @Option(help: "How many times faster than the log's own clock, or 'max' (default: max).")
    var speed: SpeedArgument?

    @OptionGroup var places: StorePlaces

    @Option(
        name: .customLong("serve"),
        defaultAsFlag: ListenAddress.standard,
        help: ArgumentHelp(
            """
            Answer GET /metrics, /healthz and /readyz while it runs, and those who ask with --at \
            where its messages are.
            """,
            valueName: "host:port"
        )
    )
    var serveAddress: ListenAddress?

    @Option(
        name: .customLong("collect"),
        defaultAsFlag: CollectorOpening.standard,
        help: ArgumentHelp(
            """
            Take events that clients send over HTTP: CloudEvents at /events, plain tracking at \
            /track.
            """,
            valueName: "host:port"
        )
    )
    var collectAddress: ListenAddress?

    @Option(
        name: .customLong("pubsub"),
        defaultAsFlag: PubSubOpening.standard,
        help: ArgumentHelp(
            """
            Answer Google Pub/Sub's REST API, over which stages of the kind external take their \
            messages, and start the programs that they name.
            """,
            valueName: "host:port"
        )
    )
    var pubsubAddress: ListenAddress?

    @OptionGroup var console: ConsoleOptions

    @OptionGroup var lingering: LingerOptions

    @OptionGroup var watch: InvariantWatchOptions

    @OptionGroup var troubles: ScenarioOption

    @OptionGroup var reporting: ReportOptions

    mutating func validate() throws {
        if input != nil, rate != nil {
            throw ValidationError("--rate is for the shopper model; use --speed with --input.")
        }
        let needs: [(option: String, isGiven: Bool, other: String, isThere: Bool)] = [
            ("--rate 0", rate == .perSecond(0), "--collect", collectAddress != nil),
            ("--speed", speed != nil, "--input", input != nil),
            ("--input-format", inputFormat != nil, "--input", input != nil),
            ("--input-whole", inputIsWhole, "--input", input != nil),
            ("--max-rejected", maxRejected != nil, "--input", input != nil),
            ("--console-token-file", console.consoleTokenFile != nil, "--serve", isServed),
            ("--linger", lingering.linger != nil, "--serve", isServed),
            ("--invariants", !watch.invariants.isEmpty, "--serve", isServed),
            ("--invariants-every", watch.invariantsEvery != nil, "--serve", isServed),
        ]
        if let need = needs.first(where: { $0.isGiven && !$0.isThere }) {
            throw ValidationError("\(need.option) needs \(need.other).")
        }
    }

    private var isServed: Bool { serveAddress != nil }

    func perform() async throws {
        // Before anything that takes its time, so that an interrupt at once ends it in order too.
        try await Interruption.stopping { stop in try await run(until: stop) }
    }

    private func run(until stop: Signal) async throws {
        let document = try collectAddress == nil ? file.read() : file.read().collecting()
        for warning in document.warnings { Terminal.message("warning: \(warning)") }
        let objectives = try file.objectives(of: document)
        let scenario = try troubles.read(for: document, at: file.pipeline, lasting: duration)
        let timeline = RealTimeline()
        let keeping = LogKeeping()
        let logger = keeping.logger(reporting.logLevel.level, timeline, of: document)
        let server = try serveAddress.map { try console.server(at: $0, logger: logger) }
        let doors = try self.doors(of: document, timeline, logger)
        let invariants = server == nil ? InvariantSet() : try watch.read()
        let stores = try await places.open(
            document,
            raw: StorePlaces.raw(nil),
            warehouse: StorePlaces.warehouse(nil)
        )
        let invariantWatch = stores.invariants.flatMap {
            watch.watch($0, stores.deployments, invariants, timeline, logger)
        }
        let process = ProcessMetrics(began: timeline.now, version: Weir.version)
        let subject = RunSubject(document, stores, process, invariantWatch, timeline)
        let serving = Serving(server: server, subject: subject, logger: logger)
        let live = LiveLine()
        let progress = RunProgressLine(duration: duration)
        let rejections = RejectionPrinter(live)
        let run = PipelineRun(
            document: document,
            options: options(objectives, scenario, doors.collector),
            stores: stores,
            timeline: timeline,
            logger: logger,
            onRejection: rejections.show
        )
        let outcome = try await serving.running {
            var (result, unclosed) = try await stores.using {
                try await withCompanions(
                    { await invariantWatch?.run { subject.condition } },
                    body: {
                        try await stores.held(timeline) {
                            try await keeping.during(stores, of: document, timeline) {
                                try await doors.open {
                                    try await run.run(
                                        stop: stop,
                                        onStart: { subject.begin($0, doors) },
                                        onSample: { sample in
                                            progress.note(sample)
                                            live.show(progress.parts)
                                        }
                                    )
                                }
                            }
                        }
                    }
                )
            }
            if let standings = invariantWatch?.standings {
                result.report.judge(standings)
            }
            subject.conclude()
            live.clear()
            result.report.command = RunCommand.line
            rejections.finish()
            let refusal = RejectionLimit.refusal(of: result.report, beyond: maxRejected)
            let outcome = Result { try reporting.finish(result, unclosed, refusal: refusal) }
            if isServed { await lingering.wait(for: subject, until: stop, timeline) }
            return outcome
        }
        try outcome.get()
    }

    private func doors(
        of document: PipelineDocument,
        _ timeline: any Timeline,
        _ logger: Logger
    ) throws -> RunDoors {
        try RunDoors(
            document,
            collecting: collectAddress,
            pubsub: pubsubAddress,
            in: file.folder,
            timeline,
            logger
        )
    }

    /// The command as it was typed, without secrets.
    private static var line: String {
        let words = ["weir"] + CommandLine.arguments.dropFirst().map(\.quotedForShell)
        return SecretArguments.masked(words.joined(separator: " "))
    }

    private func options(
        _ objectives: ObjectiveSet,
        _ scenario: ScenarioDocument?,
        _ collector: CollectorOpening?
    ) -> RunOptions {
        var options = RunOptions()
        options.collecting = collector?.journal
        options.opensExternals = pubsubAddress != nil
        options.objectives = objectives.objectives
        options.experiment = scenario.map { Experiment(scenario: $0) }
        options.rate = rate
        options.duration = duration
        options.events = events
        options.seed = seed
        options.log = input.map {
            RunOptions.Log(
                path: $0,
                format: inputFormat,
                speed: speed?.factor,
                lastRowIsWhole: inputIsWhole
            )
        }
        return options
    }
}
