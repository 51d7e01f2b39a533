internal import ArgumentParser
internal import Foundation
internal import Pipeline
internal import Reports
internal import Stages

/// How a run is reported and judged.
struct ReportOptions: ParsableArguments {
    @Option(help: "Also write the report here: .json, .md, .html or .txt (repeatable).")
    var report: [String] = []

    @Flag(help: "\(Gate.help)")
    var gate = false

    @Option(help: "How the summary is printed: text or json.")
    var format: SummaryFormat = .text

    @Option(help: "What is logged to standard error: debug, info, warning or error.")
    var logLevel: LogLevelArgument = .warning

    mutating func validate() throws {
        for path in report where ReportFormat(path: path) == nil {
            throw ValidationError(
                "--report \(path): the name must end in .json, .md, .html or .txt."
            )
        }
    }

    /// Prints and writes the report, and ends with the exit code of the outcome; `closing` are
    /// the stores that could not be closed.
    func finish(_ result: PipelineRun.Result, _ closing: [StoreError]) throws {
        for path in report {
            guard let format = ReportFormat(path: path) else { continue }
            try ReportFile.write(try result.report.rendered(as: format), to: path)
        }
        switch format {
        case .text: try Terminal.result(result.report.document.text(colour: Terminal.usesColour))
        case .json: try Terminal.document(try result.report.json())
        }
        for path in report {
            Terminal.message("report: \(path)")
        }
        for failure in closing {
            Terminal.message("weir: \(failure)")
        }
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
        if gate {
            let objectives = result.report.objectives ?? []
            try Gate(objectives.map { ($0.name, $0.gate) }).hold()
        }
    }
}
