package import Broker
package import Commerce
internal import GRDB
package import SLO
package import SQLStores
package import Storage
internal import Synchronization
internal import Timekeeping

/// Aggregates in a SQLite file.
///
/// - Guarantees: those of ``Warehouse``.
/// - Failure and recovery: a killed process leaves the file at its last commit, deltas and
///   progress alike.
package final class SQLiteWarehouse: SQLWarehouse {
    /// By its bytes: two names that Unicode calls equivalent are two.
    private struct StreamKey: Hashable {
        var subscription: [UInt8]
        var stream: [UInt8]

        init(_ subscription: String, _ stream: String) {
            self.subscription = Array(subscription.utf8)
            self.stream = Array(stream.utf8)
        }
    }

    let file: SQLiteFile
    package let understood = UnderstoodSubscriptions()
    /// The intervals that the file holds, so that a commit writes only what has changed.
    private let storedIntervals = Mutex<[StreamKey: IntervalSet]>([:])
    /// The number of the last commit of each subscription that this run stored.
    private let lastCommits = Mutex<[String: Int64]>([:])
    /// How many parts were added to each sketch since it was last one.
    private let parts = Mutex(SketchParts(limit: 64))

    /// Opens the file at `location`, and makes it where `access` says so; rows that a report has
    /// to leave out are noted in `damage`.
    package init(
        _ location: SQLiteLocation,
        _ access: StoreAccess = .making,
        notingIn damage: DamagedValues = DamagedValues()
    ) throws(StoreError) {
        file = try SQLiteFile(
            location,
            schema: WarehouseSchema.migrator,
            table: "window_aggregates",
            access: access,
            damage: damage
        )
    }

    package func hold() throws(StoreError) {
        try file.hold()
    }

    package func close() throws(StoreError) {
        try file.close()
    }

    package var damage: DamagedValues { file.damage }

    package func read<Value: Sendable>(
        _ body: @Sendable @escaping (SQLiteSession) throws -> Value
    ) async throws(StoreError) -> Value {
        try await file.read { try body(SQLiteSession($0)) }
    }

    package func lookUp<Value: Sendable>(
        _ body: @Sendable @escaping (SQLiteSession) throws -> Value
    ) async throws(StoreError) -> Value {
        try await read(body)
    }

    package func write<Value: Sendable>(
        _ body: @Sendable @escaping (SQLiteSession) throws -> Value
    ) async throws(StoreError) -> Value {
        try await file.write { try body(SQLiteSession($0)) }
    }

    package func readBack() async throws(StoreError) -> Int64 {
        try await file.readBack { database in
            // The aggregates are few beside the events; a large file is looked at where the sums
            // are. The quick check of SQLite 3.40 finds a NULL, where there is none, in a table
            // whose key has another order than its columns, as dataset_dependencies has.
            let found =
                try SQLiteFile.isSmall(database)
                ? SQLiteFile.finding(in: database)
                : SQLiteFile.finding(of: "quick_check(window_aggregates)", in: database)
            if let found { throw StoreError(.corrupted, found) }
            return try CountingRows(SQLiteSession(database)).counted(.all)
        }
    }

    package func progress(
        of subscription: String
    ) async throws(StoreError) -> [StreamProgress] {
        let streams = try await read { try $0.progress(of: subscription) }
        remember(streams, of: subscription)
        return streams
    }

    private func remember(_ streams: [StreamProgress], of subscription: String) {
        storedIntervals.withLock { stored in
            for progress in streams {
                stored[StreamKey(subscription, progress.stream)] = progress.consumed
            }
        }
    }

    // MARK: - Writing

    package func commit(_ commit: WarehouseCommit) async throws(StoreError) {
        let before = storedIntervals.withLock { $0 }
        let last = lastCommits.withLock { $0[commit.subscription] }
        let isStored = commit.isStored(last: last) { stream in
            before[StreamKey(commit.subscription, stream)]
        }
        if isStored { return }
        let crowded = parts.withLock { $0.due(after: commit) }
        try await write { session in
            try session.insertSums(of: commit)
            for key in crowded { try session.merge(key) }
            let subscription = commit.subscription
            try session.insert(commit.late.lazy.map { $0.values(of: subscription) }, into: .late)
            try session.insertCounted(commit)
            var stored: [StreamProgress]?
            for progress in commit.progress {
                var known = before[StreamKey(subscription, progress.stream)]
                if known == nil {
                    let all = try stored ?? session.progress(of: subscription)
                    stored = all
                    known =
                        all.first {
                            $0.stream.utf8.elementsEqual(progress.stream.utf8)
                        }?.consumed
                }
                try session.replace(known ?? IntervalSet(), by: progress, of: subscription)
            }
            try session.noteReplayed(commit.replayed)
            try session.noteReplayed(commit.replayedEvents)
            if let block = commit.block { try CatalogueRows(session).append(block) }
        }
        lastCommits.withLock { $0[commit.subscription] = commit.number }
        remember(commit.progress, of: commit.subscription)
    }

    package func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError) {
        try await write { try $0.insert(letters.lazy.map(\.values), into: .letters) }
    }

    package func storeDropped(_ dropped: [DroppedMessages]) async throws(StoreError) {
        try await write { try $0.insert(dropped.lazy.map(\.values), into: .dropped) }
    }

    package func append(
        _ slices: [Slice],
        to series: SliceSeries,
        writer: String
    ) async throws {
        try await write { session in
            let number = SQLValue.integer(try session.number(of: series))
            let writer = SQLValue.integer(try session.number(ofWriter: writer))
            try session.insert(
                slices.lazy.map { slice -> [SQLValue] in
                    [
                        number, .integer(slice.start.nanoseconds), writer,
                        .integer(Int64(clamping: slice.good)),
                        .integer(Int64(clamping: slice.total)),
                    ]
                },
                into: .slices
            )
        }
    }

    package static func counted(
        _ question: CountedQuestion,
        by subscription: String,
        in session: SQLiteSession
    ) throws -> CountedAnswer {
        var answer = CountedAnswer()
        let events = try session.prepare(
            SQLStatement(
                """
                SELECT content FROM counted_events
                WHERE subscription = $1 AND identity_high = $2 AND identity_low = $3
                """,
                of: "counted_events"
            )
        )
        // In the order of the table, so that neighbours are read together.
        for identity in question.events.sorted() {
            try events.forEach(identity.values(of: subscription)) { row in
                answer.events[identity] = UInt64(bitPattern: try row.optionalInteger(0) ?? 0)
            }
        }
        let orders = try session.prepare(
            """
            SELECT 1 FROM counted_orders
            WHERE subscription = $1 AND identity_high = $2 AND identity_low = $3
            """
        )
        for identity in question.orders.sorted() {
            try orders.forEach(identity.values(of: subscription)) { _ in
                answer.orders.insert(identity)
            }
        }
        return answer
    }
}

extension SQLInsert {
    fileprivate static let events = SQLInsert(
        "counted_events",
        ["subscription", "identity_high", "identity_low", "content"]
    )

    fileprivate static let orders = SQLInsert(
        "counted_orders",
        ["subscription", "identity_high", "identity_low"]
    )

    fileprivate static let progress = SQLInsert(
        "progress",
        ["subscription", "stream", "first_offset", "last_offset"]
    )
}

extension IdentityDigest {
    fileprivate func values(of subscription: String) -> [SQLValue] {
        [
            .text(subscription), .integer(Int64(bitPattern: high)),
            .integer(Int64(bitPattern: low)),
        ]
    }
}

extension SQLiteSession {
    fileprivate func insertSums(of commit: WarehouseCommit) throws {
        let symbols = commit.symbols
        try insert(
            commit.cells.lazy.map { key, delta -> [SQLValue] in
                [
                    .text(key.grain.rawValue), .integer(key.start.nanoseconds),
                    .text(symbols.text(of: key.category, in: .category)),
                    .text(key.currency.code),
                ] + delta.values.map(SQLValue.integer)
            },
            into: .windows
        )
        try insert(
            commit.products.lazy.map { key, delta -> [SQLValue] in
                [
                    .text(key.grain.rawValue), .integer(key.start.nanoseconds),
                    .text(symbols.text(of: key.product, in: .product)), .text(key.currency.code),
                ] + delta.values.map(SQLValue.integer)
            },
            into: .products
        )
        try insert(
            commit.custom.lazy.map { key, events -> [SQLValue] in
                [
                    .text(key.grain.rawValue), .integer(key.start.nanoseconds),
                    .text(symbols.text(of: key.name)), .integer(events),
                ]
            },
            into: .customEvents
        )
        try insert(
            commit.sketches.lazy.map { key, added -> [SQLValue] in
                SketchText(key, symbols).values + [SQLValue(hashes: added)]
            },
            into: .hashes
        )
    }

    /// Replaces the parts of a sketch by one.
    fileprivate func merge(_ key: SketchText) throws {
        let capacity = SketchKey.capacity(key.grain, ofOneCategory: !key.category.isEmpty)
        let merged = DistinctSketch(capacity: capacity, values: try takeSketch(key))
        // order-free: a set of hashes
        try insert([key.values + [SQLValue(hashes: merged.values)]], into: .hashes)
    }

    /// Remembers what `commit` counts, and what it does not.
    ///
    /// A second count of an event or an order fails the whole commit: the keys are unique.
    fileprivate func insertCounted(_ commit: WarehouseCommit) throws {
        let subscription = commit.subscription
        try insert(
            commit.counted.lazy.map { event -> [SQLValue] in
                event.identity.values(of: subscription)
                    + [.integer(Int64(bitPattern: event.content))]
            },
            into: .events
        )
        try insert(commit.orders.lazy.map { $0.values(of: subscription) }, into: .orders)
        try insert(
            commit.uncounted.lazy.map { $0.values(of: subscription) },
            into: .uncounted
        )
    }

    /// Writes the difference between the stored intervals of a stream and those of `progress`.
    fileprivate func replace(
        _ stored: IntervalSet,
        by progress: StreamProgress,
        of subscription: String
    ) throws {
        let stream: [SQLValue] = [.text(subscription), .text(progress.stream)]
        let old = Set(stored.intervals)
        let new = Set(progress.consumed.intervals)
        for interval in stored.intervals where !new.contains(interval) {
            try run(
                """
                DELETE FROM progress
                WHERE subscription = $1 AND stream = $2 AND first_offset = $3
                """,
                stream + [.integer(interval.lowerBound)]
            )
        }
        for interval in progress.consumed.intervals where !old.contains(interval) {
            try insert(
                [stream + [.integer(interval.lowerBound), .integer(interval.upperBound)]],
                into: .progress
            )
        }
        try insert([stream + [.integer(progress.watermark.nanoseconds)]], into: .watermarks)
    }

    fileprivate func number(ofWriter writer: String) throws -> Int64 {
        let name = [SQLValue.text(writer)]
        try run("INSERT INTO sli_writers (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", name)
        return try map("SELECT writer FROM sli_writers WHERE name = $1", name) {
            try $0.integer(0)
        }.first ?? 0
    }
}

/// The tables and views of a SQLite warehouse, as versioned migrations.
enum WarehouseSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (identifier, sql) in migrations {
            migrator.registerMigration(identifier) { try $0.execute(sql: sql) }
        }
        return migrator
    }

    /// Every step that makes something here, in order.
    private static var migrations: [(identifier: String, sql: String)] {
        WarehouseStep.allCases.compactMap { step in
            let sql = own(before: step) + step.tables(.sqlite) + own(after: step)
            return sql.isEmpty ? nil : (identifier(of: step), sql)
        }
    }

    /// The name under which files note a step.
    private static func identifier(of step: WarehouseStep) -> String {
        switch step {
        case .aggregates: "1"
        case .history: "2"
        case .datasets: "3"
        case .deployments: "4"
        default: "\(step)"
        }
    }

    private static func own(before step: WarehouseStep) -> String {
        step == .history ? writers : ""
    }

    private static func own(after step: WarehouseStep) -> String {
        switch step {
        case .aggregates:
            views(orders: "purchase") + products
        case .orders:
            "DROP VIEW revenue_per_hour; DROP VIEW sales_per_day;"
                + views(orders: "purchase - order_parts")
        case .letterSums: LetterTriggers.all
        default: ""
        }
    }

    private static let writers = """
        CREATE TABLE sli_writers (
            writer INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT;

        """

    private static func views(orders: String) -> String {
        """
        CREATE VIEW revenue_per_hour AS
        SELECT datetime(start_ns / 1000000000, 'unixepoch') AS hour, currency,
            \(orders) AS orders, revenue, refunded
        FROM window_aggregates
        WHERE grain = '1h' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;
        CREATE VIEW sales_per_day AS
        SELECT date(start_ns / 1000000000, 'unixepoch') AS day, currency,
            \(orders) AS orders, units, revenue, refunded
        FROM window_aggregates
        WHERE grain = '1d' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;

        """
    }

    private static let products = """
        CREATE VIEW top_products AS
        SELECT product, currency, sum(orders) AS orders, sum(units) AS units,
            sum(revenue) AS revenue
        FROM product_sales GROUP BY product, currency
        ORDER BY sum(revenue) DESC, product, currency;
        """
}
