internal import Commerce
package import Storage
package import Timekeeping

/// What people type to name stored events: `order=o93`, `since=2026-01-31T12:00:00Z`; without a
/// term, all of them.
package struct EventSelector: Hashable, Sendable {
    /// Each of them is to be met.
    package private(set) var conditions: [EventCondition] = []
    /// Only events that happened then or later.
    package private(set) var since = Timestamp.distantPast
    /// Only events that happened before then.
    package private(set) var until = Timestamp.distantFuture
    /// As it was typed.
    package let terms: [String]

    /// The selector that `terms` write.
    ///
    /// - Throws: ``EventQueryError``, which tells all mistakes at once.
    package init(_ terms: [String]) throws(EventQueryError) {
        self.terms = terms
        var mistakes: [String] = []
        for term in terms {
            let parts = term.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let end = EventSelector.end(String(parts[0])) else {
                switch EventQuery.condition(term, besides: ["since", "until"]) {
                case .success(let condition): conditions.append(condition)
                case .failure(let mistake): mistakes += mistake.mistakes
                }
                continue
            }
            guard let time = Timestamp(rfc3339: String(parts[1])) else {
                mistakes.append("\(term) is no time; expected \(parts[0])=2026-01-31T12:00:00Z")
                continue
            }
            self[keyPath: end] = time
        }
        if mistakes.isEmpty, since >= until {
            mistakes.append("nothing happened from \(since) on and before \(until)")
        }
        guard mistakes.isEmpty else { throw EventQueryError(mistakes: mistakes) }
    }

    private static func end(_ key: String) -> WritableKeyPath<EventSelector, Timestamp>? {
        switch key {
        case "since": \.since
        case "until": \.until
        default: nil
        }
    }

    package var text: String { terms.isEmpty ? "all events" : terms.joined(separator: " ") }
}

/// Reads the events that a selector names, page by page, in the order of their positions.
struct SelectedEvents {
    private let selector: EventSelector
    private let lookup: any RawEventLookup
    private let reading: any WholeEventReading
    private var range: EventRange

    /// The events of `store` up to the position `through`.
    init(_ selector: EventSelector, in store: any RawStore, through: Int64) throws(StoreError) {
        guard let lookup = store.lookup, let reading = store.reading else {
            throw StoreError(.wrongURL, "the raw store keeps no events that could be replayed")
        }
        (self.selector, self.lookup, self.reading) = (selector, lookup, reading)
        range = EventRange(through: through, since: selector.since, until: selector.until)
    }

    /// The next ones, some `limit` of them, with texts in `symbols`; nil if there are no more.
    mutating func next(
        _ limit: Int,
        _ symbols: SymbolTable
    ) async throws(StoreError) -> [WholeEvent]? {
        guard !selector.conditions.isEmpty else {
            let page = try await reading.wholeEvents(in: range, atMost: limit, symbols)
            guard let last = page.last?.position, last > range.after else { return nil }
            range.after = last
            return page
        }
        while true {
            let search = EventSearch(
                selector.conditions,
                after: range.after,
                limit: limit,
                countLimit: 0
            )
            let found = try await lookup.find(search).events
            guard let last = found.last?.position, range.after < range.through else { return nil }
            range.after = last
            let positions = found.filter { event in
                event.position <= range.through && event.time >= range.since
                    && event.time < range.until
            }.map(\.position)
            if positions.isEmpty { continue }
            return try await reading.wholeEvents(at: positions, symbols)
        }
    }
}
