extension EventName {
    /// What an event of the shop is about: its order, its cart, or else its session.
    package var subjectNamespace: Namespace {
        switch self {
        case .purchase, .refund: .order
        case .addToCart, .removeFromCart, .beginCheckout: .cart
        case .viewItemList, .viewItem, .search: .session
        }
    }

    /// Whether an event of the shop has items, and with them a value.
    package var hasItems: Bool {
        self != .viewItemList && self != .search
    }
}
