internal import Broker
internal import Commerce
internal import GRDB
internal import SQLStores
package import Storage
internal import Timekeeping

/// Raw events in a SQLite file: one row an event, keyed by its position in the topic, so that
/// rows are appended and never sought; `(source, id)` is unique.
///
/// - Guarantees: those of ``RawStore``. The documents are what the producer wrote, byte for
///   byte, where they came as CloudEvents JSON.
/// - Failure and recovery: a killed process loses nothing that ``store(_:)`` returned for.
/// - Non-guarantees: two runs that write to one file at the same time; the second one is refused
///   when it begins (``hold()``).
package final class SQLiteRawStore: RawStore {
    let file: SQLiteFile

    /// Opens the file at `location`, and makes it where `access` says so; rows that a report has
    /// to leave out are noted in `damage`.
    package init(
        _ location: SQLiteLocation,
        _ access: StoreAccess = .making,
        notingIn damage: DamagedValues = DamagedValues()
    ) throws(StoreError) {
        file = try SQLiteFile(
            location,
            schema: SQLiteRawStore.schema,
            table: "raw_events",
            access: access,
            damage: damage
        )
    }

    private static var schema: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                // What a key is unique within: a source and a position, the file; an id, its
                // source. Positions are those of the run's broker, which numbers all topics
                // together and begins behind the highest one here.
                sql: """
                    CREATE TABLE sources (
                        source_id INTEGER PRIMARY KEY,
                        source TEXT NOT NULL UNIQUE
                    ) STRICT;
                    CREATE TABLE raw_events (
                        position INTEGER PRIMARY KEY,
                        source_id INTEGER NOT NULL REFERENCES sources,
                        id TEXT NOT NULL,
                        time_ns INTEGER NOT NULL,
                        document TEXT NOT NULL,
                        UNIQUE (source_id, id)
                    ) STRICT;
                    CREATE VIEW events AS
                    SELECT position, source, id,
                        json_extract(document, '$.time') AS time,
                        json_extract(document, '$.type') AS type,
                        json_extract(document, '$.subject') AS subject,
                        json_extract(document, '$.data.user_id') AS user_id,
                        json_extract(document, '$.data.session_id') AS session_id,
                        json_extract(document, '$.data.transaction_id') AS transaction_id,
                        json_extract(document, '$.data.value') AS value,
                        json_extract(document, '$.data.currency') AS currency,
                        document
                    FROM raw_events JOIN sources USING (source_id);
                    """
            )
        }
        return migrator
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
                        count(nullif(length(CAST(tail.document AS BLOB)), 0)) AS readable
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
        let rows = EncodedRows(writes)
        guard rows.count > 0 else { return RawOutcome(stored: 0, duplicates: 0) }
        let stored = try await file.write { try rows.insert(into: $0) }
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

/// The rows of one call, with their texts one behind the other.
private struct EncodedRows: Sendable {
    private struct Row {
        var position: Int64
        var time: Int64
        var source: Int
        var id: Range<Int>
        var document: Range<Int>
    }

    private var rows: [Row] = []
    private var bytes: [UInt8] = []
    /// The sources that occur; few, mostly one.
    private var sources: [String] = []

    var count: Int { rows.count }

    init(_ writes: [RawWrite]) {
        let total = writes.reduce(0) { $0 + $1.selection.count }
        rows.reserveCapacity(total)
        bytes.reserveCapacity(total * 640)
        let encoder = CloudEventEncoder()
        var places: [Symbol: Int] = [:]
        var symbols: SymbolTable?
        for write in writes {
            let batch = write.publication.batch
            if symbols !== batch.symbols {
                symbols = batch.symbols
                places = [:]
            }
            write.selection.forEach { place in
                let event = batch.events[place]
                let idStart = bytes.count
                if event.hasUUID {
                    event.id.append(to: &bytes)
                } else {
                    bytes.append(contentsOf: batch.idText(of: place).utf8)
                }
                let documentStart = bytes.count
                if let original = batch.originalJSON(of: place) {
                    bytes.append(contentsOf: original)
                } else {
                    encoder.append(place, of: batch, to: &bytes)
                }
                let source: Int
                if let known = places[event.source] {
                    source = known
                } else {
                    source = sources.count
                    places[event.source] = source
                    sources.append(batch.symbols.text(of: event.source, in: .text))
                }
                rows.append(
                    Row(
                        position: write.publication.position(at: place),
                        time: event.time.nanoseconds,
                        source: source,
                        id: idStart..<documentStart,
                        document: documentStart..<bytes.count
                    )
                )
            }
        }
    }

    /// Inserts the rows whose `(source, id)` is new; says how many were.
    func insert(into database: Database) throws -> Int {
        let sourceIDs = try sources.map { try EncodedRows.sourceID(of: $0, in: database) }
        let writer = try RowWriter(
            database,
            """
            INSERT INTO raw_events (position, source_id, id, time_ns, document)
            VALUES (?, ?, ?, ?, ?) ON CONFLICT (source_id, id) DO NOTHING
            """
        )
        var stored = 0
        try unsafe bytes.withUnsafeBufferPointer { bytes in
            for row in rows {
                stored += try writer.run { values in
                    try values.set(1, row.position)
                    try values.set(2, sourceIDs[row.source])
                    try unsafe values.set(3, text: UnsafeBufferPointer(rebasing: bytes[row.id]))
                    try values.set(4, row.time)
                    try unsafe values.set(
                        5,
                        text: UnsafeBufferPointer(rebasing: bytes[row.document])
                    )
                }
            }
        }
        return stored
    }

    private static func sourceID(of source: String, in database: Database) throws -> Int64 {
        let known = "SELECT source_id FROM sources WHERE source = ?"
        if let id = try Int64.fetchOne(database, sql: known, arguments: [source]) {
            return id
        }
        try database.execute(sql: "INSERT INTO sources (source) VALUES (?)", arguments: [source])
        return database.lastInsertedRowID
    }
}

extension SQLiteRawStore: RawEventScan {
    package var scan: (any RawEventScan)? { self }

    package func events(
        after position: Int64,
        atMost limit: Int
    ) async throws(StoreError) -> [RawEvent] {
        let rows = try await file.read { [damage = file.damage] database in
            try SQLiteSession(database).map(
                SQLStatement(
                    """
                    SELECT position, coalesce(source, '') AS source, id, document
                    FROM raw_events LEFT JOIN sources USING (source_id)
                    WHERE position > $1 ORDER BY position LIMIT $2
                    """,
                    of: "raw_events",
                    keys: 1
                ),
                [.integer(position), .integer(Int64(limit))]
            ) { row in
                // An event that cannot be read is reported as one, and counts as stored.
                (
                    position: try row.integer(0), source: row.text(1, notingIn: damage),
                    id: row.text(2, notingIn: damage), document: row.text(3, notingIn: damage)
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
                    SELECT coalesce(source, '') AS source, id
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
