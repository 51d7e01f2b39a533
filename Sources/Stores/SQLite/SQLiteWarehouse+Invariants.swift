package import Datasets
internal import Foundation
internal import GRDB
internal import GRDBSQLite
internal import Stages
package import Timekeeping

extension SQLiteWarehouse: InvariantStore {
    package var dialect: SQLDialect { .sqlite }

    package func evaluate(
        _ invariants: [Invariant],
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> [InvariantFinding] {
        let reader = try file.reader()
        defer { try? reader.close() }
        let now = timeline.now
        var findings: [InvariantFinding] = []
        for invariant in invariants {
            let began = timeline.now
            do {
                let outcome = try await SQLiteWarehouse.outcome(
                    of: invariant,
                    asOf: now,
                    within: timeout,
                    timeline,
                    reader
                )
                findings.append(
                    InvariantFinding(invariant.name, outcome, took: timeline.now - began)
                )
            } catch let error as DatabaseError {
                throw SQLiteFile.storeError(error, file.location)
            }
        }
        return findings
    }

    package func refresh(
        _ set: InvariantSet,
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> (before: InvariantSnapshot, after: InvariantSnapshot) {
        let set = set.only(for: dialect)
        let lock = try RefreshLock(beside: file.location)
        defer { lock.release() }
        let before = try await snapshot()
        let findings = try await evaluate(set.invariants, timeout: timeout, timeline: timeline)
        let after = before.replaced(by: findings, of: set, at: timeline.now)
        try await file.write { try SnapshotRows.replace(by: after, in: $0) }
        return (before, after)
    }

    package func standings() async throws -> [InvariantSnapshot.Standing] {
        try await file.read { [flaws = file.flaws] in
            try SnapshotRows.standings(from: $0, notingIn: flaws)
        }
    }

    package func censusTime() async throws -> Timestamp? {
        try await file.read { database in
            try RowReader(
                database,
                StoredTable("raw_census", keys: 0),
                "SELECT taken_ns FROM raw_census"
            ).first { try $0.instant(0) }
        }
    }

    package func snapshot() async throws -> InvariantSnapshot {
        try await file.read { [flaws = file.flaws] in
            try SnapshotRows.read(from: $0, notingIn: flaws)
        }
    }

    /// What is wrong with the queries of `invariants` that a catalogue without datasets shows.
    ///
    /// - Returns: Names and sentences with file and line.
    package static func flaws(
        of invariants: [Invariant]
    ) throws -> [(invariant: String, message: String)] {
        let queue = try DatabaseQueue()
        defer { try? queue.close() }
        try WarehouseSchema.migrator.migrate(queue)
        return try queue.read { database in
            invariants.compactMap { invariant in
                do {
                    try check(invariant, in: database)
                    return nil
                } catch {
                    return (invariant.name, "\(error)")
                }
            }
        }
    }

    /// Races a query against the time it has.
    private static func outcome(
        of invariant: Invariant,
        asOf now: Timestamp,
        within timeout: Duration,
        _ timeline: any Timeline,
        _ reader: DatabaseQueue
    ) async throws -> InvariantFinding.Outcome {
        try await withThrowingTaskGroup(of: InvariantFinding.Outcome?.self) { group in
            group.addTask {
                try await reader.read { database in
                    do {
                        try check(invariant, in: database)
                        return try rows(of: invariant, asOf: now, in: database)
                    } catch let flaw as QueryMistake {
                        return .failed(flaw.description)
                    }
                }
            }
            group.addTask {
                try? await timeline.sleep(until: timeline.now + timeout)
                return nil
            }
            defer { group.cancelAll() }
            // What is cancelled is interrupted, so that the group ends soon.
            if let outcome = try await group.next() ?? nil { return outcome }
            try Task.checkCancellation()
            return .failed(
                "\(invariant.place): the query has not ended within \(timeout); "
                    + "make it cheaper, or allow it more with --timeout"
            )
        }
    }

    /// Holds a query to its columns.
    private static func check(_ invariant: Invariant, in database: Database) throws {
        let query = invariant.query.text(cutoff: Timestamp(seconds: 0))
        let columns = try flawed(invariant, database, lineOffset: 0) {
            try database.makeStatement(sql: query).columnNames
        }
        guard columns == Invariant.columns else {
            throw QueryMistake(invariant, columns: columns)
        }
    }

    private static func rows(
        of invariant: Invariant,
        asOf now: Timestamp,
        in database: Database
    ) throws -> InvariantFinding.Outcome {
        let rows = try flawed(invariant, database, lineOffset: 1) {
            try Row.fetchAll(database, sql: invariant.statement(asOf: now))
        }
        let offenders = rows.map { InvariantFinding.Violation($0[0], $0[1] ?? "") }
        return .found(count: rows.first?[2] ?? 0, offenders)
    }

    /// What `body` gives; an error of SQLite's becomes one of the file's.
    private static func flawed<Value>(
        _ invariant: Invariant,
        _ database: Database,
        lineOffset: Int,
        _ body: () throws -> Value
    ) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError where isOfQuery(error.resultCode) {
            let said = error.message ?? "code \(error.resultCode.rawValue)"
            let sql = error.sql ?? ""
            var offset = Int(unsafe sqlite3_error_offset(database.sqliteConnection))
            if offset < 0, let name = said.split(separator: " ").last {
                // A table that is not there is named without its place.
                offset = sql.range(of: name).map { sql[..<$0.lowerBound].utf8.count } ?? 0
            }
            let line = sql.utf8.prefix(offset).count { $0 == UInt8(ascii: "\n") } + 1
            throw QueryMistake(invariant, line: max(1, line - lineOffset), said: said)
        }
    }

    /// Whether an error is that of a query, and not of the file or the time it has.
    private static func isOfQuery(_ code: ResultCode) -> Bool {
        [
            .SQLITE_ERROR, .SQLITE_READONLY, .SQLITE_AUTH, .SQLITE_MISUSE, .SQLITE_MISMATCH,
            .SQLITE_TOOBIG, .SQLITE_RANGE,
        ].contains(code)
    }
}

/// Holds off every other refresh of a file, until it is let go of or the process ends.
///
/// A lock of SQLite's on a file beside it, which the system takes back from a process that dies.
private struct RefreshLock {
    private let queue: DatabaseQueue

    init(beside location: SQLiteLocation) throws {
        var configuration = Configuration()
        configuration.busyMode = .immediateError
        configuration.allowsUnsafeTransactions = true
        do {
            queue = try DatabaseQueue(
                path: location.path + "-refresh",
                configuration: configuration
            )
            try queue.inDatabase { try $0.execute(sql: "BEGIN EXCLUSIVE") }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            throw RefreshUnderWay()
        } catch {
            var beside = location
            beside.path += "-refresh"
            throw SQLiteFile.storeError(error, beside)
        }
    }

    func release() {
        try? queue.inDatabase { try $0.execute(sql: "ROLLBACK") }
        try? queue.close()
    }
}

/// The rows of the snapshot, within a transaction of the caller's.
private enum SnapshotRows {
    static func standings(
        from database: Database,
        notingIn flaws: DamagedValues
    ) throws -> [InvariantSnapshot.Standing] {
        try RowReader(
            database,
            StoredTable("dataset_invariants", keys: 1),
            """
            SELECT invariant, severity, owner, description, anomalies, refreshed_ns, took_ns,
                failures, failure
            FROM dataset_invariants ORDER BY invariant
            """
        ).map(notingIn: flaws) { row in
            InvariantSnapshot.Standing(
                invariant: try row.text(0),
                severity: try row.text(1),
                owner: try row.text(2),
                description: try row.text(3),
                count: try row.count(4),
                refreshed: try row.optionalInstant(5),
                took: try row.span(6),
                failures: try row.count(7),
                failure: try row.optionalText(8)
            )
        }
    }

    static func read(
        from database: Database,
        notingIn flaws: DamagedValues
    ) throws -> InvariantSnapshot {
        let anomalies = try RowReader(
            database,
            StoredTable("dataset_anomalies", keys: 3),
            """
            SELECT invariant, subject, first_seen_ns, detail, last_seen_ns, gone_ns
            FROM dataset_anomalies ORDER BY invariant, subject, first_seen_ns
            """
        ).map(notingIn: flaws) { row in
            InvariantSnapshot.Anomaly(
                invariant: try row.text(0),
                subject: try row.text(1),
                detail: try row.text(3),
                firstSeen: try row.instant(2),
                lastSeen: try row.instant(4),
                gone: try row.optionalInstant(5)
            )
        }
        return InvariantSnapshot(
            standings: try standings(from: database, notingIn: flaws),
            anomalies: anomalies
        )
    }

    static func replace(by snapshot: InvariantSnapshot, in database: Database) throws {
        try database.execute(sql: "DELETE FROM dataset_invariants; DELETE FROM dataset_anomalies")
        let standing = try database.cachedStatement(
            sql: "INSERT INTO dataset_invariants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        for row in snapshot.standings {
            try standing.execute(arguments: [
                row.invariant, row.severity, row.owner, row.description, row.count,
                row.refreshed?.nanoseconds, row.took.inNanoseconds, row.failures, row.failure,
            ])
        }
        let anomaly = try database.cachedStatement(
            sql: "INSERT INTO dataset_anomalies VALUES (?, ?, ?, ?, ?, ?)"
        )
        for row in snapshot.anomalies {
            try anomaly.execute(arguments: [
                row.invariant, row.subject, row.detail, row.firstSeen.nanoseconds,
                row.lastSeen.nanoseconds, row.gone?.nanoseconds,
            ])
        }
    }
}
