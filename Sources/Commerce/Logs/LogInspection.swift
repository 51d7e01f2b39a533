internal import Timekeeping

/// How a log is probably read, guessed from its first rows: a CSV file, whose columns have names,
/// or lines of JSON, whose values are found by pointers and looked at like columns.
package struct LogInspection: Sendable {
    /// What the guess is not sure of.
    package struct Doubt: Hashable, Sendable {
        /// The key of the mapping that it is about.
        package var key: String
        package var text: String
    }

    /// What the file is.
    package enum Form: Hashable, Sendable {
        case table
        /// Lines of JSON with their items at this pointer; nil where there are none.
        case lines(items: String?)
        /// The lines are CloudEvents, or those that GA4 exports: both are known.
        case cloudEvents
        case ga4Export
    }

    package let form: Form
    /// The preset that the columns are those of; nil where the mapping is a guess.
    package private(set) var preset: LogPreset?
    /// By columns or, for JSON, by pointers; those in an item begin with that of the items and a
    /// star.
    package private(set) var mapping: CSVMapping
    package private(set) var doubts: [Doubt] = []

    private let header: [String]
    private let rows: [[String]]

    /// Looks at a `header` and the `rows` below it, whose fields are between `delimiter`s.
    package init(header: [String], rows: [[String]], delimiter: UInt8) {
        self.init(header: header, rows: rows, delimiter: delimiter, form: .table)
    }

    init(header: [String], rows: [[String]], delimiter: UInt8 = UInt8(ascii: ","), form: Form) {
        self.form = form
        self.header = header
        self.rows = rows
        preset = form == .table ? LogPreset(header: header) : nil
        mapping =
            preset?.mapping
            ?? CSVMapping(
                time: "",
                timeFormat: .rfc3339,
                user: "",
                name: .constant(.purchase),
                currency: .constant(.usd)
            )
        mapping.delimiter = delimiter
        if preset == nil { guess() } else { checkPreset() }
    }

    private mutating func doubt(_ key: String, _ text: String) {
        doubts.append(Doubt(key: key, text: text))
    }

    /// The values of `column` that are not empty.
    private func values(_ column: String?) -> [String] {
        guard let place = column.flatMap({ header.firstIndex(of: $0) }) else { return [] }
        return rows.compactMap { $0.indices.contains(place) ? $0[place] : nil }
            .filter { !$0.isEmpty }
    }

    private mutating func checkPreset() {
        if preset?.needsCurrency == true {
            mapping.currency = .constant(.usd)
            doubt("currencyCode", "the files do not say the currency; is it USD?")
        }
        let times = values(mapping.time)
        guard !LogInspection.fits(mapping.timeFormat, times, mapping.zone) else { return }
        guessTimeFormat(times)
    }

    private mutating func guess() {
        guessTime()
        mapping.transaction = column(of: .transaction)
        mapping.session = column(of: .session)
        mapping.product = column(of: .product)
        mapping.category = column(of: .category)
        mapping.quantity = column(of: .quantity)
        guessID()
        guessUser()
        guessName()
        guessAmount()
        guessCurrency()
    }

    /// The column whose name means `meaning`; of several, the one whose name is the surest.
    ///
    /// Of a pointer such as `/customer/id` both the whole and its end are a name.
    private func column(of meaning: ColumnMeaning) -> String? {
        var columns = header
        if case .lines(let items?) = form {
            columns = header.filter { $0.hasPrefix(items + "/*/") == meaning.isOfItems }
        }
        let names = columns.map { column -> [String] in
            guard form != .table else { return [ColumnMeaning.plain(column)] }
            let parts = column.split(separator: "/").filter { $0 != "*" }
            // An "id" further in is that of something else.
            return parts.indices.map { ColumnMeaning.plain(parts[$0...].joined()) }
                .enumerated().map { $0.offset > 0 && $0.element == "id" ? "" : $0.element }
        }
        for length in 0..<(names.map(\.count).max() ?? 0) {
            for name in meaning.names {
                let place = names.firstIndex { $0.dropFirst(length).first == name }
                if let place { return columns[place] }
            }
        }
        return nil
    }

    // MARK: - Times

    private mutating func guessTime() {
        if let named = column(of: .time) {
            mapping.time = named
            return guessTimeFormat(values(named))
        }
        for name in header {
            let times = values(name)
            guard !times.isEmpty, let format = LogInspection.formats(of: times).first else {
                continue
            }
            // A number may be a time by accident; a date is none.
            guard case .pattern = format else { continue }
            mapping.time = name
            doubt("time", "no column is named like a time; this one has dates")
            return guessTimeFormat(times)
        }
        mapping.time = header.first ?? ""
        doubt("time", "no column looks like a time; name the one that is")
    }

    private mutating func guessTimeFormat(_ times: [String]) {
        let formats = LogInspection.formats(of: times)
        guard let format = formats.first else {
            doubt("timeFormat", "no known way of writing times fits \(quoted(times.first))")
            return
        }
        mapping.timeFormat = format
        guard case .pattern(let pattern) = format else { return }
        let others = formats.dropFirst().compactMap { other in
            if case .pattern(let pattern) = other { pattern.text } else { nil }
        }
        if !others.isEmpty {
            doubt("timeFormat", "fits all rows, and so does \(others.joined(separator: ", "))")
        }
        if preset == nil, !pattern.text.contains("Z") {
            doubt("timeZone", "the times name no zone and are taken as UTC")
        }
    }

    private static let patterns = [
        "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-dd",
        "dd.MM.yyyy HH:mm:ss", "dd.MM.yyyy HH:mm", "dd.MM.yyyy", "dd/MM/yyyy HH:mm:ss",
        "dd/MM/yyyy HH:mm", "dd/MM/yyyy", "MM/dd/yyyy HH:mm:ss", "MM/dd/yyyy HH:mm",
        "MM/dd/yyyy hh:mm a", "MM/dd/yyyy",
    ].compactMap { TimePattern($0) }

    private static func formats(of times: [String]) -> [CSVMapping.TimeFormat] {
        guard let first = times.first else { return [] }
        var formats: [CSVMapping.TimeFormat] = [.rfc3339]
        if first.utf8.allSatisfy({ (48...57).contains($0) }) {
            switch first.utf8.count {
            case 8: formats = [.yyyymmdd]
            case 9, 10: formats = [.epochSeconds]
            case 12, 13: formats = [.epochMilliseconds]
            case 15, 16: formats = [.epochMicroseconds]
            default: return []
            }
        }
        formats += patterns.map { .pattern($0) }
        return formats.filter { fits($0, times, nil) }
    }

    private static func fits(
        _ format: CSVMapping.TimeFormat,
        _ times: [String],
        _ zone: CivilZone?
    ) -> Bool {
        times.allSatisfy { format.instant($0, in: zone) != nil }
    }

    // MARK: - Who and what

    /// A column is an id only where it tells every row from the others.
    private mutating func guessID() {
        guard let id = column(of: .id) else { return }
        let ids = values(id)
        if Set(ids).count == ids.count, ids.count == rows.count {
            mapping.id = id
        } else if mapping.transaction == nil {
            mapping.transaction = id
            doubt("transaction", "the column repeats itself, so it is taken for the order's")
        }
    }

    private mutating func guessUser() {
        if let user = column(of: .user) {
            mapping.user = user
            return
        }
        mapping.user = mapping.session ?? mapping.transaction ?? mapping.id ?? header.first ?? ""
        doubt("user", "no column is named like a shopper; this one stands for it")
    }

    private static let eventNames: [String: EventName] = [
        "view": .viewItem, "detail": .viewItem, "product_view": .viewItem, "cart": .addToCart,
        "addtocart": .addToCart, "add": .addToCart, "remove": .removeFromCart,
        "checkout": .beginCheckout, "transaction": .purchase, "order": .purchase,
        "buy": .purchase, "sale": .purchase, "return": .refund, "list": .viewItemList,
    ]

    private mutating func guessName() {
        guard let column = column(of: .event) else {
            doubt(
                "eventName",
                "no column is named like an event; every row is taken for a purchase"
            )
            return
        }
        let words = Set(values(column)).sorted()
        let strange = words.filter {
            EventName(ga4: $0) == nil && LogInspection.eventNames[$0.lowercased()] == nil
        }
        guard !words.isEmpty, strange.count < words.count else {
            doubt("eventName", "column \(quoted(column)) has no event of a shop in it")
            return
        }
        mapping.name = .column(column)
        // order-free: sorted above
        for word in words where EventName(ga4: word) == nil {
            if let name = LogInspection.eventNames[word.lowercased()] {
                mapping.names[word] = name
            }
        }
        if !mapping.names.isEmpty { doubt("events", "are these the events that are meant?") }
        if !strange.isEmpty {
            let shown = strange.prefix(5).map { quoted($0) }.joined(separator: ", ")
            doubt("event", "rows with \(shown) are no events of a shop, and are rejected")
        }
    }

    // MARK: - Money

    private mutating func guessAmount() {
        if let price = column(of: .price) {
            mapping.amount = .price(column: price)
        } else if let value = column(of: .value) {
            mapping.amount = .value(column: value)
            if mapping.transaction != nil {
                doubt("value", "is it the amount of the row, and not that of the whole order?")
            }
        } else {
            doubt("value", "no column is named like an amount; every event is worth 0")
        }
        let amounts: [String]
        switch mapping.amount {
        case .price(let column), .value(let column): amounts = values(column)
        case nil: return
        }
        let formats = [
            AmountFormat(), AmountFormat(decimal: .point, thousands: .comma),
            AmountFormat(decimal: .comma, thousands: .point),
            AmountFormat(decimal: .comma, thousands: .space),
            AmountFormat(decimal: .point, thousands: .apostrophe),
        ]
        let fitting = formats.first { format in
            amounts.allSatisfy { LogInspection.isAmount($0, format) }
        }
        if let fitting {
            mapping.amountFormat = fitting
        } else {
            let odd = amounts.first { !LogInspection.isAmount($0, AmountFormat()) }
            doubt("decimal", "no way of writing amounts fits all rows; one has \(quoted(odd))")
        }
    }

    private static func isAmount(_ text: String, _ format: AmountFormat) -> Bool {
        (try? format.minorUnits(text, .usd)) != nil
    }

    private mutating func guessCurrency() {
        if let column = column(of: .currency) {
            let codes = values(column)
            if !codes.isEmpty, codes.allSatisfy({ Currency(code: $0) != nil }) {
                mapping.currency = .column(column)
                return
            }
        }
        guard mapping.amount != nil else { return }
        doubt("currencyCode", "no column has codes of currencies; is it USD?")
    }

    private func quoted(_ text: String?) -> String {
        text.map { JSONTree(text: $0.count > 40 ? $0.prefix(40) + "..." : $0).json } ?? "nothing"
    }
}

/// What a column may be, and the names that such columns have, the surest first; in lower case and
/// without anything but letters and digits.
private enum ColumnMeaning {
    case id, time, user, session, event, transaction, product, category, quantity
    case price, value, currency

    var names: [String] {
        switch self {
        case .id: ["eventid", "messageid", "rowid", "lineid", "id"]
        case .time:
            [
                "eventtime", "time", "timestamp", "createdat", "orderedat", "occurredat",
                "datetime", "invoicedate", "orderdate", "purchasedate", "created", "ts", "date",
                "when",
            ]
        case .user:
            [
                "userid", "customerid", "visitorid", "shopperid", "user", "customer", "shopper",
                "email", "customeremail", "billingemail", "clientid", "who",
            ]
        case .session: ["sessionid", "usersession", "session", "visitid"]
        case .event: ["eventtype", "eventname", "event", "action", "type", "activity"]
        case .transaction:
            [
                "orderid", "transactionid", "ordernumber", "invoiceno", "invoice", "order",
                "transaction", "basketid", "receipt",
            ]
        case .product:
            ["productid", "itemid", "sku", "stockcode", "product", "item", "asin", "articleid"]
        case .category: ["categorycode", "category", "itemcategory", "department", "categoryid"]
        case .quantity: ["quantity", "qty", "units", "pieces", "count", "n"]
        case .price: ["unitprice", "price", "itemprice", "unitcost", "itemcost", "priceperunit"]
        case .value:
            [
                "value", "amount", "total", "revenue", "linetotal", "totalprice", "sales", "net",
                "gross",
            ]
        case .currency: ["currency", "currencycode"]
        }
    }

    /// Whether it is said of an item, where an event has several.
    var isOfItems: Bool {
        switch self {
        case .product, .category, .quantity, .price: true
        case .id, .time, .user, .session, .event, .transaction, .value, .currency: false
        }
    }

    /// `name` in lower case, without anything but letters and digits.
    static func plain(_ name: String) -> String {
        let bytes = name.lowercased().utf8.filter {
            (97...122).contains($0) || (48...57).contains($0)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
