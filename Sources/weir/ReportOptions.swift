internal import ArgumentParser
internal import Foundation
internal import Pipeline
internal import Reports
internal import Stages

/// How a run is reported and judged.
struct ReportOptions: ParsableArguments {
    @OptionGroup var output: ReportOutput

    @Flag(help: "\(Gate.help)")
    var gate = false

    @Option(help: "What is logged to standard error: debug, info, warning or error.")
    var logLevel: LogLevelArgument = .warning

    /// Prints and writes the report, and ends with the exit code of the outcome; `closing` are
    /// the stores that could not be closed, `refusal` says why the input was no good one.
    func finish(
        _ result: PipelineRun.Result,
        _ closing: [StoreError],
        refusal: String? = nil
    ) throws {
        try output.show(result.report)
        for failure in closing {
            Terminal.message("weir: \(failure)")
        }
        let isDamaged = DamagedRows.tell()
        if let failure = result.failure {
            Terminal.message("weir: \(failure)")
            throw ExitStatus(failure).code
        }
        if result.report.outcome == .interrupted {
            throw ExitStatus.interrupted.code
        }
        if let failure = closing.first {
            throw ExitStatus(failure).code
        }
        if isDamaged { throw ExitStatus.wrongDocument.code }
        if let refusal {
            Terminal.message("weir: \(refusal)")
            throw ExitStatus.wrongDocument.code
        }
        if gate {
            let objectives = result.report.objectives ?? []
            try Gate(objectives.map { ($0.name, $0.gate) }).hold()
        }
    }
}
