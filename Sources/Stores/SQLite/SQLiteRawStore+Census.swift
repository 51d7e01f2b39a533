internal import Commerce
internal import GRDB
package import Stages
internal import Timekeeping

extension SQLiteRawStore: RawEventScan {
    package func events(
        after position: Int64,
        atMost limit: Int
    ) async throws(StoreError) -> [RawEvent] {
        let rows = try await file.read { [flaws = file.flaws] database in
            try RowReader(
                database,
                StoredTable("raw_events", keys: 1),
                """
                SELECT position, coalesce(source, '') AS source, id, document
                FROM raw_events LEFT JOIN sources USING (source_id)
                WHERE position > ? ORDER BY position LIMIT ?
                """,
                [position, limit]
            ).map { row in
                // An event that cannot be read is told as one, and counts as stored.
                (
                    position: try row.integer(0), source: row.text(1, notingIn: flaws),
                    id: row.text(2, notingIn: flaws), document: row.text(3, notingIn: flaws)
                )
            }
        }
        // A symbol table a page: one for all would keep every text there is.
        let decoder = CloudEventDecoder(symbols: SymbolTable())
        return rows.map { row in
            let decoded = row.document.flatMap { try? decoder.decode(Array($0.utf8)[...]) }
            return RawEvent(
                position: row.position,
                source: row.source ?? "",
                id: row.id ?? "",
                content: decoded.map { RawEvent.Content($0.event, $0.items, decoder.symbols) }
            )
        }
    }

    package func repeated(
        atMost limit: Int
    ) async throws(StoreError) -> [(source: String, id: String)] {
        try await file.read { [flaws = file.flaws, path = file.location.path] database in
            // In the order of the index that makes it impossible, as long as there is one; what
            // it says is what the rows say only where it names them all.
            if try SQLiteRawStore.hasNames(database) {
                do {
                    _ = try SQLiteRawStore.whole(from: .min, in: database)
                } catch let error as StoreError {
                    throw StoreError(
                        error.code,
                        "\(path): \(error.message); restore a copy of the store"
                    )
                }
            }
            return try RowReader(
                database,
                StoredTable("raw_events", keys: 0),
                """
                SELECT coalesce(source, '') AS source, id
                FROM (
                    SELECT source_id, id FROM raw_events
                    GROUP BY source_id, id HAVING count(*) > 1 LIMIT ?
                ) LEFT JOIN sources USING (source_id) ORDER BY source, id
                """,
                [limit]
            ).map(notingIn: flaws) { row in (source: try row.text(0), id: try row.text(1)) }
        }
    }
}

extension RawEvent.Content {
    fileprivate init(_ event: Event, _ items: [Item], _ symbols: SymbolTable) {
        self.init(
            time: event.time,
            sequence: event.sequence,
            name: event.name,
            transaction: event.transaction.isPresent
                ? symbols.text(of: event.transaction, in: .order) : "",
            currency: event.currency,
            value: event.value,
            units: items.reduce(0) { $0.addingSaturated(Int64($1.quantity)) },
            isOrderPart: event.isOrderPart
        )
    }
}
