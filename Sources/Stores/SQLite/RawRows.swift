internal import Broker
internal import Commerce
internal import GRDB
internal import SQLStores
internal import Storage
internal import Timekeeping

/// The rows of one call, with their texts one behind the other.
struct RawRows: Sendable {
    private struct Row {
        var position: Int64
        var time: Int64
        var sequence: Int64
        var source: Int
        var type: EventName
        var isUUID: Bool
        /// Whether the content is a whole document, and not the data of an event.
        var isDocument: Bool
        var hasSubject: Bool
        var hasTransaction: Bool
        /// Where in the bytes its parts end, which follow one another in this order; the first
        /// begins where the row before ends.
        var id: Int
        var trace: Int
        var subject: Int
        var transaction: Int
        var content: Int
    }

    private var rows: [Row] = []
    private var bytes: [UInt8] = []
    /// The sources that occur; few, mostly one.
    private var sources: [String] = []
    /// Of the types, by their numbers, those that occur.
    private var types = Array(repeating: false, count: EventName.allCases.count)

    var count: Int { rows.count }

    init(_ writes: [RawWrite]) {
        let total = writes.reduce(0) { $0 + $1.selection.count }
        rows.reserveCapacity(total)
        bytes.reserveCapacity(total * 288)
        var places: [Symbol: Int] = [:]
        var symbols: SymbolTable?
        for write in writes {
            let batch = write.publication.batch
            if symbols !== batch.symbols {
                symbols = batch.symbols
                places = [:]
            }
            write.selection.forEach { place in
                let source = batch.events[place].source
                if places[source] == nil {
                    places[source] = sources.count
                    sources.append(batch.symbols.text(of: source, in: .text))
                }
                append(
                    place,
                    of: batch,
                    at: write.publication.position(at: place),
                    source: places[source] ?? 0
                )
            }
        }
    }

    private mutating func append(
        _ place: Int,
        of batch: Batch,
        at position: Int64,
        source: Int
    ) {
        let event = batch.events[place]
        if event.hasUUID {
            event.id.appendBytes(to: &bytes)
        } else {
            bytes.append(contentsOf: batch.idText(of: place).utf8)
        }
        var row = Row(
            position: position,
            time: event.time.nanoseconds,
            sequence: event.sequence,
            source: source,
            type: event.name,
            isUUID: event.hasUUID,
            isDocument: false,
            hasSubject: event.subject.isPresent,
            hasTransaction: event.transaction.isPresent,
            id: bytes.count,
            trace: 0,
            subject: 0,
            transaction: 0,
            content: 0
        )
        let original = batch.originalJSON(of: place)
        row.isDocument = original != nil
        if original == nil {
            TraceContext(of: event, symbols: batch.symbols).appendBytes(to: &bytes)
            row.trace = bytes.count
            batch.symbols.append(event.subject, in: event.subjectNamespace, to: &bytes)
            types[Int(event.name.rawValue)] = true
        } else {
            row.trace = bytes.count
        }
        row.subject = bytes.count
        batch.symbols.append(event.transaction, in: .order, to: &bytes)
        row.transaction = bytes.count
        if let original {
            bytes.append(contentsOf: original)
        } else {
            CloudEventEncoder().appendData(place, of: batch, to: &bytes)
        }
        row.content = bytes.count
        rows.append(row)
    }

    /// Inserts the rows whose `(source, id)` is new; says how many were.
    func insert(into database: Database) throws -> Int {
        let sources = try sources.map {
            try RawRows.number(of: $0, "source", in: "sources", database)
        }
        var types: [Int64] = []
        for name in EventName.allCases {
            let occurs = self.types[Int(name.rawValue)]
            types.append(
                occurs
                    ? try RawRows.number(of: name.cloudEventType, "type", in: "types", database) : 0
            )
        }
        let writer = try RowWriter(
            database,
            """
            INSERT INTO raw_events (position, source_id, id, time_ns, transaction_id, type_id,
                subject, sequence, trace, data, document)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source_id, id) DO NOTHING
            """
        )
        var stored = 0
        try unsafe bytes.withUnsafeBufferPointer { bytes in
            var start = 0
            for row in rows {
                stored += try writer.run { values in
                    try values.set(2, sources[row.source])
                    if !row.isDocument { try values.set(6, types[Int(row.type.rawValue)]) }
                    try unsafe RawRows.set(row, of: bytes, from: start, in: values)
                }
                start = row.content
            }
        }
        return stored
    }

    /// Binds all of `row` but the source and the type; its texts begin at `start` of `bytes`.
    private static func set(
        _ row: Row,
        of bytes: UnsafeBufferPointer<UInt8>,
        from start: Int,
        in values: borrowing RowWriter.Row
    ) throws {
        func part(_ first: Int, _ end: Int) -> UnsafeBufferPointer<UInt8> {
            unsafe UnsafeBufferPointer(rebasing: bytes[first..<end])
        }
        try values.set(1, row.position)
        if row.isUUID {
            try unsafe values.set(3, bytes: part(start, row.id))
        } else {
            try unsafe values.set(3, text: part(start, row.id))
        }
        try values.set(4, row.time)
        if row.hasTransaction {
            try unsafe values.set(5, text: part(row.subject, row.transaction))
        }
        if row.isDocument {
            try unsafe values.set(11, text: part(row.transaction, row.content))
            return
        }
        if row.hasSubject { try unsafe values.set(7, text: part(row.trace, row.subject)) }
        if row.sequence > 0 { try values.set(8, row.sequence) }
        try unsafe values.set(9, bytes: part(row.id, row.trace))
        try unsafe values.set(10, text: part(row.transaction, row.content))
    }

    /// The number that stands for `text`, which is the `column` of a row of `table`.
    private static func number(
        of text: String,
        _ column: String,
        in table: String,
        _ database: Database
    ) throws -> Int64 {
        let known = try database.cachedStatement(
            sql: "SELECT \(column)_id FROM \(table) WHERE \(column) = ?"
        )
        if let number = try Int64.fetchOne(known, arguments: [text]) { return number }
        try database.execute(
            sql: "INSERT INTO \(table) (\(column)) VALUES (?)",
            arguments: [text]
        )
        return database.lastInsertedRowID
    }
}

/// Rows as a scan of the file reads them.
struct RawPage: Sendable {
    private struct Row {
        var position: Int64
        var source: String?
        var id: String?
        var time: Int64?
        var type: String?
        var sequence: Int64?
        var data: String?
        var document: String?
    }

    private let rows: [Row]

    /// Up to `limit` rows behind `position`; what cannot be read of them is noted in `damage`.
    init(
        after position: Int64,
        atMost limit: Int,
        in database: Database,
        notingIn damage: DamagedValues
    ) throws {
        rows = try SQLiteSession(database).map(
            SQLStatement(
                """
                SELECT position, coalesce(source, '') AS source, \(RawTables.id) AS id, time_ns,
                    type, sequence, data, document
                FROM raw_events LEFT JOIN sources USING (source_id) LEFT JOIN types USING (type_id)
                WHERE position > $1 ORDER BY position LIMIT $2
                """,
                of: "raw_events",
                keys: 1
            ),
            [.integer(position), .integer(Int64(limit))]
        ) { row in
            let isWhole = row.isNull(7)
            return Row(
                position: try row.integer(0),
                source: row.text(1, notingIn: damage),
                id: row.text(2, notingIn: damage),
                time: row.rawInteger(3),
                type: isWhole ? row.text(4, notingIn: damage) : nil,
                sequence: row.rawInteger(5),
                data: isWhole ? row.text(6, notingIn: damage) : nil,
                document: isWhole ? nil : row.text(7, notingIn: damage)
            )
        }
    }

    /// The events of the rows: one that cannot be read has no content, and counts as stored.
    func events() -> [RawEvent] {
        // A symbol table a page: one for all would keep every text there is.
        let symbols = SymbolTable()
        return rows.map { row in
            RawEvent(
                position: row.position,
                source: row.source ?? "",
                id: row.id ?? "",
                content: RawPage.content(of: row, symbols)
            )
        }
    }

    private static func content(of row: Row, _ symbols: SymbolTable) -> RawEvent.Content? {
        if let document = row.document {
            let decoder = CloudEventDecoder(symbols: symbols, events: .accepted)
            guard let (event, items) = try? decoder.decode(Array(document.utf8)[...]) else {
                return nil
            }
            return RawEvent.Content(
                time: event.time,
                sequence: event.sequence,
                name: event.name,
                transaction: text(of: event.transaction, symbols),
                currency: event.currency,
                value: event.value,
                units: units(of: items),
                isOrderPart: event.isOrderPart
            )
        }
        guard let time = row.time, let name = row.type.flatMap(EventName.init(cloudEventType:)),
            let data = row.data.flatMap({ try? EventData(json: $0, symbols: symbols) })
        else { return nil }
        return RawEvent.Content(
            time: Timestamp(nanoseconds: time),
            sequence: row.sequence ?? 0,
            name: name,
            transaction: text(of: data.transaction, symbols),
            currency: data.currency,
            value: data.value,
            units: units(of: data.items),
            isOrderPart: data.isOrderPart
        )
    }

    private static func text(of transaction: Symbol, _ symbols: SymbolTable) -> String {
        transaction.isPresent ? symbols.text(of: transaction, in: .order) : ""
    }

    private static func units(of items: [Item]) -> Int64 {
        items.reduce(0) { $0.addingSaturated(Int64($1.quantity)) }
    }
}
