internal import Commerce
package import Stages
internal import Synchronization
internal import Timekeeping

/// Aggregates in a PostgreSQL database, in a schema of their own.
///
/// - Guarantees: those of ``Warehouse``. A commit whose answer was lost is stored once when it is
///   given again, whatever becomes of server and connection in between. Of two runs that write
///   for one subscription, one is refused at its first commit.
/// - Non-guarantees: one object serves one run; a run of its own opens its own.
/// - Failure and recovery: a connection that dies is opened again at the next call. A server that
///   gives no sign of life for the location's patience is `unavailable`, and may be asked again.
package final class PostgreSQLWarehouse: Warehouse {
    /// Three, so that what a stage looks up waits neither for a commit nor for a report.
    let commits: PostgreSQLConnection
    let lookups: PostgreSQLConnection
    let reports: PostgreSQLConnection
    let location: PostgreSQLLocation
    /// What could not be read of it.
    let flaws: DamagedValues
    /// Who the commits of this object are from: drawn by the server.
    private let writer: Identifier
    /// What each subscription's mark was when its progress was asked for.
    private let seen = Mutex<[String: WriterMark?]>([:])
    /// The subscriptions of which it is known that no earlier version has counted a log.
    let understood = Mutex<Set<String>>([])
    /// Whether the run holds the warehouse: then each connection that commits takes the lock.
    let holding: RunHold
    /// How many parts were added to each sketch since it was last one.
    private let parts = Mutex(SketchParts(limit: 128, spread: 64))

    /// Opens the warehouse at `location`, and makes its tables where they are missing; rows that a
    /// report has to leave out are noted in `flaws`.
    ///
    /// - Throws: `StoreError` where the server cannot be reached, refuses the client, is too old
    ///   or may not be written to, and where the schema is not a warehouse of this version; its
    ///   message names host, port, database and remedy, and never a password.
    package init(
        _ location: PostgreSQLLocation,
        notingIn flaws: DamagedValues = DamagedValues()
    ) async throws(StoreError) {
        self.location = location
        self.flaws = flaws
        lookups = PostgreSQLConnection(location)
        reports = PostgreSQLConnection(location)
        let holding = RunHold()
        self.holding = holding
        commits = PostgreSQLConnection(location) { line throws(StoreError) in
            try line.execute(WarehouseStatement.session)
            // A new connection in the place of one that is gone. The server may not know that yet;
            // whoever else writes meanwhile is told by the mark of the writer.
            if holding.isHeld { try line.execute(RunHold.attempt) }
        }
        writer = try await lookups.run { line throws(StoreError) in
            try ServerRequirements.check(line)
            try WarehouseMigration.migrate(line, location)
            try ServerRequirements.checkRights(line, location)
            let drawn = try line.query(
                Statement(name: "draw_writer", sql: "SELECT gen_random_uuid()")
            ) { row throws(StoreError) in try row.identifier(0) }
            return drawn.first ?? Identifier(high: 0, low: 0)
        }
        try await commits.run { _ in }
    }

    package func close() async {
        await commits.close()
        await lookups.close()
        await reports.close()
    }

    package func progress(of subscription: String) async throws(StoreError) -> [StreamProgress] {
        let (mark, streams) = try await lookups.run { line throws(StoreError) in
            try line.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.sharedLock)"
            )
            let mark = try PostgreSQLWarehouse.mark(of: subscription, line)
            let rows = try line.query(
                WarehouseStatement.progress,
                [.text(subscription)]
            ) { row throws(StoreError) in
                // Nothing is left out: what is not known to be consumed would be counted again.
                (
                    stream: try row.text(1), watermark: try row.watermark(4),
                    interval: row.isNull(2) ? nil : try row.offsets(2)
                )
            }
            try line.execute("COMMIT")
            var streams: [StreamProgress] = []
            for row in rows {
                if streams.last.map({ $0.stream.utf8.elementsEqual(row.stream.utf8) }) != true {
                    streams.append(
                        StreamProgress(
                            stream: row.stream,
                            consumed: IntervalSet(),
                            watermark: row.watermark
                        )
                    )
                }
                if let interval = row.interval {
                    streams[streams.count - 1].consumed.insert(interval)
                }
            }
            return (mark, streams)
        }
        seen.withLock { $0[subscription] = .some(mark) }
        return streams
    }

    package func commit(_ commit: WarehouseCommit) async throws(StoreError) {
        let looked = seen.withLock { $0[commit.subscription] }
        // Beside the commit, over another connection: what is stored stays the same.
        async let merged: Void = merge(parts.withLock { $0.due(after: commit) })
        let (location, mark) = (location, WriterMark(writer: writer, number: commit.number))
        let before = try await commits.run { line throws(StoreError) in
            var steps = CommitRows(commit).steps
            try line.execute("BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)") {
                guard let first = steps.first?.rows() else { return }
                steps[0].rows = { first }
            }
            let found =
                try line.query(
                    WarehouseStatement.admit,
                    [.text(commit.subscription), .identifier(mark.writer), .integer(mark.number)]
                ) { row throws(StoreError) in
                    row.isNull(0) ? nil : try row.mark()
                }.first ?? nil
            // Who never asked for the progress takes over from whoever is there.
            let seen = looked ?? found
            switch Admission(of: mark, found: found, seen: seen) {
            case .new:
                if let block = commit.block {
                    try CatalogueRows(line).append(block)
                }
                try line.execute(CommitRows.script(steps), copying: steps.map(\.rows))
            case .stored:
                try line.execute("ROLLBACK")
            case .taken:
                throw StoreError(
                    .refused,
                    "\(line.server): another run is writing subscription "
                        + "\"\(commit.subscription)\" to schema \(location.schema); let one run "
                        + "at a time write it, then start this one again"
                )
            case .outOfOrder:
                throw StoreError(
                    .refused,
                    "\(line.server): commit \(commit.number) of subscription "
                        + "\"\(commit.subscription)\" comes after commit \(found?.number ?? 0); a "
                        + "run opens a warehouse of its own"
                )
            }
            return seen
        }
        seen.withLock { $0[commit.subscription] = .some(before) }
        await merged
    }

    private static func mark(
        of subscription: String,
        _ line: PostgreSQLLine
    ) throws(StoreError) -> WriterMark? {
        try line.query(
            WarehouseStatement.lastWriter,
            [.text(subscription)]
        ) { row throws(StoreError) in
            try row.mark()
        }.first
    }
}

extension ResultRow {
    /// Who wrote last, in the first two columns.
    fileprivate func mark() throws(StoreError) -> WriterMark {
        WriterMark(writer: try identifier(0), number: try integer(1))
    }

    /// The first and the last offset of an interval.
    fileprivate func offsets(_ column: Int32) throws(StoreError) -> ClosedRange<Int64> {
        let first = try count(column)
        let last = try count(column + 1)
        guard first <= last else {
            throw flaw(column + 1, expected: "an offset from \(first)")
        }
        return first...last
    }
}
