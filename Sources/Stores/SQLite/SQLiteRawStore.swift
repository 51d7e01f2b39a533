internal import Broker
internal import Commerce
internal import GRDB
internal import SQLStores
package import Storage
internal import Timekeeping

/// Raw events in a SQLite file: one row an event, keyed by its position in the topic, so that
/// rows are appended and never sought; `(source, id)` is unique.
///
/// - Guarantees: those of ``RawStore``. The view `events` has each as a CloudEvents document: byte
///   for byte what the producer wrote, where it came as CloudEvents JSON.
/// - Failure and recovery: a killed process loses nothing that ``store(_:)`` returned for.
/// - Non-guarantees: two runs that write to one file at the same time; the second one is refused
///   when it begins (``hold()``).
package final class SQLiteRawStore: RawStore {
    let file: SQLiteFile
    /// Nil where the events are not to be found by all their keys.
    private let index: KeyIndex?

    /// Opens the file at `location`, and makes it where `access` says so; rows that a report has
    /// to leave out are noted in `damage`.
    ///
    /// The index of the keys has a segment for so many events. Nil, for no index, is only to
    /// measure what that costs: what is stored then is not found by user, session, product, trace.
    package init(
        _ location: SQLiteLocation,
        _ access: StoreAccess = .making,
        keySegment: Int? = 65_536,
        notingIn damage: DamagedValues = DamagedValues()
    ) throws(StoreError) {
        index = keySegment.map(KeyIndex.init)
        file = try SQLiteFile(
            location,
            schema: RawTables.schema,
            table: "raw_events",
            pageSize: RawTables.pageSize,
            access: access,
            damage: damage
        )
    }

    package func hold() throws(StoreError) {
        try file.hold()
    }

    package func readBack(from position: Int64) async throws(StoreError) -> Int64 {
        try await file.readBack { database in
            let rows = try SQLiteRawStore.whole(from: position, in: database)
            let last = try Row.fetchOne(
                database,
                sql: """
                    SELECT count(*) AS latest, count(named.position) AS named,
                        count(nullif(length(CAST(coalesce(tail.document, tail.data) AS BLOB)), 0))
                        AS readable
                    FROM (
                        SELECT * FROM raw_events WHERE position >= ?
                        ORDER BY position DESC LIMIT \(SQLiteRawStore.tail)
                    ) AS tail
                    LEFT JOIN raw_events AS named INDEXED BY \(SQLiteRawStore.names)
                        ON named.source_id = tail.source_id AND named.id = tail.id
                        AND named.position = tail.position
                    """,
                arguments: [position]
            )
            guard let last, last["latest"] as Int64? == last["named"],
                last["latest"] as Int64? == last["readable"]
            else {
                throw StoreError(.corrupted, "its latest events are not whole")
            }
            return rows
        }
    }

    /// Whether the index of identities is there: another program may have taken it away.
    static func hasNames(_ database: Database) throws -> Bool {
        try Int.fetchOne(
            database,
            sql: "SELECT 1 FROM pragma_index_list('raw_events') WHERE name = '\(names)'"
        ) != nil
    }

    private static let names = "sqlite_autoindex_raw_events_1"

    /// How many events there are from `position` on.
    ///
    /// - Throws: `StoreError` where the rows and the index of identities tell different things, as
    ///   they do where another file was copied over this one; of a large file, only the numbers
    ///   of both are held against each other.
    static func whole(from position: Int64, in database: Database) throws -> Int64 {
        let counts = try ["NOT INDEXED", "INDEXED BY \(names)"].map { path in
            try Int64.fetchOne(
                database,
                sql: "SELECT count(*) FROM raw_events \(path) WHERE position >= ?",
                arguments: [position]
            ) ?? 0
        }
        guard counts[0] == counts[1] else {
            throw StoreError(
                .corrupted,
                "table raw_events has \(counts[0]) rows from position \(position) on, and its "
                    + "index of identities has \(counts[1])"
            )
        }
        if try SQLiteFile.isSmall(database), let found = try SQLiteFile.finding(in: database) {
            throw StoreError(.corrupted, "table raw_events is damaged (\(found))")
        }
        return counts[0]
    }

    /// How many of the latest events are looked at one by one when they are read back.
    private static let tail = 1000

    package func nextPosition() async throws(StoreError) -> Int64 {
        try await file.read { database in
            try SQLiteSession(database).map(
                SQLStatement(
                    "SELECT max(position) AS position FROM raw_events",
                    of: "raw_events",
                    keys: 1
                )
            ) { row in
                let last = try row.optionalInteger(0) ?? 0
                guard last >= 0, last < RawEvent.endOfPositions else {
                    throw row.damaged(0, expected: "a position in a topic")
                }
                return last + 1
            }.first ?? 1
        }
    }

    package func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        // Encoding is this task's work; only the inserts take their turn on the connection.
        let rows = RawRows(writes)
        guard rows.count > 0 else { return RawOutcome(stored: 0, duplicates: 0) }
        let keys = index.map { ($0, RawKeys(writes)) }
        let stored = try await file.write { database in
            let stored = try rows.insert(into: database)
            // What was there already is named already.
            if stored > 0, let (index, keys) = keys { try index.insert(keys, into: database) }
            return stored
        }
        return RawOutcome(stored: stored, duplicates: rows.count - stored)
    }

    package func count() async throws(StoreError) -> Int64 {
        try await file.read { database in
            try Int64.fetchOne(database, sql: "SELECT count(*) FROM raw_events") ?? 0
        }
    }

    package func close() throws(StoreError) {
        try file.close()
    }
}

extension SQLiteRawStore: RawEventScan {
    package var scan: (any RawEventScan)? { self }

    package func events(
        after position: Int64,
        atMost limit: Int
    ) async throws(StoreError) -> [RawEvent] {
        let page = try await file.read { [damage = file.damage] database in
            try RawPage(after: position, atMost: limit, in: database, notingIn: damage)
        }
        return page.events()
    }

    package func repeated(
        atMost limit: Int
    ) async throws(StoreError) -> [(source: String, id: String)] {
        try await file.read { [damage = file.damage, path = file.location.path] database in
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
            return try SQLiteSession(database).map(
                SQLStatement(
                    """
                    SELECT coalesce(source, '') AS source, \(RawTables.id) AS id
                    FROM (
                        SELECT source_id, id FROM raw_events
                        GROUP BY source_id, id HAVING count(*) > 1 LIMIT $1
                    ) LEFT JOIN sources USING (source_id) ORDER BY source, id
                    """,
                    of: "raw_events"
                ),
                [.integer(Int64(limit))],
                notingIn: damage
            ) { row in (source: try row.text(0), id: try row.text(1)) }
        }
    }
}
