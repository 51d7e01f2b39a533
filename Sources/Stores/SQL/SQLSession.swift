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

    /// What `body` makes of each row that it can read; `flaws` has the others.
    package func map<Value>(
        _ statement: SQLStatement,
        _ values: [SQLValue] = [],
        notingIn flaws: DamagedValues,
        _ body: (Row) throws -> Value
    ) throws -> [Value] {
        var found: [Value] = []
        try forEach(statement, values, notingIn: flaws) { found.append(try body($0)) }
        return found
    }

    /// Calls `body` with each row; `flaws` has those that it cannot read.
    package func forEach(
        _ statement: SQLStatement,
        _ values: [SQLValue] = [],
        notingIn flaws: DamagedValues,
        _ body: (Row) throws -> Void
    ) throws {
        try forEach(statement, values) { row in
            do {
                try body(row)
            } catch let error as StoreError where error.code == .corrupted {
                flaws.note(error)
            }
        }
    }
}

/// A warehouse in a SQL database, which writes its commits in its own way, and does all else as
/// it is written here.
package protocol SQLWarehouse: Warehouse, DatasetCatalogue, SLIHistory, DeploymentLog,
    InvariantStore, CensusStore
{
    associatedtype Session: SQLSession

    /// The rows that a report had to leave out.
    var flaws: DamagedValues { get }

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
}
