package import Documents
internal import Pipeline
package import Reports
package import Timekeeping

/// Runs trials, and makes those that fail as small as they can be.
package struct TroubleSearch: Sendable {
    /// A trial that failed.
    package struct Trouble: Sendable {
        package var seed: UInt64
        package var outcome: TrialRun.Outcome
        /// The smallest trial that was found to fail in the same way.
        package var smallest: Trial
        /// How that one failed.
        package var smallestOutcome: TrialRun.Outcome
    }

    /// What came of all trials.
    package struct Result: Sendable {
        package var trials = 0
        /// How many of the trials had a fault of this kind.
        package var faults: [FaultKind: Int] = [:]
        package var troubles: [Trouble] = []

        /// Whether the search ended before its last seed, since it had found enough.
        package var isCutShort = false
    }

    private let run: TrialRun
    private let limit: Int
    private let width: Int

    /// A search that ends after `limit` failures: more of them tell nothing new.
    ///
    /// So many trials as `width` says run side by side, each on a timeline of its own; what is
    /// found is the same for any number.
    package init(_ run: TrialRun, limit: Int = 5, width: Int = 8) {
        self.run = run
        self.limit = limit
        self.width = width
    }

    /// Tries `seeds`, until `stop` is raised.
    ///
    /// - Parameters:
    ///   - seeds: One trial each.
    ///   - stop: Ends the search after the trials under way.
    ///   - onTrial: Hears of each seed before its trial.
    /// - Returns: What was found.
    /// - Throws: `DocumentError` where there is no pipeline to try.
    package func search(
        _ seeds: Range<UInt64>,
        stop: Signal,
        onTrial: @Sendable (UInt64) -> Void = { _ in }
    ) async throws(DocumentError) -> Result {
        var result = Result()
        var next = seeds.lowerBound
        while next < seeds.upperBound, stop.version == 0, !Task.isCancelled {
            guard result.troubles.count < limit else {
                result.isCutShort = true
                break
            }
            var trials: [(seed: UInt64, trial: Trial)] = []
            while next < seeds.upperBound, trials.count < width, stop.version == 0 {
                onTrial(next)
                trials.append((next, try run.trial(next)))
                next += 1
            }
            let outcomes = try await outcomes(of: trials.map(\.trial))
            for ((seed, trial), outcome) in zip(trials, outcomes) {
                guard result.troubles.count < limit else {
                    result.isCutShort = true
                    return result
                }
                try await note(outcome, of: trial, seed, in: &result)
            }
        }
        return result
    }

    /// How each of `trials` ended, in their order.
    private func outcomes(
        of trials: [Trial]
    ) async throws(DocumentError) -> [TrialRun.Outcome] {
        let endings = await withTaskGroup(of: Ending.self) { group in
            for (place, trial) in trials.enumerated() {
                group.addTask { await ending(of: trial, at: place) }
            }
            var endings: [Ending?] = Array(repeating: nil, count: trials.count)
            for await ending in group { endings[ending.place] = ending }
            return endings
        }
        var outcomes: [TrialRun.Outcome] = []
        for case let ending? in endings { outcomes.append(try ending.outcome.get()) }
        return outcomes
    }

    /// How the trial at a place among others ended.
    private struct Ending: Sendable {
        var place: Int
        var outcome: Swift.Result<TrialRun.Outcome, DocumentError>
    }

    // A method of its own: within the closure of the task, an optimised build loses the place.
    private func ending(of trial: Trial, at place: Int) async -> Ending {
        do throws(DocumentError) {
            return Ending(place: place, outcome: .success(try await run.run(trial)))
        } catch {
            return Ending(place: place, outcome: .failure(error))
        }
    }

    private func note(
        _ outcome: TrialRun.Outcome,
        of trial: Trial,
        _ seed: UInt64,
        in result: inout Result
    ) async throws(DocumentError) {
        result.trials += 1
        // order-free: counted by kind
        for kind in Set(trial.scenario.faults.map(\.kind)) {
            result.faults[kind, default: 0] += 1
        }
        guard outcome != .passed else { return }
        var reduction = TrialReduction(trial, outcome, run: run)
        await reduction.reduce()
        result.troubles.append(
            Trouble(
                seed: seed,
                outcome: outcome,
                smallest: reduction.smallest,
                smallestOutcome: try await run.run(reduction.smallest)
            )
        )
    }
}

/// Makes a trial that fails smaller, as long as it goes on failing in the same way: a greedy form
/// of delta debugging (Zeller and Hildebrandt, 2002), fault by fault and setting by setting.
struct TrialReduction {
    /// What has been tried and failed alike so far.
    private(set) var smallest: Trial
    private let run: TrialRun
    private let outcome: TrialRun.Outcome
    /// How many runs it may take.
    private var left: Int

    /// A reduction of `trial`, which ended with `outcome`, in at most `limit` runs.
    init(_ trial: Trial, _ outcome: TrialRun.Outcome, run: TrialRun, limit: Int = 200) {
        smallest = trial
        self.run = run
        self.outcome = outcome
        left = limit
    }

    /// Tries every smaller trial next to the smallest one, until none of them fails.
    mutating func reduce() async {
        var goesOn = true
        while goesOn, left > 0 {
            goesOn = false
            for candidate in smallest.smaller where await fails(candidate) {
                smallest = candidate
                goesOn = true
                break
            }
        }
    }

    private mutating func fails(_ candidate: Trial) async -> Bool {
        guard left > 0 else { return false }
        left -= 1
        return (try? await run.run(candidate))?.isLike(outcome) ?? false
    }
}

extension Trial {
    /// Trials with one thing less, those first that leave away most.
    fileprivate var smaller: [Trial] {
        var trials: [Trial] = []
        func add(_ change: (inout Trial) -> Void) {
            var trial = self
            change(&trial)
            if trial != self { trials.append(trial) }
        }
        add { $0.settings = $0.settings.filter(Trial.isOfShop) }
        for index in scenario.faults.indices { add { $0.scenario.faults.remove(at: index) } }
        for index in settings.indices where !Trial.isOfShop(settings[index]) {
            add { $0.settings.remove(at: index) }
        }
        add { $0.interleaving = nil }
        for index in scenario.faults.indices {
            guard case .once(let at, let lasting) = scenario.faults[index].timing else { continue }
            let half = Duration.seconds(max(1, lasting.inNanoseconds / 2_000_000_000))
            add { $0.scenario.faults[index].timing = .once(at: at, lasting: half) }
        }
        add { $0.rate = max(1, ($0.rate / 2).rounded(.down)) }
        return trials
    }

    /// Whether it only makes the shop small, which every trial needs.
    private static func isOfShop(_ setting: DocumentSetting) -> Bool {
        setting.path.prefix(2) == ["spec", "traffic"]
    }
}

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
