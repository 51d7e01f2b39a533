internal import Commerce

/// The parameters of an event whose type matters: an event of the shop has room for them, or is
/// held to them.
enum GA4Parameter: String {
    case value, tax, shipping
    case currency, coupon, affiliation
    case transactionID = "transaction_id"
    case userID = "user_id"
    case sessionID = "session_id"
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

    /// What its values are.
    enum Kind {
        case text
        case number
        case count

        /// `value` as one of this kind; nil where it is none.
        ///
        /// Clients send numbers as texts and texts as numbers. Digits are kept as they were
        /// written, but for an exponent, which is written out.
        func conformed(_ value: JSONTree) -> JSONTree? {
            guard let literal = value.literal, !value.isNull else { return nil }
            switch self {
            case .text: return value.isText ? value : JSONTree(text: literal)
            case .number:
                guard let digits = value.number ?? value.text,
                    let number = DecimalNumber(digits)
                else { return nil }
                return .scalar(digits.utf8.contains { $0 | 0x20 == 101 } ? number.text : digits)
            case .count:
                guard let digits = value.number ?? value.text,
                    let whole = DecimalNumber(digits)?.wholeText
                else { return nil }
                return .scalar(whole)
            }
        }
    }

    var kind: Kind {
        switch self {
        case .value, .tax, .shipping: .number
        default: .text
        }
    }
}

/// The parameters of an item whose type matters: all that GA4 has.
enum GA4ItemParameter {
    case number, count, text

    init?(rawValue name: String) {
        switch name {
        case "price", "discount", "index": self = .number
        case "quantity": self = .count
        case _ where GA4Names.item.contains(name): self = .text
        default: return nil
        }
    }

    var kind: GA4Parameter.Kind {
        switch self {
        case .number: .number
        case .count: .count
        case .text: .text
        }
    }
}

extension JSONTree {
    /// An event's parameters with every value of the kind that it should be; what no event has
    /// room for, and what is of another kind, stays as it is.
    var conformedParameters: JSONTree {
        .object(
            members.compactMap { name, value in
                if value.isNull { return nil }
                if name == "items", let items = value.elements {
                    return (name, .array(items.map(\.conformedItem)))
                }
                let kind = GA4Parameter(rawValue: name)?.kind
                return (name, kind?.conformed(value) ?? value)
            }
        )
    }

    private var conformedItem: JSONTree {
        guard isObject else { return self }
        return .object(
            members.compactMap { name, value in
                if value.isNull { return nil }
                return (name, GA4ItemParameter(rawValue: name)?.kind.conformed(value) ?? value)
            }
        )
    }
}

extension JSONTree {
    /// The path of the first parameter that is not of the kind it should be; nil where all are.
    var wrongParameter: String? {
        for (name, value) in members {
            if name == "items" {
                guard let items = value.elements else { return name }
                for (place, item) in items.enumerated() {
                    guard item.isObject else { return "items[\(place)]" }
                    let wrong = item.members.first { name, value in
                        let kind = GA4ItemParameter(rawValue: name)?.kind
                        return kind != nil && kind?.conformed(value) == nil
                    }
                    if let wrong { return "items[\(place)].\(wrong.key)" }
                }
            } else if let kind = GA4Parameter(rawValue: name)?.kind, kind.conformed(value) == nil {
                return name
            }
        }
        return nil
    }
}
