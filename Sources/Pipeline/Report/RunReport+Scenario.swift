internal import Reports
internal import SLO
internal import Timekeeping

/// What a scenario did to the run, told from what happened.
extension RunReport {
    /// The faults of one name, which may have come again and again.
    struct FaultStory {
        var faults: [Fault]

        var name: String { faults.first?.name ?? "" }

        /// Such as `raw, unavailable, 3 times`.
        var laneName: String {
            let what = faults.first.map { "\($0.target), \($0.kind)" } ?? ""
            return faults.count > 1 ? "\(what), \(faults.count) times" : what
        }
    }

    /// The faults by their names, in the order in which each came first.
    var faultStories: [FaultStory] {
        var stories: [FaultStory] = []
        for fault in faults ?? [] {
            if let place = stories.firstIndex(where: { $0.name == fault.name }) {
                stories[place].faults.append(fault)
            } else {
                stories.append(FaultStory(faults: [fault]))
            }
        }
        return stories
    }

    /// The title of the report: the pipeline, and what it was put through.
    var title: String { scenario.map { "\(pipeline), scenario \($0.name)" } ?? pipeline }

    /// Nothing where no scenario was asked for.
    var scenarioSections: [Section] {
        guard scenario != nil else { return [] }
        let notes = (faultSentences + consequences).map { ReportDocument.Block.note(Cell($0)) }
        return [Section(title: "What happened", blocks: notes)]
    }

    /// A row for the faults of each name.
    var faultSections: [Section] {
        guard let faults, !faults.isEmpty else { return [] }
        let table = Table(
            "faults",
            [
                .text("fault"), .text("kind"), .text("target"), .number("times"), .number("from"),
                .number("in all"), .number("effects"), .text("seen"), .text("alert"),
                .text("recovered"),
            ],
            of: faultStories,
            limit: 50
        ) { story in
            let effects = story.faults.reduce(0) { $0 + $1.effects }
            let first = story.faults.first
            return [
                Cell(story.name), Cell(first?.kind), Cell(first?.target),
                .count(Int64(story.faults.count)),
                Cell(elapsed(first?.start).map { ReportNumbers.duration(seconds: $0) }),
                Cell(ReportNumbers.duration(seconds: length(of: story))), .count(effects),
                Cell(seen(story)), alerted(story), Cell(recovered(story)),
            ]
        }
        return [Section(title: "Faults", blocks: [.table(table)])]
    }

    // MARK: - Sentences

    /// How many faults have a sentence of their own; further ones are counted.
    private static let faultsListed = 5

    /// What became of the faults, a sentence each.
    var faultSentences: [String] {
        let stories = faultStories
        let listed = stories.prefix(RunReport.faultsListed).map(sentence)
        let more = stories.count - listed.count
        return listed + (more > 0 ? ["and \(more) more faults"] : [])
    }

    private func sentence(of story: FaultStory) -> String {
        let length = ReportNumbers.duration(seconds: length(of: story))
        let times =
            story.faults.count > 1
            ? "\(ReportNumbers.count(Int64(story.faults.count))) times, \(length) in all"
            : "for \(length)"
        let target = story.faults.first?.target ?? ""
        let subject = "\(story.name) (\(target), \(times))"
        guard story.faults.contains(where: { $0.effects > 0 }) else {
            return "\(subject) changed nothing"
        }
        return "\(subject): \(seen(story)), \(alerted(story).text), \(recovered(story))"
    }

    /// How long the faults lasted together.
    private func length(of story: FaultStory) -> Double {
        story.faults.reduce(0) { $0 + (seconds($1.start, $1.end) ?? 0) }
    }

    private func seen(_ story: FaultStory) -> String {
        let waits = story.faults.compactMap { seconds($0.start, $0.visible) }
        guard let longest = waits.max() else { return "not seen by any objective" }
        let after = ReportNumbers.duration(seconds: longest)
        guard story.faults.count > 1 else { return "seen after \(after)" }
        return "seen \(waits.count) times, after \(after) at most"
    }

    /// Whether somebody was called, and after how long.
    private func alerted(_ story: FaultStory) -> Cell {
        let fired = story.faults.filter { $0.alert != nil }
        let pages = fired.filter(isPaged)
        let (word, own) = pages.isEmpty ? ("ticket", fired) : ("paged", pages)
        if let wait = own.compactMap({ seconds($0.start, $0.alerted) }).min() {
            let after = "\(word) after \(ReportNumbers.duration(seconds: wait))"
            let times = story.faults.count > 1 ? ", \(own.count) times" : ""
            return Cell(after + times, .bad)
        }
        let firing = story.faults.lazy.compactMap(\.alreadyFiring).first
        return firing.map { Cell("\($0) was firing already", .warning) }
            ?? Cell("no alert", .absent)
    }

    private func isPaged(_ fault: Fault) -> Bool {
        (alerts ?? []).contains {
            $0.alert == fault.alert && $0.start == fault.alerted && $0.severity == "page"
        }
    }

    private func recovered(_ story: FaultStory) -> String {
        // What nobody saw needed no recovery.
        let real = story.faults.filter { $0.effects > 0 }
        let open = real.count { $0.recovered == nil && $0.recoveredWith == nil }
        guard open < real.count else { return "not recovered by the end" }
        if real.allSatisfy({ $0.recovered == nil }), let other = real.first?.recoveredWith {
            return "recovered together with \(other)"
        }
        let waits = real.compactMap { seconds($0.end, $0.recovered) }
        let longest = waits.max() ?? 0
        let after =
            longest <= 0
            ? "recovered before it ended"
            : "recovered \(ReportNumbers.duration(seconds: longest)) after it ended"
        let isMany = story.faults.count > 1 && longest > 0
        return after + (isMany ? " at most" : "") + (open > 0 ? ", \(open) not by the end" : "")
    }

    private func seconds(_ start: String, _ instant: String?) -> Double? {
        guard let from = elapsed(start), let to = elapsed(instant) else { return nil }
        return to - from
    }

    // MARK: - Consequences

    /// What it did to messages, objectives and alerts, a sentence each.
    var consequences: [String] { lateSentences + objectiveSentences + alertSentences }

    private var lateSentences: [String] {
        stages.compactMap { stage in
            guard let slow = stage.slowMessages, slow > 0 else { return nil }
            let longest = Cell.latency(milliseconds: stage.latency.maxMs).text
            return "\(stage.name): \(ReportNumbers.count(slow)) of "
                + "\(ReportNumbers.count(stage.latency.count)) messages took more than 10 s, "
                + "the slowest \(longest)"
        }
    }

    private var objectiveSentences: [String] {
        let measured = (objectives ?? []).filter { $0.run != nil }
        func named(_ list: [Objective]) -> String {
            list.map { objective in
                "\(objective.name) (\(FigureText.percent(objective.run?.sli)) of "
                    + "\(FigureText.percent(target: objective.target)))"
            }.joined(separator: ", ")
        }
        let missed = measured.filter { $0.run?.meetsTarget == false }
        let noticed = measured.filter { $0.run?.meetsTarget == true && !$0.isPerfect }
        let blind = measured.filter(\.isPerfect).map(\.name)
        return [
            missed.isEmpty ? nil : "missed: \(named(missed))",
            noticed.isEmpty ? nil : "noticed, and within the target: \(named(noticed))",
            blind.isEmpty ? nil : "did not notice: \(blind.joined(separator: ", "))",
        ].compactMap(\.self)
    }

    private var alertSentences: [String] {
        guard let alerts, !alerts.isEmpty else { return [] }
        let firing = alerts.count { $0.end == nil }
        return ["alerts: \(alerts.count) fired, \(firing) still firing at the end"]
    }
}

extension RunReport.Objective {
    /// Whether everything that this run counted of it was good.
    fileprivate var isPerfect: Bool { run?.sli.ratio == ExactRatio.one }
}
