internal import Commerce

/// The properties of a Segment event as GA4 parameters.
///
/// Properties that GA4 has no parameter for stay as they are.
struct SegmentProperties {
    /// Where the value of an event comes from: see ``amount``.
    private enum ValueSource: String {
        case revenue
        case total
        case value
        case items
    }

    private let properties: JSONTree
    private let event: SegmentEventName
    private var parameters: [(key: String, value: JSONTree)] = []
    /// Properties that have become something else.
    private var used: Set<String> = []

    /// The parameters of an `event` with `properties`.
    init(_ properties: JSONTree, of event: SegmentEventName) {
        self.properties = properties
        self.event = event
        rename()
        addItems()
        addValue()
        for (key, value) in properties.members where !used.contains(key) && !value.isNull {
            add(key, value)
        }
    }

    /// In GA4's terms and types.
    var data: JSONTree { JSONTree.object(parameters).conformedParameters }

    /// Adds a parameter; the first of a name stays.
    private mutating func add(_ name: String, _ value: JSONTree?) {
        guard let value, !parameters.contains(where: { $0.key == name }) else { return }
        parameters.append((name, value))
    }

    /// The properties that have another name with GA4.
    private mutating func rename() {
        var names = [
            (from: "order_id", to: "transaction_id"), (from: "orderId", to: "transaction_id"),
            (from: "query", to: "search_term"), (from: "list_id", to: "item_list_id"),
            (from: "shipping_method", to: "shipping_tier"),
            (from: "payment_method", to: "payment_type"),
        ]
        switch event.ga4 {
        case "purchase": names.append((from: "checkout_id", to: "transaction_id"))
        case "view_item_list": names.append((from: "category", to: "item_list_name"))
        case "view_promotion", "select_promotion":
            names += [
                (from: "name", to: "promotion_name"), (from: "creative", to: "creative_name"),
                (from: "position", to: "location_id"),
            ]
        case "share":
            names += [
                (from: "share_via", to: "method"), (from: "product_id", to: "content_id"),
                (from: "cart_id", to: "content_id"),
            ]
        default: break
        }
        for (from, to) in names {
            guard let value = properties[from], properties[to] == nil,
                !parameters.contains(where: { $0.key == to })
            else { continue }
            add(to, value)
            used.insert(from)
        }
    }

    /// Names of a product's properties and of an item's parameters, the first that is there wins.
    private static let itemNames = [
        (from: "product_id", to: "item_id"), (from: "id", to: "item_id"),
        (from: "sku", to: "item_id"), (from: "name", to: "item_name"),
        (from: "brand", to: "item_brand"), (from: "category", to: "item_category"),
        (from: "variant", to: "item_variant"), (from: "position", to: "index"),
    ]

    /// What an item has by the same name, and an event about one product has not.
    private static let productNames: Set<String> = ["price", "quantity", "coupon"]

    private mutating func addItems() {
        guard properties["items"] == nil else { return }
        if let products = properties["products"]?.elements {
            add("items", .array(products.map(SegmentProperties.item)))
            used.insert("products")
        } else if event.isOfOneProduct {
            let names = Set(SegmentProperties.itemNames.map(\.from))
                .union(SegmentProperties.itemNames.map(\.to))
                .union(SegmentProperties.productNames)
            let own = properties.members.filter { names.contains($0.key) && !$0.value.isNull }
            guard !own.isEmpty else { return }
            add("items", .array([SegmentProperties.item(.object(own))]))
            used.formUnion(own.map(\.key))
        }
    }

    private static func item(_ product: JSONTree) -> JSONTree {
        guard product.isObject else { return product }
        var members: [(key: String, value: JSONTree)] = []
        var used: Set<String> = []
        for (from, to) in itemNames {
            guard let value = product[from], product[to] == nil,
                !members.contains(where: { $0.key == to })
            else { continue }
            members.append((to, value))
            used.insert(from)
        }
        for (key, value) in product.members where !used.contains(key) && !value.isNull {
            members.append((key, value))
        }
        return .object(members)
    }

    /// Adds GA4's `value`, which has neither tax nor shipping in it, and where it was taken from.
    private mutating func addValue() {
        guard let (number, source) = amount else { return }
        used.insert("value")
        add("value", number)
        add("value_source", JSONTree(text: source.rawValue))
        if source != .value, let given = properties["value"] {
            add("value_given", given)
        }
    }

    /// What an order is worth: Segment's `revenue`, which has neither tax nor shipping in it; else
    /// its `total` without both; else its `value`; else the sum of its products.
    ///
    /// Any other event has its `value`, else that sum. A property that is there and is no number is
    /// taken all the same, so that it is refused and not passed over.
    private var amount: (JSONTree, ValueSource)? {
        if event.ga4 == "purchase" || event.ga4 == "refund" {
            if let revenue = properties["revenue"] { return (revenue, .revenue) }
            if let total = properties["total"] { return (net(total), .total) }
        }
        if let value = properties["value"] { return (value, .value) }
        return sumOfItems.map { ($0, .items) }
    }

    private func net(_ total: JSONTree) -> JSONTree {
        guard var rest = SegmentProperties.number(total) else { return total }
        for name in ["tax", "shipping"] {
            guard let given = properties[name] else { continue }
            guard let number = SegmentProperties.number(given), let next = rest + -number else {
                return given
            }
            rest = next
        }
        return .scalar(rest.text)
    }

    /// Σ price · quantity; nil where no item has a price, or one has no number for it.
    private var sumOfItems: JSONTree? {
        let items = parameters.first { $0.key == "items" }?.value ?? properties["items"]
        var sum: DecimalNumber?
        for item in items?.elements ?? [] {
            guard let given = item["price"] else { continue }
            let quantity = item["quantity"] ?? .scalar("1")
            guard let price = SegmentProperties.number(given),
                let count = SegmentProperties.number(quantity), let worth = price * count,
                let next = sum.map({ $0 + worth }) ?? worth
            else { return nil }
            sum = next
        }
        return sum.map { .scalar($0.text) }
    }

    private static func number(_ tree: JSONTree) -> DecimalNumber? {
        (tree.number ?? tree.text).flatMap { DecimalNumber($0) }
    }
}
