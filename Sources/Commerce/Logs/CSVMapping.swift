internal import Documents

/// Which column of a CSV file gives which part of an event.
package struct CSVMapping: Hashable, Sendable {
    /// How the time column writes an instant.
    package enum TimeFormat: String, Sendable, CaseIterable {
        case rfc3339
        case yyyymmdd
        case epochSeconds = "epoch_seconds"
    }

    /// Where the name of the event comes from.
    package enum Name: Hashable, Sendable {
        /// A column of GA4 names.
        case column(String)
        case constant(EventName)
    }

    /// What the column of money says.
    package enum Amount: Hashable, Sendable {
        /// The price of one piece; the value is price times quantity.
        case price(column: String)
        /// The value of the whole row; the price of one piece is truncated to a minor unit.
        case value(column: String)
    }

    /// Where the currency comes from.
    package enum Money: Hashable, Sendable {
        case column(String)
        case constant(Currency)
    }

    /// The column of the id; without it, ids are made from the time and the line.
    package var id: String?
    /// The column of the time.
    package var time: String
    /// How that column writes it.
    package var timeFormat: TimeFormat
    /// The column of the user.
    package var user: String
    /// The column of the session; without it, events have none.
    package var session: String?
    /// Which event a row is.
    package var name: Name
    /// The column of the order; without it, every purchase is an order named by its line.
    package var transaction: String?
    /// The column of the product.
    package var product: String?
    /// The column of the product's category.
    package var category: String?
    /// The column of the number of pieces; without it, the number is 1.
    package var quantity: String?
    /// The column of money; without it, the value is 0.
    package var amount: Amount?
    /// The currency of the amount.
    package var currency: Money
    /// The byte between fields.
    package var delimiter = UInt8(ascii: ",")

    /// The mapping of what every event needs; the rest is set afterwards.
    package init(
        time: String,
        timeFormat: TimeFormat,
        user: String,
        name: Name,
        currency: Money
    ) {
        self.time = time
        self.timeFormat = timeFormat
        self.user = user
        self.name = name
        self.currency = currency
    }
}

/// The columns of a mapping as places in the header of one file, from 0.
struct CSVColumns {
    let id: Int?
    let time: Int
    let user: Int
    let session: Int?
    let name: Int?
    let transaction: Int?
    let product: Int?
    let category: Int?
    let quantity: Int?
    let amount: Int?
    let currency: Int?

    /// Looks up every column that `mapping` names in `header`.
    ///
    /// - Throws: A message that names all columns that are missing or stand twice.
    init(_ mapping: CSVMapping, header: [String], file: String) throws(InputError) {
        var mistakes: [String] = []
        func place(_ name: String?) -> Int? {
            guard let name else { return nil }
            let places = header.indices.filter { header[$0] == name }
            if places.isEmpty {
                mistakes.append("no column \"\(name)\"\(suggestion(for: name, in: header))")
            } else if places.count > 1 {
                mistakes.append("the column \"\(name)\" stands \(places.count) times")
            }
            return places.first
        }
        id = place(mapping.id)
        let timePlace = place(mapping.time)
        let userPlace = place(mapping.user)
        session = place(mapping.session)
        if case .column(let column) = mapping.name { name = place(column) } else { name = nil }
        transaction = place(mapping.transaction)
        product = place(mapping.product)
        category = place(mapping.category)
        quantity = place(mapping.quantity)
        switch mapping.amount {
        case .price(let column), .value(let column): amount = place(column)
        case nil: amount = nil
        }
        if case .column(let column) = mapping.currency {
            currency = place(column)
        } else {
            currency = nil
        }
        guard mistakes.isEmpty, let timePlace, let userPlace else {
            throw InputError(
                .wrongFormat,
                "\(file): \(mistakes.joined(separator: "; ")); the header has: "
                    + header.map { "\"\($0)\"" }.joined(separator: ", ")
            )
        }
        time = timePlace
        user = userPlace
    }
}
