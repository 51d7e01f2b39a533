internal import Timekeeping

/// The shop and its visitors, as the traffic models see them.
package struct ShopOptions: Hashable, Sendable {
    /// How many shoppers there are; 0 makes every session (or, in a mix, every event) that of a
    /// new one.
    package var users = 100_000
    package var products = 10_000
    package var categories = 50
    /// Exponent of Zipf's law for shoppers and for products; 0 draws them evenly.
    package var userExponent = 1.0
    package var productExponent = 1.0
    package var currency = Currency.usd
    /// Cheapest and dearest product in minor units; prices lie evenly on a logarithmic scale.
    package var priceRange: ClosedRange<Int64> = 199...49_999

    package init() {}
}

/// How a shopper moves through the shop (``SessionModel``).
package struct SessionOptions: Hashable, Sendable {
    /// From each event the probability of each next one; what is missing from 1 is leaving.
    package var transitions: [EventName: [EventName: Double]] = SessionOptions.standardTransitions
    /// The probability of each first event; sums to 1.
    package var landing: [EventName: Double] = [.viewItemList: 0.45, .search: 0.25, .viewItem: 0.3]
    /// The probability that an order is refunded later on.
    package var refundProbability = 0.05
    /// How many different products a cart may hold.
    package var cartLimit = 8
    /// How many sessions go on at once: the higher, the further apart the events of one.
    package var concurrentSessions = 1024

    /// A shop in which about one session in twenty buys.
    package static let standardTransitions: [EventName: [EventName: Double]] = [
        .viewItemList: [.viewItem: 0.55, .viewItemList: 0.1, .search: 0.05],
        .search: [.viewItem: 0.6, .search: 0.1, .viewItemList: 0.05],
        .viewItem: [.addToCart: 0.15, .viewItem: 0.25, .viewItemList: 0.15, .search: 0.05],
        .addToCart: [.beginCheckout: 0.3, .viewItem: 0.35, .removeFromCart: 0.1, .addToCart: 0.05],
        .removeFromCart: [.viewItem: 0.4, .beginCheckout: 0.15],
        .beginCheckout: [.purchase: 0.6, .removeFromCart: 0.05, .viewItem: 0.1],
        .purchase: [:],
        .refund: [:],
    ]

    package init() {}
}

/// Independent events in fixed shares (``MixModel``): no sessions to walk, for pure throughput.
package struct MixOptions: Hashable, Sendable {
    /// The share of each event; sums to 1.
    package var shares: [EventName: Double] = [
        .viewItem: 0.70, .addToCart: 0.15, .beginCheckout: 0.05, .purchase: 0.08, .refund: 0.02,
    ]

    package init() {}
}

/// What the shop sells: price and category follow from a product's number and the seed alone.
package struct Catalogue: Sendable {
    /// How many categories there are; product n is in category (n - 1) mod this + 1.
    package let categories: Int
    /// How many products there are, numbered from 1.
    package let products: Int
    /// Price above ``categoryBits``, category below: one look-up in eight bytes fetches both.
    ///
    /// Empty in a shop of more than ``tableLimit`` products, of which each is computed when it is
    /// asked for.
    private let entries: [UInt64]
    private let prices: ClosedRange<Int64>
    /// The whole of the scale of prices.
    private let spread: Double
    private let salt: UInt64

    /// So many products have a table: 8 MiB of it.
    static let tableLimit = 1 << 20

    /// In minor units; all prices lie below it.
    package static var priceLimit: Int64 { 1 << 40 }

    static var categoryBits: UInt64 { 24 }
    static var categoryMask: UInt64 { (1 << categoryBits) - 1 }

    /// The products of `shop`, with prices that `seed` decides.
    ///
    /// Prices lie evenly on a logarithmic scale, so that cheap products are many.
    package init(shop: ShopOptions, seed: UInt64) {
        precondition(shop.products > 0, "a shop needs at least one product")
        precondition(
            shop.categories > 0 && shop.categories < 1 << 24,
            "a shop has from 1 to 2^24 - 1 categories"
        )
        precondition(
            shop.priceRange.lowerBound > 0 && shop.priceRange.upperBound < Catalogue.priceLimit,
            "prices lie between 1 and 2^40 - 1 minor units"
        )
        let (products, categories, prices) = (shop.products, shop.categories, shop.priceRange)
        // One more than the dearest: truncating then gives each price its share of the scale.
        let spread = ((Double(prices.upperBound) + 1) / Double(prices.lowerBound)).portableLogarithm
        let salt = SplitMix64.mix(seed ^ 0x7072_6963_6573)
        entries =
            products > Catalogue.tableLimit
            ? []
            : (0..<UInt64(products)).map {
                Catalogue.entry($0, categories, prices, spread: spread, salt: salt)
            }
        (self.products, self.categories, self.prices) = (products, categories, prices)
        (self.spread, self.salt) = (spread, salt)
    }

    private static func entry(
        _ index: UInt64,
        _ categories: Int,
        _ prices: ClosedRange<Int64>,
        spread: Double,
        salt: UInt64
    ) -> UInt64 {
        let place = Double(SplitMix64.mix(salt &+ index) >> 11) * 0x1p-53
        let price = Int64(Double(prices.lowerBound) * (place * spread).portableExponential)
        let clamped = Swift.min(Swift.max(price, prices.lowerBound), prices.upperBound)
        return UInt64(clamped) << categoryBits | (index % UInt64(categories) + 1)
    }

    @inline(__always)
    private func entry(_ product: UInt64) -> UInt64 {
        entries.isEmpty
            ? Catalogue.entry(product - 1, categories, prices, spread: spread, salt: salt)
            : entries[Int(product) - 1]
    }

    /// The price of `product`, from 1, in minor units.
    @inline(__always)
    package func price(ofProduct product: UInt64) -> Int64 {
        Int64(entry(product) >> Catalogue.categoryBits)
    }

    /// The category of `product`, from 1, as a number from 1.
    @inline(__always)
    package func category(ofProduct product: UInt64) -> UInt64 {
        entry(product) & Catalogue.categoryMask
    }

    /// A line of an event: `quantity` pieces of `product`, which counts from 1.
    @inline(__always)
    package func item(_ product: UInt64, quantity: Int32) -> Item {
        let entry = entry(product)
        return Item(
            product: Symbol(number: product),
            category: Symbol(number: entry & Catalogue.categoryMask),
            price: Int64(entry >> Catalogue.categoryBits),
            quantity: quantity
        )
    }
}

/// Numbers the events of one synthetic source, and names them by UUIDs that ascend with them.
struct EventNumbering: Sendable {
    /// How many events there were; the number of the last one.
    private(set) var sequence: UInt64 = 0
    private let orderSalt: UInt64
    private let tailSalt: UInt64

    private static var sequenceBits: UInt64 { 40 }

    /// The numbering of a run; runs of another seed or start take other ids.
    init(seed: UInt64, start: Timestamp) {
        var mixer = SplitMix64(
            state: seed ^ SplitMix64.mix(UInt64(bitPattern: start.nanoseconds))
        )
        orderSalt = mixer.next() & 0xfff
        tailSalt = mixer.next() << EventNumbering.sequenceBits
    }

    /// Goes on to the next event.
    @inline(__always)
    mutating func advance() {
        sequence &+= 1
    }

    /// The id of the present event, which happens at `time`.
    ///
    /// Below the milliseconds and the salt lies the sequence, so that ids ascend strictly as
    /// long as times do not descend, for the first 2^40 events.
    @inline(__always)
    func id(at time: Timestamp) -> EventID {
        EventID(
            version7At: UInt64(Swift.max(0, time.nanoseconds)) / 1_000_000,
            order: orderSalt,
            tail: tailSalt | sequence
        )
    }
}
