internal import ArgumentParser
internal import SLO

/// `--gate`: tells which objectives do not hold, and ends the command with 1 where one does not.
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
        var isHeld = verdicts.allSatisfy { $0.verdict.outcome != .fails }
        if !verdicts.contains(where: { $0.verdict.outcome != .notJudged }) {
            Terminal.message("gate: no objective can be judged")
            isHeld = false
        }
        if rowsNotCounted > 0 {
            Terminal.message("gate: the history lacks what was not counted of it, see above")
            throw ExitStatus.wrongDocument.code
        }
        if !isHeld { throw Gate.failed }
    }
}
