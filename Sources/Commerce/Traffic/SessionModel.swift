package import Timekeeping

/// Shoppers who walk through the shop: they land, view, fill carts, check out, buy and leave.
///
/// A fixed number of sessions goes on at once. Each arrival advances one of them by a step of
/// the funnel, or now and then refunds an order; whoever leaves makes room for a new shopper in
/// the same arrival. Memory is fixed by the options, however long the run.
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
    /// A 64-bit number below this refunds an order; nil where every order is refunded.
    let refundThreshold: UInt64?

    var pacing: Pacing
    var numbering: EventNumbering
    var sessions: [ShopperSession]
    /// The cart of the session in place `slot` begins at `slot` times the cart limit.
    var cartLines: [CartLine]
    var refunds: RefundPool
    /// Lines of the order being refunded; kept so that a refund allocates nothing.
    var refundLines: [CartLine] = []
    var sessionCount: UInt64 = 0
    var orderCount: UInt64 = 0
    private var chance: Randomness

    /// How often a session is chosen for each time a waiting order is: refunds come so many
    /// times later than the next step of a session.
    static var sessionWeight: UInt64 { 4 }

    /// What the sessions of one model may take.
    package static let memoryLimit = 256 << 20

    /// What each session takes: itself, its cart, and an order that waits to be refunded.
    package static func bytesPerSession(cartLimit: Int) -> Int {
        MemoryLayout<ShopperSession>.stride + MemoryLayout<RefundPool.Order>.stride
            + 2 * cartLimit * MemoryLayout<CartLine>.stride
    }

    /// Traffic under `load` from `start`; without a load, events are due when they are asked
    /// for, and carry the time of the horizon.
    package init(
        shop: ShopOptions,
        options: SessionOptions,
        load: LoadProfile?,
        seed: UInt64,
        start: Timestamp,
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
        chance = Randomness(seed: seed, purpose: "sessions")
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
            beginSession(in: slot, &chance)
            step = funnel.landing(chance.next())
        }
        let wanted = SessionModel.eventNames[Int(step)]
        let name = sessions[slot].permitted(wanted, cartLimit: cartLimit)
        sessions[slot].last = name.rawValue
        perform(name, in: slot, at: time, &builder, &chance)
    }

    @inline(__always)
    private mutating func beginSession(in slot: Int, _ chance: inout Randomness) {
        sessionCount += 1
        var session = ShopperSession()
        session.number = sessionCount
        session.user = sessionCount
        if let users {
            session.user = users.rank(chance.next())
        }
        sessions[slot] = session
    }

    static let eventNames = EventName.allCases
}
