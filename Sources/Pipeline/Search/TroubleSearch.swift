package import Documents
package import Timekeeping

/// Runs one trial after the other, and makes those that fail as small as they can be.
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

    /// A search that ends after `limit` failures: more of them tell nothing new.
    package init(_ run: TrialRun, limit: Int = 5) {
        self.run = run
        self.limit = limit
    }

    /// Tries `seeds`, until `stop` is raised.
    ///
    /// - Parameters:
    ///   - seeds: One trial each.
    ///   - stop: Ends the search after the trial under way.
    ///   - onTrial: Hears of each seed before its trial.
    /// - Returns: What was found.
    /// - Throws: `DocumentError` where there is no pipeline to try.
    package func search(
        _ seeds: Range<UInt64>,
        stop: Signal,
        onTrial: @Sendable (UInt64) -> Void = { _ in }
    ) async throws(DocumentError) -> Result {
        var result = Result()
        for seed in seeds {
            if stop.version > 0 || Task.isCancelled { break }
            guard result.troubles.count < limit else {
                result.isCutShort = true
                break
            }
            onTrial(seed)
            let trial = try run.trial(seed)
            let outcome = try await run.run(trial)
            result.trials += 1
            // order-free: counted by kind
            for kind in Set(trial.scenario.faults.map(\.kind)) {
                result.faults[kind, default: 0] += 1
            }
            guard outcome != .passed else { continue }
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
        return result
    }
}
