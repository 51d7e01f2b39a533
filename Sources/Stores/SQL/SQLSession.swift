package import Commerce
package import Datasets
package import SLO
package import Storage
package import Timekeeping

/// A statement, and how errors about its rows name them.
///
/// Its parameters are `$1`, `$2` and so on, which every database here knows.
package struct SQLStatement: Hashable, Sendable, ExpressibleByStringInterpolation {
    package var sql: String
    /// What errors about a row call its table.
    package var table: String
    /// How many of the columns that it gives first tell a row from all others.
    package var keys: Int32

    package init(_ sql: String, of table: String = "", keys: Int32 = 0) {
        self.sql = sql
        self.table = table
        self.keys = keys
    }

    package init(stringLiteral sql: String) {
        self.init(sql)
    }
}

/// The value of a parameter.
package enum SQLValue: Hashable, Sendable {
    case integer(Int64)
    case text(String)
    /// A text of any length that is part of a key, as the database stores those.
    case key(String)
    case bytes([UInt8])
    case null

    /// A whole number, or NULL.
    package init(_ value: Int64?) {
        self = value.map(SQLValue.integer) ?? .null
    }

    /// A text, or NULL.
    package init(_ value: String?) {
        self = value.map(SQLValue.text) ?? .null
    }

    /// A hash, or NULL.
    package init(_ hash: BlockHash?) {
        self = hash.map { .bytes($0.bytes) } ?? .null
    }

    /// An instant in nanoseconds, or NULL.
    package init(_ instant: Timestamp?) {
        self.init(instant?.nanoseconds)
    }
}

/// A connection that is at the caller's disposal, mostly within a transaction.
///
/// What SQLite and PostgreSQL do alike is written once, over this; what differs in their SQL is
/// named by ``Datasets/SQLDialect``.
package protocol SQLSession: SendableMetatype {
    associatedtype Row: SQLRow

    static var dialect: SQLDialect { get }

    /// The database, as errors name it.
    var store: String { get }

    /// Calls `body` with each row that the statement gives for `values`.
    func forEach(
        _ statement: SQLStatement,
        _ values: [SQLValue],
        _ body: (Row) throws -> Void
    ) throws

    /// Runs statements that share `values`, give no rows, and change a table each.
    func run(_ statements: [SQLStatement], _ values: [SQLValue]) throws

    /// Inserts rows, each with a value for each column.
    func insert(_ rows: some Sequence<[SQLValue]>, into table: SQLInsert) throws
}

extension SQLSession {
    /// Runs a statement that gives no rows.
    package func run(_ statement: SQLStatement, _ values: [SQLValue] = []) throws {
        try run([statement], values)
    }

    /// What `body` makes of each row.
    package func map<Value>(
        _ statement: SQLStatement,
        _ values: [SQLValue] = [],
        _ body: (Row) throws -> Value
    ) throws -> [Value] {
        var found: [Value] = []
        try forEach(statement, values) { found.append(try body($0)) }
        return found
    }

    /// What `body` makes of each row that it can read; `damage` has the others.
    package func map<Value>(
        _ statement: SQLStatement,
        _ values: [SQLValue] = [],
        notingIn damage: DamagedValues,
        _ body: (Row) throws -> Value
    ) throws -> [Value] {
        var found: [Value] = []
        try forEach(statement, values, notingIn: damage) { found.append(try body($0)) }
        return found
    }

    /// Calls `body` with each row; `damage` has those that it cannot read.
    package func forEach(
        _ statement: SQLStatement,
        _ values: [SQLValue] = [],
        notingIn damage: DamagedValues,
        _ body: (Row) throws -> Void
    ) throws {
        try forEach(statement, values) { row in
            do {
                try body(row)
            } catch let error as StoreError where error.code == .corrupted {
                damage.note(error)
            }
        }
    }
}

/// A warehouse in a SQL database, which writes its commits in its own way, and does all else as
/// it is written here.
package protocol SQLWarehouse: Warehouse, DatasetCatalogue, SLIHistory, DeploymentLog,
    InvariantStore, CensusStore, DeadLetterStore, JourneyStore
{
    associatedtype Session: SQLSession

    /// The rows that a report had to leave out.
    var damage: DamagedValues { get }

    /// What is known to have been counted by this version.
    var understood: UnderstoodSubscriptions { get }

    /// Those of the events and orders in `question` that `subscription` has counted.
    static func counted(
        _ question: CountedQuestion,
        by subscription: String,
        in session: Session
    ) throws -> CountedAnswer

    /// What `body` reads, all of it in one state of the database.
    func read<Value: Sendable>(
        _ body: @Sendable @escaping (Session) throws -> Value
    ) async throws(StoreError) -> Value

    /// What `body` reads in one statement; a stage waits for it.
    func lookUp<Value: Sendable>(
        _ body: @Sendable @escaping (Session) throws -> Value
    ) async throws(StoreError) -> Value

    /// What `body` gives, in a transaction that no other one writes beside.
    func write<Value: Sendable>(
        _ body: @Sendable @escaping (Session) throws -> Value
    ) async throws(StoreError) -> Value
}

extension SQLWarehouse {
    package var catalogue: (any DatasetCatalogue)? { self }
    package var history: (any SLIHistory)? { self }
    package var deploymentLog: (any DeploymentLog)? { self }
    package var invariants: (any InvariantStore)? { self }
    package var census: (any CensusStore)? { self }

    package func warning() async throws -> String? { nil }
}

/// A row that a query gives; its columns count from 0.
///
/// Nothing here trusts the database, to which another program may have written: every value is
/// held to what its column has to hold.
package protocol SQLRow: SendableMetatype {
    /// What gave it.
    var statement: SQLStatement { get }
    /// The database, as errors name it.
    var store: String { get }

    func isNull(_ column: Int32) -> Bool

    /// A whole number of 64 bits; nil for anything else.
    func rawInteger(_ column: Int32) -> Int64?

    /// A text, whole, whatever characters it has; nil where it is none, or not in UTF-8.
    func rawText(_ column: Int32) -> String?

    /// Bytes; nil for anything else.
    func rawBytes(_ column: Int32) -> [UInt8]?

    func name(_ column: Int32) -> String

    /// A value as an error shows it, where it is of none of the types above.
    func rawText(ofOther column: Int32) -> String
}

extension SQLRow {
    package func integer(_ column: Int32) throws(StoreError) -> Int64 {
        guard let number = rawInteger(column) else {
            throw damaged(column, expected: "a whole number")
        }
        return number
    }

    package func optionalInteger(_ column: Int32) throws(StoreError) -> Int64? {
        isNull(column) ? nil : try integer(column)
    }

    /// A whole number that is not negative.
    package func count(_ column: Int32) throws(StoreError) -> Int64 {
        let number = try integer(column)
        guard number >= 0 else { throw damaged(column, expected: "a whole number from 0") }
        return number
    }

    /// An instant, which is never at an end of time.
    package func instant(_ column: Int32) throws(StoreError) -> Timestamp {
        let instant = Timestamp(nanoseconds: try integer(column))
        guard instant > .distantPast, instant < .distantFuture else {
            throw damaged(column, expected: "nanoseconds since 1970")
        }
        return instant
    }

    package func optionalInstant(_ column: Int32) throws(StoreError) -> Timestamp? {
        isNull(column) ? nil : try instant(column)
    }

    /// How far a stream has come: an instant, or an end of time.
    package func watermark(_ column: Int32) throws(StoreError) -> Timestamp {
        Timestamp(nanoseconds: try integer(column))
    }

    /// A span of time that is not negative.
    package func span(_ column: Int32) throws(StoreError) -> Duration {
        .nanoseconds(try count(column))
    }

    package func text(_ column: Int32) throws(StoreError) -> String {
        guard let text = rawText(column) else { throw damaged(column, expected: "a text in UTF-8") }
        return text
    }

    package func optionalText(_ column: Int32) throws(StoreError) -> String? {
        isNull(column) ? nil : try text(column)
    }

    /// A text that a row can do without; nil where it is none, and `damage` has why.
    package func text(_ column: Int32, notingIn damage: DamagedValues) -> String? {
        do throws(StoreError) {
            return try text(column)
        } catch {
            damage.note(error)
            return nil
        }
    }

    /// One of the values that have a text.
    package func value<Value: RawRepresentable & CaseIterable>(
        _ column: Int32
    ) throws(StoreError) -> Value where Value.RawValue == String {
        guard let value = rawText(column).flatMap(Value.init) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw damaged(column, expected: "one of \(names)")
        }
        return value
    }

    package func bytes(_ column: Int32) throws(StoreError) -> [UInt8] {
        guard let bytes = rawBytes(column) else { throw damaged(column, expected: "bytes") }
        return bytes
    }

    /// Why a value is not what it has to be.
    package func damaged(
        _ column: Int32,
        expected: String,
        remedy: String = DamagedValue.remedy
    ) -> StoreError {
        let row = (0..<statement.keys).map { "\(name($0)) \(shown($0))" }.joined(separator: ", ")
        return StoreError(
            DamagedValue(
                store: store,
                table: statement.table,
                row: row,
                column: name(column),
                found: shown(column),
                expected: expected,
                remedy: remedy
            )
        )
    }

    /// A value as an error shows it.
    private func shown(_ column: Int32) -> String {
        if isNull(column) { return "nothing" }
        if let number = rawInteger(column) { return "\(number)" }
        if let bytes = rawBytes(column) { return "\(bytes.count) bytes" }
        return rawText(column).map(DamagedValue.quote) ?? rawText(ofOther: column)
    }
}

// MARK: - What tables hold

extension SQLRow {
    /// A currency; none for the empty text.
    package func currency(_ column: Int32) throws(StoreError) -> Currency {
        let code = try text(column)
        if code.isEmpty { return .none }
        guard let currency = Currency(code: code) else {
            throw damaged(column, expected: "the code of a currency")
        }
        return currency
    }

    /// The hashes of a part of a sketch, each with its little end first.
    package func hashes(_ column: Int32) throws(StoreError) -> [UInt64] {
        let part = try bytes(column)
        guard part.count.isMultiple(of: 8) else {
            throw damaged(column, expected: "hashes of 8 bytes each")
        }
        return unsafe part.withUnsafeBytes { part in
            stride(from: 0, to: part.count, by: 8).map { start in
                unsafe UInt64(
                    littleEndian: part.loadUnaligned(fromByteOffset: start, as: UInt64.self)
                )
            }
        }
    }

    /// The first and the last offset of an interval.
    package func offsets(_ column: Int32) throws(StoreError) -> ClosedRange<Int64> {
        let first = try count(column)
        let last = try count(column + 1)
        guard first <= last else {
            throw damaged(column + 1, expected: "an offset from \(first)")
        }
        return first...last
    }

    /// The number of a block, which has a next one.
    package func sequence(_ column: Int32) throws(StoreError) -> Int64 {
        let number = try count(column)
        guard number < .max else { throw damaged(column, expected: "the number of a block") }
        return number
    }

    package func hash(_ column: Int32) throws(StoreError) -> BlockHash {
        guard let hash = BlockHash(bytes: try bytes(column)) else {
            throw damaged(column, expected: "a hash of 32 bytes")
        }
        return hash
    }
}

extension SQLValue {
    /// The hashes of a part of a sketch, each with its little end first.
    package init(hashes: [UInt64]) {
        self = .bytes(
            unsafe hashes.map(\.littleEndian).withUnsafeBytes { unsafe Array($0) }
        )
    }
}
