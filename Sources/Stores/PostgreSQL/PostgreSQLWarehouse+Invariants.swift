package import Datasets
internal import Stages
package import Timekeeping

extension PostgreSQLWarehouse: InvariantStore {
    package var dialect: SQLDialect { .postgresql }

    package func evaluate(
        _ invariants: [Invariant],
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> [InvariantFinding] {
        try await withPatientConnection(timeout) { line throws(StoreError) in
            try InvariantRun(line, timeout, timeline).findings(of: invariants)
        }
    }

    package func refresh(
        _ set: InvariantSet,
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> (before: InvariantSnapshot, after: InvariantSnapshot) {
        let set = set.only(for: dialect)
        let snapshots = try await withPatientConnection(timeout) { line throws(StoreError) in
            // All over one connection: the server lets go of the lock when it ends, and what is
            // found is stored only while it is held.
            let isFree = try line.query(SnapshotStatement.lock) { row in row.bool(0) }
            guard isFree == [true] else {
                return nil as (before: InvariantSnapshot, after: InvariantSnapshot)?
            }
            let before = try SnapshotStatement.read(line)
            let findings = try InvariantRun(line, timeout, timeline).findings(of: set.invariants)
            let after = before.replaced(by: findings, of: set, at: timeline.now)
            try SnapshotStatement.replace(by: after, line)
            // The server would do so as well, but only when it has noticed the connection's end.
            try line.execute("SELECT pg_advisory_unlock_all()")
            return (before, after)
        }
        guard let snapshots else { throw RefreshUnderWay() }
        return snapshots
    }

    package func snapshot() async throws -> InvariantSnapshot {
        try await reports.run { line throws(StoreError) in
            try line.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            let snapshot = try SnapshotStatement.read(line)
            try line.execute("COMMIT")
            return snapshot
        }
    }

    /// Runs `body` on a connection of its own, on which nothing else waits, and which waits for
    /// longer than `timeout` before it gives the server up.
    private func withPatientConnection<Value: Sendable>(
        _ timeout: Duration,
        _ body: @Sendable (PostgreSQLLine) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let patience = max(location.patience, timeout + .seconds(5))
        let connection = PostgreSQLConnection(location.patient(for: patience))
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
    private let line: PostgreSQLLine
    private let timeout: Duration
    private let timeline: any Timeline
    private let now: Timestamp

    init(_ line: PostgreSQLLine, _ timeout: Duration, _ timeline: any Timeline) {
        self.line = line
        self.timeout = timeout
        self.timeline = timeline
        now = timeline.now
    }

    func findings(of invariants: [Invariant]) throws(StoreError) -> [InvariantFinding] {
        var findings: [InvariantFinding] = []
        for (number, invariant) in invariants.enumerated() {
            let began = timeline.now
            let outcome = try outcome(of: invariant, number)
            findings.append(InvariantFinding(invariant.name, outcome, took: timeline.now - began))
        }
        return findings
    }

    /// Runs a query in a transaction of its own, in which nothing can be written.
    private func outcome(
        of invariant: Invariant,
        _ number: Int
    ) throws(StoreError) -> InvariantFinding.Outcome {
        let milliseconds = max(1, timeout.inNanoseconds / 1_000_000)
        try line.execute(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
                + "SET LOCAL statement_timeout = \(milliseconds)"
        )
        var lineOffset = 0
        let query = invariant.query.text(cutoff: now)
        var sql = query
        do throws(StoreError) {
            let columns = try line.columns(of: query)
            guard columns == Invariant.columns else {
                try line.execute("ROLLBACK")
                return .failed(QueryFlaw(invariant, columns: columns).description)
            }
            sql = invariant.statement(asOf: now)
            lineOffset = 1
            let rows = try line.query(Statement(name: "invariant_\(number)", sql: sql)) { row in
                (
                    offender: InvariantFinding.Offender(
                        KeyText.stored(row.text(0)),
                        row.text(1)
                    ),
                    count: row.integer(2)
                )
            }
            // Not COMMIT: what a query may have changed for the session is taken back as well.
            try line.execute("ROLLBACK")
            return .found(count: rows.first?.count ?? 0, rows.map(\.offender))
        } catch {
            guard !line.isBroken, let fault = line.lastFault, let state = fault.state,
                InvariantRun.isOfQuery(state)
            else { throw error }
            try line.execute("ROLLBACK")
            if state == "57014" {
                return .failed(
                    "\(invariant.file):1:1: the query has not ended within \(timeout); "
                        + "make it cheaper, or allow it more with --timeout"
                )
            }
            let place = sql.unicodeScalars.prefix(max(0, (fault.position ?? 1) - 1))
            let number = place.count { $0 == "\n" } + 1 - lineOffset
            return .failed(
                QueryFlaw(invariant, line: max(1, number), said: fault.message).description
            )
        }
    }

    /// Whether a fault is that of a query, and not of the server: by SQLSTATE, the classes of data,
    /// cardinality, transaction mode, right, and syntax or name.
    private static func isOfQuery(_ state: String) -> Bool {
        state == "57014" || state == "0A000"
            || ["21", "22", "25", "42"].contains { state.hasPrefix($0) }
    }
}

/// The texts that keep and read the snapshot.
private enum SnapshotStatement {
    /// Held until the connection ends.
    static let lock = Statement(
        name: "refresh_lock",
        sql: """
            SELECT pg_try_advisory_lock(hashtextextended('weir invariants '
                || current_database() || '.' || current_setting('search_path'), 0))
            """
    )

    private static let standings = Statement(
        name: "standings",
        sql: """
            SELECT invariant, severity, owner, description, anomalies, refreshed_ns, took_ns,
                failures, failure
            FROM dataset_invariants ORDER BY invariant
            """
    )

    private static let anomalies = Statement(
        name: "anomalies",
        sql: """
            SELECT invariant, subject, detail, first_seen_ns, last_seen_ns, gone_ns
            FROM dataset_anomalies ORDER BY invariant, subject, first_seen_ns
            """
    )

    static func read(_ line: PostgreSQLLine) throws(StoreError) -> InvariantSnapshot {
        InvariantSnapshot(
            standings: try line.query(standings) { row in
                InvariantSnapshot.Standing(
                    invariant: row.text(0),
                    severity: row.text(1),
                    owner: row.text(2),
                    description: row.text(3),
                    count: row.integer(4),
                    refreshed: row.optionalInteger(5).map(Timestamp.init(nanoseconds:)),
                    took: .nanoseconds(row.integer(6)),
                    failures: row.integer(7),
                    failure: row.isNull(8) ? nil : row.text(8)
                )
            },
            anomalies: try line.query(anomalies) { row in
                InvariantSnapshot.Anomaly(
                    invariant: row.text(0),
                    subject: row.text(1),
                    detail: row.text(2),
                    firstSeen: Timestamp(nanoseconds: row.integer(3)),
                    lastSeen: Timestamp(nanoseconds: row.integer(4)),
                    gone: row.optionalInteger(5).map(Timestamp.init(nanoseconds:))
                )
            }
        )
    }

    static func replace(
        by snapshot: InvariantSnapshot,
        _ line: PostgreSQLLine
    ) throws(StoreError) {
        var standings = CopyRows(columns: 9)
        for row in snapshot.standings {
            standings.beginRow()
            standings.append(row.invariant)
            standings.append(row.severity)
            standings.append(row.owner)
            standings.append(row.description)
            standings.append(row.count)
            standings.append(optional: row.refreshed?.nanoseconds)
            standings.append(row.took.inNanoseconds)
            standings.append(row.failures)
            if let failure = row.failure {
                standings.append(failure)
            } else {
                standings.appendNull()
            }
        }
        var anomalies = CopyRows(columns: 6)
        for row in snapshot.anomalies {
            anomalies.beginRow()
            anomalies.append(row.invariant)
            anomalies.append(row.subject)
            anomalies.append(row.detail)
            anomalies.append(row.firstSeen.nanoseconds)
            anomalies.append(row.lastSeen.nanoseconds)
            anomalies.append(optional: row.gone?.nanoseconds)
        }
        try line.execute(
            """
            BEGIN; DELETE FROM dataset_invariants; DELETE FROM dataset_anomalies; \
            COPY dataset_invariants FROM STDIN (FORMAT binary); \
            COPY dataset_anomalies FROM STDIN (FORMAT binary); COMMIT
            """,
            copying: [{ [standings] in standings }, { [anomalies] in anomalies }]
        )
    }
}

extension CopyRows {
    /// A `bigint`, or NULL.
    fileprivate mutating func append(optional value: Int64?) {
        if let value { append(value) } else { appendNull() }
    }
}
