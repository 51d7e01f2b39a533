package import Timekeeping

/// Shoppers who walk through the shop: they land, view, fill carts, check out, buy and leave.
///
/// A fixed number of sessions goes on at once. Each arrival advances one of them by a step of
/// the funnel, or now and then refunds an order; one who leaves makes room for a new shopper in
/// the same arrival. The shop is open already when the first event comes: its sessions are in all
/// phases then, as they are ever after. Memory is fixed by the options, however long the run.
package struct SessionModel: EventSource, Sendable {
    package let stream: Symbol
    package let symbols: SymbolTable
    let currency: Currency
    let catalogue: Catalogue
    let products: ZipfSampler
    /// Nil where every session is that of a new shopper.
    let users: ZipfSampler?
    let funnel: FunnelTable
    let cartLimit: Int
    /// A 64-bit number below this refunds an order; nil if every order is refunded.
    let refundThreshold: UInt64?

    var pacing: Pacing
    var numbering: EventNumbering
    var sessions: [ShopperSession]
    /// The cart of the session in place `slot` begins at `slot` times the cart limit.
    var cartLines: [CartLine]
    var refunds: RefundPool
    /// Lines of the order being refunded; kept so that a refund allocates nothing.
    var refundLines: [CartLine] = []
    /// The numbers of the newest session and of the newest order.
    var sessionCount: UInt64
    var orderCount: UInt64
    private var chance: Randomness

    /// How often a session is chosen for each time a waiting order is: refunds come so many
    /// times later than the next step of a session.
    static var sessionWeight: UInt64 { 4 }

    /// How many steps lie behind a session that is on its way when the shop is first seen: many
    /// more than a session has, so that any phase is as likely as later on.
    private static var stepsBefore: Int { 32 }

    /// What the sessions of one model may take.
    package static let memoryLimit = 256 << 20

    /// What each session takes: itself, its cart, and an order that waits to be refunded.
    package static func bytesPerSession(cartLimit: Int) -> Int {
        MemoryLayout<ShopperSession>.stride + MemoryLayout<RefundPool.Order>.stride
            + 2 * cartLimit * MemoryLayout<CartLine>.stride
    }

    /// Traffic under `load` from `start`; without a load, events are due when they are asked
    /// for, and carry the time of the horizon.
    ///
    /// Sessions and orders are numbered on from `numberBefore`, and another one makes other
    /// sessions: so those of a later run are not taken for those of an earlier one.
    package init(
        shop: ShopOptions,
        options: SessionOptions,
        load: LoadProfile?,
        seed: UInt64,
        start: Timestamp,
        numberBefore: UInt64 = 0,
        source: String,
        symbols: SymbolTable
    ) {
        precondition((1...1000).contains(options.cartLimit), "a cart holds 1 to 1000 products")
        precondition(
            (1...1 << 24).contains(options.concurrentSessions),
            "from 1 to 2^24 sessions go on at once"
        )
        precondition(shop.products <= Int(UInt32.max), "a shop has 2^32 - 1 products at most")
        self.symbols = symbols
        stream = symbols.symbol(for: source, in: .text)
        currency = shop.currency
        catalogue = Catalogue(shop: shop, seed: seed)
        products = ZipfSampler(count: shop.products, exponent: shop.productExponent)
        users =
            shop.users == 0
            ? nil : ZipfSampler(count: shop.users, exponent: shop.userExponent)
        funnel = FunnelTable(options)
        cartLimit = options.cartLimit
        refundThreshold =
            options.refundProbability >= 1
            ? nil : UInt64(Swift.max(0, options.refundProbability) * 0x1p64)
        pacing = Pacing(load: load, start: start, seed: seed)
        numbering = EventNumbering(seed: seed, start: start)
        sessions = Array(repeating: ShopperSession(), count: options.concurrentSessions)
        cartLines = Array(
            repeating: CartLine(product: 0, quantity: 0),
            count: options.concurrentSessions * options.cartLimit
        )
        refunds = RefundPool(
            capacity: options.concurrentSessions,
            cartLimit: options.cartLimit
        )
        chance = Randomness(seed: seed ^ SplitMix64.mix(numberBefore), purpose: "sessions")
        (sessionCount, orderCount) = (numberBefore, numberBefore)
    }

    package mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        builder.expectShopEvents(after: numbering.sequence, limit: limit)
        // Local while the loop lasts, so that it stays in registers.
        var chance = self.chance
        defer { self.chance = chance }
        guard pacing.isPaced else {
            let time = pacing.unpacedTime(horizon)
            for _ in 0..<Swift.max(0, limit) {
                arrive(at: time, in: &builder, &chance)
            }
            return time
        }
        var made = 0
        while made < limit, let time = pacing.take(by: horizon) {
            arrive(at: time, in: &builder, &chance)
            made += 1
        }
        return pacing.pending
    }

    /// Makes the one event of an arrival.
    @inline(__always)
    private mutating func arrive(
        at time: Timestamp,
        in builder: inout BatchBuilder,
        _ chance: inout Randomness
    ) {
        numbering.advance()
        // A full pool is relieved first: it never has to turn an order away.
        let inShop = refunds.isFull ? 0 : UInt64(sessions.count) * SessionModel.sessionWeight
        let choices = inShop + UInt64(refunds.count)
        let (choice, rest) = chance.next().multipliedFullWidth(by: choices)
        guard choice < inShop else {
            refund(Int(choice - inShop), at: time, in: &builder, &chance)
            return
        }
        let slot = Int(choice / SessionModel.sessionWeight)
        // What the choice of the session left over is as good as a new number.
        var step = funnel.step(after: sessions[slot].last, rest)
        if step == FunnelTable.leaving {
            step = beginSession(in: slot, at: time, &builder, &chance)
        }
        let wanted = SessionModel.eventNames[Int(step)]
        let name = sessions[slot].permitted(wanted, cartLimit: cartLimit)
        sessions[slot].last = name.rawValue
        perform(name, in: slot, at: time, &builder, &chance)
    }

    /// Lets a new shopper into the place `slot`; gives the first step there.
    @inline(__always)
    private mutating func beginSession(
        in slot: Int,
        at time: Timestamp,
        _ builder: inout BatchBuilder,
        _ chance: inout Randomness
    ) -> UInt8 {
        let isFirstHere = sessions[slot].last == FunnelTable.vacant
        sessionCount += 1
        var session = ShopperSession()
        session.number = sessionCount
        session.user = sessionCount
        if let users {
            session.user = users.rank(chance.next())
        }
        sessions[slot] = session
        return isFirstHere
            ? walk(in: slot, at: time, &builder, &chance) : funnel.landing(chance.next())
    }

    /// Leads the session in `slot`, the first one there, to where it is when it is first seen;
    /// gives its next step.
    ///
    /// What it did before makes no events, and no orders: nothing refunds what nobody saw bought.
    @inline(never)
    private mutating func walk(
        in slot: Int,
        at time: Timestamp,
        _ builder: inout BatchBuilder,
        _ chance: inout Randomness
    ) -> UInt8 {
        let (events, items) = (builder.events.count, builder.items.count)
        let shopper = sessions[slot]
        var step = funnel.landing(chance.next())
        for _ in 0..<SessionModel.stepsBefore {
            let wanted = SessionModel.eventNames[Int(step)]
            let name = sessions[slot].permitted(wanted, cartLimit: cartLimit)
            sessions[slot].last = name.rawValue
            if name == .purchase {
                sessions[slot].emptyCart()
            } else {
                perform(name, in: slot, at: time, &builder, &chance)
            }
            step = funnel.step(after: name.rawValue, chance.next())
            if step == FunnelTable.leaving {
                // Another one came after, of whom nothing is known but the place.
                sessions[slot] = shopper
                step = funnel.landing(chance.next())
            }
        }
        builder.events.removeLast(builder.events.count - events)
        builder.items.removeLast(builder.items.count - items)
        return step
    }

    static let eventNames = EventName.ga4Cases
}

// What each event of the funnel does to its session, and what it carries.

extension SessionModel {
    /// Makes the event `name`, which the session in `slot` is permitted.
    @inline(__always)
    mutating func perform(
        _ name: EventName,
        in slot: Int,
        at time: Timestamp,
        _ builder: inout BatchBuilder,
        _ chance: inout Randomness
    ) {
        switch name {
        case .viewItemList, .search:
            append(name, in: slot, at: time, value: 0, itemCount: 0, to: &builder)
        case .viewItem:
            let item = catalogue.item(products.rank(chance.next()), quantity: 1)
            sessions[slot].viewed = UInt32(truncatingIfNeeded: item.product.bits)
            append(name, in: slot, at: time, line: item, to: &builder)
        case .addToCart:
            let item = addLine(in: slot, &chance)
            append(name, in: slot, at: time, line: item, to: &builder)
        case .removeFromCart:
            // Apart from the call, which would else keep a copy of all sessions meanwhile.
            let item = removeLine(in: slot, &chance)
            append(name, in: slot, at: time, line: item, to: &builder)
        case .beginCheckout:
            sessions[slot].isCheckingOut = true
            appendCart(name, in: slot, at: time, to: &builder)
        case .purchase, .refund:
            buy(in: slot, at: time, &builder, &chance)
        case .custom: break  // no shopper of the model does what it does not know
        }
    }

    /// Puts one to three pieces of the product viewed last, or else of a new one, into the cart.
    @inline(__always)
    private mutating func addLine(in slot: Int, _ chance: inout Randomness) -> Item {
        let quantity = Int32(truncatingIfNeeded: chance.below(3)) + 1
        var product = sessions[slot].viewed
        if product == 0 {
            product = UInt32(truncatingIfNeeded: products.rank(chance.next()))
        }
        sessions[slot].viewed = 0
        let first = slot * cartLimit
        let count = Int(sessions[slot].cartCount)
        let item = catalogue.item(UInt64(product), quantity: quantity)
        for index in first..<first + count where cartLines[index].product == product {
            cartLines[index].quantity += quantity
            return item
        }
        cartLines[first + count] = CartLine(product: product, quantity: quantity)
        sessions[slot].cartCount += 1
        return item
    }

    /// Takes all pieces of one product out of the cart.
    private mutating func removeLine(in slot: Int, _ chance: inout Randomness) -> Item {
        let first = slot * cartLimit
        let count = Int(sessions[slot].cartCount)
        let index = first + Int(chance.below(UInt64(count)))
        let line = cartLines[index]
        cartLines[index] = cartLines[first + count - 1]
        sessions[slot].cartCount -= 1
        return catalogue.item(UInt64(line.product), quantity: line.quantity)
    }

    @inline(never)
    private mutating func buy(
        in slot: Int,
        at time: Timestamp,
        _ builder: inout BatchBuilder,
        _ chance: inout Randomness
    ) {
        orderCount += 1
        appendCart(.purchase, in: slot, at: time, order: orderCount, to: &builder)
        let session = sessions[slot]
        if isRefunded(chance.next()) {
            let first = slot * cartLimit
            let count = Int(session.cartCount)
            refunds.add(
                RefundPool.Order(
                    number: orderCount,
                    user: session.user,
                    session: session.number,
                    lineCount: count
                ),
                lines: cartLines[first..<first + count]
            )
        }
        sessions[slot].emptyCart()
    }

    private func isRefunded(_ random: UInt64) -> Bool {
        guard let refundThreshold else { return true }
        return random < refundThreshold
    }

    /// Refunds the waiting order at `index`: one half of them in full, of the others some lines.
    @inline(never)
    mutating func refund(
        _ index: Int,
        at time: Timestamp,
        in builder: inout BatchBuilder,
        _ chance: inout Randomness
    ) {
        let order = refunds.take(at: index, lines: &refundLines)
        let isFull = chance.below(2) == 0
        let firstItem = builder.items.count
        var value: Int64 = 0
        // One line comes back for certain, each of the others with probability one half.
        let certain = Int(chance.below(UInt64(refundLines.count)))
        for (place, line) in refundLines.enumerated() {
            guard isFull || place == certain || chance.below(2) == 0 else { continue }
            var quantity = line.quantity
            if !isFull {
                quantity = Int32(truncatingIfNeeded: chance.below(UInt64(quantity))) + 1
            }
            let item = catalogue.item(UInt64(line.product), quantity: quantity)
            value += item.price * Int64(quantity)
            builder.items.append(item)
        }
        builder.events.append(
            event(
                .refund,
                at: time,
                user: order.user,
                session: order.session,
                order: order.number,
                value: value,
                firstItem: firstItem,
                itemCount: builder.items.count - firstItem
            )
        )
    }

    /// Appends an event with the whole cart.
    private func appendCart(
        _ name: EventName,
        in slot: Int,
        at time: Timestamp,
        order: UInt64 = 0,
        to builder: inout BatchBuilder
    ) {
        let first = slot * cartLimit
        let count = Int(sessions[slot].cartCount)
        var value: Int64 = 0
        for line in cartLines[first..<first + count] {
            let item = catalogue.item(UInt64(line.product), quantity: line.quantity)
            value += item.price * Int64(line.quantity)
            builder.items.append(item)
        }
        builder.events.append(
            event(
                name,
                at: time,
                user: sessions[slot].user,
                session: sessions[slot].number,
                order: order,
                value: value,
                firstItem: builder.items.count - count,
                itemCount: count
            )
        )
    }

    /// Appends an event with `line` as its only item.
    @inline(__always)
    private func append(
        _ name: EventName,
        in slot: Int,
        at time: Timestamp,
        line: Item,
        to builder: inout BatchBuilder
    ) {
        append(
            name,
            in: slot,
            at: time,
            value: line.price * Int64(line.quantity),
            itemCount: 1,
            to: &builder
        )
        builder.items.append(line)
    }

    /// Appends an event of the session in `slot`, whose items come next.
    @inline(__always)
    private func append(
        _ name: EventName,
        in slot: Int,
        at time: Timestamp,
        value: Int64,
        itemCount: Int,
        to builder: inout BatchBuilder
    ) {
        builder.events.append(
            event(
                name,
                at: time,
                user: sessions[slot].user,
                session: sessions[slot].number,
                order: 0,
                value: value,
                firstItem: builder.items.count,
                itemCount: itemCount
            )
        )
    }

    @inline(__always)
    private func event(
        _ name: EventName,
        at time: Timestamp,
        user: UInt64,
        session: UInt64,
        order: UInt64,
        value: Int64,
        firstItem: Int,
        itemCount: Int
    ) -> Event {
        Event(
            id: numbering.id(at: time),
            time: time,
            source: stream,
            sequence: Int64(bitPattern: numbering.sequence),
            user: Symbol(number: user),
            session: Symbol(number: session),
            subject: Symbol(number: order == 0 ? session : order),
            subjectNamespace: name.subjectNamespace,
            transaction: Symbol(number: order),
            value: value,
            currency: itemCount == 0 ? .none : currency,
            firstItem: UInt32(truncatingIfNeeded: firstItem),
            itemCount: UInt16(truncatingIfNeeded: itemCount),
            name: name
        )
    }
}
