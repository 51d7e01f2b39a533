package import Datasets
internal import Reports
internal import SLO
internal import Storage
internal import Timekeeping

/// The verdict on a run, worst news first.
extension RunReport {
    /// How the run ended, whether it kept up and met its objectives, and whether every message is
    /// accounted for.
    var judged: Verdict {
        let clauses = failings
        guard outcome != .failed else { return Verdict(.failed, [ending] + clauses) }
        guard let isConserved else {
            if rejected > 0 {
                let count = ReportNumbers.count(rejected)
                return Verdict(
                    .failed,
                    [ending, "nothing could be read: \(count) records rejected"]
                )
            }
            return Verdict(.noData, [ending, "no events were published"] + clauses)
        }
        guard !subscriptions.isEmpty else {
            return Verdict(.noData, [ending, "no subscription to check"] + clauses)
        }
        let accounted = isConserved && unprocessed.isEmpty ? ["every message accounted for"] : []
        let remarks = remarks
        let notes = remarks.isEmpty ? [] : [remarks.joined(separator: ", ")]
        let isNormal = remarks.isEmpty && outcome == .completed
        return Verdict(
            clauses.isEmpty ? (isNormal ? .passed : .warning) : .failed,
            [ending] + clauses + accounted + met + held + notes
        )
    }

    /// Takes what the invariants came to into the report and its verdict; those that were not
    /// looked at since the run began say nothing of it.
    package mutating func judge(_ standings: [InvariantSnapshot.Standing]) {
        let began = Timestamp(rfc3339: started) ?? .distantPast
        let failed = standings.filter { $0.failures > 0 }
        let checked = standings.filter {
            $0.failures == 0 && ($0.refreshed ?? .distantPast) >= began
        }
        guard !checked.isEmpty || !failed.isEmpty else { return }
        let broken = checked.filter { $0.count > 0 }
        invariants = Invariants(
            held: checked.count - broken.count,
            broken: Dictionary(
                broken.map { ($0.invariant, $0.count) },
                uniquingKeysWith: { first, _ in first }
            ),
            failed: failed.map(\.invariant).sorted()
        )
        verdict = judged
    }

    /// What failed, worst first.
    private var failings: [String] {
        unaccounted + unprocessed + (fellBehind.map { [$0] } ?? []) + broken + missed + overspent
    }

    private var unaccounted: [String] {
        let broken = subscriptions.filter { !$0.addsUp }
        guard let first = broken.first else { return [] }
        let others = broken.count > 1 ? " and \(broken.count - 1) more" : ""
        return [
            "NOT conserved: messages of subscription \(first.name)\(others) are unaccounted for"
        ]
    }

    /// That a stage has acknowledged what it has not processed.
    private var unprocessed: [String] {
        let isUnnoticed = (alerts ?? []).isEmpty && measured.allSatisfy(\.isPerfect)
        let who = isUnnoticed && !measured.isEmpty ? ", and no objective or alert noticed" : ""
        return stages.filter { unprocessed(by: $0) > 0 }.map { "data loss: \(lost(by: $0))\(who)" }
    }

    /// The invariants that do not hold, as "2 invariants broken: raw-sequence (3), seed-first (1)".
    private var broken: [String] {
        let broken = (invariants?.broken ?? [:]).sorted { $0.key < $1.key }
        guard !broken.isEmpty else { return [] }
        let named = broken.prefix(2).map { "\($0.key) (\(ReportNumbers.count($0.value)))" }
        let more = broken.count > 2 ? " and \(broken.count - 2) more" : ""
        return [
            "\(RunReport.invariants(broken.count)) broken: \(named.joined(separator: ", "))\(more)"
        ]
    }

    /// That those that were looked at hold.
    private var held: [String] {
        guard let invariants, invariants.broken.isEmpty, invariants.held > 0 else { return [] }
        return ["\(RunReport.invariants(invariants.held)) held"]
    }

    private static func invariants(_ count: Int) -> String {
        count == 1 ? "1 invariant" : "\(count) invariants"
    }

    /// That the pipeline was slower than its load, where a load was asked for.
    ///
    /// A stage may take a second, or a tenth of the time of a load of up to 50 s, to settle the
    /// last messages, and as long as events gather in virtual time.
    var fellBehind: String? {
        guard isPaced, outcome == .completed else { return nil }
        if rate.isLate(by: 0.01), let late = rate.lateSeconds {
            let reached = ReportNumbers.rate(rate.reached)
            let asked = rate.asked.map { " of \(ReportNumbers.rate($0)) asked" } ?? ""
            return "fell behind: publishing took \(ReportNumbers.duration(seconds: late)) longer "
                + "than asked, at \(reached)\(asked)"
        }
        let allowed =
            max(1, min(5, (rate.seconds ?? 0) / 10)) + (simulation?.tickSeconds ?? 0)
        let slowest = stages.max { ($0.drainSeconds ?? 0) < ($1.drainSeconds ?? 0) }
        guard let slowest, let drain = slowest.drainSeconds, drain > allowed else { return nil }
        let latency = Cell.latency(milliseconds: slowest.latency.p99Ms).text
        return
            "fell behind: \(slowest.name) needed \(ReportNumbers.duration(seconds: drain)) after "
            + "the load had ended, p99 \(latency)"
    }

    /// Whether there was a load to keep up with: not as many events as possible.
    private var isPaced: Bool {
        input.kind == "log" ? input.speed != nil : rate.profile != Rate.unlimited
    }

    /// The objectives of which this run counted anything.
    private var measured: [Objective] { (objectives ?? []).filter { $0.run != nil } }

    /// The objectives that this run missed, as "missed 1 of 3 objectives: …".
    private var missed: [String] {
        let measured = measured
        let missed = measured.filter { $0.run?.meetsTarget == false }
        guard !missed.isEmpty else { return [] }
        let named = missed.prefix(2).map(brief)
        let more = missed.count > 2 ? " and \(missed.count - 2) more" : ""
        let all = RunReport.objectives(measured.count)
        return ["missed \(missed.count) of \(all): \(named.joined(separator: ", "))\(more)"]
    }

    /// Budgets that this run and those before it have overspent, where this run alone is not to
    /// blame.
    private var overspent: [String] {
        let names = (objectives ?? []).filter {
            $0.state == ObjectiveState.breached.rawValue && $0.run?.meetsTarget != false
        }.map(\.name)
        return names.isEmpty ? [] : ["the budget of \(names.joined(separator: ", ")) is overspent"]
    }

    /// That this run met every objective of which it counted anything.
    private var met: [String] {
        let measured = measured
        return missed.isEmpty && !measured.isEmpty
            ? ["\(RunReport.objectives(measured.count)) met"] : []
    }

    private static func objectives(_ count: Int) -> String {
        count == 1 ? "1 objective" : "\(count) objectives"
    }

    private var ending: String {
        switch outcome {
        case .completed: "completed"
        case .interrupted: "interrupted, and drained"
        case .failed: "failed: " + (failure ?? "the reason is not known")
        }
    }

    /// What did not go the normal way, as "3 dead-lettered".
    private var remarks: [String] {
        let counts: [(Int64, String)] = [
            (rejected, "rejected"),
            (stages.reduce(0) { $0 + ($1.repeatedOrders ?? 0) }, "of repeated orders"),
            (stages.reduce(0) { $0 + ($1.conflicts ?? 0) }, "in conflict with others of their id"),
            (
                producers.reduce(0) { $0 + ($1.droppedItems ?? 0) },
                "lines without pieces left out"
            ),
            (Int64(invariants?.failed.count ?? 0), "of the invariants could not be checked"),
        ]
        return counts.filter { $0.0 > 0 }.map { "\(ReportNumbers.count($0.0)) \($0.1)" }
            + [
                bySubscription("dead-lettered", \.deadLettered),
                bySubscription("expired", \.expired), bySubscription("shed", \.shed),
                bySubscription("skipped by a seek") { $0.skipped ?? 0 },
                bySubscription("brought back by a seek") { $0.broughtBack ?? 0 },
                bySubscription("left unsettled", \.unsettled),
            ].compactMap(\.self)
            + faultStories.compactMap(harm) + (isRehearsed ? [] : ["the scenario changed nothing"])
            + RunReport.texts(of: warehouse?.gaps ?? [])
            + (warehouse?.dropped.map { [RunReport.text(ofDropped: $0)] } ?? [])
    }

    /// What a fault has done for ever that no message misses.
    private func harm(of story: FaultStory) -> String? {
        guard story.effects > 0 else { return nil }
        let count = ReportNumbers.count(story.effects)
        switch story.kind {
        case "metadata-blocks-lost": return "\(count) commits stored without their block"
        case "alter": return "\(count) amounts read wrong"
        default: return nil
        }
    }

    /// Whether the run was put through what its scenario says, where it has one.
    private var isRehearsed: Bool {
        let faults = faults ?? []
        return faults.isEmpty || faults.contains { $0.effects > 0 }
    }

    /// How many messages are in a state, by subscription; nil where there are none.
    ///
    /// One event is a message to each, so that no sum of them is a number of events.
    private func bySubscription(
        _ state: String,
        _ count: (Subscription) -> Int64
    ) -> String? {
        let counts = subscriptions.filter { count($0) > 0 }
            .map { "\(ReportNumbers.count(count($0))) by \($0.name)" }
        return counts.isEmpty ? nil : "\(state): \(counts.joined(separator: " and "))"
    }

    /// What is missing, as "windows of 1d lack 19 events counted before they were kept".
    private static func texts(of gaps: [Gap]) -> [String] {
        var rest = gaps[...]
        var texts: [String] = []
        while let first = rest.first {
            let alike = rest.prefix { $0.missing == first.missing }
            rest = rest.dropFirst(alike.count)
            let events = first.missing == 1 ? "event" : "events"
            texts += subjects(of: alike.map(\.part)).map {
                "\($0) lack \(ReportNumbers.count(first.missing)) \(events) counted before they "
                    + "were kept"
            }
        }
        return texts
    }

    /// What goes stale, as "windows of 1d, 1mo are no longer kept and go stale, …".
    private static func text(ofDropped parts: [String]) -> String {
        // Longer windows are filled from shorter ones that were kept on; nothing else can be.
        "\(subjects(of: parts).joined(separator: " and ")) are no longer kept and go stale, with "
            + "the views over them; name them again in the pipeline, which fills windows from "
            + "shorter ones"
    }

    /// Parts of the aggregates, as sentences call them: those that are alike together, as in
    /// "windows of 1d, 1mo".
    private static func subjects(of parts: [String]) -> [String] {
        var subjects: [(name: String, windows: [String])] = []
        for part in parts {
            let (name, window): (String, String?) =
                switch CountedPart(text: part) {
                case .windows(let grain): ("windows", grain.rawValue)
                case .distinct(let grain): ("distinct counts", grain.rawValue)
                case .distinctByCategory(let grain):
                    ("distinct counts by category", grain.rawValue)
                case .products: ("sales by product", nil)
                case nil: (part, nil)
                }
            if subjects.last?.name != name { subjects.append((name, [])) }
            if let window { subjects[subjects.count - 1].windows.append(window) }
        }
        return subjects.map { name, windows in
            windows.isEmpty ? name : "\(name) of \(windows.joined(separator: ", "))"
        }
    }
}

extension RunReport.Verdict {
    fileprivate init(_ result: Result, _ clauses: [String]) {
        self.init(result: result, text: clauses.joined(separator: "; "))
    }

    /// The line with its mark.
    var cell: ReportDocument.Cell {
        let mark: ReportDocument.Mark =
            switch result {
            case .passed: .good
            case .warning: .warning
            case .failed: .bad
            case .noData: .absent
            }
        return ReportDocument.Cell(text, mark)
    }
}

extension RunReport.Objective {
    var mark: ReportDocument.Mark { ObjectiveState(rawValue: state)?.mark ?? .absent }

    /// What `--gate` makes of `status`: it fails where this run missed the target, where the budget
    /// of the period is overspent, and where what measured it has fallen silent.
    static func gate(_ status: ObjectiveStatus, _ run: RunReport.RunShare?) -> GateVerdict {
        let verdict = status.gateVerdict
        guard let run else { return verdict }
        let target = FigureText.percent(target: status.objective.target.description)
        let figures = "SLI \(FigureText.percent(run.sli)) of \(target)"
        if !run.meetsTarget {
            return GateVerdict(outcome: .fails, reason: "\(figures) in this run")
        }
        switch status.state {
        case .breached, .noData: return verdict
        case .ok, .atRisk, .partial:
            return verdict.outcome == .notJudged
                ? verdict : GateVerdict(outcome: .passes, reason: "\(figures) in this run")
        }
    }
}
