internal import Documents
package import Timekeeping

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
