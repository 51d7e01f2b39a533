internal import Datasets

/// What the databases say in different words.
extension SQLDialect {
    /// The sum of whole numbers as one of 64 bits; where it is none, that is an error, or a value
    /// of another type.
    func sum(_ expression: String) -> String {
        switch self {
        case .sqlite: "sum(\(expression))"
        case .postgresql: "CAST(sum(\(expression)) AS bigint)"
        }
    }

    /// The sum of a column under its name, NULL where it leaves its range; nil where such a sum
    /// ends the whole query.
    func sumInRange(of column: String) -> String? {
        switch self {
        case .sqlite: nil
        case .postgresql:
            "CASE WHEN sum(\(column)) BETWEEN \(Int64.min) AND \(Int64.max) "
                + "THEN CAST(sum(\(column)) AS bigint) END AS \(column)"
        }
    }

    /// Where the calendar month begins in which `start_ns` is, in UTC.
    var startOfMonth: String {
        switch self {
        case .sqlite:
            "CAST(strftime('%s', start_ns / 1000000000, 'unixepoch', 'start of month') AS INTEGER)"
                + " * 1000000000"
        case .postgresql:
            "CAST(extract(epoch FROM date_trunc('month', to_timestamp(start_ns / 1000000000) "
                + "AT TIME ZONE 'UTC')) AS bigint) * 1000000000"
        }
    }
}

// The words of tables.
extension SQLDialect {
    /// A text that is compared: by its bytes.
    var key: String {
        switch self {
        case .sqlite: "TEXT"
        case .postgresql: "text COLLATE \"C\""
        }
    }

    var text: String {
        switch self {
        case .sqlite: "TEXT"
        case .postgresql: "text"
        }
    }

    var integer: String {
        switch self {
        case .sqlite: "INTEGER"
        case .postgresql: "bigint"
        }
    }

    var bytes: String {
        switch self {
        case .sqlite: "BLOB"
        case .postgresql: "bytea"
        }
    }

    /// A number that the database gives.
    var number: String {
        switch self {
        case .sqlite: "INTEGER"
        case .postgresql: "bigint GENERATED ALWAYS AS IDENTITY"
        }
    }

    /// A run: SQLite has a table of their names, since a file is read as a whole.
    var writer: String {
        switch self {
        case .sqlite: "INTEGER REFERENCES sli_writers"
        case .postgresql: key
        }
    }

    /// What tells one part of a sketch from another, where a table has to have that.
    var partColumn: String {
        switch self {
        case .sqlite: "\n    part INTEGER PRIMARY KEY,"
        case .postgresql: ""
        }
    }

    /// The columns with the digest of an identity, of 128 bits.
    var identity: String {
        switch self {
        case .sqlite: "identity_high, identity_low"
        case .postgresql: "identity"
        }
    }

    var identityColumns: String {
        switch self {
        case .sqlite: "identity_high INTEGER NOT NULL, identity_low INTEGER NOT NULL"
        case .postgresql: "identity uuid NOT NULL"
        }
    }

    /// The end of a table that is kept in the order of its key.
    ///
    /// SQLite's are strict, so that nothing but what a column is for is taken, and a sum which is
    /// too large for an integer is refused, where SQLite would go on in floating point.
    /// PostgreSQL's pages keep room beside rows that are updated often, so that no index changes.
    func keyed(fillFactor: Int? = nil) -> String {
        switch self {
        case .sqlite: " WITHOUT ROWID, STRICT"
        case .postgresql: unkeyed(fillFactor: fillFactor)
        }
    }

    /// The end of a table in which rows have no order.
    func unkeyed(fillFactor: Int? = nil) -> String {
        switch self {
        case .sqlite: " STRICT"
        case .postgresql: fillFactor.map { " WITH (fillfactor = \($0))" } ?? ""
        }
    }
}
