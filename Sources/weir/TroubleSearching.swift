internal import ArgumentParser
internal import Documents
internal import Experiments
internal import OpenSLO
internal import Pipeline
internal import SLO
internal import Timekeeping

/// `weir simulate --seeds`: many short runs, each with options and faults of its own.
struct TroubleSearching {
    let file: PipelineFile
    let seeds: Range<UInt64>
    let start: Timestamp
    let output: ReportOutput

    /// Where the scenarios of failed trials are written.
    private static let folder = ".weir/trouble"

    /// Searches, reports, and ends with the exit code of the worst that was found.
    func run() async throws {
        let text = try DocumentFile.text(at: file.pipeline, kind: "a pipeline")
        let document = try PipelineDocument.parse(text: text, file: file.pipeline)
        let trials = TrialRun(
            text: text,
            file: file.pipeline,
            objectives: try file.objectives(of: document).objectives,
            start: start
        )
        let live = LiveLine()
        let found = try await Interruption.stopping { stop in
            try await TroubleSearch(trials).search(seeds, stop: stop) { seed in
                live.show(["seed \(seed), \(seed - seeds.lowerBound) tried"])
            }
        }
        live.clear()
        let report = TroubleReport(
            pipeline: document.name,
            firstSeed: seeds.lowerBound,
            found,
            troubles: try found.troubles.map(described)
        )
        try output.show(report)
        if let status = found.troubles.map(\.outcome).compactMap(ExitStatus.init).max(by: {
            $0.weight < $1.weight
        }) {
            throw status.code
        }
        if found.trials < seeds.count, !found.isCutShort { throw ExitStatus.interrupted.code }
    }

    /// `trouble` with the commands that show it, its scenario in a file.
    private func described(_ trouble: TroubleSearch.Trouble) throws -> TroubleReport.Trouble {
        let path = "\(TroubleSearching.folder)/seed-\(trouble.seed).yaml"
        try ReportFile.write(trouble.smallest.scenario.yaml, to: path)
        let trial = trouble.smallest
        return TroubleReport.Trouble(
            trouble,
            command: SimulateCommand.line(
                file.pipeline,
                [
                    ("for", DurationText.write(trial.length)), ("start", "\(start)"),
                    ("seed", "\(trial.seed)"), ("rate", "\(Int(trial.rate))"),
                    ("tick", DurationText.write(trial.tick)), ("scenario", path),
                    ("interleaving", trial.interleaving.map { "\($0)" }),
                ],
                trial.settings
            ),
            again: SimulateCommand.line(
                file.pipeline,
                [("seeds", "1"), ("seed", "\(trouble.seed)"), ("start", "\(start)")]
            )
        )
    }
}

extension ExitStatus {
    /// The code for a trial that failed; nil for one that did not.
    fileprivate init?(_ outcome: TrialRun.Outcome) {
        switch outcome {
        case .passed: return nil
        case .crashed: self = .ourFault
        case .broke: self = .invariantBroken
        case .neverRecovered: self = .neverRecovered
        }
    }

    /// How bad it is: of several, the worst one is the exit code.
    fileprivate var weight: Int {
        switch self {
        case .neverRecovered: 1
        case .invariantBroken: 2
        default: 3
        }
    }
}
