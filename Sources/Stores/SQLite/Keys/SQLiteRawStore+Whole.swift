package import Commerce
internal import GRDB
internal import SQLStores
package import Storage

extension SQLiteRawStore: WholeEventReading {
    package var reading: (any WholeEventReading)? { self }

    package func wholeEvents(
        in range: EventRange,
        atMost limit: Int,
        _ symbols: SymbolTable
    ) async throws(StoreError) -> [WholeEvent] {
        let rows = try await file.read { [damage = file.damage] database in
            try FoundRow.all(in: range, atMost: limit, SQLiteSession(database), notingIn: damage)
        }
        return rows.map { whole($0, symbols) }
    }

    package func wholeEvents(
        at positions: [Int64],
        _ symbols: SymbolTable
    ) async throws(StoreError) -> [WholeEvent] {
        let rows = try await file.read { [damage = file.damage] database in
            let session = SQLiteSession(database)
            return try positions.compactMap {
                try FoundRow(at: $0, in: session, notingIn: damage)
            }
        }
        return rows.map { whole($0, symbols) }
    }

    private func whole(_ row: FoundRow, _ symbols: SymbolTable) -> WholeEvent {
        let event = row.whole(symbols)
        if event.content == nil {
            file.damage.note(
                StoreError(
                    DamagedValue(
                        store: file.location.path,
                        table: "raw_events",
                        row: "position \(row.position)",
                        column: "data",
                        found: "what is no event",
                        expected: "an event"
                    )
                )
            )
        }
        return event
    }
}
