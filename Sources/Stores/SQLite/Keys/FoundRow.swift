internal import Commerce
internal import SQLStores
internal import Storage
internal import Timekeeping

/// A row of raw events with all that an event in it says.
struct FoundRow {
    let position: Int64
    private let source: String?
    private let id: String?
    private let time: Int64?
    private let type: String?
    private let sequence: Int64?
    private let trace: [UInt8]?
    private let subject: String?
    private let data: String?
    private let document: String?

    private init(_ row: SQLiteRow, notingIn damage: DamagedValues) throws {
        position = try row.integer(0)
        source = row.text(1, notingIn: damage)
        id = row.text(2, notingIn: damage)
        time = row.rawInteger(3)
        let isWhole = row.isNull(9)
        type = isWhole ? row.text(4, notingIn: damage) : nil
        sequence = row.rawInteger(5)
        trace = row.rawBytes(6)
        subject = row.rawText(7)
        data = isWhole ? row.text(8, notingIn: damage) : nil
        document = isWhole ? nil : row.text(9, notingIn: damage)
    }

    private static func statement(_ condition: String) -> SQLStatement {
        SQLStatement(
            """
            SELECT position, coalesce(source, '') AS source, \(RawTables.id) AS id, time_ns,
                type, sequence, trace, subject, data, document
            FROM raw_events LEFT JOIN sources USING (source_id) LEFT JOIN types USING (type_id)
            \(condition)
            """,
            of: "raw_events",
            keys: 1
        )
    }

    private static let atPosition = statement("WHERE position = $1")
    private static let inRange = statement(
        """
        WHERE position > $1 AND position <= $2 AND time_ns >= $3 AND time_ns < $4
        ORDER BY position LIMIT $5
        """
    )
    private static let inOrder = statement("ORDER BY position")

    /// The row at `position`; nil where there is none.
    ///
    /// What cannot be read of it is noted in `damage`.
    init?(
        at position: Int64,
        in session: SQLiteSession,
        notingIn damage: DamagedValues
    ) throws {
        let rows = try session.map(FoundRow.atPosition, [.integer(position)]) { row in
            try FoundRow(row, notingIn: damage)
        }
        guard let row = rows.first else { return nil }
        self = row
    }

    /// Up to `limit` rows of `range`, in the order of positions.
    ///
    /// What cannot be read of them is noted in `damage`.
    static func all(
        in range: EventRange,
        atMost limit: Int,
        _ session: SQLiteSession,
        notingIn damage: DamagedValues
    ) throws -> [FoundRow] {
        let values: [SQLValue] = [
            .integer(range.after), .integer(range.through), .integer(range.since.nanoseconds),
            .integer(range.until.nanoseconds), .integer(Int64(limit)),
        ]
        return try session.map(inRange, values) { row in try FoundRow(row, notingIn: damage) }
    }

    /// Calls `body` with every row, in the order of positions.
    static func forEach(
        in session: SQLiteSession,
        _ body: (FoundRow) throws -> Void
    ) throws {
        let damage = DamagedValues()
        try session.forEach(inOrder, []) { row in
            try body(try FoundRow(row, notingIn: damage))
        }
    }

    /// The event; nil where what is there is none any more.
    func event(symbols: SymbolTable) -> FoundEvent? {
        if let document { return event(in: Array(document.utf8)[...], symbols) }
        guard let time, let name = type.flatMap(EventName.init(cloudEventType:)),
            let data = data.flatMap({ try? EventData(json: $0, symbols: symbols) })
        else { return nil }
        var event = FoundEvent(
            position: position,
            source: source ?? "",
            id: id ?? "",
            time: Timestamp(nanoseconds: time),
            name: name,
            sequence: sequence ?? 0,
            subject: subject,
            data: data,
            symbols: symbols
        )
        event.trace = trace.flatMap(FoundRow.traceID)
        return event
    }

    /// The whole event, with texts in `symbols`.
    func whole(_ symbols: SymbolTable) -> WholeEvent {
        WholeEvent(
            position: position,
            source: source ?? "",
            id: id ?? "",
            content: source == nil || id == nil ? nil : content(symbols)
        )
    }

    private func content(_ symbols: SymbolTable) -> WholeEvent.Content? {
        if let document { return WholeEvent.Content(document: Array(document.utf8), in: symbols) }
        guard let time, let name = type.flatMap(EventName.init(cloudEventType:)),
            let data = data.flatMap({ try? EventData(json: $0, symbols: symbols) })
        else { return nil }
        return WholeEvent.Content(
            id: id ?? "",
            source: source ?? "",
            time: Timestamp(nanoseconds: time),
            name: name,
            sequence: sequence ?? 0,
            subject: subject,
            user: data.user,
            session: data.session,
            transaction: data.transaction,
            value: data.value,
            currency: data.currency,
            isOrderPart: data.isOrderPart,
            items: data.items,
            in: symbols
        )
    }

    private func event(in json: ArraySlice<UInt8>, _ symbols: SymbolTable) -> FoundEvent? {
        let decoder = CloudEventDecoder(symbols: symbols, events: .accepted)
        guard let (event, items) = try? decoder.decode(json) else { return nil }
        return FoundEvent(
            event,
            items,
            symbols,
            writtenAs: json,
            position: position,
            source: source ?? "",
            id: id ?? ""
        )
    }

    /// The first sixteen bytes of a trace as hexadecimal digits.
    private static func traceID(_ bytes: [UInt8]) -> String? {
        bytes.count == 24 ? bytes.prefix(16).hexadecimal : nil
    }
}
