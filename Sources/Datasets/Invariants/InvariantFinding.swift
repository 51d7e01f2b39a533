/// What one look at an invariant found.
package struct InvariantFinding: Hashable, Sendable {
    /// Something that offends against an invariant.
    package struct Violation: Hashable, Sendable {
        /// What offends, such as a dataset's id.
        package var subject: String
        /// In what way.
        package var detail: String

        package init(_ subject: String, _ detail: String) {
            self.subject = subject
            self.detail = detail
        }
    }

    /// How the look ended.
    package enum Outcome: Hashable, Sendable {
        /// All that offends was counted; the first so many are told one by one, by subject.
        case found(count: Int64, [Violation])
        /// Nothing is known, for the reason that a sentence with file and line gives.
        case failed(String)
    }

    /// The invariant's name.
    package var invariant: String
    package var outcome: Outcome
    package var took: Duration

    package init(_ invariant: String, _ outcome: Outcome, took: Duration) {
        self.invariant = invariant
        self.outcome = outcome
        self.took = took
    }

    /// How much offends; nil where nothing is known.
    package var count: Int64? {
        if case .found(let count, _) = outcome { count } else { nil }
    }
}
