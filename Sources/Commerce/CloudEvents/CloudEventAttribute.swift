internal import Documents

/// The attributes of an event that the decoder knows.
enum CloudEventAttribute: String, CaseIterable {
    case id
    case source
    case specversion
    case type
    case time
    case subject
    case data
    case datacontenttype
    case dataschema
    case traceparent
    case tracestate
    case sequence
    case partitionkey
    case correlationid
    case causationid
    case sampledrate
    case recordedtime
    case expirytime
}

/// The GA4 parameters of an event that the decoder knows, and `order_part`, which is Weir's own:
/// see ``Event/isOrderPart``.
enum EventParameter: String, CaseIterable {
    case currency
    case value
    case transactionID = "transaction_id"
    case orderPart = "order_part"
    case userID = "user_id"
    case sessionID = "session_id"
    case items
    case tax
    case shipping
    case coupon
    case affiliation
    case itemListID = "item_list_id"
    case itemListName = "item_list_name"
    case searchTerm = "search_term"
    case locationID = "location_id"
    case paymentType = "payment_type"
    case shippingTier = "shipping_tier"
    case customerType = "customer_type"
    case promotionID = "promotion_id"
    case promotionName = "promotion_name"
    case creativeName = "creative_name"
    case creativeSlot = "creative_slot"
}

/// The GA4 parameters of an item that the decoder knows.
enum ItemParameter: String, CaseIterable {
    case itemID = "item_id"
    case itemCategory = "item_category"
    case price
    case quantity
    case itemName = "item_name"
    case itemBrand = "item_brand"
    case itemCategory2 = "item_category2"
    case itemCategory3 = "item_category3"
    case itemCategory4 = "item_category4"
    case itemCategory5 = "item_category5"
    case itemVariant = "item_variant"
    case itemListID = "item_list_id"
    case itemListName = "item_list_name"
    case discount
    case index
    case coupon
    case affiliation
    case currency
    case locationID = "location_id"
    case promotionID = "promotion_id"
    case promotionName = "promotion_name"
    case creativeName = "creative_name"
    case creativeSlot = "creative_slot"
}

/// The names of one object, each of which may be given once.
struct SeenNames<Name: RawRepresentable & CaseIterable & Equatable>
where Name.RawValue == String {
    private var seen: [Name] = []

    init() {}

    /// Whether `name` was given.
    func contains(_ name: Name) -> Bool { seen.contains(name) }

    /// The name that `key` is.
    ///
    /// - Throws: A rejection if it is unknown or was given before.
    mutating func take(
        _ key: JSONReader.Key,
        of kind: String,
        _ path: FieldPath
    ) throws(RejectionReason) -> Name {
        guard let name = Name(rawValue: key.text) else {
            let hint = suggestion(for: key.text, in: Name.allCases.map(\.rawValue))
            throw RejectionReason(
                .unknownField,
                column: key.column,
                field: "\(path)",
                "unknown \(kind)\(hint)"
            )
        }
        guard !seen.contains(name) else {
            throw RejectionReason(
                .duplicateField,
                column: key.column,
                field: "\(path)",
                "given twice; expected once"
            )
        }
        seen.append(name)
        return name
    }
}
