public import Timekeeping

/// What a shopper did, by its GA4 name, or that it is an event that the shop has named itself.
@usableFromInline package enum EventName: UInt8, Sendable, CaseIterable {
    case viewItemList
    case viewItem
    case search
    case addToCart
    case removeFromCart
    case beginCheckout
    case purchase
    case refund
    /// Any other event; ``Event/customName`` says how it is called.
    case custom

    /// Those that GA4 has named.
    package static let ga4Cases = allCases.filter { $0 != .custom }

    /// The name GA4 gives it, such as `view_item`.
    ///
    /// Of custom events the one name for all of them; each has its own in ``Event/name(in:)``.
    package var ga4: String {
        switch self {
        case .custom: "custom_events"
        case .viewItemList: "view_item_list"
        case .viewItem: "view_item"
        case .search: "search"
        case .addToCart: "add_to_cart"
        case .removeFromCart: "remove_from_cart"
        case .beginCheckout: "begin_checkout"
        case .purchase: "purchase"
        case .refund: "refund"
        }
    }

    /// Compares the numbers: the comparison that raw values bring along is generic, and slow.
    @inlinable
    package static func == (left: EventName, right: EventName) -> Bool {
        left.rawValue == right.rawValue
    }

    /// The event that GA4 calls `name`, or nil.
    package init?(ga4 name: some StringProtocol) {
        guard let match = EventName.ga4Cases.first(where: { $0.ga4 == name }) else { return nil }
        self = match
    }

    /// What an event of the shop is about: its order, its cart, or else its session.
    package var subjectNamespace: Namespace {
        switch self {
        case .purchase, .refund: .order
        case .addToCart, .removeFromCart, .beginCheckout: .cart
        case .viewItemList, .viewItem, .search: .session
        case .custom: .text
        }
    }

    /// Whether an event of the shop has items, and with them a value.
    package var hasItems: Bool {
        self != .viewItemList && self != .search && self != .custom
    }
}

/// Stands for the name of a custom event: its place in the list of names of a ``SymbolTable``.
@usableFromInline package struct CustomName: Hashable, Sendable {
    /// From 1; 0 for none.
    @usableFromInline package let number: UInt16

    @inlinable
    package init(number: UInt16) {
        self.number = number
    }

    /// The name of an event that GA4 has named.
    @inlinable package static var none: CustomName { CustomName(number: 0) }
}

/// One line of an event: a product, its price and how many of it.
@usableFromInline package struct Item: Hashable, Sendable {
    @usableFromInline package var product: Symbol
    @usableFromInline package var category: Symbol
    /// Price of one piece in minor units of the event's currency.
    @usableFromInline package var price: Int64
    @usableFromInline package var quantity: Int32

    @inlinable
    package init(product: Symbol, category: Symbol, price: Int64, quantity: Int32) {
        self.product = product
        self.category = category
        self.price = price
        self.quantity = quantity
    }
}

/// An event in flight: a value of fixed size.
///
/// Its items lie in the batch that carries it.
@usableFromInline package struct Event: Hashable, Sendable {
    /// Identity together with ``source`` (CloudEvents 1.0): equal pairs are the same event.
    @usableFromInline package var id: EventID
    /// When it happened at the shop.
    @usableFromInline package var time: Timestamp
    @usableFromInline package var source: Symbol
    /// Place in the order of events of its source (CloudEvents `sequence`), from 1; 0 for none.
    @usableFromInline package var sequence: Int64
    @usableFromInline package var user: Symbol
    @usableFromInline package var session: Symbol
    /// The order, cart or session it is about; ``subjectNamespace`` says which.
    @usableFromInline package var subject: Symbol
    /// GA4 `transaction_id`; present (and not empty) on a purchase or refund that is right.
    @usableFromInline package var transaction: Symbol
    /// Σ price · quantity in minor units, without shipping and tax.
    @usableFromInline package var value: Int64
    @usableFromInline package var currency: Currency
    /// The first of its items in ``Batch/items``.
    @usableFromInline package var firstItem: UInt32
    @usableFromInline package var itemCount: UInt16
    @usableFromInline package var name: EventName
    @usableFromInline package var subjectNamespace: Namespace
    /// Whether ``id`` is a UUID, and not the digest of some other text.
    @usableFromInline package var hasUUID: Bool
    /// Whether it holds further lines of an order that was published before: its value and its
    /// items count, and it is not an order of its own.
    @usableFromInline package var isOrderPart: Bool
    /// How a custom event is called, in the symbol table of its batch.
    @usableFromInline package var customName: CustomName

    @inlinable
    package init(
        id: EventID,
        time: Timestamp,
        source: Symbol,
        sequence: Int64,
        user: Symbol,
        session: Symbol,
        subject: Symbol,
        subjectNamespace: Namespace,
        transaction: Symbol = .none,
        value: Int64 = 0,
        currency: Currency = .none,
        firstItem: UInt32 = 0,
        itemCount: UInt16 = 0,
        name: EventName,
        hasUUID: Bool = true,
        isOrderPart: Bool = false,
        customName: CustomName = .none
    ) {
        self.id = id
        self.time = time
        self.source = source
        self.sequence = sequence
        self.user = user
        self.session = session
        self.subject = subject
        self.subjectNamespace = subjectNamespace
        self.transaction = transaction
        self.value = value
        self.currency = currency
        self.firstItem = firstItem
        self.itemCount = itemCount
        self.name = name
        self.hasUUID = hasUUID
        self.isOrderPart = isOrderPart
        self.customName = customName
    }

    /// What it is called: its GA4 name, or the one that the shop has given it.
    package func name(in symbols: SymbolTable) -> String {
        name == .custom ? symbols.text(of: customName) : name.ga4
    }

    /// The items of this event as places in ``Batch/items``.
    @inlinable package var itemRange: Range<Int> {
        Int(firstItem)..<Int(firstItem) + Int(itemCount)
    }
}
