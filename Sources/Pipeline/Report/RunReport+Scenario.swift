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

    /// How long the faults lasted together.
    func length(of story: FaultStory) -> Double {
        story.faults.reduce(0) { $0 + (seconds($1.start, $1.end) ?? 0) }
    }

    func seen(_ story: FaultStory) -> String {
        let waits = story.faults.compactMap { seconds($0.start, $0.visible) }
        guard let longest = waits.max() else { return "not seen by any objective" }
        let after = ReportNumbers.duration(seconds: longest)
        guard story.faults.count > 1 else { return "seen after \(after)" }
        return "seen \(waits.count == 1 ? "once" : "\(waits.count) times"), after \(after) at most"
    }

    /// Whether somebody was called, and after how long.
    func alerted(_ story: FaultStory) -> Cell {
        let fired = story.faults.filter { $0.alert != nil }
        let pages = fired.filter { alert(of: $0)?.severity == "page" }
        let own = pages.isEmpty ? fired : pages
        let first = own.min {
            (seconds($0.start, $0.alerted) ?? .infinity)
                < (seconds($1.start, $1.alerted) ?? .infinity)
        }
        if let first, let wait = seconds(first.start, first.alerted) {
            let alert = alert(of: first)
            let people = alert?.notifies ?? []
            let whom = people.isEmpty ? "" : " " + people.joined(separator: " and ")
            let word = pages.isEmpty ? "wrote a ticket to" : "paged"
            let verb = people.isEmpty && pages.isEmpty ? "wrote a ticket" : "\(word)\(whom)"
            let objective = (first.alert ?? "").prefix { $0 != "/" }
            let after = "\(objective) \(verb) after \(ReportNumbers.duration(seconds: wait))"
            let times = own.count > 1 ? ", \(own.count) times" : ""
            return Cell(after + times, .bad)
        }
        let firing = story.faults.lazy.compactMap(\.alreadyFiring).first
        return firing.map { Cell("\($0) was firing already", .warning) }
            ?? Cell("no alert", .absent)
    }

    private func alert(of fault: Fault) -> Alert? {
        (alerts ?? []).first { $0.alert == fault.alert && $0.start == fault.alerted }
    }

    func recovered(_ story: FaultStory) -> String {
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
}
