internal import Reports
internal import SLO
internal import Timekeeping

/// What a scenario did to the run, told from what happened.
extension RunReport {
    /// The faults of one name, which may have come again and again.
    struct FaultStory {
        var faults: [Fault]

        var name: String { faults.first?.name ?? "" }
        var kind: String { faults.first?.kind ?? "" }
        var target: String { faults.first?.target ?? "" }
        /// Calls, deliveries, batches or events that they changed.
        var effects: Int64 { faults.reduce(0) { $0 + $1.effects } }
        /// Whether what they did stays for ever.
        var isLasting: Bool { effects > 0 && faults.contains { $0.isLasting == true } }

        /// Such as `raw, unavailable`.
        var what: String { "\(target), \(kind)" }

        /// Such as `raw, unavailable, 3 times`.
        var laneName: String { faults.count > 1 ? "\(what), \(faults.count) times" : what }
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

    /// A row for the faults of each name; the sentences on what happened say more.
    var faultSections: [Section] {
        guard let faults, !faults.isEmpty else { return [] }
        let table = Table(
            "faults",
            [
                .text("fault"), .number("times"), .number("from"), .number("in all"),
                .number("effects"), .text("seen"), .text("alert"), .text("recovered"),
            ],
            of: faultStories,
            limit: 50
        ) { story in
            [
                Cell(story.what), .count(Int64(story.faults.count)),
                Cell(elapsed(story.faults.first?.start).map(duration)),
                Cell(duration(length(of: story))), .count(story.effects),
                Cell(String(seen(story).trimmingPrefix("seen "))), alerted(story),
                Cell(String(recovered(story).trimmingPrefix("recovered "))),
            ]
        }
        return [Section(title: "Faults", blocks: [.table(table)])]
    }

    // MARK: - Sentences

    /// How long the faults lasted together.
    func length(of story: FaultStory) -> Double {
        story.faults.reduce(0) { $0 + (seconds($1.start, $1.end) ?? 0) }
    }

    /// After how long an objective counted something bad, and which one.
    func seen(_ story: FaultStory) -> String {
        let seen = story.faults.filter { $0.visible != nil }
        let waits = seen.compactMap { seconds($0.start, $0.visible) }
        guard let longest = waits.max() else { return "not seen by any objective" }
        var names: [String] = []
        for name in seen.flatMap({ $0.seenBy ?? [] }) where !names.contains(name) {
            names.append(name)
        }
        let who = names.isEmpty ? "" : " by \(names.joined(separator: " and "))"
        guard story.faults.count > 1 else { return "seen\(who) after \(duration(longest))" }
        let times = waits.count == 1 ? "once" : "\(waits.count) times"
        return "seen \(times)\(who), after \(duration(longest)) at most"
    }

    /// Whether somebody was called, and after how long.
    func alerted(_ story: FaultStory) -> Cell {
        let fired = story.faults.filter { $0.alert != nil }
        let pages = fired.filter { alert(of: $0)?.severity == "page" }
        let own = pages.isEmpty ? fired : pages
        let waits = own.compactMap { fault in
            seconds(fault.start, fault.alerted).map { (fault: fault, wait: $0) }
        }
        if let longest = waits.max(by: { $0.wait < $1.wait }) {
            let alert = alert(of: longest.fault)
            let people = alert?.notifies ?? []
            let whom = people.isEmpty ? "" : " " + people.joined(separator: " and ")
            let word = pages.isEmpty ? "wrote a ticket to" : "paged"
            let verb = people.isEmpty && pages.isEmpty ? "wrote a ticket" : "\(word)\(whom)"
            let objective = (longest.fault.alert ?? "").prefix { $0 != "/" }
            let after = "after \(duration(longest.wait))"
            let times = waits.count > 1 ? "\(waits.count) times, \(after) at most" : after
            return Cell("\(objective) \(verb) \(times)", .bad)
        }
        let firing = story.faults.lazy.compactMap(\.alreadyFiring).first
        return firing.map { Cell("\($0) was firing already", .warning) }
            ?? Cell("no alert", .absent)
    }

    private func alert(of fault: Fault) -> Alert? {
        (alerts ?? []).first { $0.alert == fault.alert && $0.start == fault.alerted }
    }

    /// When nothing was bad any more; of what is lost, that it stays so.
    func recovered(_ story: FaultStory) -> String {
        guard !story.isLasting else {
            return story.kind == "drop"
                ? "what it lost is not recovered" : "what it changed stays changed"
        }
        // What nobody saw needed no recovery.
        let real = story.faults.filter { $0.effects > 0 }
        let open = real.count { $0.recovered == nil && $0.recoveredWith == nil }
        guard open < real.count else {
            return real.isEmpty ? "nothing to recover from" : "not recovered by the end"
        }
        if real.allSatisfy({ $0.recovered == nil }), let other = real.first?.recoveredWith {
            let story = faultStories.first { $0.name == other }
            return "recovered together with "
                + (story.map { "\($0.kind) of \($0.target)" } ?? other)
        }
        let waits = real.compactMap { seconds($0.end, $0.recovered) }
        let longest = waits.max() ?? 0
        guard story.faults.count == 1, let at = elapsed(real.first?.recovered) else {
            let after = longest > 0 ? "within \(duration(longest)) of its end" : "by its end"
            return "recovered each time \(after)" + (open > 0 ? ", \(open) not by the end" : "")
        }
        let after = longest > 0 ? "\(duration(longest)) after it ended" : "as it ended"
        return "recovered \(after) (at \(duration(at)))"
    }

    private func duration(_ seconds: Double) -> String { ReportNumbers.duration(seconds: seconds) }

    private func seconds(_ start: String, _ instant: String?) -> Double? {
        guard let from = elapsed(start), let to = elapsed(instant) else { return nil }
        return to - from
    }
}

extension RunReport.FaultStory {
    /// What happened, such as `raw could not be reached`.
    var event: String {
        let count = ReportNumbers.count(effects)
        let by = faults.first?.bySeconds.map(RunReport.limit)
        let factor = faults.first?.factor.map(ReportNumbers.trimmed)
        let share =
            faults.first?.share.flatMap {
                $0 < 1 ? ReportNumbers.trimmed($0 * 100) + "% of " : nil
            } ?? ""
        switch kind {
        case "unavailable": return "\(target) could not be reached"
        case "slow": return "each call to \(target) took \(by ?? "") longer"
        case "failing": return "\(share)the calls to \(target) failed"
        case "out-of-connections": return "\(share)the calls to \(target) found no connection"
        case "acknowledgement-lost":
            return "\(target) stored what it reported as failed (\(share)its calls)"
        case "metadata-blocks-lost":
            return effects > 0
                ? "\(target) stored \(count) commits without their blocks"
                : "\(target) was to lose the blocks of commits"
        case "crash": return effects == 1 ? "\(target) crashed" : "\(target) crashed \(count) times"
        case "hang": return "\(target) took messages and did nothing with them"
        case "drop": return "\(target) acknowledged \(count) messages without reading them"
        case "alter": return "\(target) read wrong amounts"
        case "partition": return "nothing reached \(target)"
        case "duplicate": return "\(target) published \(share)its batches twice"
        case "reordered": return "\(target) published \(share)its batches out of order"
        case "late": return "\(share)the events of \(target) carried a time \(by ?? "") too early"
        case "malformed": return "\(share)the events of \(target) had amounts below zero"
        case "oversized": return "\(share)the events of \(target) had too many items"
        case "schema-change": return "events of \(target) came without their currency"
        case "empty-transaction-id":
            return "\(share)the orders of \(target) came without a transaction id"
        case "repeated-transaction-id":
            return "\(share)the orders of \(target) had the id of another"
        case "clock-skew": return "the clock of \(target) was \(by ?? "") fast"
        case "spike": return "\(target) sent \(factor ?? "") times as many events"
        case "flash-sale":
            return "\(target) sent \(factor ?? "") times as many events, all of one product"
        case "bot-flood":
            return "one user flooded \(target) with views, \(factor ?? "") times the load in all"
        case "drought": return "\(target) sent fewer events"
        default: return "\(target), \(kind)"
        }
    }
}
