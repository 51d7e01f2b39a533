internal import ArgumentParser
internal import Pipeline
internal import Reports
internal import SLO
internal import Storage

/// How a run is reported and judged.
struct ReportOptions: ParsableArguments {
    @OptionGroup var output: ReportOutput

    @Flag(help: "\(Gate.help)")
    var gate = false

    @Option(help: "What is logged to standard error: debug, info, warning or error.")
    var logLevel: LogLevelArgument = .warning

    /// Prints and writes the report, and ends with the exit code of the outcome; `closing` are
    /// the stores that could not be closed, `refusal` says why the input is not usable.
    func finish(
        _ result: PipelineRun.Result,
        _ closing: [StoreError],
        refusal: String? = nil
    ) throws {
        try output.show(result.report)
        for failure in closing { Terminal.message("weir: \(failure)") }
        if let failure = result.failure { throw failure }
        if result.report.outcome == .interrupted { throw ExitStatus.interrupted.code }
        if let failure = closing.first { throw ExitStatus(failure).code }
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

/// `--gate`: names the objectives that do not hold, and ends the command with 1 for them.
struct Gate {
    static let help = """
        End with 1 where an objective misses its target, has overspent its budget or has fallen \
        silent, or where none can be judged.
        """

    /// What was to hold does not.
    static let failed = ExitCode(1)

    private let verdicts: [(name: String, verdict: GateVerdict)]
    private let rowsNotCounted: Int

    init(_ verdicts: [(name: String, verdict: GateVerdict)], rowsNotCounted: Int = 0) {
        self.verdicts = verdicts
        self.rowsNotCounted = rowsNotCounted
    }

    /// Names on standard error what fails and what is not judged.
    func hold() throws {
        for (name, verdict) in verdicts {
            switch verdict.outcome {
            case .passes: continue
            case .fails: Terminal.message("gate: \(name) fails: \(verdict.reason)")
            case .notJudged: Terminal.message("gate: \(name) is not judged: \(verdict.reason)")
            }
        }
        let isJudged = verdicts.contains { $0.verdict.outcome != .notJudged }
        if !isJudged { Terminal.message("gate: no objective can be judged") }
        if rowsNotCounted > 0 {
            Terminal.message("gate: rows of the history were not counted, see above")
            throw ExitStatus.wrongDocument.code
        }
        if !isJudged || verdicts.contains(where: { $0.verdict.outcome == .fails }) {
            throw Gate.failed
        }
    }
}
