package import Storage
package import Timekeeping

/// What people type to name dead letters: `subscription=ingest reason=items-missing order=o93`,
/// or the id of one.
///
/// Letters have no index by the keys of their events: to look for those, they are read.
package struct LetterSelector: Sendable {
    package private(set) var filter = LetterFilter()
    /// What the event has to meet beside.
    package private(set) var conditions: [EventCondition] = []
    /// As it was typed.
    package let text: String

    /// The keys that letters have themselves.
    private static var own: [(name: String, field: WritableKeyPath<LetterFilter, String?>)] {
        [
            ("subscription", \.subscription), ("reason", \.reason), ("source", \.source),
            ("id", \.id),
        ]
    }

    /// The selector that `terms` write.
    ///
    /// - Throws: ``EventQueryError``, which tells all mistakes at once.
    package init(_ terms: [String]) throws(EventQueryError) {
        var mistakes: [String] = []
        var rest: [String] = []
        for term in terms {
            let parts = term.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // A word alone is an id.
            let (key, value) = parts.count > 1 ? (parts[0], parts[1]) : ("id", parts[0])
            guard let field = LetterSelector.own.first(where: { $0.name == key })?.field else {
                rest.append(term)
                continue
            }
            if value.isEmpty {
                mistakes.append("\(key)= names no letter; expected a text that is not empty")
            } else if let before = filter[keyPath: field], before != value {
                mistakes.append(
                    "\(key) is given twice, as \(before) and as \(value); a letter has one"
                )
            } else {
                filter[keyPath: field] = String(value)
            }
        }
        for term in rest {
            switch EventQuery.condition(term, besides: LetterSelector.own.map(\.name)) {
            case .success(let condition): conditions.append(condition)
            case .failure(let mistake): mistakes += mistake.mistakes
            }
        }
        text = terms.joined(separator: " ")
        guard mistakes.isEmpty else { throw EventQueryError(mistakes: mistakes) }
    }

    /// Whether it names every letter there is.
    package var isEmpty: Bool { text.isEmpty }

    /// Also letters about which somebody has decided.
    package mutating func includeDecided() { filter.isOpen = false }

    /// Calls `body` with the letters that it names, page by page, in the order of their names.
    package func forEachPage(
        in store: any DeadLetterStore,
        until: Timestamp? = nil,
        _ judge: LetterJudge,
        _ body: ([KeptLetter]) async throws -> Void
    ) async throws {
        var filter = filter
        filter.until = until
        var last: LetterName?
        while true {
            let page = try await store.letters(filter, after: last, atMost: 1000)
            guard let end = page.last else { return }
            last = end.name
            let named = page.filter { letter in
                guard !conditions.isEmpty else { return true }
                guard let event = judge.judge(letter).event else { return false }
                return conditions.allSatisfy(event.meets)
            }
            if !named.isEmpty { try await body(named) }
            try Task.checkCancellation()
        }
    }
}
