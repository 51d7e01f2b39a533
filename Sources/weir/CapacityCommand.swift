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
            reached, and no more than a second of it waits at the end. Each run has stores of its \
            own under .weir/capacity, unless --raw and --warehouse name others.

            --vary, --what-if and --service-times compare configurations in virtual time, in which \
            stores and stages take the service times that the pipeline declares, or that the \
            report of a real run has measured.
            """
    )

    @OptionGroup var file: PipelineFile

    @Option(
        parsing: .unconditional,
        help: "The rate to begin with, in events per second.",
        transform: NumberArgument.decimal
    )
    var from: Double = 1000

    @Option(help: "How long each rate is tried, such as 10s.")
    var probe: DurationArgument = .standardProbe

    @Option(
        parsing: .unconditional,
        help: "How close the answer is to be, from 0.01 to 1.",
        transform: NumberArgument.decimal
    )
    var precision: Double = 0.1

    @Option(
        parsing: .unconditional,
        help: "How often more the answer has to hold.",
        transform: NumberArgument.whole
    )
    var confirm: Int = 2

    @Option(help: "The seed of the shopper model.")
    var seed: UInt64 = 1

    @Option(help: "Where raw events go: sqlite:<path>, mongodb://… or memory:.")
    var raw: String?

    @Option(help: "Where aggregates go: sqlite:<path>, postgresql://… or memory:.")
    var warehouse: String?

    @Option(
        help: """
            Compare, in virtual time, the values of a setting: spec.stages.ingest.workers=1,2,4 \
            (repeatable; every combination is looked at).
            """
    )
    var vary: [DocumentSetting] = []

    @Option(help: "Compare, in virtual time, with this setting alone: workers=4 (repeatable).")
    var whatIf: [DocumentSetting] = []

    @OptionGroup var serviceTimes: ServiceTimeOptions

    @OptionGroup var output: ReportOutput

    mutating func validate() throws {
        guard CapacitySearch.limits.contains(from) else {
            throw ValidationError("--from must be from 1 to 100000000 events per second.")
        }
        guard (0.01...1).contains(precision) else {
            throw ValidationError("--precision must be from 0.01 to 1, not \(precision).")
        }
        guard (0...20).contains(confirm) else {
            throw ValidationError("--confirm must be from 0 to 20, not \(confirm).")
        }
        let count = Configurations.all(alternatives: whatIf, ranges: vary).count
        guard count <= Configurations.limit else {
            throw ValidationError(
                "--vary and --what-if make \(count) configurations; expected at most "
                    + "\(Configurations.limit)."
            )
        }
        if isVirtual, raw != nil || warehouse != nil {
            throw ValidationError(
                "--raw and --warehouse do not go with --vary, --what-if and --service-times, which "
                    + "run in virtual time."
            )
        }
        guard probe.duration >= .seconds(1), probe.duration <= .seconds(3600) else {
            throw ValidationError("--probe must be from 1s to 1h.")
        }
    }

    func perform() async throws {
        let document = try file.read([], serviceTimes)
        let objectives = try file.objectives(of: document).objectives
        if isVirtual { return try await compare(document.name, objectives) }
        var search = CapacitySearch(from: from, precision: precision, confirmations: confirm)
        var stores: [String] = []
        var probes: [CapacityReport.Probe] = []
        while let rate = search.next.rate {
            let (report, labels) = try await run(document, objectives, at: rate)
            let finding = CapacityReport.Probe(report, rate: rate)
            Terminal.message("\(ReportNumbers.rate(rate)): \(finding.verdict)")
            stores = labels
            probes.append(finding)
            search.record(holds: finding.holds)
        }
        try output.show(
            CapacityReport(
                pipeline: document.name,
                probeSeconds: probe.duration.inSeconds,
                stores: stores,
                probes: probes,
                capacity: search.capacity
            )
        )
    }

    private var isVirtual: Bool {
        !vary.isEmpty || !whatIf.isEmpty || serviceTimes.serviceTimes != nil
    }

    /// The capacity of each configuration, in virtual time.
    private func compare(_ name: String, _ objectives: [Objective]) async throws {
        let configurations = Configurations.all(alternatives: whatIf, ranges: vary)
        // Before the first search, so that a mistake in the last one is told at once.
        for configuration in configurations { _ = try virtual(configuration, objectives) }
        var entries: [CapacityComparison.Entry] = []
        for configuration in configurations {
            entries.append(try await entry(configuration, objectives))
        }
        try output.show(
            CapacityComparison(
                pipeline: name,
                probeSeconds: probe.duration.inSeconds,
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
            length: probe.duration,
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
        var search = CapacitySearch(
            from: from,
            precision: precision,
            confirmations: 0,
            highest: VirtualCapacity.highest
        )
        var probes: [CapacityReport.Probe] = []
        while let rate = search.next.rate {
            let finding = try await virtual.probe(rate)
            Terminal.message("\(name) at \(ReportNumbers.rate(rate)): \(finding.verdict)")
            probes.append(finding)
            search.record(holds: finding.holds)
        }
        return CapacityComparison.Entry(
            configuration,
            probes,
            capacity: search.capacity,
            highest: VirtualCapacity.highest
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
        let stores = try await StoreWiring(
            raw: raw ?? "sqlite:.weir/capacity/raw.sqlite",
            warehouse: warehouse ?? "sqlite:.weir/capacity/warehouse.sqlite"
        ).open(document)
        var options = RunOptions()
        options.objectives = objectives
        options.rate = .perSecond(rate)
        options.duration = probe.duration
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
            logger: JSONLogHandler.logger(.error, timeline)
        )
        let result = try await stores.closingOnError {
            try await stores.held(timeline) { try await run.run(stop: Signal()) }
        }
        let labels = stores.raw.map(\.label) + stores.warehouses.map(\.label)
        let closing = await stores.close()
        try? FileManager.default.removeItem(at: folder)
        if let failure = closing.first { throw failure }
        return (result.report, labels)
    }
}

extension DurationArgument {
    /// The default of `--probe`.
    static let standardProbe = DurationArgument(duration: .seconds(10))
}
