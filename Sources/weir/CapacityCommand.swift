internal import ArgumentParser
internal import Documents
internal import Foundation
internal import Logging
internal import Pipeline
internal import Reports
internal import SLO
internal import Timekeeping

/// `weir capacity`: the highest rate at which a pipeline's objectives hold on this machine.
struct CapacityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capacity",
        abstract: "The highest rate at which all objectives hold on this machine.",
        discussion: """
            Runs the pipeline in real time at one rate after the other: doubles until one fails, \
            halves the distance, and confirms. A rate holds where no objective fails, the rate is \
            reached, and no more than a second of it waits at the end. Each run has stores of its \
            own under .weir/capacity, unless --raw and --warehouse name others.
            """
    )

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(parsing: .unconditional, help: "The rate to begin with, in events per second.")
    var from: Double = 1000

    @Option(help: "How long each rate is tried, such as 10s.")
    var probe: DurationArgument = .standardProbe

    @Option(parsing: .unconditional, help: "How close the answer is to be, from 0.01 to 1.")
    var precision: Double = 0.1

    @Option(parsing: .unconditional, help: "How often more the answer has to hold.")
    var confirm: Int = 2

    @Option(help: "The seed of the shopper model.")
    var seed: UInt64 = 1

    @Option(help: "Where raw events go: sqlite:<path>, mongodb://… or memory:.")
    var raw: String?

    @Option(help: "Where aggregates go: sqlite:<path>, postgresql://… or memory:.")
    var warehouse: String?

    @Option(help: "Also write the report here: .json, .md, .html or .txt (repeatable).")
    var report: [String] = []

    @Option(help: "How the report is printed: text or json.")
    var format: SummaryFormat = .text

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
        guard probe.duration >= .seconds(1), probe.duration <= .seconds(3600) else {
            throw ValidationError("--probe must be from 1s to 1h.")
        }
        for path in report where ReportFormat(path: path) == nil {
            throw ValidationError(
                "--report \(path): the name must end in .json, .md, .html or .txt."
            )
        }
    }

    func run() async throws {
        do {
            try await search()
        } catch let error as ExitCode {
            throw error
        } catch {
            Terminal.message("weir: \(error)")
            throw ExitStatus(error).code
        }
    }

    private func search() async throws {
        let document = try PipelineDocument.read(path: pipeline)
        let objectives = try ObjectiveFiles(of: document, at: pipeline).read().objectives
        var search = CapacitySearch(from: from, precision: precision, confirmations: confirm)
        var probes: [CapacityReport.Probe] = []
        var stores: [String] = []
        while true {
            switch search.next {
            case .done(let rate):
                let finding = CapacityReport(
                    pipeline: document.name,
                    probeSeconds: probe.duration.inSeconds,
                    stores: stores,
                    probes: probes,
                    capacity: rate
                )
                return try finish(finding)
            case .probe(let rate), .confirm(let rate):
                let (report, labels) = try await run(document, objectives, at: rate)
                let finding = CapacityReport.Probe(report, rate: rate)
                Terminal.message("\(ReportNumbers.rate(rate)): \(finding.verdict)")
                stores = labels
                probes.append(finding)
                search.record(holds: finding.holds)
            }
        }
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
        let result = try await run.run(stop: Signal())
        let labels = stores.raw.map(\.label) + stores.warehouses.map(\.label)
        let closing = await stores.close()
        try? FileManager.default.removeItem(at: folder)
        if let failure = closing.first { throw failure }
        return (result.report, labels)
    }

    private func finish(_ finding: CapacityReport) throws {
        for path in report {
            guard let format = ReportFormat(path: path) else { continue }
            try ReportFile.write(try finding.rendered(as: format), to: path)
        }
        switch format {
        case .text: try Terminal.result(finding.document.text(colour: Terminal.usesColour))
        case .json: try Terminal.document(try finding.json())
        }
        for path in report { Terminal.message("report: \(path)") }
    }
}

extension DurationArgument {
    /// The default of `--probe`.
    static let standardProbe = DurationArgument(duration: .seconds(10))
}
