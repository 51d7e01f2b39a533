internal import Documents
package import Storage

/// What people type to find logs: `order=o-93 stage=dead-letters`.
package struct LogQuery: Hashable, Sendable {
    /// A record has to have all of them.
    package let fields: [LogField]

    /// Names that records have beside the keys of events.
    private static let own = ["service", "stage", "subscription", "reason", "source", "objective"]

    /// The query that `terms` write, each `<key>=<value>`: a key of events, or any other name that
    /// a record may have.
    ///
    /// - Throws: ``EventQueryError``, which tells all mistakes at once.
    package init(_ terms: [String]) throws(EventQueryError) {
        var fields: [LogField] = []
        var mistakes: [String] = []
        for term in terms {
            switch LogQuery.field(term) {
            case .success(let field): fields.append(field)
            case .failure(let mistake): mistakes.append(contentsOf: mistake.mistakes)
            }
        }
        guard mistakes.isEmpty else { throw EventQueryError(mistakes: mistakes) }
        self.fields = fields
    }

    private static func field(_ term: String) -> Result<LogField, EventQueryError> {
        let parts = term.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        // A key of events is looked for in its own form.
        guard parts.count == 2, !parts[0].isEmpty, EventKey(rawValue: String(parts[0])) == nil
        else {
            return EventQuery.condition(term, besides: own)
                .map { LogField(name: $0.key.rawValue, value: $0.value) }
        }
        return .success(LogField(name: String(parts[0]), value: String(parts[1])))
    }

    /// As it was typed, with values as they are looked for.
    package var text: String {
        fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    }

    /// What was meant by a name that no record may have; nil where all are known.
    package var doubt: String? {
        let known = LogQuery.own + EventKey.allCases.map(\.rawValue)
        guard let strange = fields.first(where: { !known.contains($0.name) }) else { return nil }
        return "\(strange.name) is no usual key" + suggestion(for: strange.name, in: known)
    }
}
