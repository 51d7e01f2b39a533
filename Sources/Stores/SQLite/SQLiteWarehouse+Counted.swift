internal import Broker
internal import Commerce
internal import Foundation
internal import GRDB
package import Stages
internal import Synchronization
internal import Timekeeping

/// What is remembered of the events and orders of logs, one by one.
extension SQLiteWarehouse {
    package func alreadyCounted(
        _ question: CountedQuestion,
        by subscription: String
    ) async throws(StoreError) -> CountedAnswer {
        let isUnderstood = understood.withLock { $0.contains(subscription) }
        let (answer, isOld) = try await file.read { database in
            (
                try SQLiteWarehouse.alreadyCounted(question, by: subscription, in: database),
                isUnderstood
                    ? false
                    : try Int.fetchOne(
                        database,
                        sql: """
                            SELECT 1 FROM counted_events
                            WHERE subscription = ? AND content IS NULL LIMIT 1
                            """,
                        arguments: [subscription]
                    ) != nil
            )
        }
        if isOld {
            throw StoreError(.wrongFormat, .countedBefore(subscription, "\(file.location.path)"))
        }
        understood.withLock { _ = $0.insert(subscription) }
        return answer
    }

    private static func alreadyCounted(
        _ question: CountedQuestion,
        by subscription: String,
        in database: Database
    ) throws -> CountedAnswer {
        var answer = CountedAnswer()
        let events = try RowReader(
            database,
            StoredTable("counted_events", keys: 0),
            """
            SELECT content FROM counted_events
            WHERE subscription = ? AND identity_high = ? AND identity_low = ?
            """
        )
        // In the order of the table, so that neighbours are read together.
        for identity in question.events.sorted() {
            try events.forEach(arguments(subscription, identity)) { row in
                answer.events[identity] = UInt64(bitPattern: try row.optionalInteger(0) ?? 0)
            }
        }
        let orders = try RowReader(
            database,
            StoredTable("counted_orders", keys: 0),
            """
            SELECT 1 FROM counted_orders
            WHERE subscription = ? AND identity_high = ? AND identity_low = ?
            """
        )
        for identity in question.orders.sorted() {
            try orders.forEach(arguments(subscription, identity)) { _ in
                answer.orders.insert(identity)
            }
        }
        return answer
    }

    private static func arguments(
        _ subscription: String,
        _ identity: IdentityDigest
    ) -> StatementArguments {
        [subscription, Int64(bitPattern: identity.high), Int64(bitPattern: identity.low)]
    }

    /// Remembers what `commit` counts, and what it does not.
    ///
    /// A second count of an event or an order fails the whole commit: the keys are unique.
    static func insertCounted(_ commit: WarehouseCommit, into database: Database) throws {
        let events = try database.cachedStatement(
            sql: """
                INSERT INTO counted_events (subscription, identity_high, identity_low, content)
                VALUES (?, ?, ?, ?)
                """
        )
        for event in commit.counted {
            try events.execute(
                arguments: arguments(commit.subscription, event.identity)
                    + [Int64(bitPattern: event.content)]
            )
        }
        let orders = try database.cachedStatement(
            sql: """
                INSERT INTO counted_orders (subscription, identity_high, identity_low)
                VALUES (?, ?, ?)
                """
        )
        for order in commit.orders {
            try orders.execute(arguments: arguments(commit.subscription, order))
        }
        let uncounted = try database.cachedStatement(
            sql: """
                INSERT INTO uncounted_events (subscription, reason, source, id, content, time_ns,
                    transaction_id, document)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (subscription, reason, source, id, content) DO NOTHING
                """
        )
        for event in commit.uncounted {
            let batch = event.publication.batch
            let identity = IdentityText(batch, event.place)
            let found = batch.events[event.place]
            try uncounted.execute(arguments: [
                commit.subscription, event.reason.rawValue, identity.source, identity.id,
                Int64(bitPattern: event.content), found.time.nanoseconds,
                batch.symbols.text(of: found.transaction, in: .order),
                Data(batch.document(of: event.place)),
            ])
        }
    }
}
