package import Broker
package import Commerce
package import Timekeeping

/// Makes sound events and batches of them, told apart by their numbers.
package struct Shop: Sendable {
    /// 2023-11-14T22:13:20Z.
    package static let epoch = Timestamp(seconds: 1_700_000_000)

    package let symbols = SymbolTable()

    /// A shop with a symbol table of its own.
    package init() {}

    /// A product view whose ids follow from `number`; the caller changes what matters to it.
    package func event(
        _ number: Int,
        _ name: EventName = .viewItem,
        at time: Timestamp = Shop.epoch,
        source: String = "shop"
    ) -> Event {
        let isSale = name == .purchase || name == .refund
        return Event(
            id: EventID(version7At: 1_700_000_000_000, order: 0, tail: UInt64(number)),
            time: time,
            source: symbols.symbol(for: source, in: .text),
            sequence: Int64(number),
            user: Symbol(number: UInt64(number % 7 + 1)),
            session: Symbol(number: UInt64(number % 11 + 1)),
            subject: Symbol(number: UInt64(number)),
            subjectNamespace: .order,
            transaction: isSale ? Symbol(number: UInt64(number)) : .none,
            value: isSale ? 1000 : 0,
            currency: isSale ? .usd : .none,
            name: name
        )
    }

    /// One piece of one product at 10.00.
    package func item(product: UInt64 = 1, category: UInt64 = 1) -> Item {
        Item(
            product: Symbol(number: product),
            category: Symbol(number: category),
            price: 1000,
            quantity: 1
        )
    }

    /// A batch of `events`, each with one item.
    package func batch(_ events: [Event], firstOffset: Int64 = 1, stream: String = "test") -> Batch
    {
        batch(events.map { ($0, [item()]) }, firstOffset: firstOffset, stream: stream)
    }

    /// A batch of events with their items.
    package func batch(
        _ lines: [(event: Event, items: [Item])],
        firstOffset: Int64 = 1,
        stream: String = "test",
        offsets: [Int64] = []
    ) -> Batch {
        var builder = BatchBuilder(
            stream: symbols.symbol(for: stream, in: .text),
            symbols: symbols,
            capacity: lines.count
        )
        builder.firstOffset = firstOffset
        builder.offsets = offsets
        for line in lines {
            builder.append(line.event, items: line.items)
        }
        return builder.finish(schedule: .asRecorded)
    }

    /// A batch of `count` product views, numbered and placed in the stream from `first`.
    package func views(_ count: Int, from first: Int = 1, at time: Timestamp = Shop.epoch) -> Batch
    {
        batch((first..<first + count).map { event($0, at: time) }, firstOffset: Int64(first))
    }
}

extension Selection {
    /// The selected places.
    package var all: [Int] {
        var places: [Int] = []
        forEach { places.append($0) }
        return places
    }
}

extension Delivery<Batch> {
    /// The positions of the delivered messages.
    package var positions: [Int64] { selection.all.map { publication.position(at: $0) } }
}
