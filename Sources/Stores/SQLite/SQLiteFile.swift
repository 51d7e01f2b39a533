internal import Foundation
internal import GRDB
internal import Stages
internal import Timekeeping

/// Where a SQLite store lies and how it is opened: `sqlite:<path>[?max_pages=<n>]`.
package struct SQLiteLocation: Hashable, Sendable {
    package var path: String
    /// The most pages of 4 KiB the file may have; nil for no limit but the disk's.
    package var maximumPages: Int?
    /// How long a call waits for another process that holds the file.
    package var busyTimeout: Duration

    package init(
        path: String,
        maximumPages: Int? = nil,
        busyTimeout: Duration = .seconds(5)
    ) {
        self.path = path
        self.maximumPages = maximumPages
        self.busyTimeout = busyTimeout
    }

    /// The location that `url` names, or nil where it is no SQLite URL.
    package init?(url: String) {
        guard url.hasPrefix("sqlite:") else { return nil }
        let parts = url.dropFirst("sqlite:".count).split(
            separator: "?",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        // SQLite takes `:memory:` for no file at all, and what begins with `file:` for a URL of its
        // own, which may mean the same.
        guard let path = parts.first, !path.isEmpty, path != ":memory:",
            !path.lowercased().hasPrefix("file:"),
            // The URL of another store, with its password perhaps, is no file's name.
            path.firstRange(of: "://") == nil
        else { return nil }
        self.init(path: String(path))
        guard parts.count == 2 else { return }
        for option in parts[1].split(separator: "&") {
            let pair = option.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0] == "max_pages", let pages = Int(pair[1]), pages > 0
            else { return nil }
            maximumPages = pages
        }
    }
}

/// An open SQLite file of ours: one connection, in WAL mode, used by one caller at a time.
struct SQLiteFile: Sendable {
    let location: SQLiteLocation
    let queue: DatabaseQueue
    /// The number of the file in its file system, as it was opened.
    private let number: Int?

    /// "WEIR" in ASCII, in the file's header: no other program's database is taken for ours.
    private static let applicationID = 0x5745_4952

    /// Opens the file, makes it where it is missing, and brings its schema up to date.
    ///
    /// A file of ours that has tables, but not `table`, is a store of another kind.
    init(
        _ location: SQLiteLocation,
        schema: DatabaseMigrator,
        table: String
    ) throws(StoreError) {
        self.location = location
        var configuration = Configuration()
        configuration.busyMode = .timeout(location.busyTimeout.inSeconds)
        configuration.prepareDatabase { database in
            // NORMAL loses nothing when the process is killed; a power cut may take the last
            // commits, never the consistency of the file.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            try database.execute(sql: "PRAGMA cache_size = -65536")
            if let pages = location.maximumPages {
                try database.execute(sql: "PRAGMA max_page_count = \(pages)")
            }
        }
        let queue = try SQLiteFile.translating(location) {
            try DatabaseQueue(path: location.path, configuration: configuration)
        }
        try SQLiteFile.translating(location) {
            try queue.write { try SQLiteFile.claim($0, location, table) }
            // Only now: the mode is written to the file, and a foreign one is left as it was.
            try queue.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA journal_mode = WAL")
            }
            try schema.migrate(queue)
        }
        self.queue = queue
        number = SQLiteFile.number(of: location.path)
    }

    private static func number(of path: String) -> Int? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.systemFileNumber] as? Int
    }

    private static func claim(
        _ database: Database,
        _ location: SQLiteLocation,
        _ table: String
    ) throws {
        let id = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let tables = try String.fetchAll(
            database,
            sql: "SELECT name FROM sqlite_master WHERE name <> 'grdb_migrations'"
        )
        switch id {
        case 0 where tables.isEmpty:
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
        case applicationID:
            guard tables.isEmpty || tables.contains(table) else {
                throw StoreError(
                    .wrongFormat,
                    "\(location.path) is a store of another kind; raw store and warehouse need "
                        + "a file each, so name another file"
                )
            }
        default:
            throw StoreError(
                .wrongFormat,
                "\(location.path) is a database of another program; name another file"
            )
        }
    }

    /// What `body` gives in a transaction of its own; without blocking the caller's thread.
    func write<Value: Sendable>(
        _ body: @Sendable @escaping (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await queue.write(body)
        } catch {
            throw SQLiteFile.storeError(error, location)
        }
    }

    /// What `body` reads.
    func read<Value: Sendable>(
        _ body: @Sendable @escaping (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await queue.read(body)
        } catch {
            throw SQLiteFile.storeError(error, location)
        }
    }

    /// A connection of its own that cannot write, for queries of others than this program.
    func reader() throws(StoreError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(location.busyTimeout.inSeconds)
        return try SQLiteFile.translating(location) {
            try DatabaseQueue(path: location.path, configuration: configuration)
        }
    }

    /// Moves the log into the file and closes it.
    ///
    /// - Throws: Also where the file was removed or replaced meanwhile: the system lets a program
    ///   write to a file without a name, and what was stored is gone with the last of it.
    func close() throws(StoreError) {
        defer { try? queue.close() }
        guard SQLiteFile.number(of: location.path) == number else {
            throw StoreError(
                .unavailable,
                "\(location.path) was removed or replaced while it was in use, and what was "
                    + "stored is lost; run again, and leave the file alone meanwhile"
            )
        }
        try SQLiteFile.translating(location) {
            _ = try queue.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            try queue.close()
        }
    }

    private static func translating<Value>(
        _ location: SQLiteLocation,
        _ body: () throws -> Value
    ) throws(StoreError) -> Value {
        do {
            return try body()
        } catch {
            throw storeError(error, location)
        }
    }

    static func storeError(_ error: any Error, _ location: SQLiteLocation) -> StoreError {
        if let error = error as? StoreError { return error }
        let path = location.path
        guard let error = error as? DatabaseError else {
            return StoreError(.unavailable, "\(path): \(error)")
        }
        let said = error.message ?? "code \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL:
            return StoreError(.full, "\(path) is full (\(said)); make room or raise max_pages")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return StoreError(.busy, "\(path) is locked by another process; end that or wait")
        case .SQLITE_CANTOPEN:
            return StoreError(
                .unavailable,
                "\(path) cannot be opened (\(said)); see that its directory exists and is writable"
            )
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return StoreError(.readOnly, "\(path) is read-only; a run must be able to write to it")
        case .SQLITE_NOTADB:
            return StoreError(.wrongFormat, "\(path) is not a SQLite database; name another file")
        case .SQLITE_CORRUPT:
            return StoreError(.corrupted, "\(path) is damaged (\(said)); restore it or remove it")
        case .SQLITE_IOERR:
            return StoreError(
                .unavailable,
                "\(path) cannot be read or written (\(said)); see that its disk is well"
            )
        case .SQLITE_CONSTRAINT:
            return StoreError(
                .refused,
                "\(path) contradicts what it was given (\(said)); see that no other run writes "
                    + "to it"
            )
        default:
            return StoreError(.refused, "\(path) refused a statement: \(said)")
        }
    }
}
