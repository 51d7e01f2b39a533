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
