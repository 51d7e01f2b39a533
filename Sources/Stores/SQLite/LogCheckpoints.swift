internal import GRDB
internal import GRDBSQLite
internal import Synchronization

/// Moves what is in the log of a SQLite file into the file, beside the writer.
///
/// SQLite has whoever commits do that every thousand pages, and wait for the disk meanwhile: some
/// milliseconds, in which a steady stream of small commits stands still. Here a second connection
/// does most of it, and the writer only what is left when the log has grown to ``mostFrames``;
/// then it begins again at its start.
final class LogCheckpoints: Sendable {
    /// So many pages more in the log are moved.
    private static let step = 512
    /// How many pages the log may have.
    private static let mostFrames: Int32 = 8192

    private struct State {
        /// How many pages the log had when they were last moved.
        var moved = 0
        var isMoving = false
        var connection: DatabaseQueue?
    }

    private let path: String
    /// How many pages the log has after the last commit.
    private let frames = Atomic<Int>(0)
    private let state = Mutex(State())

    /// Takes over from SQLite what `queue`, the writer to the file at `path`, does after commits.
    ///
    /// SQLite keeps a pointer to this object, which must therefore live until ``close(_:)``.
    init(of queue: DatabaseQueue, at path: String) {
        self.path = path
        queue.writeWithoutTransaction { database in
            let this = unsafe Unmanaged.passUnretained(self).toOpaque()
            _ = unsafe sqlite3_wal_hook(
                database.sqliteConnection,
                { this, connection, name, frames in
                    guard let this = unsafe this else { return SQLITE_OK }
                    unsafe Unmanaged<LogCheckpoints>.fromOpaque(this).takeUnretainedValue()
                        .frames.store(Int(frames), ordering: .relaxed)
                    if frames >= LogCheckpoints.mostFrames {
                        // What it cannot move now, since somebody reads, it moves another time.
                        unsafe sqlite3_wal_checkpoint_v2(
                            connection,
                            name,
                            SQLITE_CHECKPOINT_PASSIVE,
                            nil,
                            nil
                        )
                    }
                    return SQLITE_OK
                },
                this
            )
        }
    }

    /// After a commit: moves the log where it has grown, without waiting for it.
    ///
    /// `isThere` says whether the file is still the one that is written to.
    func afterCommit(isThere: () -> Bool) {
        let frames = self.frames.load(ordering: .relaxed)
        let connection = state.withLock { state -> DatabaseQueue? in
            if frames < state.moved { state.moved = 0 }
            guard !state.isMoving, frames - state.moved >= LogCheckpoints.step, isThere() else {
                return nil
            }
            if state.connection == nil { state.connection = connect() }
            state.moved = frames
            state.isMoving = state.connection != nil
            return state.connection
        }
        connection?.asyncWriteWithoutTransaction { [self] database in
            // Where it fails, the writer finds the same trouble, and says so.
            _ = try? database.checkpoint(.passive)
            state.withLock { $0.isMoving = false }
        }
    }

    private func connect() -> DatabaseQueue? {
        var configuration = Configuration()
        configuration.busyMode = .immediateError
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
        return try? DatabaseQueue(path: path, configuration: configuration)
    }

    /// Ends it, after what is being moved; `queue` is about to be closed.
    func close(_ queue: DatabaseQueue) {
        queue.unsafeReentrantWrite { database in
            _ = unsafe sqlite3_wal_hook(database.sqliteConnection, nil, nil)
        }
        let connection = state.withLock { state in
            defer { state.connection = nil }
            return state.connection
        }
        try? connection?.close()
    }
}
