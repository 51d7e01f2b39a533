internal import ArgumentParser
internal import Documents
internal import Experiments
internal import Foundation
internal import Logging
internal import OpenSLO
internal import Pipeline
internal import Reports
internal import SLO
internal import Timekeeping

/// `weir capacity`: the highest rate at which a pipeline's objectives hold on this machine.
struct CapacityCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "capacity",
        abstract: "The highest rate at which all objectives hold on this machine.",
        discussion: """
            Runs the pipeline in real time at one rate after the other: doubles until one fails, \
            halves the distance, and confirms. A rate holds where no objective fails, the rate is \
            reached, and at most a second's worth of events waits at the end. Each run has stores \
            of its own under .weir/capacity, unless --raw and --warehouse name others.

            --vary, --what-if and --service-times compare configurations in virtual time, in which \
            stores and stages take the service times that the pipeline declares, or that the \
            report of a real run has measured.
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
    var precision: Double = 0.1

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
        var stores: [String] = []
        let (probes, capacity) = try await search(confirmations: confirm) { rate in
            let (report, labels) = try await run(document, objectives, at: rate)
            stores = labels
            return CapacityReport.Probe(report, rate: rate)
        }
        try output.show(
            CapacityReport(
                pipeline: document.name,
                probeSeconds: probeLength.inSeconds,
                stores: stores,
                probes: probes,
                capacity: capacity
            )
        )
    }

    /// Tries one rate after the other, and says how each went; `name` is what is tried.
    private func search(
        _ name: String = "",
        confirmations: Int,
        highest: Double = CapacitySearch.limits.upperBound,
        _ probe: (Double) async throws -> CapacityReport.Probe
    ) async throws -> (probes: [CapacityReport.Probe], capacity: Double?) {
        var search = CapacitySearch(
            from: from,
            precision: precision,
            confirmations: confirmations,
            highest: highest
        )
        var probes: [CapacityReport.Probe] = []
        while let rate = search.next.rate {
            let finding = try await probe(rate)
            Terminal.message("\(name)\(ReportNumbers.rate(rate)): \(finding.verdict)")
            probes.append(finding)
            search.record(holds: finding.holds)
        }
        return (probes, search.capacity)
    }

    private var probeLength: Duration { probe ?? .seconds(10) }

    private var isVirtual: Bool {
        !vary.isEmpty || !whatIf.isEmpty || serviceTimes.serviceTimes != nil
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
        let highest = VirtualCapacity.highest
        // Without confirmation: the same rate again would be the same run.
        let (probes, capacity) = try await search(
            "\(name) at ",
            confirmations: 0,
            highest: highest,
            virtual.probe
        )
        return CapacityComparison.Entry(
            configuration,
            probes,
            capacity: capacity,
            highest: highest
        )
    }

    /// One run at one rate, and what its stores are called.
    private func run(
        _ document: PipelineDocument,
        _ objectives: [Objective],
        at rate: Double
    ) async throws -> (RunReport, [String]) {
        let timeline = RealTimeline()
        let folder = URL(filePath: ".weir/capacity")
        try? FileManager.default.removeItem(at: folder)
        let stores = try await places.open(
            document,
            raw: "sqlite:.weir/capacity/raw.sqlite",
            warehouse: "sqlite:.weir/capacity/warehouse.sqlite"
        )
        var options = RunOptions()
        options.objectives = objectives
        options.rate = .perSecond(rate)
        options.duration = probeLength
        options.seed = seed
        // So that a probe of seconds is judged at all, and by itself.
        options.slice = .seconds(1)
        var ownHistory = stores
        ownHistory.history = MemorySLIHistory()
        let run = PipelineRun(
            document: document,
            options: options,
            stores: ownHistory,
            timeline: timeline,
            logger: LogLines.logger(.error, timeline)
        )
        let (result, unclosed) = try await stores.using {
            try await stores.held(timeline) { try await run.run(stop: Signal()) }
        }
        let labels = stores.raw.map(\.label) + stores.warehouses.map(\.label)
        try? FileManager.default.removeItem(at: folder)
        if let failure = unclosed.first { throw failure }
        return (result.report, labels)
    }
}
