internal import Timekeeping

/// A shape that the logs of many shops have, with the mapping that reads it.
package enum LogPreset: String, Sendable, CaseIterable {
    /// The events of a shop that REES46 has published (`event_time,event_type,product_id,...`).
    case rees46
    /// Shopify's export of orders, a row an item.
    case shopifyOrders = "shopify-orders"
    /// The Online Retail data of UCI, a row an item of an invoice.
    case uciRetail = "uci-retail"
    /// The orders of WooCommerce as the plugin Advanced Order Export writes them, a row an item.
    case woocommerceOrders = "woocommerce-orders"

    /// Whether its files leave the currency out, and nobody knows it but the shop.
    package var needsCurrency: Bool { self == .woocommerceOrders }

    /// How its files are read.
    package var mapping: CSVMapping {
        switch self {
        case .rees46: LogPreset.rees46Mapping
        case .shopifyOrders: LogPreset.shopifyMapping
        case .uciRetail: LogPreset.uciMapping
        case .woocommerceOrders: LogPreset.woocommerceMapping
        }
    }

    /// The preset whose columns are all in `header`; nil where there is none.
    package init?(header: [String]) {
        guard
            let preset = LogPreset.allCases.first(where: { preset in
                preset.mapping.columnNames.allSatisfy(header.contains)
            })
        else { return nil }
        self = preset
    }

    /// A session may have several rows of a purchase, which are one order.
    ///
    /// The files do not say the currency; the amounts are taken to be US dollars.
    private static var rees46Mapping: CSVMapping {
        var mapping = CSVMapping(
            time: "event_time",
            timeFormat: .rfc3339,
            user: "user_id",
            name: .column("event_type"),
            currency: .constant(.usd)
        )
        mapping.names = ["view": .viewItem, "cart": .addToCart]
        mapping.session = "user_session"
        mapping.transaction = "user_session"
        mapping.product = "product_id"
        mapping.category = "category_code"
        mapping.amount = .price(column: "price")
        return mapping
    }

    /// Only the first row of an order has all of its fields.
    ///
    /// The price is that before discounts.
    private static var shopifyMapping: CSVMapping {
        var mapping = CSVMapping(
            time: "Created at",
            timeFormat: .rfc3339,
            user: "Email",
            name: .constant(.purchase),
            currency: .column("Currency")
        )
        mapping.transaction = "Name"
        mapping.fillsDown = true
        mapping.product = "Lineitem sku"
        mapping.quantity = "Lineitem quantity"
        mapping.amount = .price(column: "Lineitem price")
        return mapping
    }

    /// Invoices that begin with C are cancellations; the shop is British.
    private static var uciMapping: CSVMapping {
        var mapping = CSVMapping(
            time: "InvoiceDate",
            timeFormat: TimePattern("M/d/yyyy H:mm").map { .pattern($0) } ?? .rfc3339,
            user: "CustomerID",
            name: .constant(.purchase),
            currency: .constant(Currency(code: "GBP") ?? .none)
        )
        mapping.zone = try? CivilZone(named: "Europe/London")
        mapping.transaction = "InvoiceNo"
        mapping.returnPrefix = "C"
        mapping.product = "StockCode"
        mapping.quantity = "Quantity"
        mapping.amount = .price(column: "UnitPrice")
        return mapping
    }

    /// The price is that of one piece without tax, the quantity without what was refunded.
    private static var woocommerceMapping: CSVMapping {
        var mapping = CSVMapping(
            time: "Order Date",
            timeFormat: TimePattern("yyyy-MM-dd HH:mm").map { .pattern($0) } ?? .rfc3339,
            user: "Email (Billing)",
            name: .constant(.purchase),
            currency: .constant(.none)
        )
        mapping.transaction = "Order Number"
        mapping.fillsDown = true
        mapping.product = "SKU"
        mapping.quantity = "Quantity (- Refund)"
        mapping.amount = .price(column: "Item Cost")
        return mapping
    }
}

extension CSVMapping {
    /// The columns that it names, each once.
    package var columnNames: [String] {
        var names: [String?] = [id, time, user, session, transaction, product, category, quantity]
        if case .column(let column) = name { names.append(column) }
        if case .column(let column) = currency { names.append(column) }
        switch amount {
        case .price(let column), .value(let column): names.append(column)
        case nil: break
        }
        var seen: Set<String> = []
        return names.compactMap(\.self).filter { seen.insert($0).inserted }
    }
}
