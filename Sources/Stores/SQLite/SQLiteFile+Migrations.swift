internal import GRDB
internal import Stages

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
        let applied = try RowReader(
            database,
            StoredTable(migrations, keys: 1),
            "SELECT rowid, identifier FROM \(migrations)"
        ).map { row in
            guard let identifier = try? row.text(1), known.contains(identifier) else {
                throw row.flaw(
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
