internal import Commerce
package import Logging
package import Pipeline
internal import SLO
internal import Storage
package import Timekeeping

/// A run of a pipeline in virtual time: the stages, the broker and the objectives of every run,
/// on a timeline that waits for no clock.
///
/// The same document, options, start and tick give the same run on every machine, bytes of the
/// report and all.
package struct Simulation: Sendable {
    /// How many slices the report's curve has, about.
    private static let samples = 1000

    /// The events per second that can be simulated: each is computed, and a second of more takes
    /// minutes.
    package static let highestRate = 10_000_000.0

    private let document: PipelineDocument
    private var options: RunOptions
    private var stores: RunStores
    private let timeline: VirtualTimeline
    private let logger: Logger
    private let replay: String
    /// Draws which task goes on next; nil for the one that has waited longest.
    private let interleaving: UInt64?

    /// A run of `document` from where `timeline` stands, for the duration in `options`.
    ///
    /// Time stands still while a store works that is not in memory. An `interleaving` draws which
    /// of the tasks that can go on goes on next. The command `replay` is what the report says
    /// repeats the run.
    package init(
        document: PipelineDocument,
        options: RunOptions,
        stores: RunStores,
        timeline: VirtualTimeline,
        logger: Logger,
        interleaving: UInt64? = nil,
        replay: String
    ) {
        self.document = document
        self.interleaving = interleaving
        self.options = options
        self.options.isRepeatable = true
        // The length is known, so that no slice has to be made only to be joined.
        self.options.sampleInterval = max(
            options.sampleInterval,
            timeline.tick,
            (options.duration ?? .zero) / Simulation.samples
        )
        let standing = [StandingTime(timeline)]
        self.stores = stores.behind(
            raw: { $0.store.isVolatile ? [] : standing },
            warehouse: { $0.store.isVolatile ? [] : standing }
        )
        // A history in memory would grow with the run and end with it, and nothing would read it.
        if stores.history == nil { self.stores.history = NoSLIHistory() }
        self.timeline = timeline
        self.logger = logger
        self.replay = replay
    }

    /// Says that a load is too high to be simulated before anything is begun.
    ///
    /// - Throws: ``RunError`` with the load, and the limit.
    package static func check(
        _ document: PipelineDocument,
        _ options: RunOptions,
        _ scenario: ScenarioDocument?
    ) throws(RunError) {
        var (rate, load) = (document.load.peak, "the load of the pipeline \"\(document.name)\"")
        if case .perSecond(let asked) = options.rate { (rate, load) = (asked, "--rate") }
        if let factor = scenario?.highestLoadFactor, factor > 1 {
            rate *= factor
            load += " times the factor \(factor) of the scenario"
        }
        guard rate > highestRate else { return }
        throw RunError(
            "\(load) is \(rate) events per second; expected at most \(Int(highestRate)) in virtual "
                + "time, in which every event is computed"
        )
    }

    /// Runs it; `stop` ends it early, as it does a run in real time.
    ///
    /// - Throws: What `PipelineRun.run` throws; `Standstill` where no task can go on.
    package func run(stop: Signal) async throws -> PipelineRun.Result {
        try await run(stop: stop, observer: nil, drainingAtMost: nil)
    }

    /// Runs it under the eyes of `observer`.
    ///
    /// - Throws: ``DrainTookTooLong`` where messages are under way for longer than `limit` after
    ///   the end of the traffic; and what `PipelineRun.run` throws.
    func run(
        stop: Signal,
        observer: (any RunObserver)?,
        drainingAtMost limit: Duration?
    ) async throws -> PipelineRun.Result {
        let start = timeline.now
        let digest = RunDigest(timeline: timeline, observer: observer)
        var options = options
        // A month has 86,400 half minutes, and a simulation that is cut short is run again.
        options.slicesPerFlush = 360
        let run = PipelineRun(
            document: document,
            options: options,
            stores: stores,
            timeline: timeline,
            logger: logger,
            witness: digest
        )
        let end = limit.map { start + (options.duration ?? .zero) + $0 }
        var result = try await timeline.run(seed: interleaving) {
            guard let end else { return try await run.run(stop: stop) }
            return try await withThrowingTaskGroup { group in
                group.addTask { try await run.run(stop: stop) }
                group.addTask {
                    try await timeline.sleep(until: end)
                    throw DrainTookTooLong()
                }
                defer { group.cancelAll() }
                guard let first = try await group.next() else { throw CancellationError() }
                return first
            }
        }
        result.report.simulation = RunReport.Simulation(
            from: start.description,
            to: (start + (options.duration ?? .zero)).description,
            seed: options.seed,
            digest: digest.text,
            replay: replay
        )
        result.report.simulation?.tickSeconds = timeline.tick.inSeconds
        result.report.simulation?.keepsRawEvents =
            !stores.raw.contains(where: \.store.isVolatile)
        return result
    }
}

/// Messages are still under way long after the last one was published.
struct DrainTookTooLong: Error {}
