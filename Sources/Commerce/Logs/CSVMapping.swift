internal import Documents
package import Timekeeping

/// Which column of a CSV file gives which part of an event.
package struct CSVMapping: Hashable, Sendable {
    /// How the time column writes an instant.
    package enum TimeFormat: Hashable, Sendable {
        /// RFC 3339, and what is meant by it: a space for the `T`, `UTC` or `+0200` for the zone.
        case rfc3339
        case yyyymmdd
        case epochSeconds
        case epochMilliseconds
        case epochMicroseconds
        case pattern(TimePattern)

        /// Those that have a name.
        package static let named: [(word: String, value: TimeFormat)] = [
            ("rfc3339", .rfc3339), ("yyyymmdd", .yyyymmdd), ("epoch_seconds", .epochSeconds),
            ("epoch_milliseconds", .epochMilliseconds),
            ("epoch_microseconds", .epochMicroseconds),
        ]
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

    /// The column of the id; without it, rows are known by what they say (``RowIdentity``).
    package var id: String?
    /// The column of the time.
    package var time: String
    /// How that column writes it.
    package var timeFormat: TimeFormat
    /// The zone of times that name none; nil if such a time is UTC, or, in RFC 3339, wrong.
    package var zone: CivilZone?
    /// The column of the user.
    package var user: String
    /// The column of the session; without it, events have none.
    package var session: String?
    /// Which event a row is.
    package var name: Name
    /// What the log calls the events that have another name with GA4.
    package var names: [String: EventName] = [:]
    /// The column of the order, whose lines become one event; without it, the id names the order.
    package var transaction: String?
    /// Whether a field of the order that is empty is that of the row before, where that is a line
    /// of the same order: for exports that write an order's own fields once.
    package var fillsDown = false
    /// How the orders begin that are returns, whatever the sign of their amounts.
    package var returnPrefix: String?
    /// The column of the product.
    package var product: String?
    /// The column of the product's category.
    package var category: String?
    /// The column of the number of pieces; without it, the number is 1.
    package var quantity: String?
    /// The column of money; without it, the value is 0.
    package var amount: Amount?
    /// How that column writes it.
    package var amountFormat = AmountFormat()
    /// The currency of the amount.
    package var currency: Money
    /// The byte between fields.
    package var delimiter = UInt8(ascii: ",")
    /// Whether the last row counts although no line end follows it.
    package var lastRowIsWhole = false

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

    /// Those that say the same of every line of an order.
    var ofOrder: [Int] { [time, user] + [session, currency].compactMap(\.self) }

    /// Looks up every column that `mapping` names in the header of `file`.
    ///
    /// - Throws: A message that names all columns that are missing or appear twice.
    init(_ mapping: CSVMapping, header: CSVRow, line: Int, file: String) throws(InputError) {
        let names = header.texts
        var mistakes: [String] = []
        func place(_ name: String?) -> Int? {
            guard let name else { return nil }
            let places = names.indices.filter { names[$0] == name }
            if places.isEmpty {
                let near = nearestName(to: name, in: names).flatMap { names.firstIndex(of: $0) }
                let column = header.column(near ?? 0)
                mistakes.append(
                    "\(file):\(line):\(column): no column \"\(name)\""
                        + suggestion(for: name, in: names)
                )
            } else if places.count > 1 {
                mistakes.append(
                    "\(file):\(line):\(header.column(places[1])): the column \"\(name)\" appears "
                        + "\(places.count) times"
                )
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
                "\(mistakes.joined(separator: "; ")); the header has: "
                    + names.map { "\"\($0)\"" }.joined(separator: ", ")
            )
        }
        time = timePlace
        user = userPlace
    }
}

/// One record of a CSV file, split by RFC 4180.
struct CSVRow {
    private struct Field {
        /// The bytes between delimiters, or between the quotes.
        var range: Range<Int>
        var isQuoted: Bool
    }

    private let bytes: ArraySlice<UInt8>
    private var fields: [Field] = []

    init(_ bytes: ArraySlice<UInt8>, delimiter: UInt8) throws(RejectionReason) {
        self.bytes = bytes
        var at = bytes.startIndex
        while true {
            let field = try CSVRow.field(of: bytes, at: at, delimiter)
            fields.append(field)
            at = field.range.upperBound + (field.isQuoted ? 1 : 0)
            guard at < bytes.endIndex else { return }
            at += 1
        }
    }

    var count: Int { fields.count }

    /// The fields as texts.
    var texts: [String] { fields.indices.map(text) }

    /// The text of the field at `index`, unquoted.
    func text(_ index: Int) -> String {
        let text = String(decoding: bytes[fields[index].range], as: UTF8.self)
        guard fields[index].isQuoted, text.utf8.contains(CSVRow.quote) else { return text }
        var unquoted: [UInt8] = []
        var skipsQuote = false
        for byte in text.utf8 {
            skipsQuote = byte == CSVRow.quote && !skipsQuote
            if !skipsQuote {
                unquoted.append(byte)
            }
        }
        return String(decoding: unquoted, as: UTF8.self)
    }

    /// Where the field at `index` begins, in bytes from 1.
    func column(_ index: Int) -> Int {
        fields[index].range.lowerBound - bytes.startIndex + 1
    }

    private static let quote = UInt8(ascii: "\"")

    private static func field(
        of bytes: ArraySlice<UInt8>,
        at start: Int,
        _ delimiter: UInt8
    ) throws(RejectionReason) -> Field {
        guard start < bytes.endIndex, bytes[start] == quote else {
            let end = bytes[start...].firstIndex(of: delimiter) ?? bytes.endIndex
            if let stray = bytes[start..<end].firstIndex(of: quote) {
                throw RejectionReason(
                    .badQuotes,
                    column: stray - bytes.startIndex + 1,
                    "a quote inside a field; quote the whole field and double this one"
                )
            }
            return Field(range: start..<end, isQuoted: false)
        }
        var at = start + 1
        let column = start - bytes.startIndex + 1
        while let next = bytes[at...].firstIndex(of: quote) {
            let behind = next + 1
            if behind == bytes.endIndex || bytes[behind] == delimiter {
                return Field(range: start + 1..<next, isQuoted: true)
            }
            guard bytes[behind] == quote else {
                throw RejectionReason(
                    .badQuotes,
                    column: behind - bytes.startIndex + 1,
                    "text after the closing quote of the field at column \(column); "
                        + "expected a delimiter"
                )
            }
            at = behind + 1
        }
        throw RejectionReason(
            .badQuotes,
            column: column,
            "the quote that begins here is not closed"
        )
    }
}

/// How a log writes amounts of money.
///
/// An amount that can be read in two ways, such as `1.000` where no mark was named, or `7.00` in
/// a log with decimal commas, is doubtful, and refused.
package struct AmountFormat: Hashable, Sendable {
    /// A mark within a number.
    package enum Mark: String, Hashable, Sendable, CaseIterable {
        case point
        case comma
        case space
        case apostrophe

        /// The texts that are this mark.
        fileprivate var texts: [String] {
            switch self {
            case .point: ["."]
            case .comma: [","]
            // As typesetters have it, too.
            case .space: [" ", "\u{a0}", "\u{202f}"]
            case .apostrophe: ["'", "\u{2019}"]
            }
        }
    }

    /// What comes before the decimals; nil if nothing was said, and it is a point.
    package var decimal: Mark?
    /// What is between the thousands; nil for nothing.
    package var thousands: Mark?

    /// Decimal points, and nothing between the thousands.
    package init() {}

    package init(decimal: Mark, thousands: Mark?) {
        self.decimal = decimal
        self.thousands = thousands
    }

    /// The amount of `currency` that `text` writes, in minor units.
    func minorUnits(_ text: String, _ currency: Currency) throws(RejectionReason) -> Int64 {
        if decimal == nil, currency.minorDigits < 3, AmountFormat.looksGrouped(text) {
            throw RejectionReason(
                .doubtfulMoney,
                "\"\(text)\" is ambiguous: the point may be decimal or between thousands; say "
                    + "which with "
                    + "'decimal' in the mapping"
            )
        }
        if let amount = read(text, currency) { return amount }
        let others = [
            AmountFormat(decimal: .comma, thousands: .point),
            AmountFormat(decimal: .point, thousands: .comma),
        ]
        if others.contains(where: { $0 != self && $0.read(text, currency) != nil }) {
            throw RejectionReason(
                .doubtfulMoney,
                "\"\(text)\" uses marks other than those of the mapping (decimal "
                    + "\((decimal ?? .point).rawValue)); it could mean a hundred times as much"
            )
        }
        throw RejectionReason(.badMoney, Money.refusal(of: text, currency: currency))
    }

    /// Whether `text` is up to three digits, a point, and three digits.
    private static func looksGrouped(_ text: String) -> Bool {
        let parts = text.drop { $0 == "-" }.utf8.split(
            separator: UInt8(ascii: "."),
            omittingEmptySubsequences: false
        )
        return parts.count == 2 && (1...3).contains(parts[0].count) && parts[1].count == 3
            && parts.allSatisfy { $0.allSatisfy { (48...57).contains($0) } }
            && parts[0].first != UInt8(ascii: "0")
    }

    private func read(_ text: String, _ currency: Currency) -> Int64? {
        guard decimal != nil || thousands != nil else {
            return Money(decimal: text, currency: currency)?.minorUnits
        }
        var text = text
        if let thousands {
            for mark in thousands.texts { text = text.replacing(mark, with: "_") }
        }
        if let decimal, decimal != .point {
            if text.contains(".") { return nil }
            for mark in decimal.texts { text = text.replacing(mark, with: ".") }
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let groups = (parts.first ?? "").drop { $0 == "-" }
            .split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.count < 2 || !parts[1].contains("_"),
            groups.count == 1 || (1...3).contains(groups[0].count),
            groups.dropFirst().allSatisfy({ $0.count == 3 })
        else { return nil }
        return Money(decimal: text.replacing("_", with: ""), currency: currency)?.minorUnits
    }
}
