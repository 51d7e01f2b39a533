/// What the `data` of one CloudEvent says, in GA4 parameters.
package struct EventData {
    package private(set) var currency = Currency.none
    /// In minor units; the sum of the items where `data` gives none.
    package private(set) var value: Int64 = 0
    package private(set) var transaction = Symbol.none
    package private(set) var isOrderPart = false
    package private(set) var user = Symbol.none
    package private(set) var session = Symbol.none
    package private(set) var items: [Item] = []

    /// The parameters that an event may have beside those that GA4 has named.
    enum Others {
        case none
        case any
        /// These, of their kinds, and any others.
        case declared([EventDeclarations.Parameter])
    }

    /// No data.
    init() {}

    /// Reads the JSON object `text`, and keeps the texts it meets in `symbols`.
    package init(json text: String, symbols: SymbolTable) throws(RejectionReason) {
        self = try Array(text.utf8).withUnsafeBufferPointer { bytes throws(RejectionReason) in
            if let rejection = RejectionReason.inText(bytes) { throw rejection }
            var reader = JSONReader(bytes)
            let data = try EventData(from: &reader, bytes, symbols)
            try reader.end()
            return data
        }
    }

    /// Reads the object that is next in `reader`, a reader of `bytes`.
    init(
        from reader: inout JSONReader,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ symbols: SymbolTable,
        _ others: Others = .none
    ) throws(RejectionReason) {
        var seen = SeenNames<EventParameter>()
        var seenOthers: Set<String> = []
        // Amounts can be read when the currency is known, which may follow them.
        var amount: Range<Int>?
        var itemsPosition: Int?
        try reader.open(UInt8(ascii: "{"), FieldPath("data"))
        while let key = try reader.nextKey() {
            let path = FieldPath(key.text, inData: true)
            if EventParameter(rawValue: key.text) == nil, others.areAllowed {
                try EventData.skip(key, from: &reader, others, after: &seenOthers)
                continue
            }
            let name = try seen.take(key, of: "field", path)
            if try reader.takeNull() {
                continue
            }
            switch name {
            case .currency: currency = try EventData.currency(from: &reader, path)
            case .value: amount = try reader.number(path)
            case .transactionID:
                transaction = symbols.symbol(for: try reader.string(path), in: .order)
            case .orderPart: isOrderPart = try reader.boolean(path)
            case .userID: user = symbols.symbol(for: try reader.string(path), in: .user)
            case .sessionID: session = symbols.symbol(for: try reader.string(path), in: .session)
            case .items:
                itemsPosition = reader.position
                try reader.skip()
            case .tax, .shipping: _ = try reader.number(path)
            case .coupon, .affiliation, .itemListID, .itemListName, .searchTerm, .locationID,
                .paymentType, .shippingTier, .customerType, .promotionID, .promotionName,
                .creativeName, .creativeSlot:
                _ = try reader.string(path)
            }
        }
        if let itemsPosition {
            var reader = JSONReader(bytes, at: itemsPosition)
            try readItems(from: &reader, symbols, others)
        }
        if let amount {
            let path = FieldPath("value", inData: true)
            value = try money(amount, of: reader, path)
        } else {
            value = try sumOfItems(at: itemsPosition)
        }
    }

    /// Passes over the value of a parameter that GA4 has not named; a declared one must be of its
    /// kind.
    private static func skip(
        _ key: JSONReader.Key,
        from reader: inout JSONReader,
        _ others: Others,
        after seen: inout Set<String>
    ) throws(RejectionReason) {
        let path = FieldPath(key.text, inData: true)
        guard seen.insert(key.text).inserted else {
            throw RejectionReason(
                .duplicateField,
                column: key.column,
                field: "\(path)",
                "given twice; expected once"
            )
        }
        guard case .declared(let parameters) = others,
            let parameter = parameters.first(where: { $0.name.utf8.elementsEqual(key.text.utf8) })
        else { return try reader.skip() }
        if try reader.takeNull() { return }
        switch parameter.kind {
        case .string, .user, .session, .order: _ = try reader.string(path)
        case .boolean: _ = try reader.boolean(path)
        case .number: _ = try reader.number(path)
        case .integer:
            let range = try reader.number(path)
            let text = reader.text(range)
            guard Int64(text) != nil else {
                throw RejectionReason(
                    .wrongType,
                    column: range.lowerBound + 1,
                    field: "\(path)",
                    "\(text) is not a whole number, as the event declares it"
                )
            }
        }
    }

    private mutating func readItems(
        from reader: inout JSONReader,
        _ symbols: SymbolTable,
        _ others: Others
    ) throws(RejectionReason) {
        try reader.open(UInt8(ascii: "["), FieldPath("items", inData: true))
        while try reader.nextElement() {
            guard items.count < Int(UInt16.max) else {
                throw RejectionReason(
                    .tooLarge,
                    column: reader.column,
                    field: "data.items",
                    "has more than \(UInt16.max) items; split the event"
                )
            }
            items.append(try item(from: &reader, symbols, others))
        }
    }

    private func item(
        from reader: inout JSONReader,
        _ symbols: SymbolTable,
        _ others: Others
    ) throws(RejectionReason) -> Item {
        let place = items.count
        var item = Item(product: .none, category: .none, price: 0, quantity: 1)
        var seen = SeenNames<ItemParameter>()
        try reader.open(UInt8(ascii: "{"), FieldPath("", item: place))
        while let key = try reader.nextKey() {
            let path = FieldPath(key.text, item: place)
            if ItemParameter(rawValue: key.text) == nil, others.areAllowed {
                try reader.skip()
                continue
            }
            let name = try seen.take(key, of: "field", path)
            if try reader.takeNull() {
                continue
            }
            switch name {
            case .itemID:
                item.product = symbols.symbol(for: try reader.string(path), in: .product)
            case .itemCategory:
                item.category = symbols.symbol(for: try reader.string(path), in: .category)
            case .price:
                let range = try reader.number(path)
                item.price = try money(range, of: reader, path)
            case .quantity: item.quantity = try EventData.count(from: &reader, path)
            case .currency:
                let column = reader.column
                guard try EventData.currency(from: &reader, path) == currency else {
                    throw RejectionReason(
                        .badCurrency,
                        column: column,
                        field: "\(path)",
                        "differs from data.currency; an event has one currency"
                    )
                }
            case .discount, .index: _ = try reader.number(path)
            case .itemName, .itemBrand, .itemCategory2, .itemCategory3, .itemCategory4,
                .itemCategory5, .itemVariant, .itemListID, .itemListName, .coupon, .affiliation,
                .locationID, .promotionID, .promotionName, .creativeName, .creativeSlot:
                _ = try reader.string(path)
            }
        }
        return item
    }

    /// Σ price · quantity.
    private func sumOfItems(at position: Int?) throws(RejectionReason) -> Int64 {
        var sum: Int64 = 0
        for item in items {
            let (product, overflow) = item.price.multipliedReportingOverflow(
                by: Int64(item.quantity)
            )
            let (next, carry) = sum.addingReportingOverflow(product)
            guard !overflow, !carry else {
                throw RejectionReason(
                    .badMoney,
                    column: position.map { $0 + 1 },
                    field: "data.items",
                    "price times quantity is more than an amount can hold"
                )
            }
            sum = next
        }
        return sum
    }

    /// The amount that the number at `range` writes, exactly.
    private func money(
        _ range: Range<Int>,
        of reader: JSONReader,
        _ path: FieldPath
    ) throws(RejectionReason) -> Int64 {
        let text = reader.text(range)
        guard let money = Money(decimal: text, currency: currency) else {
            throw RejectionReason(
                .badMoney,
                column: range.lowerBound + 1,
                field: "\(path)",
                Money.refusal(of: text, currency: currency)
            )
        }
        return money.minorUnits
    }

    private static func currency(
        from reader: inout JSONReader,
        _ path: FieldPath
    ) throws(RejectionReason) -> Currency {
        let column = reader.column
        let code = try reader.string(path)
        guard let currency = Currency(code: code) else {
            throw RejectionReason(
                .badCurrency,
                column: column,
                field: "\(path)",
                Currency.refusal(of: code)
            )
        }
        return currency
    }

    private static func count(
        from reader: inout JSONReader,
        _ path: FieldPath
    ) throws(RejectionReason) -> Int32 {
        let range = try reader.number(path)
        let text = reader.text(range)
        guard let count = Int32(text) else {
            throw RejectionReason(
                .badCount,
                column: range.lowerBound + 1,
                field: "\(path)",
                "\(text) is not a count; expected a whole number below \(Int32.max)"
            )
        }
        return count
    }
}

extension EventData.Others {
    fileprivate var areAllowed: Bool {
        if case .none = self { false } else { true }
    }
}

extension Money {
    /// The error text for an amount that ``init(decimal:currency:)`` does not take.
    static func refusal(of text: String, currency: Currency) -> String {
        let unit = currency == .none ? "an amount" : "an amount of \(currency.code)"
        return "\"\(text)\" is not \(unit); expected a plain decimal number with at most "
            + "\(currency.minorDigits) decimals"
    }
}

extension Currency {
    /// The error text for a code that ``init(code:)`` does not take.
    static func refusal(of code: String) -> String {
        "\"\(code)\" is not a currency; expected three capital letters of ISO 4217, such as USD"
    }
}
