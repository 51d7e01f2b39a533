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
