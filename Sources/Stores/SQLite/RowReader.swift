internal import GRDB
internal import GRDBSQLite
internal import Stages
internal import Timekeeping

/// A table as the errors about its rows name it.
struct StoredTable {
    var name: String
    /// How many of the columns that a query gives first tell a row from all others.
    var keys: Int32

    init(_ name: String, keys: Int32) {
        self.name = name
        self.keys = keys
    }
}

/// The rows of a query, read without an object for each; every value is held to what its column
/// has to hold.
///
/// A history of a month has some hundred thousand rows, and a report of it is to take less than a
/// second. Nothing here trusts the file: another program may have written to it.
struct RowReader {
    private let database: Database
    private let statement: Statement
    private let table: StoredTable

    /// The query `sql` of `table`, from the connection's cache, with its arguments.
    init(
        _ database: Database,
        _ table: StoredTable,
        _ sql: String,
        _ arguments: StatementArguments
    ) throws {
        try self.init(database, table, sql)
        try statement.setArguments(arguments)
    }

    /// The query `sql` of `table`, from the connection's cache, to be asked with several arguments.
    init(_ database: Database, _ table: StoredTable, _ sql: String) throws {
        self.database = database
        self.table = table
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
        let row = Row(statement: statement, database: database, table: table)
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

    /// What `body` makes of each row.
    func map<Value>(_ body: (borrowing Row) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        try forEach { values.append(try body($0)) }
        return values
    }

    /// What `body` makes of each row that it can read; `flaws` has the others.
    func map<Value>(
        notingIn flaws: DamagedValues,
        _ body: (borrowing Row) throws -> Value
    ) throws -> [Value] {
        var values: [Value] = []
        try forEach(notingIn: flaws) { values.append(try body($0)) }
        return values
    }

    /// Calls `body` with each row; `flaws` has those that it cannot read.
    func forEach(
        notingIn flaws: DamagedValues,
        _ body: (borrowing Row) throws -> Void
    ) throws {
        try forEach { row in
            do {
                try body(row)
            } catch let error as StoreError where error.code == .corrupted {
                flaws.note(error)
            }
        }
    }

    /// What `body` makes of the first row; nil where there is none.
    func first<Value>(_ body: (borrowing Row) throws -> Value) throws -> Value? {
        defer { unsafe sqlite3_reset(statement.sqliteStatement) }
        switch unsafe sqlite3_step(statement.sqliteStatement) {
        case SQLITE_ROW:
            return try body(Row(statement: statement, database: database, table: table))
        case SQLITE_DONE: return nil
        case let code:
            throw DatabaseError(
                resultCode: .init(rawValue: code),
                message: database.lastErrorMessage
            )
        }
    }

    /// The row that the query is at; its columns count from 0.
    struct Row: ~Copyable {
        fileprivate let statement: Statement
        fileprivate let database: Database
        fileprivate let table: StoredTable
    }
}

extension RowReader.Row {
    func isNull(_ column: Int32) -> Bool { type(column) == SQLITE_NULL }

    /// A whole number.
    func integer(_ column: Int32) throws(StoreError) -> Int64 {
        guard type(column) == SQLITE_INTEGER else {
            throw flaw(column, expected: "a whole number")
        }
        return unsafe sqlite3_column_int64(statement.sqliteStatement, column)
    }

    func optionalInteger(_ column: Int32) throws(StoreError) -> Int64? {
        isNull(column) ? nil : try integer(column)
    }

    /// A whole number that is not negative.
    func count(_ column: Int32) throws(StoreError) -> Int64 {
        let number = try integer(column)
        guard number >= 0 else { throw flaw(column, expected: "a whole number from 0") }
        return number
    }

    /// An instant, which is never at an end of time.
    func instant(_ column: Int32) throws(StoreError) -> Timestamp {
        let instant = Timestamp(nanoseconds: try integer(column))
        guard instant > .distantPast, instant < .distantFuture else {
            throw flaw(column, expected: "nanoseconds since 1970")
        }
        return instant
    }

    /// How far a stream has come: an instant, or an end of time.
    func watermark(_ column: Int32) throws(StoreError) -> Timestamp {
        Timestamp(nanoseconds: try integer(column))
    }

    func optionalInstant(_ column: Int32) throws(StoreError) -> Timestamp? {
        isNull(column) ? nil : try instant(column)
    }

    /// A span of time that is not negative.
    func span(_ column: Int32) throws(StoreError) -> Duration {
        .nanoseconds(try count(column))
    }

    /// A text, whole, whatever characters it has.
    func text(_ column: Int32) throws(StoreError) -> String {
        guard type(column) == SQLITE_TEXT, let text = unchecked(column) else {
            throw flaw(column, expected: "a text in UTF-8")
        }
        return text
    }

    /// A text that a row can do without; nil where it is none, and `flaws` has why.
    func text(_ column: Int32, notingIn flaws: DamagedValues) -> String? {
        do throws(StoreError) {
            return try text(column)
        } catch {
            flaws.note(error)
            return nil
        }
    }

    func optionalText(_ column: Int32) throws(StoreError) -> String? {
        isNull(column) ? nil : try text(column)
    }

    /// One of the values that have a text.
    func value<Value: RawRepresentable & CaseIterable>(
        _ column: Int32
    ) throws(StoreError) -> Value where Value.RawValue == String {
        guard type(column) == SQLITE_TEXT, let value = unchecked(column).flatMap(Value.init) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw flaw(column, expected: "one of \(names)")
        }
        return value
    }

    /// Bytes.
    func bytes(_ column: Int32) throws(StoreError) -> [UInt8] {
        guard type(column) == SQLITE_BLOB else { throw flaw(column, expected: "bytes") }
        let start = unsafe sqlite3_column_blob(statement.sqliteStatement, column)
        let count = unsafe Int(sqlite3_column_bytes(statement.sqliteStatement, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Why a value is not what it has to be.
    func flaw(
        _ column: Int32,
        expected: String,
        remedy: String = DamagedValue.remedy
    ) -> StoreError {
        let row = (0..<table.keys).map { "\(name($0)) \(shown($0))" }.joined(separator: ", ")
        return StoreError(
            DamagedValue(
                store: path,
                table: table.name,
                row: row,
                column: name(column),
                found: shown(column),
                expected: expected,
                remedy: remedy
            )
        )
    }

    private func type(_ column: Int32) -> Int32 {
        unsafe sqlite3_column_type(statement.sqliteStatement, column)
    }

    /// The text in a column by its length, with any NUL in it; nil where it is no UTF-8.
    private func unchecked(_ column: Int32) -> String? {
        let start = unsafe sqlite3_column_text(statement.sqliteStatement, column)
        let count = unsafe Int(sqlite3_column_bytes(statement.sqliteStatement, column))
        return unsafe String(
            validating: UnsafeBufferPointer(start: start, count: count),
            as: UTF8.self
        )
    }

    private func name(_ column: Int32) -> String {
        let name = unsafe sqlite3_column_name(statement.sqliteStatement, column)
        return unsafe name.map { unsafe String(cString: $0) } ?? "\(column)"
    }

    private var path: String {
        let name = unsafe sqlite3_db_filename(database.sqliteConnection, "main")
        return unsafe name.map { unsafe String(cString: $0) } ?? "the database"
    }

    /// A value as an error shows it.
    private func shown(_ column: Int32) -> String {
        switch type(column) {
        case SQLITE_INTEGER:
            return "\(unsafe sqlite3_column_int64(statement.sqliteStatement, column))"
        case SQLITE_FLOAT:
            return "\(unsafe sqlite3_column_double(statement.sqliteStatement, column))"
        case SQLITE_NULL: return "nothing"
        case SQLITE_TEXT:
            return unchecked(column).map(DamagedValue.quote) ?? "a text that is no UTF-8"
        default:
            return "\(unsafe sqlite3_column_bytes(statement.sqliteStatement, column)) bytes"
        }
    }
}
