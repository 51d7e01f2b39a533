internal import Documents
package import Timekeeping

/// A database that checks invariants and stores the results.
///
/// - Guarantees: a query only reads, sees one state of the database, and ends within the timeout.
///   A snapshot is replaced whole or not at all.
/// - Non-guarantees: that two invariants see the same state.
/// - Failure and recovery: a query that fails is a failed finding, and the others go on; a database
///   that cannot be reached is an error, and leaves the last snapshot.
package protocol InvariantStore: Sendable {
    /// Its dialect of SQL.
    var dialect: SQLDialect { get }

    /// Checks `invariants`, and stores nothing.
    func evaluate(
        _ invariants: [Invariant],
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> [InvariantFinding]

    /// Checks each invariant of `set` for this database, and replaces the snapshot.
    ///
    /// - Returns: The snapshot before, and the one after.
    /// - Throws: ``RefreshUnderWay`` if another refresh has not ended yet.
    func refresh(
        _ set: InvariantSet,
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> (before: InvariantSnapshot, after: InvariantSnapshot)

    /// The state of each invariant at the last refresh: the snapshot without its anomalies, which
    /// costs little however many these are.
    func standings() async throws -> [InvariantSnapshot.Standing]

    /// When the census of the raw events was taken; nil for none.
    func censusTime() async throws -> Timestamp?

    /// What the last refresh found.
    func snapshot() async throws -> InvariantSnapshot

    /// What keeps invariants from being checked as they should be; nil for nothing.
    func warning() async throws -> String?
}

extension InvariantStore {
    /// `set` without the invariants that need a census where there is none.
    ///
    /// They are reported beside the snapshot, which cannot say anything about them.
    package func judgeable(_ set: InvariantSet) async throws -> InvariantSet {
        guard try await censusTime() == nil else { return set }
        var set = set
        set.invariants.removeAll(where: \.needsCensus)
        return set
    }
}

/// Two refreshes never run at once.
package struct RefreshUnderWay: Error, CustomStringConvertible {
    package let description =
        "another refresh of the invariants is running; wait for it, or read the last snapshot"

    package init() {}
}

/// The result of one check of an invariant.
package struct InvariantFinding: Hashable, Sendable {
    /// A row that violates an invariant.
    package struct Violation: Hashable, Sendable {
        /// What violates it, such as a dataset's id.
        package var subject: String
        /// How.
        package var detail: String

        package init(_ subject: String, _ detail: String) {
            self.subject = subject
            self.detail = detail
        }
    }

    /// How the check ended.
    package enum Outcome: Hashable, Sendable {
        /// All violations were counted; the first of them are listed, by subject.
        case found(count: Int64, [Violation])
        /// The check failed; the reason is a sentence with file and line.
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

    /// The number of violations; nil if unknown.
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

    /// In the database's own syntax.
    package var expression: String
    /// Nil if another program has changed it to something this one would not set.
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
/// refresh by a client has checked.
///
/// Every call throws ``NoScheduler`` if the database has no scheduler.
package protocol RefreshScheduler: Sendable {
    /// The schedule; nil if there is none.
    func refreshSchedule() async throws -> RefreshSchedule?

    /// Makes or changes the schedule.
    ///
    /// - Throws: ``UnschedulableInterval`` if the database cannot keep to it.
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
            "\(reason), so nothing is scheduled in the database; 'weir run --serve' and "
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
            "nothing can be scheduled every \(DurationText.write(interval)); expected a divisor of "
            + "an hour or a day, from 1m to 1d, such as \(DurationText.write(nearest))"
    }
}
