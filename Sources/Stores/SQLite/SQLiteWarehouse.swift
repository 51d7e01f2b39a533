internal import Broker
internal import Commerce
internal import GRDB
package import Stages
internal import Synchronization
internal import Timekeeping

/// Aggregates in a SQLite file.
///
/// - Guarantees: those of ``Warehouse``.
/// - Failure and recovery: a killed process leaves the file at its last commit, deltas and
///   progress alike.
package final class SQLiteWarehouse: Warehouse {
    private struct StreamKey: Hashable {
        var subscription: String
        var stream: String
    }

    let file: SQLiteFile
    /// The intervals that the file holds, so that a commit writes only what has changed.
    private let storedIntervals = Mutex<[StreamKey: IntervalSet]>([:])
    /// The number of the last commit of each subscription that this run stored.
    private let lastCommits = Mutex<[String: Int64]>([:])
    /// The subscriptions of which it is known that no earlier version has counted a log.
    let understood = Mutex<Set<String>>([])
    /// How many parts were added to each sketch since it was last one.
    private let parts = Mutex(SketchParts(limit: 64))

    /// Opens the file at `location`, and makes it where `access` says so; rows that a report has
    /// to leave out are noted in `flaws`.
    package init(
        _ location: SQLiteLocation,
        _ access: SQLiteAccess = .making,
        notingIn flaws: DamagedValues = DamagedValues()
    ) throws(StoreError) {
        file = try SQLiteFile(
            location,
            schema: WarehouseSchema.migrator,
            table: "window_aggregates",
            access: access,
            flaws: flaws
        )
    }

    package func progress(
        of subscription: String
    ) async throws(StoreError) -> [StreamProgress] {
        let streams = try await file.read { database in
            // Nothing is left out: what is not known to be consumed would be counted again.
            try RowReader(
                database,
                StoredTable("watermarks", keys: 2),
                """
                SELECT subscription, stream, watermark_ns FROM watermarks
                WHERE subscription = ? ORDER BY stream
                """,
                [subscription]
            ).map { row in (stream: try row.text(1), watermark: try row.watermark(2)) }
                .map { stream, watermark in
                    let key = StreamKey(subscription: subscription, stream: stream)
                    return StreamProgress(
                        stream: stream,
                        consumed: try SQLiteWarehouse.intervals(of: key, in: database),
                        watermark: watermark
                    )
                }
        }
        storedIntervals.withLock { stored in
            for progress in streams {
                stored[StreamKey(subscription: subscription, stream: progress.stream)] =
                    progress.consumed
            }
        }
        return streams
    }

    package func sketch(_ key: SketchText) async throws(StoreError) -> [UInt64] {
        try await file.read { try SQLiteWarehouse.hashes(of: key, in: $0) }
    }

    package func commit(_ commit: WarehouseCommit) async throws(StoreError) {
        let before = storedIntervals.withLock { $0 }
        let last = lastCommits.withLock { $0[commit.subscription] }
        let isStored = commit.isStored(last: last) { stream in
            before[StreamKey(subscription: commit.subscription, stream: stream)]
        }
        if isStored { return }
        let crowded = Set(parts.withLock { $0.due(after: commit) })
        try await file.write { [path = file.location.path] database in
            try SQLiteWarehouse.add(commit.cells, commit.symbols, to: database)
            try SQLiteWarehouse.add(commit.products, commit.symbols, to: database)
            for (key, added) in commit.sketches {
                let text = SketchText(key, commit.symbols)
                try SQLiteWarehouse.insert(added, for: text, into: database)
                if crowded.contains(text) {
                    try SQLiteWarehouse.merge(text, capacity: key.capacity, in: database)
                }
            }
            for event in commit.late {
                try SQLiteWarehouse.insert(event, commit.subscription, into: database)
            }
            try SQLiteWarehouse.insertCounted(commit, into: database)
            for progress in commit.progress {
                let key = StreamKey(subscription: commit.subscription, stream: progress.stream)
                try SQLiteWarehouse.replace(
                    try before[key] ?? SQLiteWarehouse.intervals(of: key, in: database),
                    by: progress,
                    of: commit.subscription,
                    in: database
                )
            }
            if let block = commit.block {
                try CatalogueRows(database, path).append(block)
            }
        }
        lastCommits.withLock { $0[commit.subscription] = commit.number }
        storedIntervals.withLock { stored in
            for progress in commit.progress {
                stored[StreamKey(subscription: commit.subscription, stream: progress.stream)] =
                    progress.consumed
            }
        }
    }

    package func close() throws(StoreError) {
        try file.close()
    }

    // MARK: - Statements

    private static func add(
        _ cells: [(key: WindowKey, delta: WindowCell)],
        _ symbols: SymbolTable,
        to database: Database
    ) throws {
        let names = EventName.allCases.map(\.ga4) + ["order_parts", "units", "revenue", "refunded"]
        let places = Array(repeating: "?", count: names.count + 4).joined(separator: ", ")
        let sums = names.map { "\($0) = \($0) + excluded.\($0)" }.joined(separator: ", ")
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO window_aggregates
                    (grain, start_ns, category, currency, \(names.joined(separator: ", ")))
                VALUES (\(places))
                ON CONFLICT (grain, start_ns, category, currency) DO UPDATE SET \(sums)
                """
        )
        for (key, delta) in cells {
            var values: [any DatabaseValueConvertible] = [
                key.grain.rawValue, key.start.nanoseconds,
                symbols.text(of: key.category, in: .category), key.currency.code,
            ]
            for name in EventName.allCases {
                values.append(delta[name])
            }
            values += [delta.orderParts, delta.units, delta.revenue, delta.refunded] as [Int64]
            try statement.execute(arguments: StatementArguments(values))
        }
    }

    private static func add(
        _ products: [(key: ProductKey, delta: ProductCell)],
        _ symbols: SymbolTable,
        to database: Database
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO product_sales
                    (grain, start_ns, product, currency, views, orders, units, revenue)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (grain, start_ns, product, currency) DO UPDATE SET
                    views = views + excluded.views, orders = orders + excluded.orders,
                    units = units + excluded.units, revenue = revenue + excluded.revenue
                """
        )
        for (key, delta) in products {
            try statement.execute(arguments: [
                key.grain.rawValue, key.start.nanoseconds,
                symbols.text(of: key.product, in: .product), key.currency.code,
                delta.views, delta.orders, delta.units, delta.revenue,
            ])
        }
    }

    private static func insert(
        _ event: LateEvent,
        _ subscription: String,
        into database: Database
    ) throws {
        let batch = event.publication.batch
        let identity = IdentityText(batch, event.place)
        try database.cachedStatement(
            sql: """
                INSERT INTO late_events (subscription, source, id, time_ns, missed_grain,
                    lateness_ns, document)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (subscription, source, id) DO NOTHING
                """
        ).execute(arguments: [
            subscription, identity.source, identity.id,
            batch.events[event.place].time.nanoseconds, event.missed.rawValue,
            event.lateness.inNanoseconds, batch.document(of: event.place).asText,
        ])
    }

    private static func intervals(
        of key: StreamKey,
        in database: Database
    ) throws -> IntervalSet {
        IntervalSet(
            try RowReader(
                database,
                StoredTable("progress", keys: 3),
                """
                SELECT subscription, stream, first_offset, last_offset FROM progress
                WHERE subscription = ? AND stream = ? ORDER BY first_offset
                """,
                [key.subscription, key.stream]
            ).map { row in
                let first = try row.count(2)
                let last = try row.count(3)
                guard first <= last else {
                    throw row.flaw(3, expected: "an offset from \(first)")
                }
                return first...last
            }
        )
    }

    /// Writes the difference between the stored intervals of a stream and those of `progress`.
    private static func replace(
        _ stored: IntervalSet,
        by progress: StreamProgress,
        of subscription: String,
        in database: Database
    ) throws {
        let old = Set(stored.intervals)
        let new = Set(progress.consumed.intervals)
        for interval in stored.intervals where !new.contains(interval) {
            try database.cachedStatement(
                sql: """
                    DELETE FROM progress
                    WHERE subscription = ? AND stream = ? AND first_offset = ?
                    """
            ).execute(arguments: [subscription, progress.stream, interval.lowerBound])
        }
        for interval in progress.consumed.intervals where !old.contains(interval) {
            try database.cachedStatement(
                sql: """
                    INSERT INTO progress (subscription, stream, first_offset, last_offset)
                    VALUES (?, ?, ?, ?)
                    """
            ).execute(arguments: [
                subscription, progress.stream, interval.lowerBound, interval.upperBound,
            ])
        }
        try database.cachedStatement(
            sql: """
                INSERT INTO watermarks (subscription, stream, watermark_ns) VALUES (?, ?, ?)
                ON CONFLICT (subscription, stream) DO UPDATE
                    SET watermark_ns = excluded.watermark_ns
                """
        ).execute(arguments: [
            subscription, progress.stream, progress.watermark.nanoseconds,
        ])
    }
}
