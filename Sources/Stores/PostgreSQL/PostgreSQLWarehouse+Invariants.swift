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
        let milliseconds = max(1, timeout.inNanoseconds / 1_000_000)
        let snapshots = try await withPatientConnection(
            timeout
        ) { [flaws] line throws(StoreError) in
            let run = InvariantRun(line, timeout, timeline)
            var refusals: [String: String] = [:]
            for invariant in set.invariants {
                refusals[invariant.name] = try run.flaw(of: invariant)
            }
            // What ends the transaction, a lost connection or server among it, ends the lock, and
            // leaves the snapshot as it was.
            try line.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; "
                    + "SET LOCAL statement_timeout = \(milliseconds)"
            )
            let isAlone = try line.query(SnapshotRows.lock) { row throws(StoreError) in
                try row.bool(0)
            }
            guard isAlone == [true] else {
                try line.execute("ROLLBACK")
                return nil as (before: InvariantSnapshot, after: InvariantSnapshot)?
            }
            let rows = SnapshotRows(line, notingIn: flaws)
            let before = try rows.snapshot()
            try rows.install(set, flaws: refusals)
            try rows.refresh(at: timeline.now)
            let after = try rows.snapshot()
            try line.execute("COMMIT")
            return (before, after)
        }
        guard let snapshots else { throw RefreshUnderWay() }
        return snapshots
    }

    package func standings() async throws -> [InvariantSnapshot.Standing] {
        try await reports.run { [flaws] line throws(StoreError) in
            try SnapshotRows(line, notingIn: flaws).standings()
        }
    }

    package func censusTime() async throws -> Timestamp? {
        let statement = Statement(
            name: "census_time",
            sql: "SELECT taken_ns FROM raw_census",
            table: "raw_census"
        )
        return try await reports.run { line throws(StoreError) in
            try line.query(statement) { row throws(StoreError) in try row.instant(0) }.first
        }
    }

    package func snapshot() async throws -> InvariantSnapshot {
        try await reports.run { [flaws] line throws(StoreError) in
            try line.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            let snapshot = try SnapshotRows(line, notingIn: flaws).snapshot()
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
        let role = try InvariantRole.isAllowed(line) ? "; \(InvariantRole.statement)" : ""
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
    ) throws(StoreError) -> InvariantFinding.Outcome {
        let milliseconds = max(1, timeout.inNanoseconds / 1_000_000)
        try line.execute(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
                + "SET LOCAL statement_timeout = \(milliseconds)\(role)"
        )
        var lineOffset = 0
        let query = invariant.query.text(cutoff: now)
        var sql = query
        do throws(StoreError) {
            let columns = try line.columns(of: query)
            guard columns == Invariant.columns else {
                try line.execute("ROLLBACK")
                return .failed(QueryMistake(invariant, columns: columns).description)
            }
            sql = invariant.statement(asOf: now)
            lineOffset = 1
            let rows = try line.query(Statement(name: "invariant_\(number)", sql: sql)) {
                row throws(StoreError) in
                (
                    offender: InvariantFinding.Violation(
                        KeyText.stored(try row.text(0)),
                        try row.optionalText(1) ?? ""
                    ),
                    count: try row.integer(2)
                )
            }
            // Not COMMIT: what a query may have changed for the session is taken back as well.
            try line.execute("ROLLBACK")
            return .found(count: rows.first?.count ?? 0, rows.map(\.offender))
        } catch {
            guard let fault = faultOfQuery else { throw error }
            try line.execute("ROLLBACK")
            if fault.state == "57014" {
                return .failed(
                    "\(invariant.place): the query has not ended within \(timeout); "
                        + "make it cheaper, or allow it more with --timeout"
                )
            }
            return .failed(told(fault, of: invariant, in: sql, lineOffset: lineOffset))
        }
    }

    /// Why the database does not take a query, as far as that shows without running it.
    func flaw(of invariant: Invariant) throws(StoreError) -> String? {
        var lineOffset = 0
        var sql = invariant.query.text(cutoff: now)
        do throws(StoreError) {
            let columns = try line.columns(of: sql)
            guard columns == Invariant.columns else {
                return QueryMistake(invariant, columns: columns).description
            }
            lineOffset = 1
            sql = invariant.statement(asOf: now)
            _ = try line.columns(of: sql)
            return nil
        } catch {
            guard let fault = faultOfQuery else { throw error }
            return told(fault, of: invariant, in: sql, lineOffset: lineOffset)
        }
    }

    /// The last fault, where it is that of a query.
    private var faultOfQuery: ServerFailure? {
        guard !line.isBroken, let fault = line.lastFault, let state = fault.state else {
            return nil
        }
        return InvariantRun.isOfQuery(state) ? fault : nil
    }

    private func told(
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
