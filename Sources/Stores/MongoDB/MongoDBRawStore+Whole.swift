package import Commerce
package import Storage
internal import Timekeeping

extension MongoDBRawStore: WholeEventReading {
    package var reading: (any WholeEventReading)? { self }

    package func wholeEvents(
        in range: EventRange,
        atMost limit: Int,
        _ symbols: SymbolTable
    ) async throws(StoreError) -> [WholeEvent] {
        var range = range
        while true {
            let page = try await page(WholeEventCommands.filter(range), atMost: limit, symbols)
            // Dates are to the millisecond, so that the ends may have found too much.
            let asked = page.filter { event in
                event.content.map {
                    $0.event.time >= range.since && $0.event.time < range.until
                } ?? true
            }
            guard asked.isEmpty, let last = page.last?.position, last > range.after else {
                return asked
            }
            range.after = last
        }
    }

    package func wholeEvents(
        at positions: [Int64],
        _ symbols: SymbolTable
    ) async throws(StoreError) -> [WholeEvent] {
        var events: [WholeEvent] = []
        // A reply ends at 16 MiB.
        while true {
            let rest = positions.drop { $0 <= events.last?.position ?? .min }
            guard !rest.isEmpty else { return events }
            let filter = WholeEventCommands.filter(Array(rest))
            let page = try await page(filter, atMost: rest.count, symbols)
            guard !page.isEmpty else { return events }
            events += page
        }
    }

    private func page(
        _ filter: @escaping @Sendable () -> BSONDocument,
        atMost limit: Int,
        _ symbols: SymbolTable
    ) async throws(StoreError) -> [WholeEvent] {
        try await pool.withConnection { [damage] connection throws(StoreError) in
            try await connection.wholeEvents(filter, atMost: limit, symbols, notingIn: damage)
        }
    }
}

extension MongoDBConnection {
    /// The first ones of the events that `filter` finds.
    fileprivate func wholeEvents(
        _ filter: @Sendable () -> BSONDocument,
        atMost limit: Int,
        _ symbols: SymbolTable,
        notingIn damage: DamagedValues
    ) throws(StoreError) -> [WholeEvent] {
        let store = "\(location)"
        return try read(WholeEventCommands.find(filter(), atMost: limit))
            .documents("cursor.firstBatch").map { document in
                WholeEvent(document, StoredField(document, in: store, damage), symbols)
            }
    }
}

extension WholeEvent {
    /// What `document` says, with texts in `symbols`.
    fileprivate init(_ document: BSONDocument, _ field: StoredField, _ symbols: SymbolTable) {
        self.init(
            position: field.integer("position", isNeeded: true) ?? 0,
            source: field.text("source", isNeeded: true),
            id: field.text("id", isNeeded: true),
            content: nil
        )
        if document.has("document") {
            content = Content(document: Array(field.text("document").utf8), in: symbols)
            return
        }
        func symbol(_ path: StaticString, _ namespace: Namespace) -> Symbol {
            document.has(path) ? symbols.symbol(for: field.text(path), in: namespace) : .none
        }
        let code = field.text("currency")
        guard let time = field.time, let name = EventName(ga4: field.text("name", isNeeded: true)),
            let currency = code.isEmpty ? Currency.none : Currency(code: code)
        else { return }
        content = Content(
            id: id,
            source: source,
            time: time,
            name: name,
            sequence: field.integer("sequence") ?? 0,
            subject: document.has("subject") ? field.text("subject") : nil,
            user: symbol("user_id", .user),
            session: symbol("session_id", .session),
            transaction: symbol("transaction_id", .order),
            value: field.integer("value_minor") ?? 0,
            currency: currency,
            isOrderPart: field.flag("order_part"),
            items: document.documents("items").map { Item($0, symbols) },
            in: symbols
        )
    }
}

extension Item {
    /// What `line`, one of a document's `items`, says.
    fileprivate init(_ line: BSONDocument, _ symbols: SymbolTable) {
        func symbol(_ path: StaticString, _ namespace: Namespace) -> Symbol {
            line.text(path).map { symbols.symbol(for: $0, in: namespace) } ?? .none
        }
        self.init(
            product: symbol("item_id", .product),
            category: symbol("item_category", .category),
            price: line.integer("price_minor") ?? 0,
            quantity: Int32(clamping: line.integer("quantity") ?? 0)
        )
    }
}

/// The commands by which whole events are read; a document is made on the thread that uses it.
private enum WholeEventCommands {
    static func filter(_ range: EventRange) -> @Sendable () -> BSONDocument {
        {
            let places = BSONDocument {
                $0.append("$gt", range.after)
                $0.append("$lte", range.through)
                $0.append("$type", texts: RawEventCommands.placeTypes)
            }
            let times = BSONDocument {
                $0.append("$gte", date: range.since.nanoseconds.flooringQuotient(1_000_000))
                $0.append("$lte", date: range.until.nanoseconds.flooringQuotient(1_000_000))
            }
            return BSONDocument {
                $0.append("position", document: places)
                $0.append("time", document: times)
            }
        }
    }

    static func filter(_ positions: [Int64]) -> @Sendable () -> BSONDocument {
        {
            BSONDocument {
                $0.append("$or", documents: positions.count) { part, place in
                    part.append("position", positions[place])
                }
            }
        }
    }

    static func find(_ filter: BSONDocument, atMost limit: Int) -> BSONDocument {
        BSONDocument {
            $0.append("find", RawEventCommands.collection)
            $0.append("filter", document: filter)
            $0.append("sort", document: BSONDocument(json: #"{"position": 1}"#))
            $0.append("limit", Int32(clamping: limit))
            $0.append("batchSize", Int32(clamping: limit))
            $0.append("singleBatch", true)
        }
    }
}
