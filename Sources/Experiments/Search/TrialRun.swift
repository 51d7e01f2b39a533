package import Documents
internal import Logging
package import Pipeline
package import SLO
internal import Storage
package import Timekeeping

/// Runs trials of one pipeline, each on stores of its own, and judges them.
package struct TrialRun: Sendable {
    /// How a trial ended.
    package enum Outcome: Hashable, Sendable {
        case passed
        /// The run ended with an error.
        case crashed(String)
        /// It came to its end, and something is not true that must be.
        case broke([String])
        /// It did not come to its end, or something was wrong long after the last fault.
        case neverRecovered(String)

        /// Whether the two are failures of the same kind, whatever the figures.
        func isLike(_ other: Outcome) -> Bool {
            switch (self, other) {
            case (.passed, .passed), (.crashed, .crashed), (.neverRecovered, .neverRecovered):
                true
            case (.broke(let left), .broke(let right)):
                !Outcome.checks(left).isDisjoint(with: Outcome.checks(right))
            default: false
            }
        }

        private static func checks(_ violations: [String]) -> Set<Substring> {
            Set(violations.map { $0.prefix { $0 != ":" } })
        }
    }

    let text: String
    let file: String
    let objectives: [Objective]
    private let start: Timestamp
    private let makeStores: @Sendable (PipelineDocument) -> RunStores

    /// Trials of the pipeline that `text` describes; `file` is what messages call it.
    ///
    /// - Parameters:
    ///   - text: A pipeline document.
    ///   - file: Its name.
    ///   - objectives: What the runs are held to.
    ///   - start: When each of them begins.
    ///   - stores: Makes the stores of a run, empty.
    package init(
        text: String,
        file: String,
        objectives: [Objective],
        start: Timestamp,
        stores: @escaping @Sendable (PipelineDocument) -> RunStores = TrialRun.memoryStores
    ) {
        self.text = text
        self.file = file
        self.objectives = objectives
        self.start = start
        makeStores = stores
    }

    /// Stores in memory for `document`, which keep every window of a trial.
    package static func memoryStores(_ document: PipelineDocument) -> RunStores {
        RunStores(
            raw: document.stores.filter { $0.role == .raw }.map {
                .init(name: $0.name, label: "memory:", store: MemoryRawStore())
            },
            warehouses: document.stores.filter { $0.role == .warehouse }.map {
                .init(
                    name: $0.name,
                    label: "memory:",
                    store: MemoryWarehouse(windowLimit: 1 << 12)
                )
            }
        )
    }

    /// The trial that `seed` names.
    ///
    /// - Throws: `DocumentError` where the text describes no pipeline.
    package func trial(_ seed: UInt64) throws(DocumentError) -> Trial {
        try Trial(seed: seed, of: text, file: file)
    }

    /// Runs `trial` and judges what it leaves behind.
    ///
    /// - Throws: `DocumentError` where its settings do not suit the pipeline.
    package func run(_ trial: Trial) async throws(DocumentError) -> Outcome {
        let document = try PipelineDocument.parse(text: text, file: file, with: trial.settings)
        do {
            return try await judge(trial, document)
        } catch is DrainTookTooLong {
            return .neverRecovered("messages are still under way an hour after the last fault")
        } catch let error as Standstill {
            return .neverRecovered("\(error)")
        } catch {
            return .crashed("\(error)")
        }
    }

    private func judge(_ trial: Trial, _ document: PipelineDocument) async throws -> Outcome {
        let ledger = TrialLedger()
        let timeline = VirtualTimeline(start: start, tick: trial.tick)
        var stores = makeStores(document).behind(
            raw: { [TrialEntries(ledger: ledger, store: $0.name)] },
            warehouse: { [TrialEntries(ledger: ledger, store: $0.name)] }
        )
        let history = stores.history ?? MemorySLIHistory()
        stores.history = history
        var options = RunOptions()
        options.seed = trial.seed
        options.rate = .perSecond(trial.rate)
        options.duration = trial.length
        options.objectives = objectives
        options.experiment = Experiment(scenario: trial.scenario, takesServiceTimes: true)
        // The curve of a trial is not shown.
        options.sampleInterval = trial.length
        let simulation = Simulation(
            document: document,
            options: options,
            stores: stores,
            timeline: timeline,
            logger: Logger(label: "trial") { _ in SwiftLogNoOpLogHandler() },
            interleaving: trial.interleaving,
            replay: ""
        )
        let result = try await simulation.run(
            stop: Signal(),
            observer: ledger,
            drainingAtMost: .seconds(3600)
        )
        // What its stores hold is for the audit to judge.
        if let failure = result.failure, !(failure is ReadBackFailure) {
            return .crashed("\(failure)")
        }
        let audit = TrialAudit(
            document: document,
            books: ledger.books,
            report: result.report,
            stores: stores,
            history: history,
            objectives: objectives
        )
        let violations = try await audit.violations()
        if !violations.isEmpty { return .broke(violations) }
        for fault in result.report.faults ?? []
        where fault.recovered == nil && fault.recoveredWith == nil && fault.isLasting != true {
            return .neverRecovered("'\(fault.name)' was not recovered from by the end of the run")
        }
        return .passed
    }
}
