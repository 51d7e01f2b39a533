internal import Foundation
internal import GRDB
internal import SQLStores
internal import Storage

extension SQLiteFile {
    private static let migrations = "grdb_migrations"

    /// Whether the file, which has tables of ours, has all that `schema` makes.
    ///
    /// - Throws: `StoreError` where the migrations noted in it are not the first ones of `schema`,
    ///   with none left out: what it has, and what is to be made next, is not known then.
    static func isCurrent(
        _ database: Database,
        _ location: SQLiteLocation,
        _ schema: DatabaseMigrator
    ) throws -> Bool {
        let known = schema.migrations
        guard try database.tableExists(migrations) else {
            throw migrationsLack("everything: it is not there", location, schema)
        }
        let applied = try SQLiteSession(database).map(
            SQLStatement(
                "SELECT rowid, identifier FROM \(migrations)",
                of: migrations,
                keys: 1
            )
        ) { row in
            guard let identifier = try? row.text(1), known.contains(identifier) else {
                throw row.damaged(
                    1,
                    expected: "one of \(list(known))",
                    remedy: "Restore a copy of the store, or read it with the version of weir "
                        + "that has written it"
                )
            }
            return identifier
        }
        guard let next = known.firstIndex(where: { !applied.contains($0) }) else { return true }
        guard next > 0, !known[next...].contains(where: applied.contains) else {
            throw migrationsLack("the row \(DamagedValue.quote(known[next]))", location, schema)
        }
        return false
    }

    /// Makes what `schema` has and the file has not.
    ///
    /// - Throws: `StoreError` also where it is there, and the row that says so is not.
    static func migrate(
        _ queue: DatabaseQueue,
        _ location: SQLiteLocation,
        _ schema: DatabaseMigrator
    ) throws {
        do {
            try schema.migrate(queue)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
            throw migrationsLack("a row (\(error.message ?? "\(error)"))", location, schema)
        }
    }

    /// Why a file that lacks the latest migrations cannot be read.
    static func oldness(of location: SQLiteLocation, _ schema: DatabaseMigrator) -> StoreError {
        StoreError(
            .wrongFormat,
            "\(location.path) is of an earlier version: its table \(migrations) ends before the "
                + "last of the rows \(list(schema.migrations)), and who reads changes nothing; "
                + "'weir run' and 'weir invariants check' bring it up to date, or restore a copy"
        )
    }

    private static func migrationsLack(
        _ what: String,
        _ location: SQLiteLocation,
        _ schema: DatabaseMigrator
    ) -> StoreError {
        StoreError(
            .corrupted,
            "\(location.path): table \(migrations) lacks \(what); expected the rows "
                + "\(list(schema.migrations)). Restore a copy of the store"
        )
    }

    private static func list(_ identifiers: [String]) -> String {
        identifiers.map(DamagedValue.quote).joined(separator: ", ")
    }
}

extension SQLiteFile {
    /// Why the system does not let this user have the file, in words that SQLite does not find.
    private static func refusal(of path: String) -> StoreError? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        if status.st_mode & S_IFMT == S_IFDIR {
            return StoreError(
                .unavailable,
                "\(path) is a directory; name a file in it, such as "
                    + "sqlite:\(path)\(path.hasSuffix("/") ? "" : "/")store.sqlite"
            )
        }
        guard unsafe access(path, R_OK) != 0, errno == EACCES else { return nil }
        return StoreError(
            .unavailable,
            "\(path) cannot be read by this user (permission denied); run weir as its owner, or "
                + "let its owner give the right with chmod"
        )
    }

    /// What SQLite said, as a caller of a store takes it.
    static func storeError(_ error: any Error, _ location: SQLiteLocation) -> StoreError {
        if let error = error as? StoreError { return error }
        let path = location.path
        if let error = refusal(of: path) { return error }
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

extension SQLiteFile {
    /// A file of up to so many bytes is looked at as a whole.
    private static let wholeSize = 256 << 20

    /// Whether SQLite's check of every page, row and index of the file takes no time to speak of.
    static func isSmall(_ database: Database) throws -> Bool {
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        return try pages * (Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0) <= wholeSize
    }

    /// The first thing that a check of SQLite's own finds; nil where all is well.
    static func finding(
        of check: String = "integrity_check(1)",
        in database: Database
    ) throws -> String? {
        let found = try String.fetchOne(database, sql: "PRAGMA \(check)")
        return found == "ok" ? nil : found
    }
}
