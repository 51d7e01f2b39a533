package import Broker
package import Commerce
package import Stages
internal import Timekeeping

extension PostgreSQLWarehouse {
    package func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError) {
        guard !letters.isEmpty else { return }
        try await commits.run { line throws(StoreError) in
            let rows = PostgreSQLWarehouse.rows(of: letters)
            try line.execute(
                """
                BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)
                COPY staged_letters FROM STDIN (FORMAT binary); EXECUTE add_letters; COMMIT
                """,
                copying: [{ rows }]
            )
        }
    }

    private struct LetterKey: Hashable {
        var subscription: [UInt8]
        var source: [UInt8]
        var id: [UInt8]
    }

    /// A row a message: PostgreSQL refuses to replace one row twice in one statement.
    private static func rows(of letters: [DeadLetter<Batch>]) -> CopyRows {
        var places: [LetterKey: Int] = [:]
        var merged: [(first: DeadLetter<Batch>, last: DeadLetter<Batch>)] = []
        for letter in letters {
            let identity = IdentityText(letter.publication.batch, letter.place)
            let key = LetterKey(
                subscription: Array(letter.subscription.utf8),
                source: Array(identity.source.utf8),
                id: Array(identity.id.utf8)
            )
            if let place = places[key] {
                merged[place].last = letter
            } else {
                places[key] = merged.count
                merged.append((letter, letter))
            }
        }
        var rows = CopyRows(columns: 10)
        for (first, last) in merged {
            let batch = first.publication.batch
            let identity = IdentityText(batch, first.place)
            rows.beginRow()
            rows.append(first.subscription)
            rows.append(key: identity.source)
            rows.append(key: identity.id)
            rows.append(last.publication.position(at: last.place))
            rows.append(last.reason.label)
            rows.append(last.reason.detail)
            rows.append(Int64(last.attempts))
            rows.append(first.firstFailure.nanoseconds)
            rows.append(last.lastFailure.nanoseconds)
            rows.append(bytesOf: batch.document(of: first.place))
        }
        return rows
    }

    package func exceptions() async throws(StoreError) -> WarehouseExceptions {
        let counts = try await reports.run { line throws(StoreError) in
            try line.query(WarehouseStatement.exceptions) { row throws(StoreError) in
                WarehouseExceptions(
                    late: try row.integer(0),
                    deadLetters: try row.integer(1),
                    repeatedOrders: try row.integer(2),
                    conflicts: try row.integer(3)
                )
            }
        }
        return counts.first ?? WarehouseExceptions(late: 0, deadLetters: 0)
    }
}
