internal import Commerce
package import Stages
internal import Synchronization

/// What is remembered of the events and orders of logs, one by one.
extension PostgreSQLWarehouse {
    package func alreadyCounted(
        _ question: CountedQuestion,
        by subscription: String
    ) async throws(StoreError) -> CountedAnswer {
        guard !question.events.isEmpty || !question.orders.isEmpty else { return CountedAnswer() }
        let isUnderstood = understood.withLock { $0.contains(subscription) }
        let answer = try await lookups.run { line throws(StoreError) in
            if !isUnderstood {
                let isOld = try line.query(
                    CountedStatement.before,
                    [.text(subscription)]
                ) { _ in true }
                if isOld.first != nil {
                    throw StoreError(.wrongFormat, .countedBefore(subscription, line.server))
                }
            }
            var answer = CountedAnswer()
            let events = try line.query(
                CountedStatement.events,
                [.text(subscription), .identifiers(question.events.map(Identifier.init))]
            ) { row throws(StoreError) in
                (try row.identifier(0).digest, try row.optionalInteger(1) ?? 0)
            }
            for (identity, content) in events {
                answer.events[identity] = UInt64(bitPattern: content)
            }
            guard !question.orders.isEmpty else { return answer }
            answer.orders = Set(
                try line.query(
                    CountedStatement.orders,
                    [.text(subscription), .identifiers(question.orders.map(Identifier.init))]
                ) { row throws(StoreError) in try row.identifier(0).digest }
            )
            return answer
        }
        understood.withLock { _ = $0.insert(subscription) }
        return answer
    }
}

/// What is asked about what was counted.
private enum CountedStatement {
    static let before = Statement(
        name: "counted_before",
        sql: "SELECT 1 FROM counted_events WHERE subscription = $1 AND content IS NULL LIMIT 1"
    )

    static let events = Statement(
        name: "counted_events",
        sql: """
            SELECT identity, content FROM counted_events
            WHERE subscription = $1 AND identity = ANY ($2::uuid[])
            """,
        table: "counted_events"
    )

    static let orders = Statement(
        name: "counted_orders",
        sql: """
            SELECT identity FROM counted_orders
            WHERE subscription = $1 AND identity = ANY ($2::uuid[])
            """
    )
}

extension Identifier {
    init(_ identity: IdentityDigest) {
        self.init(high: identity.high, low: identity.low)
    }

    fileprivate var digest: IdentityDigest { IdentityDigest(high: high, low: low) }
}
