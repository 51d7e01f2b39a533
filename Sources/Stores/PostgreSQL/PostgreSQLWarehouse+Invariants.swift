package import Datasets
internal import SQLStores
internal import Storage
package import Timekeeping

extension PostgreSQLWarehouse {
    package var dialect: SQLDialect { .postgresql }

    package func evaluate(
        _ invariants: [Invariant],
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> [InvariantFinding] {
        try await withPatientConnection(timeout) { connection in
            try InvariantRun(connection, timeout, timeline).findings(of: invariants)
        }
    }

    package func refresh(
        _ set: InvariantSet,
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> (before: InvariantSnapshot, after: InvariantSnapshot) {
        let set = set.only(for: dialect)
        let milliseconds = max(1, timeout.inNanoseconds / 1_000_000)
        let snapshots = try await withPatientConnection(
            timeout
        ) { [damage] connection in
            let run = InvariantRun(connection, timeout, timeline)
            var refusals: [String: String] = [:]
            for invariant in set.invariants {
                refusals[invariant.name] = try run.mistake(of: invariant)
            }
            // What ends the transaction, a lost connection or server among it, ends the lock, and
            // leaves the snapshot as it was.
            try connection.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; "
                    + "SET LOCAL statement_timeout = \(milliseconds)"
            )
            let isAlone = try connection.map(SnapshotRows.lock) { row in
                try row.bool(0)
            }
            guard isAlone == [true] else {
                try connection.execute("ROLLBACK")
                return nil as (before: InvariantSnapshot, after: InvariantSnapshot)?
            }
            let rows = SnapshotRows(connection, notingIn: damage)
            let before = try rows.snapshot()
            try rows.install(set, mistakes: refusals)
            try rows.refresh(at: timeline.now)
            let after = try rows.snapshot()
            try connection.execute("COMMIT")
            return (before, after)
        }
        guard let snapshots else { throw RefreshUnderWay() }
        return snapshots
    }

    /// Runs `body` on a connection of its own, on which nothing else waits, and which waits for
    /// longer than `timeout` before it gives the server up.
    private func withPatientConnection<Value: Sendable>(
        _ timeout: Duration,
        _ body: @Sendable (PostgreSQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        let patience = max(location.patience, timeout + .seconds(5))
        let connection = PostgreSQLClient(location.patient(for: patience))
        do throws(StoreError) {
            let value = try await connection.run(body)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }
}

/// One look at invariants, over a connection that does nothing else.
private struct InvariantRun {
    private let connection: PostgreSQLConnection
    private let timeout: Duration
    private let timeline: any Timeline
    private let now: Timestamp

    init(_ connection: PostgreSQLConnection, _ timeout: Duration, _ timeline: any Timeline) {
        self.connection = connection
        self.timeout = timeout
        self.timeline = timeline
        now = timeline.now
    }

    func findings(of invariants: [Invariant]) throws -> [InvariantFinding] {
        let role = try InvariantRole.isAllowed(connection) ? "; \(InvariantRole.statement)" : ""
        var findings: [InvariantFinding] = []
        for (number, invariant) in invariants.enumerated() {
            let began = timeline.now
            let outcome = try outcome(of: invariant, number, role)
            findings.append(InvariantFinding(invariant.name, outcome, took: timeline.now - began))
        }
        return findings
    }

    /// Runs a query in a transaction of its own, in which nothing can be written.
    private func outcome(
        of invariant: Invariant,
        _ number: Int,
        _ role: String
    ) throws -> InvariantFinding.Outcome {
        let milliseconds = max(1, timeout.inNanoseconds / 1_000_000)
        try connection.execute(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
                + "SET LOCAL statement_timeout = \(milliseconds)\(role)"
        )
        var lineOffset = 0
        let query = invariant.query.text(cutoff: now)
        var sql = query
        do {
            let columns = try connection.columns(of: query)
            guard columns == Invariant.columns else {
                try connection.execute("ROLLBACK")
                return .failed(QueryMistake(invariant, columns: columns).description)
            }
            sql = invariant.statement(asOf: now)
            lineOffset = 1
            let rows = try connection.map(SQLStatement(sql)) { row in
                (
                    violation: InvariantFinding.Violation(
                        KeyText.stored(try row.text(0)),
                        try row.optionalText(1) ?? ""
                    ),
                    count: try row.integer(2)
                )
            }
            // Not COMMIT: what a query may have changed for the session is taken back as well.
            try connection.execute("ROLLBACK")
            return .found(count: rows.first?.count ?? 0, rows.map(\.violation))
        } catch {
            guard let fault = faultOfQuery else { throw error }
            try connection.execute("ROLLBACK")
            if fault.state == "57014" {
                return .failed(
                    "\(invariant.place): the query has not ended within \(timeout); "
                        + "make it cheaper, or allow it more with --timeout"
                )
            }
            return .failed(mistake(fault, of: invariant, in: sql, lineOffset: lineOffset))
        }
    }

    /// Why the database does not take a query, as far as that shows without running it.
    func mistake(of invariant: Invariant) throws -> String? {
        var lineOffset = 0
        var sql = invariant.query.text(cutoff: now)
        do {
            let columns = try connection.columns(of: sql)
            guard columns == Invariant.columns else {
                return QueryMistake(invariant, columns: columns).description
            }
            lineOffset = 1
            sql = invariant.statement(asOf: now)
            _ = try connection.columns(of: sql)
            return nil
        } catch {
            guard let fault = faultOfQuery else { throw error }
            return mistake(fault, of: invariant, in: sql, lineOffset: lineOffset)
        }
    }

    /// The last fault, where it is that of a query.
    private var faultOfQuery: ServerFailure? {
        guard !connection.isBroken, let fault = connection.lastFault, let state = fault.state else {
            return nil
        }
        return InvariantRun.isOfQuery(state) ? fault : nil
    }

    private func mistake(
        _ fault: ServerFailure,
        of invariant: Invariant,
        in sql: String,
        lineOffset: Int
    ) -> String {
        let place = sql.unicodeScalars.prefix(max(0, (fault.position ?? 1) - 1))
        let number = place.count { $0 == "\n" } + 1 - lineOffset
        return QueryMistake(invariant, line: max(1, number), said: fault.message).description
    }

    /// Whether a fault is that of a query, and not of the server: by SQLSTATE, the classes of data,
    /// cardinality, transaction mode, right, and syntax or name.
    private static func isOfQuery(_ state: String) -> Bool {
        state == "57014" || state == "0A000"
            || ["21", "22", "25", "42"].contains { state.hasPrefix($0) }
    }
}

/// The role under which the queries of invariants run: one that may read everything and write
/// nothing.
///
/// The transaction is read-only in any case. The role keeps a query also from what a superuser may
/// do without writing to a table, such as reading files of the server.
enum InvariantRole {
    /// Of PostgreSQL 14 and later, and without a login.
    private static let name = "pg_read_all_data"

    private static let question = SQLStatement(
        """
        SELECT pg_has_role(oid, CASE
            WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET'
            ELSE 'MEMBER' END)
        FROM pg_roles WHERE rolname = '\(name)'
        """
    )

    /// Whether the connection's role may take it.
    static func isAllowed(_ connection: PostgreSQLConnection) throws -> Bool {
        try connection.map(question) { row in try row.bool(0) } == [true]
    }

    /// Takes the role until the transaction ends.
    static let statement = "SET LOCAL ROLE \(name)"
}

extension PostgreSQLWarehouse {
    package func warning() async throws -> String? {
        let isAllowed = try await reports.run { connection in
            try InvariantRole.isAllowed(connection)
        }
        if isAllowed { return nil }
        return "invariants run in read-only transactions, but with all rights of the role of "
            + "\(location.label); GRANT pg_read_all_data to that role lets them do with less"
    }
}

/// What the database knows of invariants and keeps of their snapshot, within a transaction of the
/// caller's.
struct SnapshotRows {
    private let connection: PostgreSQLConnection
    private let damage: DamagedValues

    /// What cannot be read goes into `damage`.
    init(_ connection: PostgreSQLConnection, notingIn damage: DamagedValues) {
        self.connection = connection
        self.damage = damage
    }

    /// Whether no other session refreshes until the transaction ends.
    static let lock = SQLStatement(
        "SELECT dataset_invariants_lock()"
    )

    func snapshot() throws -> InvariantSnapshot {
        try connection.snapshot(notingIn: damage)
    }

    /// Makes the invariants of `set` those that a refresh looks at, and forgets all others; one
    /// that has one of `mistakes` is not checked, and reported with it.
    func install(_ set: InvariantSet, mistakes: [String: String]) throws {
        let names = set.invariants.map(\.name) + set.refused.map(\.name)
        try run(SnapshotStatement.forget, [.text(names.joined(separator: ","))])
        for invariant in set.invariants {
            let mistake = mistakes[invariant.name]
            try run(
                SnapshotStatement.install,
                [
                    .text(invariant.name), .text(invariant.severity.rawValue),
                    .text(invariant.owner), .text(invariant.description), .text(invariant.file),
                    .integer(invariant.grace.inNanoseconds),
                    mistake == nil ? .text(invariant.statement(cutoff: "($1)")) : .null,
                    mistake.map(SQLValue.text) ?? .null,
                ]
            )
        }
        for (name, reason) in set.refused {
            try run(SnapshotStatement.refuse, [.text(name), .text(reason)])
        }
    }

    /// Looks at what is installed, and replaces the snapshot.
    func refresh(at now: Timestamp) throws {
        try run(SnapshotStatement.refresh, [.integer(now.nanoseconds)])
    }

    private func run(_ statement: SQLStatement, _ values: [SQLValue]) throws {
        try connection.run(statement, values)
    }
}

/// The texts of ``SnapshotRows``.
private enum SnapshotStatement {
    /// The names, which have no commas, are one text with commas between them.
    static let forget = SQLStatement(
        """
        WITH forgotten AS (
            DELETE FROM dataset_invariants
            WHERE invariant <> ALL (string_to_array($1, ',')) RETURNING invariant
        )
        DELETE FROM dataset_anomalies USING forgotten
        WHERE dataset_anomalies.invariant = forgotten.invariant
        """
    )

    static let install = SQLStatement(
        """
        INSERT INTO dataset_invariants AS kept (invariant, severity, owner, description, file,
            grace_ns, query, flaw, anomalies, took_ns, failures)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0)
        ON CONFLICT (invariant) DO UPDATE SET severity = excluded.severity,
            owner = excluded.owner, description = excluded.description, file = excluded.file,
            grace_ns = excluded.grace_ns, query = excluded.query, flaw = excluded.flaw
        """
    )

    static let refuse = SQLStatement(
        """
        INSERT INTO dataset_invariants AS kept (invariant, severity, owner, description, flaw,
            anomalies, took_ns, failures)
        VALUES ($1, '', '', '', $2, 0, 0, 0)
        ON CONFLICT (invariant) DO UPDATE SET query = NULL, flaw = excluded.flaw
        """
    )

    static let refresh = SQLStatement(
        "SELECT dataset_invariants_refresh($1)"
    )
}
