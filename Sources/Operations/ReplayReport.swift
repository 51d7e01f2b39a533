internal import Broker
internal import Commerce
package import Reports
internal import Storage
internal import Timekeeping

/// What a replay has done, or would do, for people and programs.
package struct ReplayReport: WrittenReport, Sendable {
    /// Letters of one subscription with one outcome.
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
    /// Nil where it is only rehearsed.
    package var name: String?
    package var isRehearsed: Bool
    /// Whether it was stopped before all letters had an outcome.
    package var isInterrupted = false
    package var warehouse: String
    /// Those that letters of ingest go to, without secrets.
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
    /// Letters that were edited: their successors are replayed in their place.
    package var edited = 0
    /// Letters that somebody else has decided about meanwhile.
    package var decided = 0
    /// Letters that come after later events of their order; only of a rehearsal.
    package var overtaken = 0

    init(_ selector: String, warehouse: String, isRehearsed: Bool) {
        (self.selector, self.warehouse, self.isRehearsed) = (selector, warehouse, isRehearsed)
    }

    mutating func note(unread: [String: Int], unlooked: Int) {
        (self.unread, self.unlooked) = (unread, unlooked)
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
                .text("subscription"), .text("outcome"), .number("letters"), .text("cause"),
            ]
            let table = ReportDocument.Table("", columns, of: groups) { group in
                [
                    .init(group.subscription),
                    .init(
                        isRehearsed ? ReplayReport.expected(group.outcome) : group.outcome,
                        group.reason == nil ? .good : .bad
                    ),
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
                .init(title: "Letters", blocks: [.table(table)] + (examples.isEmpty ? [] : [list]))
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
                + (target.map { [.init("redirected to", .init($0))] } ?? []),
            sections: sections
        )
    }

    private static func expected(_ outcome: String) -> String {
        outcome == ReplayedLetter.Outcome.failed.rawValue
            ? "would fail again" : "would be \(outcome)"
    }

    private var verdict: ReportDocument.Cell {
        guard !isInterrupted else {
            let letters =
                "\(ReportNumbers.count(count)) \(count == 1 ? "letter has" : "letters have")"
            return .init("stopped: \(letters) an outcome; --resume \(name ?? "") goes on", .warning)
        }
        guard count > 0 else { return .init("no letter to replay with \(selector)", .absent) }
        let letters = "\(ReportNumbers.count(count)) \(count == 1 ? "letter" : "letters")"
        // order-free: a sum
        let left = unread.values.reduce(0, +) + unreadable
        let others =
            left > 0 ? "; \(ReportNumbers.count(Int64(left))) more cannot be replayed" : ""
        guard failed > 0 else {
            let text =
                isRehearsed ? "\(letters), and none would fail again" : "\(letters) replayed"
            return .init(text + others, left > 0 ? .warning : .good)
        }
        let rest = "\(ReportNumbers.count(failed)) of \(letters)"
        let text =
            isRehearsed
            ? "would fail again" : "failed again, and \(failed == 1 ? "stays" : "stay") open"
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
        return .init(
            title: isRehearsed ? "What windows would gain" : "What windows have gained",
            blocks: blocks
        )
    }

    private var remarks: [String] {
        (target == nil || count == 0
            ? [] : ["a letter that is taken is closed, and its own subscription never gets it"])
            + leftOut
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
