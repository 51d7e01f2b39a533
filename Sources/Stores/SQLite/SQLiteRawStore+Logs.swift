internal import SQLStores
package import Storage

extension SQLiteRawStore: LogStore {
    package var logs: (any LogStore)? { self }

    package func lastSequence() async throws(StoreError) -> Int64 {
        try await file.read { database in
            try SQLiteSession(database).map(LogStatement.last) { try $0.optionalInteger(0) ?? 0 }
                .first ?? 0
        }
    }

    package func append(_ records: [LogRecord]) async throws(StoreError) {
        try await file.write { database in
            let session = SQLiteSession(database)
            for record in records {
                let sequence = SQLValue.integer(record.sequence)
                try session.run(
                    LogStatement.insertion,
                    [sequence, .text(record.level.rawValue), .text(record.message)]
                )
                for field in record.fields {
                    try session.run(
                        LogStatement.fieldInsertion,
                        [sequence, .text(field.name), .text(field.value)]
                    )
                }
            }
        }
    }

    package func remove(before sequence: Int64) async throws(StoreError) {
        try await file.write { database in
            let session = SQLiteSession(database)
            for statement in LogStatement.removals {
                try session.run(statement, [.integer(sequence)])
            }
        }
    }

    package func find(_ search: LogSearch) async throws(StoreError) -> FoundLogs {
        try await file.read { [damage = file.damage] database in
            let session = SQLiteSession(database)
            let found = try session.map(
                LogStatement.search(search),
                LogStatement.values(of: search),
                notingIn: damage
            ) { row in
                guard let level = LogLevel(rawValue: try row.text(1)) else {
                    throw row.damaged(1, expected: "a level of a log")
                }
                return LogRecord(
                    sequence: try row.integer(0),
                    level: level,
                    message: try row.text(2),
                    fields: []
                )
            }
            var records = found
            for place in records.indices {
                records[place].fields = try session.map(
                    LogStatement.fields,
                    [.integer(records[place].sequence)],
                    notingIn: damage
                ) { row in LogField(name: try row.text(1), value: try row.text(2)) }
            }
            return FoundLogs(records, of: search)
        }
    }
}

/// The statements about logs.
private enum LogStatement {
    static let last: SQLStatement = "SELECT max(sequence) FROM logs"

    static let insertion: SQLStatement =
        "INSERT OR IGNORE INTO logs (sequence, level, message) VALUES ($1, $2, $3)"

    static let fieldInsertion: SQLStatement =
        "INSERT OR IGNORE INTO log_fields (sequence, name, value) VALUES ($1, $2, $3)"

    static let removals: [SQLStatement] = [
        "DELETE FROM log_fields WHERE sequence < $1", "DELETE FROM logs WHERE sequence < $1",
    ]

    static let fields = SQLStatement(
        "SELECT sequence, name, value FROM log_fields WHERE sequence = $1 ORDER BY name",
        of: "log_fields",
        keys: 2
    )

    /// By the index of the values where there is a field to go by, else from an end of the table.
    static func search(_ search: LogSearch) -> SQLStatement {
        let levels = search.level.andAbove.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        let conditions = search.fields.indices.map { place in
            "AND sequence IN (SELECT sequence FROM log_fields "
                + "WHERE name = $\(3 + 2 * place) AND value = $\(4 + 2 * place))"
        }
        return SQLStatement(
            """
            SELECT sequence, level, message FROM logs
            WHERE sequence > $1 AND level IN (\(levels))
            \(conditions.joined(separator: "\n"))
            ORDER BY sequence \(search.prefersLast ? "DESC" : "ASC") LIMIT $2
            """,
            of: "logs",
            keys: 1
        )
    }

    static func values(of search: LogSearch) -> [SQLValue] {
        [.integer(search.after), .integer(Int64(search.limit) + 1)]
            + search.fields.flatMap { [.text($0.name), .text($0.value)] }
    }
}
