internal import ArgumentParser
internal import Documents
internal import Experiments
internal import Foundation
internal import Logging
internal import OpenSLO
internal import OpeningStores
internal import Pipeline
internal import Reports
internal import SLO
internal import Storage
internal import Timekeeping

/// `weir capacity`: the highest rate at which a pipeline's objectives hold on this machine.
struct CapacityCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "capacity",
        abstract: "The highest rate at which all objectives hold on this machine.",
        discussion: """
            Runs the pipeline in real time at one rate after the other: doubles until one fails \
            twice, halves the distance, and confirms. A rate holds where no objective fails, the \
            events are published in time, and neither the backlog nor the age of its oldest \
            message grows in the second half of the run: by no more than 50 ms of events, and \
            what chance brings.

            Each run writes beside the stores that 'weir run' would write to (--raw and \
            --warehouse, WEIR_RAW_URL and WEIR_WAREHOUSE_URL, the pipeline file): to a file, a \
            database of MongoDB or a schema of PostgreSQL whose name ends in _capacity, which is \
            removed before and after. It then prints the service times that it has measured.

            --vary, --what-if and --service-times compare configurations in virtual time, in which \
            stores and stages take the service times that the pipeline declares, or that a \
            'weir capacity' or real runs have measured.
            """
    )

    @OptionGroup var file: PipelineFile

    @Option(
        parsing: .unconditional,
        help: "The rate to begin with, in events per second.",
        transform: ArgumentValue.number(CapacitySearch.limits)
    )
    var from: Double = 1000

    @Option(
        help: "How long each rate is tried, from 1s to 1h (default: 10s).",
        transform: ArgumentValue.duration(from: .seconds(1), to: .seconds(3600))
    )
    var probe: Duration?

    @Option(
        parsing: .unconditional,
        help: "How close the answer is to be, from 0.01 to 1.",
        transform: ArgumentValue.number(0.01...1)
    )
    var precision: Double = 0.05

    @Option(
        parsing: .unconditional,
        help: "How many more times the answer has to hold.",
        transform: ArgumentValue.whole(0...20)
    )
    var confirm: Int = 2

    @Option(help: "The seed of the shopper model.")
    var seed: UInt64 = 1

    @OptionGroup var places: StorePlaces

    @Option(
        help: """
            Compare, in virtual time, the values of a setting: spec.stages.ingest.workers=1,2,4 \
            (repeatable; every combination is tried).
            """
    )
    var vary: [DocumentSetting] = []

    @Option(help: "Compare, in virtual time, with this setting alone: workers=4 (repeatable).")
    var whatIf: [DocumentSetting] = []

    @OptionGroup var serviceTimes: ServiceTimeOptions

    @OptionGroup var output: ReportOutput

    mutating func validate() throws {
        let count = Configurations.all(alternatives: whatIf, ranges: vary).count
        guard count <= Configurations.limit else {
            throw ValidationError(
                "--vary and --what-if make \(count) configurations; expected at most "
                    + "\(Configurations.limit)."
            )
        }
        if isVirtual, places.raw != nil || places.warehouse != nil {
            throw ValidationError(
                "--raw and --warehouse do not go with --vary, --what-if and --service-times, which "
                    + "run in virtual time."
            )
        }
    }

    func perform() async throws {
        let document = try file.read([], serviceTimes)
        let objectives = try file.objectives(of: document).objectives
        if isVirtual { return try await compare(document.name, objectives) }
        let trials = try places.trialPlaces(of: document)
        var stores: [String] = []
        let (probes, found) = try await search(confirmations: confirm, tries: 2) { rate in
            let (report, labels) = try await run(document, objectives, at: rate, in: trials)
            stores = labels
            return CapacityReport.Probe(report, rate: rate, length: probeLength)
        }
        var report = CapacityReport(
            pipeline: document.name,
            length: probeLength,
            stores: stores,
            probes: probes,
            found
        )
        do {
            try await predict(&report, document, objectives)
        } catch let error as RunError {
            Terminal.message("no service times: \(error)")
        }
        try output.show(report)
    }

    /// Notes the service times that were measured, and what holds with them in virtual time.
    private func predict(
        _ report: inout CapacityReport,
        _ document: PipelineDocument,
        _ objectives: [Objective]
    ) async throws {
        let times = try report.work.times(for: document)
        let timed = try file.read(times.map(\.setting))
        let virtual = try VirtualCapacity(
            timed,
            objectives: objectives,
            length: probeLength,
            seed: seed
        )
        let (_, search) = try await search(
            "in virtual time ",
            confirmations: 0,
            highest: VirtualCapacity.highest,
            virtual.probe
        )
        report.note(times, virtualCapacity: search.capacity)
    }

    /// Tries one rate after the other, and says how each went; `name` is what is tried.
    private func search(
        _ name: String = "",
        confirmations: Int,
        tries: Int = 1,
        highest: Double = CapacitySearch.limits.upperBound,
        _ probe: (Double) async throws -> CapacityReport.Probe
    ) async throws -> (probes: [CapacityReport.Probe], search: CapacitySearch) {
        var search = CapacitySearch(
            from: from,
            precision: precision,
            confirmations: confirmations,
            highest: highest
        )
        var probes: [CapacityReport.Probe] = []
        while let rate = search.next.rate {
            var holds = false
            // What fails once may have been held up by something else on the machine.
            for _ in 0..<tries where !holds {
                let finding = try await probe(rate)
                Terminal.message("\(name)\(ReportNumbers.rate(rate)): \(finding.verdict)")
                probes.append(finding)
                holds = finding.holds
            }
            search.record(holds: holds)
        }
        return (probes, search)
    }

    private var probeLength: Duration { probe ?? .seconds(10) }

    private var isVirtual: Bool {
        !vary.isEmpty || !whatIf.isEmpty || !serviceTimes.serviceTimes.isEmpty
    }

    /// The capacity of each configuration, in virtual time.
    private func compare(_ name: String, _ objectives: [Objective]) async throws {
        let configurations = Configurations.all(alternatives: whatIf, ranges: vary)
        // Before the first search, so that a mistake in the last one is reported at once.
        for configuration in configurations { _ = try virtual(configuration, objectives) }
        var entries: [CapacityComparison.Entry] = []
        for configuration in configurations {
            entries.append(try await entry(configuration, objectives))
        }
        try output.show(
            CapacityComparison(
                pipeline: name,
                probeSeconds: probeLength.inSeconds,
                entries: entries
            )
        )
    }

    private func virtual(
        _ configuration: [DocumentSetting],
        _ objectives: [Objective]
    ) throws -> VirtualCapacity {
        try VirtualCapacity(
            file.read(configuration, serviceTimes),
            objectives: objectives,
            length: probeLength,
            seed: seed
        )
    }

    /// Searches for the capacity of one configuration.
    private func entry(
        _ configuration: [DocumentSetting],
        _ objectives: [Objective]
    ) async throws -> CapacityComparison.Entry {
        let virtual = try virtual(configuration, objectives)
        let name =
            configuration.isEmpty
            ? "as the file is" : configuration.map(\.description).joined(separator: " ")
        // Without confirmation: the same rate again would be the same run.
        let (probes, search) = try await search(
            "\(name) at ",
            confirmations: 0,
            highest: VirtualCapacity.highest,
            virtual.probe
        )
        return CapacityComparison.Entry(configuration, probes, search)
    }

    /// One run at one rate, and what its stores are called.
    private func run(
        _ document: PipelineDocument,
        _ objectives: [Objective],
        at rate: Double,
        in trials: [String: TrialPlace]
    ) async throws -> (RunReport, [String]) {
        // What a run before has left that was ended by force.
        // order-free: each is removed
        for trial in trials.values { try await trial.remove() }
        let timeline = RealTimeline()
        let stores = try await places.open(document, in: trials)
        var options = RunOptions()
        options.objectives = objectives
        options.rate = .perSecond(rate)
        options.duration = probeLength
        options.seed = seed
        // So that a probe of seconds is judged at all, and by itself.
        options.slice = .seconds(1)
        options.sampleInterval = CapacityReport.sampleInterval(of: probeLength)
        var ownHistory = stores
        ownHistory.history = MemorySLIHistory()
        let run = PipelineRun(
            document: document,
            options: options,
            stores: ownHistory,
            timeline: timeline,
            logger: LogLines.logger(.error, timeline)
        )
        let ending = try await Interruption.stopping { stop in
            let ending: Result<(PipelineRun.Result, [StoreError]), any Error>
            do {
                let ended = try await stores.using {
                    try await stores.held(timeline) { try await run.run(stop: stop) }
                }
                ending = .success((ended.value, ended.unclosed))
            } catch {
                ending = .failure(error)
            }
            // order-free: each is removed
            for trial in trials.values { try await trial.remove() }
            return ending
        }
        let (result, unclosed) = try ending.get()
        if let failure = unclosed.first { throw failure }
        if result.report.outcome == .interrupted { throw ExitStatus.interrupted.code }
        let labels = stores.raw.map(\.label) + stores.warehouses.map(\.label)
        return (result.report, labels)
    }
}
