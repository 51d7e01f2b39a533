/// The events of Segment's e-commerce specification, by the names that GA4 has for them.
struct SegmentEventName: Hashable {
    /// GA4's name, or, where it has none, the shop's own in the same style.
    var ga4: String
    /// Whether it is about one product, whose properties are those of the event.
    var isOfOneProduct: Bool

    /// Lower-case names, those of version 1 of the specification among them.
    private static let table: [String: (ga4: String, isOfOneProduct: Bool)] = [
        "products searched": ("search", false),
        "product list viewed": ("view_item_list", false),
        "viewed product category": ("view_item_list", false),
        "promotion viewed": ("view_promotion", false),
        "promotion clicked": ("select_promotion", false),
        "product clicked": ("select_item", true),
        "clicked product": ("select_item", true),
        "product viewed": ("view_item", true),
        "viewed product": ("view_item", true),
        "product added": ("add_to_cart", true),
        "added product": ("add_to_cart", true),
        "product removed": ("remove_from_cart", true),
        "removed product": ("remove_from_cart", true),
        "cart viewed": ("view_cart", false),
        "checkout started": ("begin_checkout", false),
        "checkout step completed": ("add_shipping_info", false),
        "payment info entered": ("add_payment_info", false),
        "order completed": ("purchase", false),
        "completed order": ("purchase", false),
        "order refunded": ("refund", false),
        "product added to wishlist": ("add_to_wishlist", true),
        "product shared": ("share", false),
        "cart shared": ("share", false),
    ]

    /// The event that a client calls `name`; nil where no letter or digit is in it.
    ///
    /// A name that the specification does not have is written as GA4 writes names, `song_played`
    /// for `Song Played`, so that a pipeline can declare it.
    init?(_ name: String) {
        let lower = name.lowercased()
        if let known = SegmentEventName.table[lower] {
            ga4 = known.ga4
            isOfOneProduct = known.isOfOneProduct
            return
        }
        let words = lower.utf8.split { !(97...122).contains($0) && !(48...57).contains($0) }
        guard !words.isEmpty else { return nil }
        ga4 = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "_")
        isOfOneProduct = false
    }
}
