import Commerce
import Testing
import Timekeeping

/// Replays the carts of all sessions from their events, and holds every step to them.
private struct ShopFloor {
    struct Cart {
        var lines: [Symbol: Int32] = [:]
        var isCheckingOut = false
        var viewed: Symbol?
    }

    struct Order {
        var purchase: Event
        var lines: [Symbol: Int32]
        var isRefunded = false
    }

    let cartLimit: Int
    /// The sessions that were on their way when they were first seen, whose carts nobody knows.
    let underWay: Set<Symbol>
    var carts: [Symbol: Cart] = [:]
    var orders: [Symbol: Order] = [:]
    var partialRefunds = 0
    var fullRefunds = 0

    mutating func handle(_ event: Event, _ items: ArraySlice<Item>) {
        var lines: [Symbol: Int32] = [:]
        for item in items {
            #expect(lines[item.product] == nil, "a product has one line in an event")
            lines[item.product] = item.quantity
        }
        if event.name == .refund {
            refund(event, lines)
            return
        }
        if underWay.contains(event.session) {
            if event.name == .purchase { buy(event, lines) }
            return
        }
        var cart = carts[event.session] ?? Cart()
        switch event.name {
        case .viewItemList, .search:
            #expect(lines.isEmpty && event.subject == event.session)
        case .viewItem:
            #expect(items.count == 1 && items.first?.quantity == 1)
            cart.viewed = items.first?.product
        case .addToCart:
            #expect(items.count == 1 && (1...3).contains(items.first?.quantity ?? 0))
            #expect(cart.viewed == nil || cart.viewed == items.first?.product)
            cart.viewed = nil
            cart.lines.merge(lines, uniquingKeysWith: +)
            #expect(cart.lines.count <= cartLimit)
        case .removeFromCart:
            for (product, quantity) in lines {
                #expect(cart.lines.removeValue(forKey: product) == quantity)
            }
        case .beginCheckout:
            #expect(!lines.isEmpty && lines == cart.lines)
            cart.isCheckingOut = true
        case .purchase:
            #expect(!lines.isEmpty && lines == cart.lines && cart.isCheckingOut)
            buy(event, lines)
            cart = Cart(viewed: cart.viewed)
        case .custom:
            Issue.record("the shopper model made a custom event")
        case .refund:
            break
        }
        if event.name != .purchase {
            #expect(!event.transaction.isPresent && event.subject == event.session)
        }
        carts[event.session] = cart
    }

    private mutating func buy(_ event: Event, _ lines: [Symbol: Int32]) {
        #expect(event.transaction == Symbol(number: UInt64(orders.count) + 1))
        #expect(event.subject == event.transaction)
        orders[event.transaction] = Order(purchase: event, lines: lines)
    }

    private mutating func refund(_ event: Event, _ lines: [Symbol: Int32]) {
        guard var order = orders[event.transaction] else {
            Issue.record("refund \(event.sequence) is of an order that was not made")
            return
        }
        #expect(!order.isRefunded, "an order is refunded once")
        order.isRefunded = true
        orders[event.transaction] = order
        #expect(event.user == order.purchase.user && event.session == order.purchase.session)
        #expect(event.subject == event.transaction)
        #expect(event.value > 0 && event.value <= order.purchase.value)
        for (product, quantity) in lines {
            #expect(quantity <= order.lines[product] ?? 0)
        }
        fullRefunds += lines == order.lines ? 1 : 0
        partialRefunds += lines == order.lines ? 0 : 1
    }
}

struct ShopperFunnelTests {
    private static func floor(
        _ options: SessionOptions,
        seed: UInt64,
        count: Int = 20_000
    ) throws -> ShopFloor {
        let model = ShopperModelTests.model(options: options, seed: seed)
        let traffic = try ShopperModelTests.traffic(model, count: count)
        // After so many events, every place of the shop has been seen.
        let first = traffic.events.prefix(50 * options.concurrentSessions).map(\.session)
        var floor = ShopFloor(cartLimit: options.cartLimit, underWay: Set(first))
        for event in traffic.events {
            floor.handle(event, traffic.items(of: event))
        }
        return floor
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `carts, checkouts, purchases and refunds agree with one another`(seed: UInt64) throws {
        let floor = try Self.floor(.busy, seed: seed)
        #expect(floor.orders.count > 1000)
        #expect(floor.fullRefunds > 100 && floor.partialRefunds > 50)
        let refunded = Double(floor.fullRefunds + floor.partialRefunds)
        #expect(abs(refunded / Double(floor.orders.count) - 0.4) < 0.05)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `any step from any step still makes a possible shop`(seed: UInt64) throws {
        var options = SessionOptions.busy
        var everything: [EventName: Double] = [:]
        for name in EventName.ga4Cases {
            everything[name] = 0.12
        }
        for name in EventName.ga4Cases {
            options.transitions[name] = everything
        }
        options.landing = everything
        options.cartLimit = 2
        let floor = try Self.floor(options, seed: seed)
        #expect(floor.orders.count > 100)
    }

    @Test func `every order is refunded where the probability is 1`() throws {
        var options = SessionOptions.busy
        options.refundProbability = 1
        options.concurrentSessions = 2
        let floor = try Self.floor(options, seed: 1)
        let refunds = floor.fullRefunds + floor.partialRefunds
        // All but those that still wait, of which there are as many as sessions at most.
        #expect(floor.orders.count - refunds <= 2)
    }

    @Test func `no order is refunded where the probability is 0`() throws {
        var options = SessionOptions.busy
        options.refundProbability = 0
        let floor = try Self.floor(options, seed: 1)
        #expect(floor.orders.count > 1000)
        #expect(floor.fullRefunds + floor.partialRefunds == 0)
    }

    @Test func `one session at a time and one line in a cart are enough`() throws {
        var options = SessionOptions.busy
        options.concurrentSessions = 1
        options.cartLimit = 1
        let floor = try Self.floor(options, seed: 2)
        #expect(floor.orders.count > 400)
    }
}
