package import Broker
package import Commerce
package import SLO
package import SQLStores
package import Storage
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
package final class PostgreSQLWarehouse: SQLWarehouse {
    /// Three, so that what a stage looks up waits neither for a commit nor for a report.
    let commits: PostgreSQLClient
    let lookups: PostgreSQLClient
    let reports: PostgreSQLClient
    let location: PostgreSQLLocation
    /// What could not be read of it.
    package let damage: DamagedValues
    /// Who the commits of this object are from: drawn by the server.
    private let writer: Identifier
    /// What each subscription's mark was when its progress was asked for.
    private let seen = Mutex<[String: WriterMark?]>([:])
    package let understood = UnderstoodSubscriptions()
    /// Whether the run holds the warehouse: then each connection that commits takes the lock.
    let holding: RunHold
    /// How many parts were added to each sketch since it was last one.
    private let parts = Mutex(SketchParts(limit: 128, spread: 64))

    /// Opens the warehouse at `location`, and makes its tables where they are missing; rows that a
    /// report has to leave out are noted in `damage`.
    ///
    /// - Throws: `StoreError` where the server cannot be reached, refuses the client, is too old
    ///   or may not be written to, and where the schema is not a warehouse of this version; its
    ///   message names host, port, database and remedy, and never a password.
    package init(
        _ location: PostgreSQLLocation,
        notingIn damage: DamagedValues = DamagedValues()
    ) async throws(StoreError) {
        self.location = location
        self.damage = damage
        lookups = PostgreSQLClient(location)
        reports = PostgreSQLClient(location)
        let holding = RunHold()
        self.holding = holding
        commits = PostgreSQLClient(location) { connection in
            try connection.execute(WarehouseStatement.session)
            // A new connection in the place of one that is gone. The server may not know that yet;
            // another writer meanwhile is seen by the mark of the writer.
            if holding.isHeld { try connection.execute(RunHold.attempt) }
        }
        writer = try await lookups.run { connection in
            try ServerRequirements.check(connection)
            try WarehouseMigration.migrate(connection, location)
            try ServerRequirements.checkRights(connection, location)
            let drawn = try connection.map(
                SQLStatement("SELECT gen_random_uuid()")
            ) { row in try row.identifier(0) }
            return drawn.first ?? Identifier(high: 0, low: 0)
        }
        try await commits.run { _ in }
    }

    /// Removes the schema of `location` with all that is in it, where there is one.
    package static func dropSchema(at location: PostgreSQLLocation) async throws(StoreError) {
        let client = PostgreSQLClient(location)
        let outcome: Result<Void, StoreError>
        do throws(StoreError) {
            try await client.run { connection in
                try connection.execute("SET client_min_messages = error")
                try connection.execute("DROP SCHEMA IF EXISTS \(location.schema) CASCADE")
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await client.close()
        try outcome.get()
    }

    package func close() async {
        await commits.close()
        await lookups.close()
        await reports.close()
    }

    package func hold() async throws(StoreError) {
        guard !holding.isHeld else { return }
        try await commits.run { [location] connection in try RunHold.take(on: connection, location)
        }
        holding.begin()
    }

    package func read<Value: Sendable>(
        _ body: @Sendable @escaping (PostgreSQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        try await reports.run { connection in
            try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            let value = try body(connection)
            try connection.execute("COMMIT")
            return value
        }
    }

    package func lookUp<Value: Sendable>(
        _ body: @Sendable @escaping (PostgreSQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        try await lookups.run(body)
    }

    /// Over the reports' connection: what the stages look up does not wait for the lock.
    package func write<Value: Sendable>(
        _ body: @Sendable @escaping (PostgreSQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        try await reports.run { connection in
            try connection.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)"
            )
            let value = try body(connection)
            try connection.execute("COMMIT")
            return value
        }
    }

    package func readBack() async throws(StoreError) -> Int64 {
        // What the server says is all there is: this process remembers nothing of it.
        try await read { try CountingRows($0).counted(.all) }
    }

    package func progress(of subscription: String) async throws(StoreError) -> [StreamProgress] {
        let (mark, streams) = try await lookups.run { connection in
            try connection.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.sharedLock)"
            )
            let mark = try PostgreSQLWarehouse.mark(of: subscription, connection)
            let streams = try connection.progress(of: subscription)
            try connection.execute("COMMIT")
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
        let before = try await commits.run { connection in
            var steps = CommitRows(commit).steps
            try connection.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)"
            ) {
                guard let first = steps.first?.rows() else { return }
                steps[0].rows = { first }
            }
            let found =
                try connection.map(
                    WarehouseStatement.admit,
                    [.text(commit.subscription), mark.writer.value, .integer(mark.number)]
                ) { row in
                    row.isNull(0) ? nil : try row.mark()
                }.first ?? nil
            // A writer that never asked for the progress takes over from the one before.
            let seen = looked ?? found
            switch CommitFence(of: mark, found: found, seen: seen) {
            case .new:
                try connection.noteReplayed(commit.replayed)
                try connection.noteReplayed(commit.replayedEvents)
                if let block = commit.block {
                    try CatalogueRows(connection).append(block)
                }
                try connection.execute(CommitRows.script(steps), copying: steps.map(\.rows))
            case .stored:
                try connection.execute("ROLLBACK")
            case .taken:
                throw StoreError(
                    .refused,
                    "\(connection.store): another run is writing subscription "
                        + "\"\(commit.subscription)\" to schema \(location.schema); let one run "
                        + "at a time write it, then start this one again"
                )
            case .outOfOrder:
                throw StoreError(
                    .refused,
                    "\(connection.store): commit \(commit.number) of subscription "
                        + "\"\(commit.subscription)\" comes after commit \(found?.number ?? 0); a "
                        + "run opens a warehouse of its own"
                )
            }
            return seen
        }
        seen.withLock { $0[commit.subscription] = .some(before) }
        await merged
    }

    package func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError) {
        guard !letters.isEmpty else { return }
        let rows = PostgreSQLWarehouse.rows(of: letters)
        try await commits.run { connection in
            try connection.execute(
                """
                BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)
                COPY \(SQLInsert.letters.staged) FROM STDIN (FORMAT binary);
                EXECUTE \(SQLInsert.letters.move); COMMIT
                """,
                copying: [{ rows }]
            )
        }
    }

    package func storeDropped(_ dropped: [DroppedMessages]) async throws(StoreError) {
        guard !dropped.isEmpty else { return }
        // A row a run of messages: those of one call have no position in common.
        var rows = CopyRows(columns: SQLInsert.dropped.columns.count)
        for messages in dropped { rows.append(messages.values) }
        try await commits.run { [rows] connection in
            try connection.execute(
                """
                BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)
                COPY \(SQLInsert.dropped.staged) FROM STDIN (FORMAT binary);
                EXECUTE \(SQLInsert.dropped.move); COMMIT
                """,
                copying: [{ rows }]
            )
        }
    }

    /// A row a message: PostgreSQL refuses to replace one row twice in one statement.
    private static func rows(of letters: [DeadLetter<Batch>]) -> CopyRows {
        let columns = SQLInsert.letters.columns
        let lasting = columns.indices.filter {
            ["first_failure_ns", "document"].contains(columns[$0])
        }
        var places: [[[UInt8]]: Int] = [:]
        var merged: [[SQLValue]] = []
        for letter in letters {
            var row = letter.values
            let identity = IdentityText(letter.publication.batch, letter.place)
            let key = [
                letter.subscription, identity.source, identity.id,
                "\(letter.publication.position(at: letter.place))",
            ].map { Array($0.utf8) }
            if let place = places[key] {
                for column in lasting { row[column] = merged[place][column] }
                merged[place] = row
            } else {
                places[key] = merged.count
                merged.append(row)
            }
        }
        var rows = CopyRows(columns: columns.count)
        for row in merged { rows.append(row) }
        return rows
    }

    package func append(
        _ slices: [Slice],
        to series: SliceSeries,
        writer: String
    ) async throws {
        // PostgreSQL refuses to replace one row twice in one statement: the last one counts.
        var latest: [Timestamp: Slice] = [:]
        for slice in slices { latest[slice.start] = slice }
        let ordered = latest.values.sorted { $0.start < $1.start }
        try await commits.run { connection in
            try connection.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)"
            )
            let number = try connection.number(of: series)
            var rows = CopyRows(columns: SQLInsert.slices.columns.count)
            for slice in ordered {
                rows.beginRow()
                rows.append(number)
                rows.append(slice.start.nanoseconds)
                rows.append(writer)
                rows.append(Int64(clamping: slice.good))
                rows.append(Int64(clamping: slice.total))
            }
            try connection.execute(
                """
                COPY \(SQLInsert.slices.staged) FROM STDIN (FORMAT binary);
                EXECUTE \(SQLInsert.slices.move); COMMIT
                """,
                copying: [{ [rows] in rows }]
            )
        }
    }

    package static func counted(
        _ question: CountedQuestion,
        by subscription: String,
        in connection: PostgreSQLConnection
    ) throws -> CountedAnswer {
        func find(
            _ identities: [IdentityDigest],
            _ sql: String,
            _ body: (PostgreSQLRow) throws -> Void
        ) throws {
            guard !identities.isEmpty else { return }
            try connection.forEach(
                SQLStatement(
                    "\(sql) WHERE subscription = $1 AND identity = ANY ($2::uuid[])",
                    of: "counted_events or counted_orders"
                ),
                [.text(subscription), SQLValue(array: identities.map(Identifier.init))],
                body
            )
        }
        var answer = CountedAnswer()
        try find(question.events, "SELECT identity, content FROM counted_events") { row in
            answer.events[try row.identifier(0).digest] =
                UInt64(bitPattern: try row.optionalInteger(1) ?? 0)
        }
        try find(question.orders, "SELECT identity FROM counted_orders") { row in
            answer.orders.insert(try row.identifier(0).digest)
        }
        return answer
    }

    private static func mark(
        of subscription: String,
        _ connection: PostgreSQLConnection
    ) throws -> WriterMark? {
        try connection.map(
            WarehouseStatement.lastWriter,
            [.text(subscription)]
        ) { row in
            try row.mark()
        }.first
    }
}

extension PostgreSQLRow {
    /// Who wrote last, in the first two columns.
    fileprivate func mark() throws -> WriterMark {
        WriterMark(writer: try identifier(0), number: try integer(1))
    }
}

extension Identifier {
    init(_ identity: IdentityDigest) {
        self.init(high: identity.high, low: identity.low)
    }

    fileprivate var digest: IdentityDigest { IdentityDigest(high: high, low: low) }
}
