internal import Reports
internal import Stages

extension RunReport {
    /// Whether the states of every subscription add up to what was published.
    ///
    /// Nil without any published message: nothing was checked then.
    var isConserved: Bool? {
        guard published > 0 else { return nil }
        return subscriptions.allSatisfy(\.addsUp)
    }

    var published: Int64 { producers.reduce(0) { $0 + $1.published } }

    var rejected: Int64 {
        producers.reduce(0) { $0 + $1.rejected.values.reduce(0, +) }
    }

    /// How the run ended, in one line.
    var verdict: ReportDocument.Cell {
        let broken = subscriptions.filter { !$0.addsUp }
        if let first = broken.first {
            let others = broken.count > 1 ? " and \(broken.count - 1) more" : ""
            return .init(
                "\(ending); NOT conserved: messages of subscription \(first.name)\(others) "
                    + "are unaccounted for",
                .bad
            )
        }
        if outcome == .failed { return .init(ending, .bad) }
        guard isConserved != nil else {
            if rejected > 0 {
                let count = ReportNumbers.count(rejected)
                return .init("\(ending); nothing could be read: \(count) records rejected", .bad)
            }
            return .init("\(ending); no events were published", .absent)
        }
        guard !subscriptions.isEmpty else {
            return .init("\(ending); no subscription to check", .absent)
        }
        let text = "\(ending); every message accounted for"
        let remarks = remarks
        guard remarks.isEmpty else {
            return .init("\(text); \(remarks.joined(separator: ", "))", .warning)
        }
        return .init(text, outcome == .completed ? .good : .warning)
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
            (subscriptions.reduce(0) { $0 + $1.deadLettered }, "dead-lettered"),
            (subscriptions.reduce(0) { $0 + $1.expired }, "expired"),
            (subscriptions.reduce(0) { $0 + $1.shed }, "shed"),
            (subscriptions.reduce(0) { $0 + $1.unsettled }, "left unsettled"),
        ]
        return counts.filter { $0.0 > 0 }.map { "\(ReportNumbers.count($0.0)) \($0.1)" }
            + (warehouse?.gaps ?? []).map(\.text)
            + (warehouse?.dropped.map { [RunReport.text(ofDropped: $0)] } ?? [])
    }

    /// What goes stale, as "windows of 1d and 1mo are no longer kept and go stale, …".
    private static func text(ofDropped parts: [String]) -> String {
        let others = [CountedPart.distinct.text, CountedPart.products.text]
        let windows = parts.filter { !others.contains($0) }
        let subjects =
            (windows.isEmpty ? [] : [subject(of: windows.joined(separator: ", "))])
            + parts.filter(others.contains).map { subject(of: $0) }
        // Longer windows are filled from shorter ones that were kept on; nothing else can be.
        return "\(subjects.joined(separator: " and ")) are no longer kept and go stale, with the "
            + "views over them; name them again in the pipeline, which fills windows from "
            + "shorter ones"
    }

    /// A part of the aggregates, as a sentence calls it.
    fileprivate static func subject(of part: String) -> String {
        switch part {
        case CountedPart.distinct.text: "distinct counts"
        case CountedPart.products.text: "sales by product"
        default: "windows of \(part)"
        }
    }
}

extension RunReport.Gap {
    /// What is missing, as "windows of 1d lack 19 events counted before they were kept".
    fileprivate var text: String {
        let subject = RunReport.subject(of: part)
        guard missing > 0 else {
            return "\(subject) count no shoppers and sessions of what came before they were kept"
        }
        let events = missing == 1 ? "event" : "events"
        return "\(subject) lack \(ReportNumbers.count(missing)) \(events) counted before they "
            + "were kept"
    }
}

extension RunReport.Subscription {
    /// Every state with its name, in the order of the equation.
    var states: [(name: String, count: Int64)] {
        [
            ("acked", acked),
            ("outstanding", outstanding),
            ("backlog", backlog),
            ("waiting", waitingToRetry),
            ("dead-lettered", deadLettered),
            ("expired", expired),
            ("filtered", filtered),
            ("shed", shed),
        ]
    }

    /// The sum of the states is computed here once more: a report that merely repeats the
    /// broker's word would show ✓ beside figures that do not add up.
    var addsUp: Bool { conserved && surplus == 0 }

    /// Published messages less those in any state.
    var surplus: Int64 { states.reduce(published) { $0 &- $1.count } }

    var unsettled: Int64 { outstanding &+ backlog &+ waitingToRetry }
}
