/// One shopper on the way through the shop.
struct ShopperSession: Sendable {
    /// In the order in which sessions are first seen; 0 for a place that is still vacant.
    var number: UInt64 = 0
    var user: UInt64 = 0
    /// The product viewed last and not yet put into the cart; 0 for none.
    var viewed: UInt32 = 0
    /// How many lines its cart has.
    var cartCount: UInt16 = 0
    /// Raw value of its last event, or ``FunnelTable/vacant``.
    var last = FunnelTable.vacant
    /// Whether it began a checkout and has not bought since.
    var isCheckingOut = false

    /// Leaves the cart as it is after a purchase.
    mutating func emptyCart() {
        cartCount = 0
        isCheckingOut = false
    }

    /// What happens instead of `step` where a shop would not let it happen.
    ///
    /// Nothing can be taken out of an empty cart, checked out with one or put into a full one,
    /// and refunds come from the shop and not from the shopper: a product is viewed instead.
    /// A session that would buy without checking out begins the checkout first.
    @inline(__always)
    func permitted(_ step: EventName, cartLimit: Int) -> EventName {
        switch step {
        case .viewItemList, .viewItem, .search: step
        case .addToCart: cartCount < cartLimit ? step : .viewItem
        case .removeFromCart, .beginCheckout: cartCount > 0 ? step : .viewItem
        case .purchase: cartCount == 0 ? .viewItem : isCheckingOut ? step : .beginCheckout
        case .refund, .custom: .viewItem
        }
    }
}

/// So many pieces of one product in a cart or an order.
struct CartLine: Sendable {
    var product: UInt32
    var quantity: Int32
}

/// What a shopper does next: the options' probabilities as one alias table for each event.
struct FunnelTable: Sendable {
    /// The raw value of what happens next for ``leaving``; the others are those of event names.
    static let leaving: UInt8 = 8
    /// The last event of a free place in the shop.
    static let vacant: UInt8 = 8

    private static let outcomes = 9

    /// By the raw value of the last event; a shopper without one leaves, and a new one arrives.
    private let rows: [AliasTable]
    private let landing: AliasTable

    init(_ options: SessionOptions) {
        let names = EventName.ga4Cases
        var rows = names.map { name in
            let next = options.transitions[name] ?? [:]
            let weights = names.map { next[$0] ?? 0 }
            // What the probabilities lack of 1 is leaving; more than 1 is taken in proportion.
            return AliasTable(weights: weights + [max(0, 1 - weights.reduce(0, +))])
        }
        let leaving = [Double](repeating: 0, count: names.count) + [1]
        rows.append(AliasTable(weights: leaving))
        assert(leaving.count == FunnelTable.outcomes && rows.count == FunnelTable.outcomes)
        self.rows = rows
        landing = AliasTable(weights: names.map { options.landing[$0] ?? 0 })
    }

    /// The raw value of the event that follows `last`, or ``leaving``.
    @inline(__always)
    func step(after last: UInt8, _ random: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: rows[Int(last)].outcome(random))
    }

    /// The raw value of the first event of a session.
    @inline(__always)
    func landing(_ random: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: landing.outcome(random))
    }
}

/// The orders that will be refunded and are not yet: so many at most, each of them once.
struct RefundPool: Sendable {
    /// Who bought what.
    struct Order: Sendable {
        var number: UInt64
        var user: UInt64
        var session: UInt64
        var lineCount: Int
    }

    private var orders: [Order] = []
    /// The lines of the order at `index` begin at `index` times the cart limit.
    private var lines: [CartLine] = []
    private let cartLimit: Int
    private let capacity: Int

    init(capacity: Int, cartLimit: Int) {
        self.capacity = capacity
        self.cartLimit = cartLimit
    }

    /// How many orders wait.
    var count: Int { orders.count }
    /// Whether one must be refunded before another is added.
    var isFull: Bool { orders.count >= capacity }

    /// Lets `order` wait for its refund.
    mutating func add(_ order: Order, lines cart: ArraySlice<CartLine>) {
        precondition(!isFull, "the pool of orders to be refunded has no room left")
        precondition(order.lineCount == cart.count && cart.count <= cartLimit)
        orders.append(order)
        lines.append(contentsOf: cart)
        let padding = CartLine(product: 0, quantity: 0)
        lines.append(contentsOf: repeatElement(padding, count: cartLimit - cart.count))
    }

    /// Takes the order at `index` out; its lines go to `cart`.
    mutating func take(at index: Int, lines cart: inout [CartLine]) -> Order {
        let order = orders[index]
        let first = index * cartLimit
        cart.removeAll(keepingCapacity: true)
        cart.append(contentsOf: lines[first..<first + order.lineCount])
        // The last one moves into the gap: which one waits where is of no account.
        let end = orders.count - 1
        orders.swapAt(index, end)
        orders.removeLast()
        for offset in 0..<cartLimit {
            lines[first + offset] = lines[end * cartLimit + offset]
        }
        lines.removeLast(cartLimit)
        return order
    }
}
