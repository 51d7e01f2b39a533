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

/// The words of tables, which each database has its own of.
package struct SQLWords: Sendable {
    /// A text that is compared: by its bytes.
    let key: String
    let text: String
    let integer: String
    let bytes: String
    /// A number that the database gives.
    let number: String
    /// A run: SQLite has a table of their names, since a file is read as a whole.
    let writer: String
    /// What tells one part of a sketch from another, where a table has to have that.
    let partColumn: String
    /// The columns with the digest of an identity, of 128 bits.
    let identity: String
    let identityColumns: String
    /// Whether tables are strict, and those with a key kept in its order.
    ///
    /// In a strict table nothing but what a column is for is taken, and a sum which is too large
    /// for an integer is refused, where SQLite would go on in floating point.
    fileprivate let isStrict: Bool

    package static let sqlite = SQLWords(
        key: "TEXT",
        text: "TEXT",
        integer: "INTEGER",
        bytes: "BLOB",
        number: "INTEGER",
        writer: "INTEGER REFERENCES sli_writers",
        partColumn: "\n    part INTEGER PRIMARY KEY,",
        identity: "identity_high, identity_low",
        identityColumns: "identity_high INTEGER NOT NULL, identity_low INTEGER NOT NULL",
        isStrict: true
    )

    package static let postgresql = SQLWords(
        key: "text COLLATE \"C\"",
        text: "text",
        integer: "bigint",
        bytes: "bytea",
        number: "bigint GENERATED ALWAYS AS IDENTITY",
        writer: "text COLLATE \"C\"",
        partColumn: "",
        identity: "identity",
        identityColumns: "identity uuid NOT NULL",
        isStrict: false
    )

    /// The end of a table that is kept in the order of its key.
    ///
    /// PostgreSQL's pages keep room beside rows that are updated often, so that no index changes.
    func keyed(fillFactor: Int? = nil) -> String {
        isStrict ? " WITHOUT ROWID, STRICT" : unkeyed(fillFactor: fillFactor)
    }

    /// The end of a table in which rows have no order.
    func unkeyed(fillFactor: Int? = nil) -> String {
        isStrict ? " STRICT" : fillFactor.map { " WITH (fillfactor = \($0))" } ?? ""
    }

    /// Gives a table another primary key; its indexes are made anew after that.
    ///
    /// SQLite keeps such a table in the order of its key, and so makes it anew.
    func rekeying(
        _ table: String,
        by key: String,
        columns: [(name: String, type: String)]
    ) -> String {
        guard isStrict else {
            return """
                ALTER TABLE \(table) DROP CONSTRAINT \(table)_pkey;
                ALTER TABLE \(table) ADD PRIMARY KEY (\(key));
                """
        }
        let list = columns.map(\.name).joined(separator: ", ")
        return """
            CREATE TABLE rekeyed_\(table) (
            \(columns.map { "    \($0.name) \($0.type)," }.joined(separator: "\n"))
                PRIMARY KEY (\(key))
            )\(keyed());
            INSERT INTO rekeyed_\(table) (\(list)) SELECT \(list) FROM \(table);
            DROP TABLE \(table);
            ALTER TABLE rekeyed_\(table) RENAME TO \(table);
            """
    }

    /// Columns of counts and amounts.
    func counts(_ names: [String]) -> String {
        names.map { "    \($0) \(integer) NOT NULL," }.joined(separator: "\n")
    }
}
