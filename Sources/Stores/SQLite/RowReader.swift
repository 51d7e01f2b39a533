internal import GRDB
internal import GRDBSQLite

/// The rows of a query of whole numbers, read without an object for each.
///
/// A history of a month has some hundred thousand rows, and a report of it is to take less than a
/// second.
struct RowReader {
    private let database: Database
    private let statement: Statement

    /// The query `sql`, from the connection's cache, with its arguments.
    init(_ database: Database, _ sql: String, _ arguments: StatementArguments) throws {
        try self.init(database, sql)
        try statement.setArguments(arguments)
    }

    /// The query `sql`, from the connection's cache, to be asked with several arguments.
    init(_ database: Database, _ sql: String) throws {
        self.database = database
        statement = try database.cachedStatement(sql: sql)
    }

    /// Calls `body` with each row for `arguments`.
    func forEach(
        _ arguments: StatementArguments,
        _ body: (borrowing Row) throws -> Void
    ) throws {
        try statement.setArguments(arguments)
        try forEach(body)
    }

    /// Calls `body` with each row.
    func forEach(_ body: (borrowing Row) throws -> Void) throws {
        defer {
            // A query that is not reset would hold its snapshot of the file.
            unsafe sqlite3_reset(statement.sqliteStatement)
        }
        let row = Row(statement: statement)
        while true {
            switch unsafe sqlite3_step(statement.sqliteStatement) {
            case SQLITE_ROW: try body(row)
            case SQLITE_DONE: return
            case let code:
                throw DatabaseError(
                    resultCode: .init(rawValue: code),
                    message: database.lastErrorMessage
                )
            }
        }
    }

    /// The row that the query is at.
    struct Row: ~Copyable {
        fileprivate let statement: Statement

        /// The whole number in a column, from 0; 0 for null.
        func integer(_ column: Int32) -> Int64 {
            unsafe sqlite3_column_int64(statement.sqliteStatement, column)
        }
    }
}
