internal import GRDB
internal import GRDBSQLite

/// A prepared statement that is run once a row, with values bound without a copy.
///
/// This and ``RowReader`` are the places that call SQLite's C interface: GRDB's own binding
/// allocates for every value, which costs as much as the insert. The statement belongs to GRDB's
/// cache and is used only inside the transaction that gave the connection.
struct RowWriter {
    private let database: Database
    private let statement: Statement

    /// The statement `sql`, from the connection's cache.
    init(_ database: Database, _ sql: String) throws {
        self.database = database
        statement = try database.cachedStatement(sql: sql)
    }

    /// Runs the statement with the values that `bind` sets; says how many rows it changed.
    func run(_ bind: (borrowing Row) throws -> Void) throws -> Int {
        let row = Row(statement: statement)
        defer {
            // The bound bytes are the caller's: nothing may point at them afterwards.
            unsafe sqlite3_reset(statement.sqliteStatement)
            unsafe sqlite3_clear_bindings(statement.sqliteStatement)
        }
        try bind(row)
        let before = unsafe sqlite3_total_changes64(database.sqliteConnection)
        let code = unsafe sqlite3_step(statement.sqliteStatement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else {
            throw DatabaseError(
                resultCode: .init(rawValue: code),
                message: database.lastErrorMessage
            )
        }
        return Int(unsafe sqlite3_total_changes64(database.sqliteConnection) - before)
    }

    /// The values of one run, by their places in the statement, from 1.
    struct Row: ~Copyable {
        fileprivate let statement: Statement

        func set(_ place: Int32, _ value: Int64) throws {
            try check(unsafe sqlite3_bind_int64(statement.sqliteStatement, place, value))
        }

        /// Binds UTF-8 text that must stay where it is until the run is over.
        func set(_ place: Int32, text: UnsafeBufferPointer<UInt8>) throws {
            let start = unsafe UnsafeRawPointer(text.baseAddress)?.assumingMemoryBound(
                to: CChar.self
            )
            // Without a destructor SQLite neither copies nor frees (SQLITE_STATIC).
            try check(
                unsafe sqlite3_bind_text64(
                    statement.sqliteStatement,
                    place,
                    start,
                    UInt64(text.count),
                    nil,
                    UInt8(SQLITE_UTF8)
                )
            )
        }

        private func check(_ code: Int32) throws {
            guard code == SQLITE_OK else {
                throw DatabaseError(resultCode: .init(rawValue: code))
            }
        }
    }
}
