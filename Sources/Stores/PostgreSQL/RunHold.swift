internal import Stages
internal import Synchronization

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

    /// Takes the lock on `line`.
    ///
    /// - Throws: `StoreError` with the code `busy` where another run has it.
    static func take(
        on line: PostgreSQLLine,
        _ location: PostgreSQLLocation
    ) throws(StoreError) {
        do throws(StoreError) {
            try line.execute(lock)
        } catch {
            // lock_not_available
            guard line.lastFault?.state == "55P03" else { throw error }
            throw StoreError(heldBy: "another run", location.label)
        }
    }
}
