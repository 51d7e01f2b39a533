internal import CSQLiteSettings
internal import Foundation
internal import GRDB
internal import GRDBSQLite
internal import Storage
internal import Synchronization
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

    /// The location that `url` names, or nil where it is not a SQLite URL.
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
            // The URL of another store, with its password perhaps, is not a file's name; nor is a
            // server, which SQLite does not have.
            path.firstRange(of: "://") == nil, !path.hasPrefix("//") || path.hasPrefix("///")
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
    /// What could not be read of it.
    let damage: DamagedValues
    private let access: StoreAccess
    /// What it is opened by for reading.
    private let readingPath: String
    /// The number of the file in its file system, as it was opened.
    private let number: Int?
    /// What keeps other runs away.
    private let lock: RunLock
    /// Nil where the file is only read.
    private let checkpoints: LogCheckpoints?

    /// "WEIR" in ASCII, in the file's header: no other program's database is taken for ours.
    private static let applicationID = 0x5745_4952

    /// How much of a file that is written to is held in memory, in KiB; sorting takes up to as much
    /// again.
    ///
    /// What is written is appended, or goes through a table in its order, and what the system has
    /// read of the file is at hand as well.
    private static let cacheSize = 4096

    /// Opens the file for `access`, and brings its schema up to date unless it is only read; where
    /// it makes it, it has pages of `pageSize` bytes.
    ///
    /// A file of ours that has tables, but not `table`, is a store of another kind.
    init(
        _ location: SQLiteLocation,
        schema: DatabaseMigrator,
        table: String,
        pageSize: Int = 4096,
        access: StoreAccess,
        damage: DamagedValues
    ) throws(StoreError) {
        self.location = location
        self.access = access
        self.damage = damage
        lock = RunLock(of: location.path)
        guard access != .reading else {
            (queue, readingPath) = try SQLiteFile.reading(location, schema, table)
            number = nil
            checkpoints = nil
            return
        }
        readingPath = location.path
        queue = try SQLiteFile.writing(
            location,
            schema,
            table,
            pageSize: pageSize,
            mayMake: access == .making
        )
        number = SQLiteFile.number(of: location.path)
        guard number != nil else {
            throw StoreError(
                .wrongFormat,
                "\(location.path) was opened, and no such file is there; name a file"
            )
        }
        checkpoints = LogCheckpoints(of: queue, at: location.path)
    }

    private static func writing(
        _ location: SQLiteLocation,
        _ schema: DatabaseMigrator,
        _ table: String,
        pageSize: Int,
        mayMake: Bool
    ) throws(StoreError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(location.busyTimeout.inSeconds)
        configuration.prepareDatabase { database in
            // NORMAL loses nothing when the process is killed; a power cut may take the last
            // commits, never the consistency of the file.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            try database.execute(sql: "PRAGMA cache_size = -\(SQLiteFile.cacheSize)")
            // Without effect on a file that is there.
            try database.execute(sql: "PRAGMA page_size = \(pageSize)")
            if let pages = location.maximumPages {
                let size = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? pageSize
                let most = size > 4096 ? max(1, pages / (size / 4096)) : pages
                try database.execute(sql: "PRAGMA max_page_count = \(most)")
            }
        }
        let queue = try SQLiteFile.translating(location) {
            try DatabaseQueue(path: location.path, configuration: configuration)
        }
        try SQLiteFile.translating(location) {
            try queue.write { database in
                if try SQLiteFile.isOurs(database, location, table) {
                    _ = try SQLiteFile.isCurrent(database, location, schema)
                    return
                }
                guard mayMake else { throw SQLiteFile.emptiness(of: location) }
                try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            }
            // Only now: the mode is written to the file, and a foreign one is left as it was.
            try queue.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA journal_mode = WAL")
            }
            try SQLiteFile.migrate(queue, location, schema)
        }
        return queue
    }

    /// A connection that cannot write, and what it was opened by.
    private static func reading(
        _ location: SQLiteLocation,
        _ schema: DatabaseMigrator,
        _ table: String
    ) throws(StoreError) -> (DatabaseQueue, path: String) {
        var path = location.path
        var queue: DatabaseQueue
        do throws(StoreError) {
            // A connection that may not write leaves the files of the log behind on closing.
            queue = try open(path, location, mayClean: isWritable(location.path))
            try expectCurrent(queue, location, schema, table)
        } catch {
            // The log of a file needs files beside it, which a disk that is read-only does not
            // take. Where there is no log, nothing is missed without.
            guard error.code == .unavailable || error.code == .readOnly,
                !isThere("\(location.path)-wal"), isThere(location.path)
            else { throw error }
            path = immutableURL(of: location.path)
            queue = try open(path, location)
            try expectCurrent(queue, location, schema, table)
        }
        return (queue, path)
    }

    private static func expectCurrent(
        _ queue: DatabaseQueue,
        _ location: SQLiteLocation,
        _ schema: DatabaseMigrator,
        _ table: String
    ) throws(StoreError) {
        try translating(location) {
            try queue.read { database in
                guard try isOurs(database, location, table) else { throw emptiness(of: location) }
                guard try isCurrent(database, location, schema) else {
                    throw oldness(of: location, schema)
                }
            }
        }
    }

    private static func isWritable(_ path: String) -> Bool {
        FileManager.default.isWritableFile(atPath: path)
            && FileManager.default.isWritableFile(
                atPath: URL(filePath: path).deletingLastPathComponent().path
            )
    }

    /// A connection for ``read(_:)`` alone, which writes nothing to the tables.
    private static func open(
        _ path: String,
        _ location: SQLiteLocation,
        mayClean: Bool = false
    ) throws(StoreError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = !mayClean
        configuration.busyMode = .timeout(location.busyTimeout.inSeconds)
        configuration.prepareDatabase { database in
            // What one value of a query may take: SQLite's own limit is a thousand million bytes.
            _ = unsafe sqlite3_limit(
                database.sqliteConnection,
                SQLITE_LIMIT_LENGTH,
                SQLiteFile.longestValue
            )
        }
        return try translating(location) {
            try DatabaseQueue(path: path, configuration: configuration)
        }
    }

    /// In bytes.
    private static let longestValue: Int32 = 1 << 24

    private static func isThere(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.size] as? Int ?? 0 > 0
    }

    /// The file as SQLite's URL for one that does not change.
    private static func immutableURL(of path: String) -> String {
        let encoded = path.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                String(UnicodeScalar(byte))
            default: "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16))"
            }
        }.joined()
        return "file:\(encoded)?immutable=1"
    }

    private static func emptiness(of location: SQLiteLocation) -> StoreError {
        StoreError(
            .wrongFormat,
            "\(location.path) has no tables; expected a store that 'weir run' has made"
        )
    }

    /// Keeps other runs from writing to the file until it is closed or the process ends.
    func hold() throws(StoreError) {
        try lock.take(for: location.path)
    }

    /// What `body` finds over a connection of its own, which knows nothing of what this process
    /// has written.
    ///
    /// - Throws: `StoreError` also where the file is no longer the one that was opened, or where
    ///   `body` says that it is damaged.
    func readBack<Value: Sendable>(
        _ body: @Sendable @escaping (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try checkNumber()
        let reader = try reader()
        do {
            return try await reader.read(body)
        } catch {
            let found = SQLiteFile.storeError(error, location)
            throw StoreError(
                found.isTransient ? found.code : .corrupted,
                "\(location.path) is not what was written to it: \(found.message); another "
                    + "program may have changed it during the run"
            )
        }
    }

    private func checkNumber() throws(StoreError) {
        guard SQLiteFile.number(of: location.path) == number else {
            throw StoreError(
                .unavailable,
                "\(location.path) was removed or replaced while it was in use, and what was "
                    + "stored is lost; run again, and leave the file alone meanwhile"
            )
        }
    }

    private static func number(of path: String) -> Int? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.systemFileNumber] as? Int
    }

    /// Whether the file is a store of this kind; false where it is empty.
    ///
    /// - Throws: `StoreError` where it is anything else.
    private static func isOurs(
        _ database: Database,
        _ location: SQLiteLocation,
        _ table: String
    ) throws -> Bool {
        let id = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let tables = try String.fetchAll(
            database,
            sql: "SELECT name FROM sqlite_master WHERE name <> 'grdb_migrations'"
        )
        switch id {
        case 0 where tables.isEmpty, applicationID where tables.isEmpty:
            return false
        case applicationID:
            guard tables.contains(table) else {
                throw StoreError(
                    .wrongFormat,
                    "\(location.path) is a store of another kind; raw store and warehouse need "
                        + "a file each, so name another file"
                )
            }
            return true
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
        guard access != .reading else {
            throw StoreError(.readOnly, "\(location.path) was opened to be read")
        }
        do {
            let value = try await queue.write(body)
            checkpoints?.afterCommit { SQLiteFile.number(of: location.path) == number }
            return value
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
        try SQLiteFile.open(readingPath, location)
    }

    /// Moves the log into the file and closes it.
    ///
    /// Where another connection is moving it, it is left to that: SQLite does not wait, and what
    /// is committed is committed.
    ///
    /// - Throws: Also where the file was removed or replaced meanwhile: the system lets a program
    ///   write to a file without a name, and what was stored is gone with the last of it.
    func close() throws(StoreError) {
        checkpoints?.close(queue)
        defer {
            try? queue.close()
            lock.release()
        }
        guard access != .reading else { return }
        try checkNumber()
        try SQLiteFile.translating(location) {
            do {
                _ = try queue.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {}
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
}

/// Keeps a SQLite file for one run at a time: a lock of the system's on a file beside it, which
/// ends with the process that holds it, however that ends.
///
/// Not on the file itself: SQLite locks that for each transaction, and a second descriptor that
/// is closed takes SQLite's own locks with it.
final class RunLock: Sendable {
    private let path: String
    private let descriptor = Mutex<Int32?>(nil)

    /// The lock of the SQLite file at `path`, not taken yet.
    init(of path: String) {
        // Two names of one file are one file.
        self.path = URL(filePath: path).resolvingSymlinksInPath().path + "-run"
    }

    /// Takes the lock, where it is not held already by this very object.
    ///
    /// - Throws: `StoreError` with the code `busy` where somebody else holds it.
    func take(for store: String) throws(StoreError) {
        try descriptor.withLock { held throws(StoreError) in
            if held == nil { held = try acquire(for: store) }
        }
    }

    /// Lets go of it.
    func release() {
        descriptor.withLock { held in
            guard let descriptor = held else { return }
            // While it is still locked, so that no run locks a file that has lost its name.
            _ = unsafe unlink(path)
            close(descriptor)
            held = nil
        }
    }

    private func acquire(for store: String) throws(StoreError) -> Int32 {
        // Who had it may be about to remove it: then there is a new one to be locked.
        for _ in 0..<100 {
            let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw StoreError(
                    .unavailable,
                    "\(path) cannot be made, which tells other runs that this one writes; see "
                        + "that its directory is writable"
                )
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let holder = RunLock.text(of: descriptor)
                close(descriptor)
                throw StoreError(
                    heldBy: holder.isEmpty ? "another run" : "another run (\(holder))",
                    store
                )
            }
            if RunLock.isFile(descriptor, at: path) {
                RunLock.write("process \(getpid())", to: descriptor)
                return descriptor
            }
            close(descriptor)
        }
        throw StoreError(heldBy: "another run", store)
    }

    private static func isFile(_ descriptor: Int32, at path: String) -> Bool {
        var opened = stat()
        var named = stat()
        guard unsafe fstat(descriptor, &opened) == 0, unsafe stat(path, &named) == 0 else {
            return false
        }
        return opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    }

    private static func text(of descriptor: Int32) -> String {
        var bytes: [UInt8] = Array(repeating: 0, count: 64)
        let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        // Anybody may have written there.
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == " ") }
            ? text : ""
    }

    private static func write(_ text: String, to descriptor: Int32) {
        ftruncate(descriptor, 0)
        let bytes = Array(text.utf8)
        _ = unsafe pwrite(descriptor, bytes, bytes.count, 0)
    }
}
