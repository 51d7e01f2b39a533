internal import Documents
package import Timekeeping

/// A database that invariants are held against, and that keeps what was found.
///
/// - Guarantees: a query only reads, sees one state of the database, and ends within the timeout.
///   A snapshot is replaced whole or not at all.
/// - Non-guarantees: that two invariants see the same state.
/// - Failure and recovery: a query that fails is a failed finding, and the others go on; a database
///   that cannot be reached is an error, and leaves the last snapshot.
package protocol InvariantStore: Sendable {
    /// Whose SQL it speaks.
    var dialect: SQLDialect { get }

    /// Looks at each of `invariants`, and keeps nothing.
    func evaluate(
        _ invariants: [Invariant],
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> [InvariantFinding]

    /// Looks at each invariant of `set` that is for this database, and replaces the snapshot.
    ///
    /// - Returns: The snapshot before, and the one after.
    /// - Throws: ``RefreshUnderWay`` where another refresh has not ended yet.
    func refresh(
        _ set: InvariantSet,
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> (before: InvariantSnapshot, after: InvariantSnapshot)

    /// How each invariant stood at the last refresh: the snapshot without its anomalies, which
    /// costs little however many these are.
    func standings() async throws -> [InvariantSnapshot.Standing]

    /// When the census of the raw events was taken that invariants look at; nil for none.
    func censusTime() async throws -> Timestamp?

    /// What the last refresh found.
    func snapshot() async throws -> InvariantSnapshot
}

extension InvariantStore {
    /// `set` without the invariants of which a refresh could find nothing for want of a census.
    ///
    /// They are to be told beside the snapshot: in it they were neither anomalies nor none.
    package func judgeable(_ set: InvariantSet) async throws -> InvariantSet {
        guard try await censusTime() == nil else { return set }
        var set = set
        set.invariants.removeAll(where: \.needsCensus)
        return set
    }
}

/// There are never two refreshes at once.
package struct RefreshUnderWay: Error, CustomStringConvertible {
    package let description =
        "another refresh of the invariants is under way; wait for its end, or read its snapshot"

    package init() {}
}

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

/// When a database refreshes the snapshot of its invariants by itself.
package struct RefreshSchedule: Hashable, Sendable {
    /// How its last refresh ended.
    package struct Run: Hashable, Sendable {
        /// Nil while it goes on.
        package var ended: Timestamp?
        package var hasSucceeded: Bool
        /// What the database says of it.
        package var message: String

        package init(ended: Timestamp?, hasSucceeded: Bool, message: String) {
            self.ended = ended
            self.hasSucceeded = hasSucceeded
            self.message = message
        }
    }

    /// In the database's own terms.
    package var expression: String
    /// Nil where another program has changed it to what this one would not.
    package var interval: Duration?
    package var isActive: Bool
    /// Nil before the first.
    package var lastRun: Run?

    package init(expression: String, interval: Duration?, isActive: Bool, lastRun: Run?) {
        self.expression = expression
        self.interval = interval
        self.isActive = isActive
        self.lastRun = lastRun
    }
}

/// A database that can refresh the snapshot of its invariants by itself: those that the last
/// refresh by a client has looked at.
///
/// Everything throws ``NoScheduler`` where the database has nothing that does so.
package protocol RefreshScheduler: Sendable {
    /// The schedule; nil where there is none.
    func refreshSchedule() async throws -> RefreshSchedule?

    /// Makes or changes the schedule.
    ///
    /// - Throws: ``UnschedulableInterval`` where the database cannot keep to it.
    func scheduleRefresh(every interval: Duration) async throws

    /// Removes the schedule, and says whether there was one.
    func unscheduleRefresh() async throws -> Bool
}

/// Nothing in a database runs on a schedule.
package struct NoScheduler: Error, CustomStringConvertible {
    package let description: String

    /// `reason` is a sentence without its end.
    package init(_ reason: String) {
        description =
            "\(reason), so that nothing is scheduled in the database; 'weir run --serve' and "
            + "'weir serve' refresh by themselves while they run (--invariants-every), and "
            + "'weir invariants refresh' does at once"
    }
}

/// An interval that a schedule cannot have.
package struct UnschedulableInterval: Error, CustomStringConvertible {
    package let description: String

    /// `nearest` is an interval near to it that it can have.
    package init(_ interval: Duration, nearest: Duration) {
        description =
            "nothing can be scheduled every \(DurationText.write(interval)); expected what divides "
            + "an hour or a day, from 1m to 1d, such as \(DurationText.write(nearest))"
    }
}
