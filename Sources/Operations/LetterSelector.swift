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
            case .success(let condition):
                // Letters have it themselves.
                if condition.key == .message {
                    let position = Int64(condition.value)
                    if let before = filter.position, before != position {
                        mistakes.append(
                            "message-id is given twice, as \(before) and as \(condition.value); "
                                + "a letter has one"
                        )
                    }
                    filter.position = position
                } else {
                    conditions.append(condition)
                }
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
    ///
    /// - Returns: How many letters are no events that could be held to the conditions.
    @discardableResult
    package func forEachPage(
        in store: any DeadLetterStore,
        until: Timestamp? = nil,
        _ judge: LetterJudge,
        _ body: ([KeptLetter]) async throws -> Void
    ) async throws -> Int {
        var filter = filter
        filter.until = until
        var last: LetterName?
        var unread = 0
        while true {
            let page = try await store.letters(filter, after: last, atMost: 1000)
            guard let end = page.last else { return unread }
            last = end.name
            let named = page.filter { letter in
                guard !conditions.isEmpty else { return true }
                guard let event = judge.judge(letter).event else {
                    unread += 1
                    return false
                }
                return conditions.allSatisfy(event.meets)
            }
            if !named.isEmpty { try await body(named) }
            try Task.checkCancellation()
        }
    }

    /// What is said of so many letters that were not held to the conditions; nil for none.
    static func remark(unread: Int) -> String? {
        guard unread > 0 else { return nil }
        let letters =
            unread == 1
            ? "1 letter was left out: it is no event by itself, as a row"
            : "\(unread) letters were left out: they are no events by themselves, as rows"
        return letters + " of a CSV log \(unread == 1 ? "is" : "are"), so whether "
            + "\(unread == 1 ? "it has" : "they have") the key is unknown; name such letters by "
            + "id= or message-id="
    }
}
