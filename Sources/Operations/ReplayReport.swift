internal import Broker
internal import Commerce
package import Reports
internal import Storage
internal import Timekeeping

/// What a replay has done, or would do, for people and programs.
package struct ReplayReport: WrittenReport, Sendable {
    /// What is replayed.
    package enum Things: String, Encodable, Sendable {
        case letters
        /// Those that a raw store has.
        case events
    }

    /// Letters or events of one subscription with one outcome.
    package struct Group: Encodable, Hashable, Sendable {
        package var subscription: String
        package var outcome: String
        /// Why they failed again; nil where they did not.
        package var reason: String?
        package var count: Int64
        /// What the first one that failed said.
        package var example: String?
    }

    /// What is added to a window.
    package struct Change: Encodable, Hashable, Sendable {
        /// The length, or `all`.
        package var window: String
        /// RFC 3339.
        package var start: String
        /// Nil for the total over all categories.
        package var category: String?
        package var currency: String?
        package var events: Int64
        package var orders: Int64
        package var units: Int64
        /// Decimal numbers, exact.
        package var revenue: String
        package var refunded: String
    }

    package var schemaVersion = 1
    package var things = Things.letters
    /// Nil where it is only rehearsed.
    package var name: String?
    package var isRehearsed: Bool
    /// Whether it was stopped before all letters had an outcome.
    package var isInterrupted = false
    package var warehouse: String
    /// Those that letters of ingest go to, or that the events are in, without secrets.
    package var rawStores: [String] = []
    package var selector: String
    package var groups: [Group] = []
    /// The longest windows first.
    package var changes: [Change] = []
    /// Letters of subscriptions that no stage of the pipeline reads, by subscription.
    package var unread: [String: Int] = [:]
    /// Letters whose bytes are no CloudEvents JSON, which only the reader of their log can read.
    package var unreadable = 0
    /// Letters that are no events by themselves, where the selector has a key of events.
    package var unlooked = 0
    /// The subscription that took them in place of their own; nil where each has its own.
    package var target: String?
    /// Letters that ``target`` gave up itself, which are left to a replay.
    package var ownLetters = 0
    /// Letters that were edited: their successors are replayed in their place.
    package var edited = 0
    /// Letters that somebody else has decided about meanwhile.
    package var decided = 0
    /// Letters that come after later events of their order; only of a rehearsal.
    package var overtaken = 0

    /// Events that the filter of the subscription leaves out.
    package var filtered = 0
    /// Events that the subscription has given up: their letters are replayed in their place.
    package var givenUp = 0
    /// Events that had an outcome before the replay was interrupted.
    package var earlier: Int64 = 0
    /// Windows of this length and shorter change as well, and are too many to be told; nil where
    /// all are told.
    package var untold: String?
    /// Whether the stage counts, and does not store.
    private var isCounting = false

    private enum CodingKeys: String, CodingKey {
        case schemaVersion, things, name, isRehearsed, isInterrupted, warehouse, rawStores
        case selector, groups, changes, unread, unreadable, unlooked, target, edited, decided
        case overtaken, ownLetters, filtered, givenUp, earlier, untold
    }

    init(_ selector: String, warehouse: String, isRehearsed: Bool) {
        (self.selector, self.warehouse, self.isRehearsed) = (selector, warehouse, isRehearsed)
    }

    mutating func note(unread: [String: Int], unlooked: Int) {
        (self.unread, self.unlooked) = (unread, unlooked)
    }

    /// It is a replay of events, some of which had an outcome `before`.
    mutating func note(eventsBefore before: [ReplayedEvents], isCounting: Bool) {
        (things, self.isCounting) = (.events, isCounting)
        earlier = before.reduce(0) { $0 + $1.count }
    }

    mutating func add(_ letters: [ReplayedLetter]) {
        for letter in letters {
            let place = groups.firstIndex {
                $0.subscription == letter.name.subscription
                    && $0.outcome == letter.outcome.rawValue && $0.reason == letter.reason?.label
            }
            if let place {
                groups[place].count += 1
            } else {
                groups.append(
                    Group(
                        subscription: letter.name.subscription,
                        outcome: letter.outcome.rawValue,
                        reason: letter.reason?.label,
                        count: 1,
                        example: letter.reason?.detail
                    )
                )
            }
        }
    }

    mutating func add(_ changes: WindowChanges) {
        untold = changes.untold?.rawValue ?? untold
        // order-free: sorted
        for (key, cell) in changes.sums.sorted(by: { $0.key < $1.key }) {
            func amount(_ value: Int64) -> String {
                Money(minorUnits: value, currency: key.currency).decimal
            }
            self.changes.append(
                Change(
                    window: key.grain.rawValue,
                    start: key.start.description,
                    category: key.category.isEmpty ? nil : key.category,
                    currency: key.currency == .none ? nil : key.currency.code,
                    events: cell.total,
                    orders: cell.orders,
                    units: cell.units,
                    revenue: amount(cell.revenue),
                    refunded: amount(cell.refunded)
                )
            )
        }
    }

    /// How many letters have, or would have, an outcome.
    package var count: Int64 { groups.reduce(0) { $0 + $1.count } }

    private var failed: Int64 {
        groups.filter { $0.outcome == ReplayedLetter.Outcome.failed.rawValue }
            .reduce(0) { $0 + $1.count }
    }
}

extension ReplayReport {
    /// The windows that a person is shown one by one.
    private static let changeLimit = 40

    /// The report, for any form.
    package var document: ReportDocument {
        var sections: [ReportDocument.Section] = []
        if !groups.isEmpty {
            let columns: [ReportDocument.Column] = [
                .text("subscription"), .text("outcome"), .number(things.rawValue), .text("cause"),
            ]
            let table = ReportDocument.Table("", columns, of: groups) { group in
                [
                    .init(group.subscription),
                    .init(told(group.outcome), group.reason == nil ? .good : .bad),
                    .count(group.count),
                    .init(group.reason ?? ""),
                ]
            }
            // Beside the table, which is no wider than a terminal so.
            let examples = groups.compactMap { group in
                group.example.map {
                    "\(group.subscription), \(group.reason ?? "unknown"): \($0)"
                }
            }
            let list = ReportDocument.Block.list(
                title: "the first of each cause says",
                items: examples,
                more: 0
            )
            sections.append(
                .init(
                    title: things == .letters ? "Letters" : "Events",
                    blocks: [.table(table)] + (examples.isEmpty ? [] : [list])
                )
            )
        }
        if !changes.isEmpty { sections.append(windows) }
        if !remarks.isEmpty {
            sections.append(
                .init(title: "Also", blocks: [.list(title: "", items: remarks, more: 0)])
            )
        }
        return ReportDocument(
            kind: "Replay",
            title: isRehearsed ? "What a replay would do" : "Replay \(name ?? "")",
            subject: "query",
            verdict: verdict,
            facts: [.init("warehouse", .init(warehouse))]
                + rawStores.map { .init("raw store", .init($0)) }
                + (target.map {
                    [.init(things == .letters ? "redirected to" : "replayed to", .init($0))]
                } ?? []),
            sections: sections
        )
    }

    private func told(_ outcome: String) -> String {
        switch ReplayedLetter.Outcome(rawValue: outcome) {
        case .present where things == .events: isCounting ? "already counted" : "already there"
        case .failed where isRehearsed: things == .letters ? "would fail again" : "would fail"
        default: isRehearsed ? "would be \(outcome)" : outcome
        }
    }

    private func counted(_ count: Int64) -> String {
        let one = things == .letters ? "letter" : "event"
        return "\(ReportNumbers.count(count)) \(count == 1 ? one : things.rawValue)"
    }

    private var verdict: ReportDocument.Cell {
        guard !isInterrupted else {
            let text =
                "stopped: \(counted(count + earlier)) \(count + earlier == 1 ? "has" : "have") an "
                + "outcome; --resume \(name ?? "") goes on"
            return .init(text, .warning)
        }
        guard count > 0 else {
            guard things == .events, earlier + Int64(filtered + givenUp + unreadable) > 0 else {
                return .init("no \(things.rawValue.dropLast()) to replay with \(selector)", .absent)
            }
            return .init("nothing \(isRehearsed ? "would be" : "is left to be") replayed", .good)
        }
        // order-free: a sum
        let left = unread.values.reduce(0, +) + unreadable
        let others =
            left > 0 ? "; \(ReportNumbers.count(Int64(left))) more cannot be replayed" : ""
        guard failed > 0 else {
            let again = things == .letters ? " again" : ""
            let text =
                isRehearsed
                ? "\(counted(count)), and none would fail\(again)" : "\(counted(count)) replayed"
            return .init(text + others, left > 0 ? .warning : .good)
        }
        let rest = "\(ReportNumbers.count(failed)) of \(counted(count))"
        let text =
            switch (things, isRehearsed) {
            case (.letters, true): "would fail again"
            case (.letters, false): "failed again, and \(failed == 1 ? "stays" : "stay") open"
            case (.events, true): "would fail"
            case (.events, false): "failed"
            }
        return .init("\(rest) \(text)\(others)", .warning)
    }

    private var windows: ReportDocument.Section {
        let totals = changes.filter { $0.category == nil }
        let shown = Array(totals.prefix(ReplayReport.changeLimit))
        let columns: [ReportDocument.Column] = [
            .text("window"), .text("from"), .text("currency"), .number("events"),
            .number("orders"), .number("units"), .number("revenue"), .number("refunded"),
        ]
        let table = ReportDocument.Table("totals over all categories", columns, of: shown) {
            change in
            [
                .init(change.window),
                change.window == "all" ? .init("") : .instant(change.start),
                .init(change.currency ?? ""), .count(change.events), .count(change.orders),
                .count(change.units), .init(change.revenue), .init(change.refunded),
            ]
        }
        var blocks: [ReportDocument.Block] = [.table(table)]
        let more = changes.count - shown.count
        if more > 0 {
            blocks.append(
                .note(.init("… \(ReportNumbers.count(Int64(more))) more rows: --format json"))
            )
        }
        if let untold {
            blocks.append(
                .note(
                    .init(
                        "Windows of \(untold) and shorter change as well; they are too many to be "
                            + "told one by one."
                    )
                )
            )
        }
        return .init(
            title: isRehearsed ? "What windows would gain" : "What windows have gained",
            blocks: blocks
        )
    }

    private var remarks: [String] {
        if things == .events { return eventRemarks }
        return
            (target == nil || count == 0
            ? [] : ["a letter that is taken is closed, and its own subscription never gets it"])
            + leftOut
    }

    private var eventRemarks: [String] {
        var remarks: [String] = []
        func add(_ count: Int, _ one: String, _ more: String) {
            if count > 0 {
                remarks.append("\(counted(Int64(count))) \(count == 1 ? one : more)")
            }
        }
        add(Int(earlier), "had its outcome", "had their outcomes")
        if earlier > 0 { remarks[0] += " before the replay was interrupted" }
        let taker = target ?? "the subscription"
        add(filtered, "is", "are")
        if filtered > 0 {
            remarks[remarks.count - 1] +=
                " left out: the filter of \(taker) takes none of that kind"
        }
        add(
            givenUp,
            "was given up by \(taker), and is left out: 'weir dead-letters replay' gives it its "
                + "letter",
            "were given up by \(taker), and are left out: 'weir dead-letters replay' gives it "
                + "their letters"
        )
        add(
            unreadable,
            "cannot be read, and is left out",
            "cannot be read, and are left out"
        )
        let late = groups.filter { $0.outcome == ReplayedLetter.Outcome.late.rawValue }
            .reduce(0) { $0 + $1.count }
        if late > 0 {
            remarks.append(
                "\(counted(late)) \(late == 1 ? "comes" : "come") after windows have closed: those "
                    + "stay as they are, and longer ones count \(late == 1 ? "it" : "them"); a "
                    + "longer allowedLateness (--set) keeps windows open"
            )
        }
        return remarks
    }

    private var leftOut: [String] {
        var remarks = unread.sorted { $0.key < $1.key }.map { subscription, count in
            "\(count) of \(subscription): no stage of the pipeline reads it, and "
                + (count == 1 ? "it stays open" : "they stay open")
        }
        if unreadable > 0 {
            remarks.append(
                unreadable == 1
                    ? "1 stays open: its bytes are no CloudEvents JSON, and only the reader of its "
                        + "log makes an event of it"
                    : "\(unreadable) stay open: their bytes are no CloudEvents JSON, and only the "
                        + "reader of their log makes events of them"
            )
        }
        if let remark = LetterSelector.remark(unread: unlooked) { remarks.append(remark) }
        if let target, ownLetters > 0 {
            let have =
                ownLetters == 1
                ? "1 letter of \(target) itself is left as it is"
                : "\(ownLetters) letters of \(target) itself are left as they are"
            remarks.append("\(have): 'weir dead-letters replay' is for those")
        }
        if edited > 0 {
            remarks.append(
                edited == 1
                    ? "1 was edited: its successor, another letter, is replayed in its place"
                    : "\(edited) were edited: their successors, other letters, are replayed in "
                        + "their place"
            )
        }
        if decided > 0 {
            let were = decided == 1 ? "was" : "were"
            remarks.append("\(decided) \(were) decided about by somebody else")
        }
        if overtaken > 0 {
            remarks.append(
                "\(overtaken) \(overtaken == 1 ? "comes" : "come") after later events of the same "
                    + "order, on a subscription that keeps the order of each key"
            )
        }
        return remarks
    }
}
