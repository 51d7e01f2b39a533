package import Timekeeping

/// Independent events in fixed shares: the traffic to measure throughput with.
///
/// There are no sessions here. Each event has a shopper and a product drawn by Zipf's
/// law, and one to three pieces of it. The k-th refund is that of the k-th order, but its
/// shopper and its amount are its own; where those must agree, use ``SessionModel``.
package struct MixModel: EventSource, Sendable {
    package let stream: Symbol
    package let symbols: SymbolTable
    private let currency: Currency
    private let catalogue: Catalogue
    private let products: ZipfSampler
    /// Nil where every event has a new shopper.
    private let users: ZipfSampler?
    private let names: AliasTable
    private let facts = EventName.ga4Cases.map(NameFacts.init)
    private var chance: Randomness
    private var pacing: Pacing
    private var numbering: EventNumbering
    private var purchases: UInt64 = 0
    private var refunds: UInt64 = 0

    /// Traffic under `load` from `start`; without a load, events are due when they are asked
    /// for, and carry the time of the horizon.
    package init(
        shop: ShopOptions,
        options: MixOptions,
        load: LoadProfile?,
        seed: UInt64,
        start: Timestamp,
        source: String,
        symbols: SymbolTable
    ) {
        self.symbols = symbols
        stream = symbols.symbol(for: source, in: .text)
        currency = shop.currency
        catalogue = Catalogue(shop: shop, seed: seed)
        products = ZipfSampler(count: shop.products, exponent: shop.productExponent)
        users =
            shop.users == 0
            ? nil : ZipfSampler(count: shop.users, exponent: shop.userExponent)
        names = AliasTable(weights: EventName.ga4Cases.map { options.shares[$0] ?? 0 })
        chance = Randomness(seed: seed, purpose: "mix")
        pacing = Pacing(load: load, start: start, seed: seed)
        numbering = EventNumbering(seed: seed, start: start)
    }

    package mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        builder.expectShopEvents(after: numbering.sequence, limit: limit)
        // Local while the loop lasts: the generator stays in registers, and the room for the
        // items is not asked for once an event.
        var chance = self.chance
        var items: [Item] = []
        swap(&items, &builder.items)
        defer {
            self.chance = chance
            swap(&items, &builder.items)
        }
        let unpacedTime = pacing.isPaced ? nil : pacing.unpacedTime(horizon)
        var left = Swift.max(0, limit)
        while left > 0 {
            let room = Swift.min(left, MixModel.chunk)
            let before = builder.events.count
            let firstItem = items.count
            builder.events.append(addingCapacity: room) { events in
                items.append(addingCapacity: room) { lines in
                    if let unpacedTime {
                        for _ in 0..<room {
                            append(at: unpacedTime, firstItem, &events, &lines, &chance)
                        }
                    } else {
                        while events.count < room, let time = pacing.take(by: horizon) {
                            append(at: time, firstItem, &events, &lines, &chance)
                        }
                    }
                }
            }
            let made = builder.events.count - before
            left -= made
            if made < room { break }
        }
        return unpacedTime ?? pacing.pending
    }

    /// Adds one event, the items of whose batch begin at `firstItem`.
    @inline(__always)
    private mutating func append(
        at time: Timestamp,
        _ firstItem: Int,
        _ events: inout OutputSpan<Event>,
        _ lines: inout OutputSpan<Item>,
        _ chance: inout Randomness
    ) {
        numbering.advance()
        let sequence = numbering.sequence
        // The table of names takes the 35 highest bits, the quantity some of the lowest.
        let random = chance.next()
        let facts = self.facts[names.outcome(random)]
        let quantity = Int32(truncatingIfNeeded: ((random & 0xff_ffff) * 3) >> 24) + 1
        let item = catalogue.item(products.rank(chance.next()), quantity: quantity)
        var user = sequence
        var session = sequence
        if let users {
            user = users.rank(chance.next())
            // A shopper comes back in a new session once in 65,536 events of the shop.
            session = (sequence >> 16) &* users.count &+ user
        }
        // Masks and not branches, which could only be guessed.
        purchases &+= facts.purchaseMask & 1
        refunds &+= facts.refundMask & 1
        let order = purchases & facts.purchaseMask | refunds & facts.refundMask
        events.append(
            Event(
                id: numbering.id(at: time),
                time: time,
                source: stream,
                sequence: Int64(bitPattern: sequence),
                user: Symbol(number: user),
                session: Symbol(number: session),
                subject: Symbol(number: order | session & ~facts.orderMask),
                subjectNamespace: facts.namespace,
                transaction: Symbol(number: order),
                value: facts.hasItems ? item.price &* Int64(quantity) : 0,
                currency: facts.hasItems ? currency : .none,
                firstItem: UInt32(truncatingIfNeeded: firstItem &+ lines.count),
                itemCount: facts.hasItems ? 1 : 0,
                name: facts.name
            )
        )
        if facts.hasItems {
            lines.append(item)
        }
    }

    /// What a name means for its event, ready to be looked up.
    private struct NameFacts: Sendable {
        var name: EventName
        var namespace: Namespace
        var hasItems: Bool
        /// All ones for a purchase, else 0; the same for the others.
        var purchaseMask: UInt64
        var refundMask: UInt64
        var orderMask: UInt64 { purchaseMask | refundMask }

        init(_ name: EventName) {
            self.name = name
            namespace = name.subjectNamespace
            hasItems = name.hasItems
            purchaseMask = name == .purchase ? .max : 0
            refundMask = name == .refund ? .max : 0
        }
    }

    /// How many events are made room for at once.
    private static let chunk = 512
}

extension BatchBuilder {
    /// Prepares for events of a synthetic source, of which there were `count` so far.
    mutating func expectShopEvents(after count: UInt64, limit: Int) {
        guard events.isEmpty else { return }
        firstOffset = Int64(bitPattern: count) + 1
        // An item an event is what most events have; a builder that is used again has the room.
        items.reserveCapacity(Swift.min(limit, events.capacity))
    }
}
