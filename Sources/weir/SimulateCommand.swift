internal import ArgumentParser
internal import Documents
internal import Experiments
internal import Logging
internal import OpenSLO
internal import Pipeline
internal import Reports
internal import SLO
internal import Storage
internal import Timekeeping

/// `weir simulate`: a pipeline in virtual time.
struct SimulateCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run a pipeline in virtual time, which passes as fast as it can be computed.",
        discussion: """
            The stages, the broker and the objectives are those of weir run. The same file, \
            options and seed give the same run, and the same report to the byte, on every \
            machine. Nothing is stored unless --raw or --warehouse says where: aggregates and \
            exceptions are kept in memory, raw events are counted. A warehouse keeps the history \
            of the objectives as well; a store that is not empty makes another run.
            """
    )

    @OptionGroup var file: PipelineFile

    // Of the daily windows, a warehouse in memory keeps somewhat more.
    @Option(
        name: .customLong("for"),
        help: "How much virtual time to simulate, such as 30d; at most 400d.",
        transform: ArgumentValue.duration(to: .seconds(400 * 86_400))
    )
    var length: Duration?

    @Option(help: "The instant at which it begins (RFC 3339).")
    var start: StartArgument = .standard

    @Option(help: "The seed of the shopper model.")
    var seed: UInt64 = 1

    @Option(
        parsing: .unconditional,
        help: "Events per second (default: the pipeline's load).",
        transform: ArgumentValue.perSecond
    )
    var rate: Double?

    @Option(
        help: "How long events gather before they are published together (default: 1s).",
        transform: ArgumentValue.duration(to: .seconds(10))
    )
    var tick: Duration?

    @OptionGroup var places: StorePlaces

    @OptionGroup var troubles: ScenarioOption

    @OptionGroup var serviceTimes: ServiceTimeOptions

    @Option(help: "A seed that draws which ready task runs next (default: in turn).")
    var interleaving: UInt64?

    @Option(
        help: """
            Search for trouble instead: this many short runs from --seed on, each with settings \
            and faults of its own, and what must always hold checked after each.
            """,
        transform: ArgumentValue.whole(1...1_000_000)
    )
    var seeds: Int?

    @OptionGroup var reporting: ReportOptions

    mutating func validate() throws {
        if let seeds {
            guard seed <= UInt64.max - UInt64(seeds) else {
                throw ValidationError("--seed is too large for --seeds to count on from it.")
            }
            let drawn: [(name: String, isGiven: Bool)] = [
                ("--for", length != nil), ("--rate", rate != nil),
                ("--scenario", troubles.scenario != nil),
                ("--raw", places.raw != nil), ("--warehouse", places.warehouse != nil),
                ("--interleaving", interleaving != nil), ("--set", !file.set.isEmpty),
                ("--service-times", !serviceTimes.serviceTimes.isEmpty), ("--gate", reporting.gate),
            ]
            if let other = drawn.first(where: \.isGiven) {
                throw ValidationError("\(other.name) does not go with --seeds, which draws it.")
            }
        } else if length == nil {
            throw ValidationError("Missing expected argument '--for <for>'")
        }
    }

    func perform() async throws {
        guard seeds == nil else { return try await search() }
        // Before anything that takes its time, so that an interrupt at once ends it in order too.
        try await Interruption.stopping { stop in try await simulate(until: stop) }
    }

    private func search() async throws {
        try await TroubleSearching(
            file: file,
            seeds: seed..<(seed + UInt64(seeds ?? 0)),
            start: start.instant,
            output: reporting.output
        ).run()
    }

    private func simulate(until stop: Signal) async throws {
        let length = length ?? .zero
        let tick = tick ?? .seconds(1)
        let document = try file.read([], serviceTimes)
        for warning in document.warnings { Terminal.message("warning: \(warning)") }
        let timeline = VirtualTimeline(start: start.instant, tick: tick)
        var options = RunOptions()
        options.objectives = try file.objectives(of: document).objectives
        options.rate = rate.map { .perSecond($0) }
        options.duration = length
        options.seed = seed
        options.makesTrafficAhead = true
        let scenario = try troubles.read(for: document, at: file.pipeline, lasting: length)
        options.experiment = Experiment(scenario: scenario, takesServiceTimes: true)
        try Simulation.check(document, options, scenario)
        let stores = try await places.open(document, raw: "memory:", warehouse: "memory:")
        let simulation = Simulation(
            document: document,
            options: options,
            stores: stores,
            timeline: timeline,
            logger: LogLines.logger(reporting.logLevel.level, timeline),
            interleaving: interleaving,
            replay: replay(length, tick)
        )
        let progress = SimulationProgress(timeline, length: length)
        let (result, unclosed) = try await stores.using {
            try await LiveLine().following({ progress.parts }) {
                try await stores.held(RealTimeline()) { try await simulation.run(stop: stop) }
            }
        }
        try reporting.finish(result, unclosed)
    }

    /// The command that does the same again, every default spelt out.
    private func replay(_ length: Duration, _ tick: Duration) -> String {
        let urls: [String?] = [places.raw, places.warehouse].map { url in
            guard let url, url != "memory:" else { return nil }
            return SecretText.masked(value: url)
        }
        return SimulateCommand.line(
            file.pipeline,
            [
                ("for", DurationText.write(length)), ("start", "\(start.instant)"),
                ("seed", "\(seed)"), ("tick", DurationText.write(tick)),
                ("rate", rate.map(ArgumentValue.written)),
                ("interleaving", interleaving.map { "\($0)" }),
            ] + serviceTimes.serviceTimes.map { ("service-times", $0) } + [
                ("scenario", troubles.scenario), ("raw", urls[0]), ("warehouse", urls[1]),
            ],
            file.set
        )
    }

    /// The command that simulates `pipeline` with these options, without those that have no value.
    static func line(
        _ pipeline: String,
        _ options: [(String, String?)],
        _ settings: [DocumentSetting] = []
    ) -> String {
        var words = ["weir", "simulate", pipeline.quotedForShell]
        for (name, value) in options {
            if let value { words += ["--\(name)", value.quotedForShell] }
        }
        for setting in settings { words += ["--set", setting.description.quotedForShell] }
        return words.joined(separator: " ")
    }
}

/// `--start`: an instant from 1980 to 2200, so that no window before or after it is too far.
struct StartArgument: ExpressibleByArgument {
    static let standard = StartArgument(instant: Timestamp(seconds: 1_767_225_600))

    private static let limits = Timestamp(seconds: 315_532_800)...Timestamp(seconds: 7_258_118_400)

    var instant: Timestamp

    init(instant: Timestamp) {
        self.instant = instant
    }

    init?(argument: String) {
        guard let instant = Timestamp(rfc3339: argument), StartArgument.limits.contains(instant)
        else { return nil }
        self.instant = instant
    }

    var defaultValueDescription: String { "\(instant)" }
}

extension String {
    /// As one word of a shell's command line.
    var quotedForShell: String {
        let plain = allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || "/._-:@".contains($0))
        }
        guard !plain || isEmpty else { return self }
        return "'"
            + split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }
}
