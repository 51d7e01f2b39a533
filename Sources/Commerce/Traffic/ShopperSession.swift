/// One shopper on the way through the shop.
struct ShopperSession: Sendable {
    /// From 1, in the order in which sessions begin; 0 for a place that is still vacant.
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

    /// What happens instead of `step` where a shop would not let it happen.
    ///
    /// Nothing can be taken out of an empty cart, checked out with one or put into a full one,
    /// and refunds come from the shop and not from the shopper: a product is viewed instead.
    /// Whoever would buy without checking out begins the checkout first.
    @inline(__always)
    func permitted(_ step: EventName, cartLimit: Int) -> EventName {
        switch step {
        case .viewItemList, .viewItem, .search: step
        case .addToCart: cartCount < cartLimit ? step : .viewItem
        case .removeFromCart, .beginCheckout: cartCount > 0 ? step : .viewItem
        case .purchase: cartCount == 0 ? .viewItem : isCheckingOut ? step : .beginCheckout
        case .refund: .viewItem
        }
    }
}

/// So many pieces of one product in a cart or an order.
struct CartLine: Sendable {
    var product: UInt32
    var quantity: Int32
}
