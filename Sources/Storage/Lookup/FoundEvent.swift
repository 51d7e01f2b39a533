package import Broker
package import Commerce
package import Timekeeping

/// An event as a raw store holds it, with its keys.
package struct FoundEvent: Hashable, Sendable {
    /// Its place in the topic.
    package var position: Int64
    package var source: String
    package var id: String
    package var time: Timestamp
    /// Its GA4 name, or the one that the shop has given it.
    package var name: String
    /// From 1; 0 where its source does not number its events.
    package var sequence: Int64
    /// Nil for each of these where the event has none.
    package var subject: String?
    package var order: String?
    package var user: String?
    package var session: String?
    /// Those of its items, each once, in their order.
    package var products: [String]
    /// In minor units.
    package var value: Int64
    package var currency: Currency
    /// 32 lower-case hexadecimal digits; nil where it is not known.
    package var trace: String?
    /// The id of the event that caused it; nil where it came without.
    package var causation: String?

    /// The event that `event`, with `items`, is at `position`; symbols are those of `symbols`.
    package init(
        _ event: Event,
        _ items: some Sequence<Item>,
        _ symbols: SymbolTable,
        position: Int64,
        source: String,
        id: String
    ) {
        func text(_ symbol: Symbol, _ namespace: Namespace) -> String? {
            symbol.isPresent ? symbols.text(of: symbol, in: namespace) : nil
        }
        self.init(
            position: position,
            source: source,
            id: id,
            time: event.time,
            name: event.name(in: symbols),
            sequence: event.sequence,
            subject: text(event.subject, event.subjectNamespace),
            order: text(event.transaction, .order),
            user: text(event.user, .user),
            session: text(event.session, .session),
            products: items.compactMap { text($0.product, .product) },
            value: event.value,
            currency: event.currency,
            trace: nil,
            causation: nil
        )
    }

    /// The event at `place` of what was published.
    package init(_ publication: Publication<Batch>, _ place: Int) {
        let batch = publication.batch
        let event = batch.events[place]
        self.init(
            event,
            batch.items[event.itemRange],
            batch.symbols,
            writtenAs: batch.originalJSON(of: place) ?? [],
            position: publication.position(at: place),
            source: batch.symbols.text(of: event.source, in: .text),
            id: batch.idText(of: place)
        )
    }

    /// The event that `event` is, with what `json`, the CloudEvent that it was read from, says of
    /// others; without a trace of its own, it has the one that follows from it.
    package init(
        _ event: Event,
        _ items: some Sequence<Item>,
        _ symbols: SymbolTable,
        writtenAs json: ArraySlice<UInt8>,
        position: Int64,
        source: String,
        id: String
    ) {
        self.init(event, items, symbols, position: position, source: source, id: id)
        let foreign = ForeignAttributes(json: json)
        trace = foreign.traceID ?? TraceContext(of: event, symbols: symbols).traceID
        causation = foreign.causation
    }

    /// An event that a store keeps field by field.
    package init(
        position: Int64,
        source: String,
        id: String,
        time: Timestamp,
        name: EventName,
        sequence: Int64,
        subject: String?,
        data: EventData,
        symbols: SymbolTable
    ) {
        let event = Event(
            id: EventID(high: 0, low: 0),
            time: time,
            source: .none,
            sequence: sequence,
            user: data.user,
            session: data.session,
            subject: .none,
            subjectNamespace: name.subjectNamespace,
            transaction: data.transaction,
            value: data.value,
            currency: data.currency,
            name: name,
            isOrderPart: data.isOrderPart
        )
        self.init(event, data.items, symbols, position: position, source: source, id: id)
        self.subject = subject
    }

    /// An event of which each part is known.
    package init(
        position: Int64,
        source: String,
        id: String,
        time: Timestamp,
        name: String,
        sequence: Int64,
        subject: String?,
        order: String?,
        user: String?,
        session: String?,
        products: [String],
        value: Int64,
        currency: Currency,
        trace: String?,
        causation: String?
    ) {
        self.position = position
        self.source = source
        self.id = id
        self.time = time
        self.name = name
        self.sequence = sequence
        self.subject = subject
        self.order = order
        self.user = user
        self.session = session
        self.products = []
        self.value = value
        self.currency = currency
        self.trace = trace
        self.causation = causation
        for product in products { add(product: product) }
    }

    /// Adds a product, where it is not there yet.
    private mutating func add(product: String) {
        guard !products.contains(where: { FoundEvent.isSame($0, product) }) else { return }
        products.append(product)
    }

    /// Whether it meets `condition`; texts are compared by their bytes.
    package func meets(_ condition: EventCondition) -> Bool {
        func isValue(_ text: String?) -> Bool {
            text.map { FoundEvent.isSame($0, condition.value) } ?? false
        }
        return switch condition.key {
        case .order: isValue(order)
        case .user: isValue(user)
        case .session: isValue(session)
        case .product: products.contains { isValue($0) }
        case .id: isValue(id)
        case .message: isValue("\(position)")
        case .trace: isValue(trace)
        }
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }
}
