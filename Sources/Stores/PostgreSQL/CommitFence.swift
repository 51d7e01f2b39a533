internal import Storage
internal import Synchronization

/// Which run wrote last for a subscription, and which of its commits that was.
package struct WriterMark: Hashable, Sendable {
    package var writer: Identifier
    package var number: Int64

    package init(writer: Identifier, number: Int64) {
        self.writer = writer
        self.number = number
    }
}

/// Whether a commit may be stored; a pure value.
///
/// A server may store a commit and lose the answer, and two runs may be started for one
/// subscription. So the mark of the last commit is replaced in the same transaction by that of
/// the next one, which must be from the same run, or from one that saw this very mark when it
/// asked how far the subscription had come.
package enum CommitFence: Hashable, Sendable {
    /// To be stored.
    case new
    /// Stored before, when its answer was lost.
    case stored
    /// Another run has written since this one looked.
    case taken
    /// This run has stored a later commit already.
    case outOfOrder

    /// What becomes of `commit`.
    ///
    /// - Parameters:
    ///   - commit: The mark it is to leave.
    ///   - found: The mark that is there.
    ///   - seen: The mark that was there when the run began.
    package init(of commit: WriterMark, found: WriterMark?, seen: WriterMark?) {
        if let found, found.writer == commit.writer {
            self =
                if found.number == commit.number {
                    .stored
                } else if found.number < commit.number {
                    .new
                } else {
                    .outOfOrder
                }
        } else {
            self = found == seen ? .new : .taken
        }
    }
}

/// Keeps a warehouse for one run at a time: an advisory lock of the server's, which ends with the
/// connection that has it, and so with the process.
final class RunHold: Sendable {
    private let state = Mutex(false)

    /// Whether the run holds its warehouse.
    var isHeld: Bool { state.withLock { $0 } }

    /// Says that it does.
    func begin() {
        state.withLock { $0 = true }
    }

    private static let key =
        "hashtextextended('weir run ' || current_database() || '.' || "
        + "current_setting('search_path'), 0)"

    /// Takes the lock, or not, without waiting.
    static let attempt = "SELECT pg_try_advisory_lock(\(key))"

    /// Takes the lock; waits for a moment, since the server may not have noticed yet that the one
    /// who had it is gone.
    private static let lock = """
        SET lock_timeout = '2s'; SELECT pg_advisory_lock(\(key)); RESET lock_timeout
        """

    /// Takes the lock on `connection`.
    ///
    /// - Throws: `StoreError` with the code `busy` where another run has it.
    static func take(
        on connection: PostgreSQLConnection,
        _ location: PostgreSQLLocation
    ) throws {
        do {
            try connection.execute(lock)
        } catch {
            // lock_not_available
            guard connection.lastFault?.state == "55P03" else { throw error }
            throw StoreError(heldBy: "another run", location.label)
        }
    }
}
