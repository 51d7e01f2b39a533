package import Commerce
package import Timekeeping

/// An event as a raw store gives it back, with all that it carries.
package struct WholeEvent: Sendable {
    package struct Content: Sendable {
        package var event: Event
        package var items: [Item]
        /// The CloudEvents JSON that it was read from; nil where it came as something else.
        package var document: [UInt8]?

        package init(event: Event, items: [Item], document: [UInt8]?) {
            self.event = event
            self.items = items
            self.document = document
        }
    }

    package var position: Int64
    package var source: String
    package var id: String
    /// Nil where what is stored is not an event any more.
    package var content: Content?

    package init(position: Int64, source: String, id: String, content: Content?) {
        self.position = position
        self.source = source
        self.id = id
        self.content = content
    }
}

extension WholeEvent.Content {
    /// The event that the CloudEvents JSON `document` writes, with texts in `symbols`; nil where
    /// it writes none.
    package init?(document: [UInt8], in symbols: SymbolTable) {
        guard
            let (event, items) = try? CloudEventDecoder(symbols: symbols, events: .accepted)
                .decode(document[...])
        else { return nil }
        self.init(event: event, items: items, document: document)
    }

    /// An event that a store keeps field by field, with texts in `symbols`.
    ///
    /// Its id is a UUID: any other is read back from the document that it came with.
    package init?(
        id: String,
        source: String,
        time: Timestamp,
        name: EventName,
        sequence: Int64,
        subject: String?,
        user: Symbol,
        session: Symbol,
        transaction: Symbol,
        value: Int64,
        currency: Currency,
        isOrderPart: Bool,
        items: [Item],
        in symbols: SymbolTable
    ) {
        guard let uuid = EventID(uuid: id), items.count <= Int(UInt16.max) else { return nil }
        let namespace = name.subjectNamespace
        self.init(
            event: Event(
                id: uuid,
                time: time,
                source: symbols.symbol(for: source, in: .text),
                sequence: sequence,
                user: user,
                session: session,
                subject: subject.map { symbols.symbol(for: $0, in: namespace) } ?? .none,
                subjectNamespace: namespace,
                transaction: transaction,
                value: value,
                currency: currency,
                name: name,
                isOrderPart: isOrderPart
            ),
            items: items,
            document: nil
        )
    }
}

/// Which stored events are asked for, by position and time.
package struct EventRange: Hashable, Sendable {
    /// Only the positions behind this one.
    package var after: Int64
    /// Only those up to this one.
    package var through: Int64
    /// Only what happened then or later.
    package var since: Timestamp
    /// Only what happened before then.
    package var until: Timestamp

    package init(
        after: Int64 = .min,
        through: Int64 = .max,
        since: Timestamp = .distantPast,
        until: Timestamp = .distantFuture
    ) {
        self.after = after
        self.through = through
        self.since = since
        self.until = until
    }
}

/// A raw store that gives whole events back.
///
/// - Guarantees: a page is in the order of positions; asking on behind its last one until a page
///   is empty has seen every event of the range that was stored before, in bounded memory. What
///   is given is what was stored, to the byte of a document and to the minor unit.
/// - Failure and recovery: an event that cannot be read has no content, and is noted as damaged.
package protocol WholeEventReading: Sendable {
    /// Some events of `range`, at most `limit`, with texts in `symbols`; none if there are no more.
    func wholeEvents(
        in range: EventRange,
        atMost limit: Int,
        _ symbols: SymbolTable
    ) async throws(StoreError) -> [WholeEvent]

    /// The events at `positions`, which ascend, with texts in `symbols`; those that are there.
    func wholeEvents(
        at positions: [Int64],
        _ symbols: SymbolTable
    ) async throws(StoreError) -> [WholeEvent]
}
