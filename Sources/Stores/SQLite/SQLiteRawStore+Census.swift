internal import Commerce
internal import GRDB
package import Stages
internal import Timekeeping

extension SQLiteRawStore: RawEventScan {
    package func events(
        after position: Int64,
        atMost limit: Int
    ) async throws(StoreError) -> [RawEvent] {
        let rows = try await file.read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT position, coalesce(source, '') AS source, id, document
                        FROM raw_events LEFT JOIN sources USING (source_id)
                        WHERE position > ? ORDER BY position LIMIT ?
                        """
                ),
                arguments: [position, limit]
            ).map { row in
                (
                    position: row["position"] as Int64, source: row["source"] as String,
                    id: row["id"] as String, document: row["document"] as String
                )
            }
        }
        // A lexicon a page: one for all would keep every text there is.
        let decoder = CloudEventDecoder(lexicon: Lexicon())
        return rows.map { row in
            let decoded = try? decoder.decode(Array(row.document.utf8)[...])
            return RawEvent(
                position: row.position,
                source: row.source,
                id: row.id,
                content: decoded.map { RawEvent.Content($0.event, $0.items, decoder.lexicon) }
            )
        }
    }

    package func repeated(
        atMost limit: Int
    ) async throws(StoreError) -> [(source: String, id: String)] {
        try await file.read { database in
            // In the order of the index that makes it impossible, as long as there is one.
            try Row.fetchAll(
                database,
                sql: """
                    SELECT coalesce(source, '') AS source, id
                    FROM (
                        SELECT source_id, id FROM raw_events
                        GROUP BY source_id, id HAVING count(*) > 1 LIMIT ?
                    ) LEFT JOIN sources USING (source_id) ORDER BY source, id
                    """,
                arguments: [limit]
            ).map { row in (source: row["source"] as String, id: row["id"] as String) }
        }
    }
}

extension RawEvent.Content {
    fileprivate init(_ event: Event, _ items: [Item], _ lexicon: Lexicon) {
        self.init(
            time: event.time,
            sequence: event.sequence,
            name: event.name,
            transaction: event.transaction.isPresent
                ? lexicon.text(of: event.transaction, in: .order) : "",
            currency: event.currency,
            value: event.value,
            units: items.reduce(0) { $0.addingSaturated(Int64($1.quantity)) },
            isOrderPart: event.isOrderPart
        )
    }
}
