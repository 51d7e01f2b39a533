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

    @Option(
        name: .customLong("for"),
        help: "How much virtual time to simulate, such as 30d; at most 400d."
    )
    var length: DurationArgument?

    @Option(help: "The instant at which it begins (RFC 3339).")
    var start: StartArgument = .standard

    @Option(help: "The seed of the shopper model.")
    var seed: UInt64 = 1

    @Option(
        parsing: .unconditional,
        help: "Events per second (default: the pipeline's load)."
    )
    var rate: RateArgument?

    @Option(help: "How long events gather before they are published together, such as 10ms.")
    var tick: DurationArgument = .standardTick

    @Option(help: "Where raw events go: sqlite:<path>, mongodb://… or memory:.")
    var raw = "memory:"

    @Option(help: "Where aggregates go: sqlite:<path>, postgresql://… or memory:.")
    var warehouse = "memory:"

    @Option(help: "A file of faults that happen to the run.")
    var scenario: String?

    @OptionGroup var serviceTimes: ServiceTimeOptions

    @Option(help: "Draw which of several tasks goes on next by this seed, not in turn.")
    var interleaving: UInt64?

    @Option(
        help: """
            Search for trouble instead: so many short runs from --seed on, each with settings and \
            faults of its own, and what must be true checked after each.
            """,
        transform: NumberArgument.whole
    )
    var seeds: Int?

    @OptionGroup var reporting: ReportOptions

    mutating func validate() throws {
        if let seeds {
            guard (1...1_000_000).contains(seeds) else {
                throw ValidationError("--seeds must be from 1 to 1000000, not \(seeds).")
            }
            guard seed <= UInt64.max - 1_000_000 else {
                throw ValidationError(
                    "--seed must be at most \(UInt64.max - 1_000_000) with --seeds, which counts "
                        + "on from it."
                )
            }
            let drawn: [(name: String, isGiven: Bool)] = [
                ("--for", length != nil), ("--rate", rate != nil), ("--scenario", scenario != nil),
                ("--raw", raw != "memory:"), ("--warehouse", warehouse != "memory:"),
                ("--interleaving", interleaving != nil), ("--set", !file.set.isEmpty),
                ("--service-times", serviceTimes.serviceTimes != nil), ("--gate", reporting.gate),
            ]
            if let other = drawn.first(where: \.isGiven) {
                throw ValidationError("\(other.name) does not go with --seeds, which draws it.")
            }
            return
        }
        guard let length else {
            throw ValidationError("Missing expected argument '--for <for>'")
        }
        if let rate {
            guard case .perSecond = rate.rate, rate.isSound else {
                throw ValidationError(
                    "--rate must be \(RateArgument.span); virtual time has no 'max'."
                )
            }
        }
        guard length.duration <= SimulateCommand.longest else {
            throw ValidationError(
                "--for must be at most \(DurationText.write(SimulateCommand.longest))."
            )
        }
        guard tick.duration <= .seconds(10) else {
            throw ValidationError("--tick must be at most 10s.")
        }
    }

    /// Of the daily windows, a warehouse in memory keeps somewhat more.
    private static let longest = Duration.seconds(400 * 86_400)

    func perform() async throws {
        if let seeds {
            return try await TroubleSearching(
                file: file,
                seeds: seed..<(seed + UInt64(seeds)),
                start: start.instant,
                output: reporting.output
            ).run()
        }
        let length = length?.duration ?? .zero
        let document = try file.read([], serviceTimes)
        for warning in document.warnings { Terminal.message("warning: \(warning)") }
        let timeline = VirtualTimeline(start: start.instant, tick: tick.duration)
        var options = RunOptions()
        options.objectives = try file.objectives(of: document).objectives
        options.rate = rate?.rate
        options.duration = length
        options.seed = seed
        let troubles = try scenario.map { path in
            try ScenarioDocument.read(path: path, for: document, lasting: length)
        }
        options.experiment = Experiment(scenario: troubles, takesServiceTimes: true)
        try Simulation.check(document, options, troubles)
        let stores = try await StoreWiring(raw: raw, warehouse: warehouse).open(document)
        let simulation = Simulation(
            document: document,
            options: options,
            stores: stores,
            timeline: timeline,
            logger: JSONLogHandler.logger(reporting.logLevel.level, timeline),
            interleaving: interleaving,
            replay: replay(length)
        )
        let progress = SimulationProgress(timeline, length: length)
        let result = try await stores.closingOnError {
            try await Interruption.stopping { stop in
                try await LiveLine().following({ progress.liveText }) {
                    try await stores.held(RealTimeline()) { try await simulation.run(stop: stop) }
                }
            }
        }
        let closing = await stores.close()
        try reporting.finish(result, closing)
    }

    /// The command that does the same again, every default spelt out.
    private func replay(_ length: Duration) -> String {
        var words = [
            "weir", "simulate", file.pipeline.quotedForShell,
            "--for", DurationText.write(length), "--start", "\(start.instant)",
            "--seed", "\(seed)", "--tick", DurationText.write(tick.duration),
        ]
        if case .perSecond(let rate) = rate?.rate {
            words += ["--rate", rate == rate.rounded() ? "\(Int64(rate))" : "\(rate)"]
        }
        if let interleaving { words += ["--interleaving", "\(interleaving)"] }
        for setting in file.set { words += ["--set", setting.description.quotedForShell] }
        if let report = serviceTimes.serviceTimes {
            words += ["--service-times", report.quotedForShell]
        }
        if let scenario { words += ["--scenario", scenario.quotedForShell] }
        for (option, url) in [("--raw", raw), ("--warehouse", warehouse)] where url != "memory:" {
            words += [option, SecretText.masked(value: url).quotedForShell]
        }
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

extension DurationArgument {
    /// The default of `--tick`.
    static let standardTick = DurationArgument(duration: .seconds(1))

    var defaultValueDescription: String { DurationText.write(duration) }
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
