package import Stages

/// The role under which the queries of invariants run: one that may read everything and write
/// nothing.
///
/// The transaction is read-only in any case. The role keeps a query also from what a superuser may
/// do without writing to a table, such as reading files of the server.
enum InvariantRole {
    /// Of PostgreSQL 14 and later, and without a login.
    private static let name = "pg_read_all_data"

    private static let question = Statement(
        name: "invariant_role",
        sql: """
            SELECT pg_has_role(oid, CASE
                WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET'
                ELSE 'MEMBER' END)
            FROM pg_roles WHERE rolname = '\(name)'
            """
    )

    /// Whether the connection's role may take it.
    static func isAllowed(_ line: PostgreSQLLine) throws(StoreError) -> Bool {
        try line.query(question) { row throws(StoreError) in try row.bool(0) } == [true]
    }

    /// Takes the role until the transaction ends.
    static let statement = "SET LOCAL ROLE \(name)"
}

extension PostgreSQLWarehouse {
    /// What is not as it should be where invariants are looked at; nil where everything is.
    package func invariantWarning() async throws(StoreError) -> String? {
        let isAllowed = try await reports.run { line throws(StoreError) in
            try InvariantRole.isAllowed(line)
        }
        if isAllowed { return nil }
        return "invariants run in read-only transactions, but with all rights of the role of "
            + "\(location.label); GRANT pg_read_all_data to that role lets them do with less"
    }
}
