package import Datasets
internal import GRDB
internal import GRDBSQLite
package import SQLStores
internal import Storage

/// The connection to a SQLite file, within a transaction.
///
/// This and ``RowWriter`` are the places that call SQLite's C interface: GRDB would make an object
/// of every row, and a history of a month has some hundred thousand. The statements belong to
/// GRDB's cache and are used only inside the transaction that gave the connection.
package struct SQLiteSession: SQLSession {
    package static let dialect = SQLDialect.sqlite

    let database: Database

    init(_ database: Database) {
        self.database = database
    }

    package var store: String {
        let name = unsafe sqlite3_db_filename(database.sqliteConnection, "main")
        return unsafe name.map { unsafe String(cString: $0) } ?? "the database"
    }

    package func forEach(
        _ statement: SQLStatement,
        _ values: [SQLValue],
        _ body: (SQLiteRow) throws -> Void
    ) throws {
        try prepare(statement).forEach(values, body)
    }

    package func run(_ statements: [SQLStatement], _ values: [SQLValue]) throws {
        for statement in statements { try prepare(statement).run(values) }
    }

    package func insert(_ rows: some Sequence<[SQLValue]>, into table: SQLInsert) throws {
        let one = try prepare(table.one)
        for row in rows { try one.run(row) }
    }

    /// The statement from the connection's cache, to be run with several values.
    func prepare(_ statement: SQLStatement) throws -> PreparedStatement {
        try PreparedStatement(
            row: SQLiteRow(
                prepared: database.cachedStatement(sql: statement.sql),
                database: database,
                statement: statement
            )
        )
    }
}

/// A statement of SQLite's, to be used within the transaction that it was prepared in.
struct PreparedStatement {
    /// The row that it is at.
    private let row: SQLiteRow
    /// Which of the values each parameter is given, from 0; -1 for one without a name.
    private let numbers: [Int]

    fileprivate init(row: SQLiteRow) {
        self.row = row
        // Asked once, and not for each row that is stored.
        let statement = unsafe row.prepared.sqliteStatement
        let count = unsafe sqlite3_bind_parameter_count(statement)
        numbers = (0..<count).map { place in
            guard let name = unsafe sqlite3_bind_parameter_name(statement, place + 1) else {
                return -1
            }
            var number = 0
            var digit = unsafe name + 1
            while let value = unsafe Int(exactly: digit.pointee - 48), (0...9).contains(value) {
                number = number * 10 + value
                unsafe digit += 1
            }
            return number - 1
        }
    }

    private var handle: OpaquePointer? { unsafe row.prepared.sqliteStatement }

    func run(_ values: [SQLValue]) throws { try forEach(values) { _ in } }

    func forEach(_ values: [SQLValue], _ body: (SQLiteRow) throws -> Void) throws {
        defer {
            // A query that is not reset would hold its snapshot of the file.
            unsafe sqlite3_reset(handle)
            unsafe sqlite3_clear_bindings(handle)
        }
        try bind(values)
        while true {
            switch unsafe sqlite3_step(handle) {
            case SQLITE_ROW: try body(row)
            case SQLITE_DONE: return
            case let code: throw error(code)
            }
        }
    }

    private func error(_ code: Int32) -> DatabaseError {
        DatabaseError(resultCode: .init(rawValue: code), message: row.database.lastErrorMessage)
    }

    /// Gives each parameter its value: its name is the number of that, from 1.
    private func bind(_ values: [SQLValue]) throws {
        let handle = unsafe handle
        for (place, number) in numbers.enumerated() where number >= 0 {
            precondition(number < values.count, "a value for each parameter")
            let code = unsafe PreparedStatement.bind(values[number], handle, Int32(place + 1))
            guard code == SQLITE_OK else { throw error(code) }
        }
    }

    private static func bind(
        _ value: SQLValue,
        _ statement: OpaquePointer?,
        _ place: Int32
    ) -> Int32 {
        // SQLITE_TRANSIENT, which C has as a macro: SQLite makes a copy.
        let copies = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .integer(let number): return unsafe sqlite3_bind_int64(statement, place, number)
        case .text(var text), .key(var text):
            return text.withUTF8 { text in
                let start = unsafe UnsafeRawPointer(text.baseAddress)
                guard let start = unsafe start?.assumingMemoryBound(to: CChar.self) else {
                    return unsafe sqlite3_bind_text(statement, place, "", 0, copies)
                }
                let (count, encoding) = (UInt64(text.count), UInt8(SQLITE_UTF8))
                return unsafe sqlite3_bind_text64(
                    statement,
                    place,
                    start,
                    count,
                    copies,
                    encoding
                )
            }
        case .bytes(let bytes):
            guard !bytes.isEmpty else { return unsafe sqlite3_bind_zeroblob(statement, place, 0) }
            return unsafe bytes.withUnsafeBytes { bytes in
                let count = UInt64(bytes.count)
                return unsafe sqlite3_bind_blob64(
                    statement,
                    place,
                    bytes.baseAddress,
                    count,
                    copies
                )
            }
        case .null: return unsafe sqlite3_bind_null(statement, place)
        }
    }
}

/// The row that a query of SQLite's is at.
package struct SQLiteRow: SQLRow {
    fileprivate let prepared: Statement
    fileprivate let database: Database
    package let statement: SQLStatement

    package var store: String { SQLiteSession(database).store }

    package func isNull(_ column: Int32) -> Bool { type(column) == SQLITE_NULL }

    package func rawInteger(_ column: Int32) -> Int64? {
        guard type(column) == SQLITE_INTEGER else { return nil }
        return unsafe sqlite3_column_int64(prepared.sqliteStatement, column)
    }

    /// By its length, with any NUL in it.
    package func rawText(_ column: Int32) -> String? {
        guard type(column) == SQLITE_TEXT else { return nil }
        let start = unsafe sqlite3_column_text(prepared.sqliteStatement, column)
        let count = unsafe Int(sqlite3_column_bytes(prepared.sqliteStatement, column))
        return unsafe String(
            validating: UnsafeBufferPointer(start: start, count: count),
            as: UTF8.self
        )
    }

    package func rawBytes(_ column: Int32) -> [UInt8]? {
        guard type(column) == SQLITE_BLOB else { return nil }
        let start = unsafe sqlite3_column_blob(prepared.sqliteStatement, column)
        let count = unsafe Int(sqlite3_column_bytes(prepared.sqliteStatement, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    package func name(_ column: Int32) -> String {
        let name = unsafe sqlite3_column_name(prepared.sqliteStatement, column)
        return unsafe name.map { unsafe String(cString: $0) } ?? "\(column)"
    }

    package func rawText(ofOther column: Int32) -> String {
        type(column) == SQLITE_FLOAT
            ? "\(unsafe sqlite3_column_double(prepared.sqliteStatement, column))"
            : "a text that is not UTF-8"
    }

    private func type(_ column: Int32) -> Int32 {
        unsafe sqlite3_column_type(prepared.sqliteStatement, column)
    }
}

/// A prepared statement that is run once a row, with values bound without a copy.
///
/// This and ``SQLiteSession`` are the places that call SQLite's C interface: GRDB's own binding
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

    /// The values of one run, by their places in the statement, from 1; null where none is set.
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

        /// Binds bytes that must stay where they are until the run is over.
        func set(_ place: Int32, bytes: UnsafeBufferPointer<UInt8>) throws {
            try check(
                unsafe sqlite3_bind_blob64(
                    statement.sqliteStatement,
                    place,
                    bytes.baseAddress,
                    UInt64(bytes.count),
                    nil
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
