internal import Commerce
internal import GRDB
internal import SQLStores
package import Storage
internal import Timekeeping

extension SQLiteRawStore: RawEventLookup {
    package var lookup: (any RawEventLookup)? { self }

    package func find(_ search: EventSearch) async throws(StoreError) -> FoundEvents {
        try await file.read { [damage = file.damage] database in
            var finding = EventFinding(search, in: SQLiteSession(database), notingIn: damage)
            try finding.run()
            return finding.found
        }
    }

    package func retained() async throws(StoreError) -> RetainedEvents? {
        try await file.read { [damage = file.damage] database in
            let session = SQLiteSession(database)
            let ends = try session.map(
                """
                SELECT min(position), (SELECT max(position) FROM raw_events)
                FROM raw_events
                """
            ) { row in (try row.optionalInteger(0), try row.optionalInteger(1)) }.first
            guard let (first, last) = ends, let first, let last, first <= last else { return nil }
            let row = try FoundRow(at: first, in: session, notingIn: damage)
            return RetainedEvents(
                positions: first...last,
                since: row?.event(symbols: SymbolTable())?.time
            )
        }
    }
}

/// The search for events in a file, in one state of it.
private struct EventFinding {
    private let search: EventSearch
    private let session: SQLiteSession
    private let damage: DamagedValues
    private var events: [FoundEvent] = []
    private var others = 0
    /// How many further ones are named, and were not looked at.
    private var named = 0
    /// A table for some events: one for all would keep every text there is.
    private var symbols = SymbolTable()
    private var looked = 0

    init(_ search: EventSearch, in session: SQLiteSession, notingIn damage: DamagedValues) {
        self.search = search
        self.session = session
        self.damage = damage
    }

    var found: FoundEvents {
        FoundEvents(
            events: events,
            others: named > 0 ? .about(Int64(others + named)) : .exactly(Int64(others))
        )
    }

    /// Looks at the events that the most telling condition names, and counts those that are
    /// named beyond.
    mutating func run() throws {
        if let value = value(of: .message) {
            // Nothing else has it as its number.
            guard let position = Int64(value), position > search.after else { return }
            try look(at: [position])
        } else if let id = value(of: .id) {
            try look(at: try positions(ofID: id))
        } else if let order = value(of: .order) {
            try look(at: try positions(ofOrder: order))
        } else {
            let from = search.after == .max ? search.after : search.after + 1
            for block in try KeyIndex.blocks(from: from, in: session) {
                let positions = try KeyIndex.positions(search.conditions, in: block, session)
                try look(at: positions.drop { $0 <= search.after })
            }
        }
    }

    private func value(of key: EventKey) -> String? {
        search.conditions.first { $0.key == key }?.value
    }

    private mutating func look(at positions: some Sequence<Int64>) throws {
        for position in positions {
            guard events.count < search.limit || others < search.countLimit else {
                named += 1
                continue
            }
            guard let row = try FoundRow(at: position, in: session, notingIn: damage) else {
                continue
            }
            looked += 1
            if looked.isMultiple(of: 4096) { symbols = SymbolTable() }
            guard let event = row.event(symbols: symbols) else {
                noteDamage(of: position)
                continue
            }
            guard search.conditions.allSatisfy(event.meets) else { continue }
            if events.count < search.limit {
                events.append(event)
            } else {
                others += 1
            }
        }
    }

    private func noteDamage(of position: Int64) {
        damage.note(
            StoreError(
                DamagedValue(
                    store: session.store,
                    table: "raw_events",
                    row: "position \(position)",
                    column: "data",
                    found: "what is no event",
                    expected: "an event"
                )
            )
        )
    }

    /// Those of the events with the id, whatever their source; ascending.
    private func positions(ofID id: String) throws -> [Int64] {
        var key = SQLValue.text(id)
        if let uuid = EventID(uuid: id) {
            var bytes: [UInt8] = []
            uuid.appendBytes(to: &bytes)
            key = .bytes(bytes)
        }
        return try session.map(
            SQLStatement(
                """
                SELECT position FROM sources CROSS JOIN raw_events USING (source_id)
                WHERE id = $1 AND position > $2 ORDER BY position
                """,
                of: "raw_events"
            ),
            [key, .integer(search.after)]
        ) { try $0.integer(0) }
    }

    /// Those of the events with the order; ascending.
    private func positions(ofOrder order: String) throws -> [Int64] {
        try session.map(
            SQLStatement(
                """
                SELECT position FROM raw_events
                WHERE transaction_id = $1 AND position > $2 ORDER BY position
                """,
                of: "raw_events"
            ),
            [.text(order), .integer(search.after)]
        ) { try $0.integer(0) }
    }
}
