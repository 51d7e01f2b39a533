internal import Documents
package import Storage

/// What people type to find events: `order=o-93 user=u42`.
package struct EventQuery: Hashable, Sendable {
    /// All of them are to be met.
    package let conditions: [EventCondition]

    /// The query that `terms` write, each `<key>=<value>`.
    ///
    /// - Throws: ``EventQueryError``, which tells all mistakes at once.
    package init(_ terms: [String]) throws(EventQueryError) {
        var conditions: [EventCondition] = []
        var mistakes: [String] = []
        for term in terms {
            switch EventQuery.condition(term) {
            case .success(let condition): conditions.append(condition)
            case .failure(let mistake): mistakes.append(contentsOf: mistake.mistakes)
            }
        }
        if terms.isEmpty { mistakes = ["name a key: \(EventQuery.keys)"] }
        guard mistakes.isEmpty else { throw EventQueryError(mistakes: mistakes) }
        self.conditions = conditions
    }

    /// The keys there are, with what each stands for.
    package static let keys = EventKey.allCases.map { "\($0.rawValue)=…" }.joined(separator: " ")

    /// The condition that `term` writes; `own` are keys of whoever asks, named beside the others
    /// where it is none of either.
    static func condition(
        _ term: String,
        besides own: [String] = []
    ) -> Result<EventCondition, EventQueryError> {
        func mistake(_ text: String) -> Result<EventCondition, EventQueryError> {
            .failure(EventQueryError(mistakes: [text]))
        }
        guard let sign = term.firstIndex(of: "=") else {
            return mistake("\"\(term)\" has no \"=\"; expected <key>=<value>, such as order=o42")
        }
        let name = String(term[..<sign])
        let value = String(term[term.index(after: sign)...])
        guard let key = EventKey(rawValue: name) else {
            let known = own + EventKey.allCases.map(\.rawValue).filter { !own.contains($0) }
            return mistake(
                "there is no key \"\(name)\"; expected one of \(known.joined(separator: ", "))"
                    + suggestion(for: name, in: known)
            )
        }
        guard let condition = EventCondition(key, value) else {
            return mistake(
                "\(name)=\(value) finds nothing; expected \(EventCondition.form(of: key))"
            )
        }
        return .success(condition)
    }

    /// Whether `letter` is named by keys that letters have themselves, and by no other.
    func names(_ letter: LetterName) -> Bool {
        conditions.allSatisfy { condition in
            switch condition.key {
            case .id: condition.value.utf8.elementsEqual(letter.id.utf8)
            case .message: condition.value == "\(letter.position)"
            case .order, .user, .session, .product, .trace: false
            }
        }
    }

    /// As it was typed, with values as they are looked for.
    package var text: String {
        conditions.map { "\($0.key.rawValue)=\($0.value)" }.joined(separator: " ")
    }
}

/// Why a query cannot be understood.
package struct EventQueryError: Error, Hashable, Sendable, CustomStringConvertible {
    package var mistakes: [String]

    package var description: String { mistakes.joined(separator: "\n") }
}
