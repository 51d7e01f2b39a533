internal import Pipeline
package import Reports

/// What a search for trouble has found, as it is written to JSON (`schema_version` 1).
package struct TroubleReport: WrittenReport, Codable, Sendable {
    /// A seed whose trial failed.
    package struct Trouble: Codable, Sendable {
        package var seed: UInt64
        /// `crashed`, `broke an invariant` or `never recovered`.
        package var outcome: String
        /// What the whole trial did wrong.
        package var reasons: [String]
        /// What the smallest trial that fails alike does wrong.
        package var smallestReasons: [String]
        /// The scenario of that one, as a file of YAML.
        package var scenario: String
        /// Runs that one alone.
        package var command: String
        /// Draws and judges the whole trial again.
        package var again: String

        /// `trouble` with the commands that show it.
        package init(_ trouble: TroubleSearch.Trouble, command: String, again: String) {
            seed = trouble.seed
            outcome = trouble.outcome.label
            reasons = trouble.outcome.reasons
            smallestReasons = trouble.smallestOutcome.reasons
            scenario = trouble.smallest.scenario.yaml
            self.command = command
            self.again = again
        }
    }

    package var schemaVersion = 1
    package var pipeline: String
    package var firstSeed: UInt64
    package var trials: Int
    /// How many trials had a fault of the kind.
    package var faults: [String: Int]
    package var troubles: [Trouble]
    /// Whether it ended early, since it had found enough.
    package var isCutShort: Bool

    package init(
        pipeline: String,
        firstSeed: UInt64,
        _ result: TroubleSearch.Result,
        troubles: [Trouble]
    ) {
        self.pipeline = pipeline
        self.firstSeed = firstSeed
        self.troubles = troubles
        trials = result.trials
        isCutShort = result.isCutShort
        faults = Dictionary(
            uniqueKeysWithValues: FaultKind.allCases.map { ($0.rawValue, result.faults[$0] ?? 0) }
        )
    }
}

extension TrialRun.Outcome {
    /// How it ended, in words.
    package var label: String {
        switch self {
        case .passed: "passed"
        case .crashed: "crashed"
        case .broke: "broke an invariant"
        case .neverRecovered: "never recovered"
        }
    }

    /// What was wrong.
    package var reasons: [String] {
        switch self {
        case .passed: []
        case .crashed(let reason), .neverRecovered(let reason): [reason]
        case .broke(let violations): violations
        }
    }
}

extension TroubleReport {
    /// What it says, for any form.
    package var document: ReportDocument {
        let table = ReportDocument.Table(
            "kinds of fault",
            [.text("fault"), .number("trials")],
            of: faults.sorted { $0.key < $1.key }
        ) { [.init($0.key), .count(Int64($0.value))] }
        return ReportDocument(
            kind: "trouble",
            title: pipeline,
            subject: "report",
            verdict: verdict,
            facts: [
                .init("trials", .count(Int64(trials)), remark: "from seed \(firstSeed) on"),
                .init(
                    "checked",
                    .init("conservation, no loss, once, aggregates, alerts, recovery"),
                    remark: "after each"
                ),
            ],
            sections: troubles.map(section) + [.init(title: "Drawn", blocks: [.table(table)])],
            footer: "Schema version \(schemaVersion)"
        )
    }

    private var verdict: ReportDocument.Cell {
        guard !troubles.isEmpty else {
            return trials > 0
                ? .init("no trouble in \(trials) trials", .good) : .init("nothing tried", .absent)
        }
        let found = "\(troubles.count) of \(trials) trials failed"
        return .init(isCutShort ? "\(found), and the search ended there" : found, .bad)
    }

    private func section(_ trouble: Trouble) -> ReportDocument.Section {
        let smaller = trouble.smallestReasons == trouble.reasons ? [] : trouble.smallestReasons
        return .init(
            title: "Seed \(trouble.seed) \(trouble.outcome)",
            blocks: [
                .list(title: "what is wrong", items: trouble.reasons, more: 0),
                .list(title: "in the smallest trial that fails alike", items: smaller, more: 0),
                .list(
                    title: "its scenario",
                    items: trouble.scenario.split(separator: "\n").map(String.init),
                    more: 0
                ),
                .list(title: "to see it", items: [trouble.command, trouble.again], more: 0),
            ].filter { if case .list(_, let items, _) = $0 { !items.isEmpty } else { true } }
        )
    }
}
