package import Datasets
internal import Foundation
internal import GRDB
internal import GRDBSQLite
internal import SQLStores
internal import Storage
package import Timekeeping

extension SQLiteWarehouse {
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
        try await write { try $0.replaceSnapshot(by: after) }
        return (before, after)
    }

    /// What is wrong with the queries of `invariants` that a catalogue without datasets shows.
    ///
    /// - Returns: Names and sentences with file and line.
    package static func mistakes(
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
                    } catch let mistake as QueryMistake {
                        return .failed(mistake.description)
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
        let columns = try placing(invariant, database, lineOffset: 0) {
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
        let rows = try placing(invariant, database, lineOffset: 1) {
            try Row.fetchAll(database, sql: invariant.statement(asOf: now))
        }
        let violations = rows.map { InvariantFinding.Violation($0[0], $0[1] ?? "") }
        return .found(count: rows.first?[2] ?? 0, violations)
    }

    /// What `body` gives; an error of SQLite's becomes one of the file's.
    private static func placing<Value>(
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

extension SQLiteSession {
    fileprivate func replaceSnapshot(by snapshot: InvariantSnapshot) throws {
        try run("DELETE FROM dataset_invariants")
        try run("DELETE FROM dataset_anomalies")
        try insert(
            snapshot.standings.lazy.map { row -> [SQLValue] in
                [
                    .text(row.invariant), .text(row.severity), .text(row.owner),
                    .text(row.description), .integer(row.count), SQLValue(row.refreshed),
                    .integer(row.took.inNanoseconds), .integer(row.failures),
                    SQLValue(row.failure),
                ]
            },
            into: SQLInsert(
                "dataset_invariants",
                [
                    "invariant", "severity", "owner", "description", "anomalies", "refreshed_ns",
                    "took_ns", "failures", "failure",
                ]
            )
        )
        try insert(
            snapshot.anomalies.lazy.map { row -> [SQLValue] in
                [
                    .text(row.invariant), .text(row.subject), .text(row.detail),
                    .integer(row.firstSeen.nanoseconds), .integer(row.lastSeen.nanoseconds),
                    SQLValue(row.gone),
                ]
            },
            into: SQLInsert(
                "dataset_anomalies",
                ["invariant", "subject", "detail", "first_seen_ns", "last_seen_ns", "gone_ns"]
            )
        )
    }
}
