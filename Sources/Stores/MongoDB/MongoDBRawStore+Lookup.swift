internal import Commerce
package import Storage
internal import Timekeeping

extension MongoDBRawStore: RawEventLookup {
    package var lookup: (any RawEventLookup)? { self }

    package func find(_ search: EventSearch) async throws(StoreError) -> FoundEvents {
        try await pool.withConnection { [damage] connection throws(StoreError) in
            try await connection.find(search, notingIn: damage)
        }
    }

    package func retained() async throws(StoreError) -> RetainedEvents? {
        try await pool.withConnection { [damage] connection throws(StoreError) in
            try await connection.retained(notingIn: damage)
        }
    }

    package func warning(about conditions: [EventCondition]) -> String? {
        let indexed: [EventKey] = [.order, .user, .session, .product, .id, .message]
        guard !hasTraceIndex, !conditions.contains(where: { indexed.contains($0.key) }) else {
            return nil
        }
        return "the collection was made without an index by trace, so that every document is "
            + "read; createIndex({traceparent: 1}) on raw_events makes one"
    }
}

extension MongoDBConnection {
    /// The events that `search` asks for.
    func find(
        _ search: EventSearch,
        notingIn damage: DamagedValues
    ) throws(StoreError) -> FoundEvents {
        let filter = EventLookupCommands.filter(search)
        let store = "\(location)"
        let reply = try read(EventLookupCommands.find(filter, atMost: search.limit))
        let documents = reply.documents("cursor.firstBatch")
        let events = documents.compactMap { document in
            FoundEvent(document, StoredField(document, in: store, damage))
        }
        guard !documents.isEmpty else { return FoundEvents(events: [], others: .exactly(0)) }
        // A reply ends at 16 MiB: what it left off is among the others then.
        let limit = max(search.countLimit, EventLookupCommands.countLimit)
        let most = documents.count + limit + 1
        let counted =
            try read(EventLookupCommands.count(filter, atMost: most))
            .documents("cursor.firstBatch").first?.integer("n") ?? 0
        let others = max(0, counted - Int64(documents.count))
        return FoundEvents(
            events: events,
            others: others > Int64(limit) ? .atLeast(Int64(limit)) : .exactly(others)
        )
    }
}

extension StoredField {
    /// When the event happened; nil where that cannot be read.
    var time: Timestamp? {
        guard let milliseconds = date("time") else { return nil }
        let (rounded, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return (integer("time_ns") ?? (overflow ? nil : rounded)).map(Timestamp.init(nanoseconds:))
    }
}

extension FoundEvent {
    /// What `document` says; nil where it is no event any more, which `field` has noted.
    fileprivate init?(_ document: BSONDocument, _ field: StoredField) {
        guard let position = field.integer("position", isNeeded: true), let time = field.time,
            let name = field.eventName
        else { return nil }
        func text(_ path: StaticString) -> String? {
            document.has(path) ? field.text(path) : nil
        }
        let code = field.text("currency")
        guard let currency = code.isEmpty ? Currency.none : Currency(code: code) else { return nil }
        let products = document.documents("items").compactMap { $0.text("item_id") }
        let json = Array((document.text("document") ?? "").utf8)
        self.init(
            position: position,
            source: field.text("source", isNeeded: true),
            id: field.text("id", isNeeded: true),
            time: time,
            name: name,
            sequence: field.integer("sequence") ?? 0,
            subject: text("subject"),
            order: text("transaction_id"),
            user: text("user_id"),
            session: text("session_id"),
            products: products,
            value: field.integer("value_minor") ?? 0,
            currency: currency,
            // `00-`, the id, and what follows it.
            trace: document.text("traceparent").map { String($0.dropFirst(3).prefix(32)) },
            causation: ForeignAttributes(json: json[...]).causation
        )
    }
}

/// The commands by which events are found.
private enum EventLookupCommands {
    /// So far the server counts: it reads each document for that.
    static let countLimit = 100_000

    /// The documents that meet every condition.
    static func filter(_ search: EventSearch) -> BSONDocument {
        let positions = search.conditions.filter { $0.key == .message }
            .compactMap { Int64($0.value) }
        let behind = BSONDocument {
            // A position that is asked for lies between its neighbours.
            $0.append("$gt", positions.reduce(search.after) { max($0, $1 - 1) })
            if let last = positions.min() { $0.append("$lte", last) }
        }
        let others = search.conditions.filter { $0.key != .message }
        let parts =
            others.map(condition) + [BSONDocument { $0.append("position", document: behind) }]
        // Where no field is named twice, one document says the same, and servers that look for an
        // index there alone find it: in the first of its fields that has one.
        if Set(others.map(\.key)).count == others.count {
            return BSONDocument { filter in
                for part in parts { filter.append(all: part) }
            }
        }
        return BSONDocument {
            $0.append("$and", documents: parts.count) { part, place in
                part.append(all: parts[place])
            }
        }
    }

    private static func condition(_ condition: EventCondition) -> BSONDocument {
        BSONDocument { document in
            let value = condition.value
            switch condition.key {
            case .order: document.append("transaction_id", value)
            case .user: document.append("user_id", value)
            case .session: document.append("session_id", value)
            case .product: document.append("items.item_id", value)
            case .message: preconditionFailure("a position is part of the range")
            case .id:
                // A document's `_id` is the id, a space, and the source.
                let key = RawEventEncoder.key(id: value, source: "")
                document.append("_id", document: range(key, to: UInt8(ascii: "!")))
            case .trace:
                let key = Array("00-\(value)-".utf8)
                document.append("traceparent", document: range(key, to: UInt8(ascii: ".")))
            }
        }
    }

    /// The texts that begin with `start`: `end` is the byte that follows the last one of it.
    private static func range(_ start: [UInt8], to end: UInt8) -> BSONDocument {
        let behind = Array(start.dropLast()) + [end]
        return BSONDocument {
            $0.append("$gte", utf8: start.span)
            $0.append("$lt", utf8: behind.span)
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

    static func count(_ filter: BSONDocument, atMost limit: Int) -> BSONDocument {
        BSONDocument {
            $0.append("aggregate", RawEventCommands.collection)
            $0.append("pipeline", documents: 3) { stage, place in
                switch place {
                case 0: stage.append("$match", document: filter)
                case 1: stage.append("$limit", Int64(limit))
                default: stage.append("$count", "n")
                }
            }
            $0.append("cursor", document: BSONDocument())
        }
    }
}
