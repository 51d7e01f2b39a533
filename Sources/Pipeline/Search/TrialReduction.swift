internal import Documents
internal import Timekeeping

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
