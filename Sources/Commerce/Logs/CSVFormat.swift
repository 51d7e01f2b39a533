internal import Documents
internal import Timekeeping

/// Makes events of the rows of a CSV file.
struct CSVFormat: LogFormat {
    private let mapping: CSVMapping
    private let options: LogOptions
    private var symbols: SymbolTable
    private var source: Symbol
    /// Nil before the header was read.
    private var rows: CSVLineReader?
    private var window = OrderWindow()
    private var identity = RowIdentity()
    /// Whether what is held back is given out now.
    private var isClosing = false

    init(_ mapping: CSVMapping, _ options: LogOptions, _ symbols: SymbolTable) {
        self.mapping = mapping
        self.options = options
        self.symbols = symbols
        // The same for every file: what a row says tells it from another, not where it stands.
        source = symbols.symbol(for: "/log:csv", in: .text)
    }

    var needsHeader: Bool { rows == nil }
    var holdsBack: Bool { !window.isEmpty }

    mutating func takeHeader(_ record: Record?, file: String) throws(InputError) {
        guard let record else {
            throw InputError(.wrongFormat, "\(file): is empty; expected a header in its first line")
        }
        let header: CSVRow
        do throws(RejectionReason) {
            if let rejection = record.rejection {
                throw rejection
            }
            header = try CSVRow(record.bytes, delimiter: mapping.delimiter)
        } catch {
            throw InputError(
                .wrongFormat,
                "\(record.rejection(of: error, file: file)); expected a header"
            )
        }
        rows = CSVLineReader(
            mapping,
            columns: try CSVColumns(mapping, header: header, line: record.line, file: file),
            header: header.texts,
            source: source,
            symbols: symbols
        )
    }

    mutating func take(_ record: Record, file: String) throws(RejectionReason) -> Bool {
        window.noteLine()
        guard record.isTerminated || options.lastRowIsWhole else {
            throw Record.unterminated("say 'lastRowIsWhole: true' in the mapping")
        }
        guard let line = try rows?.line(of: record) else { return false }
        try window.add(line, symbols)
        return true
    }

    mutating func next(file: String, rejecting rejections: inout [Rejection]) -> LogEntry? {
        while var entry = isClosing ? window.take() : window.next() {
            if entry.event.name == .purchase, entry.event.value < 0 {
                let sum = Money(minorUnits: entry.event.value, currency: entry.event.currency)
                let reason = RejectionReason(
                    .negativeValue,
                    "is worth \(sum), which is not a sale; a return has a negative quantity"
                )
                var rejection = reason.rejection(file: file, line: entry.line)
                rejection.records = entry.records
                rejections.append(rejection)
                continue
            }
            name(&entry)
            return entry
        }
        isClosing = false
        return nil
    }

    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        self.symbols = symbols
        source = symbols.adopt(source, of: last)
        rows?.translate(to: symbols, source)
        window.translate(from: last, to: symbols)
    }

    mutating func close() {
        isClosing = true
    }

    /// Gives the event of `entry` its id and its order, where the log has none for it.
    private mutating func name(_ entry: inout LogEntry) {
        let isPart = entry.event.isOrderPart
        if entry.isKnownByContent || isPart && entry.isKnownByOrder {
            entry.event.id = identity.id(of: entry.bytes, at: entry.event.time)
        }
        guard entry.event.name.subjectNamespace == .order else { return }
        if !entry.event.transaction.isPresent {
            entry.event.transaction = Symbol(orderOf: entry.event.id)
        }
        entry.event.subject = entry.event.transaction
        if entry.event.name == .purchase {
            window.notePublished(entry.event.transaction, symbols)
        }
    }
}

/// Makes a line of an order, or an event of its own, of one row of a CSV file.
struct CSVLineReader: Sendable {
    private let mapping: CSVMapping
    private let columns: CSVColumns
    private let header: [String]
    private var source: Symbol
    private var symbols: SymbolTable
    /// Whether the id is that of an order, and not of a line of one.
    private let idNamesOrder: Bool
    /// The order of the last row and its own fields, by column.
    private var carried: (order: String, fields: [Int: String])?

    init(
        _ mapping: CSVMapping,
        columns: CSVColumns,
        header: [String],
        source: Symbol,
        symbols: SymbolTable
    ) {
        self.mapping = mapping
        self.columns = columns
        self.header = header
        self.source = source
        self.symbols = symbols
        idNamesOrder = columns.transaction == nil || columns.transaction == columns.id
    }

    /// Goes on with the symbols of `symbols`, of which `source` is one.
    mutating func translate(to symbols: SymbolTable, _ source: Symbol) {
        self.symbols = symbols
        self.source = source
    }

    /// The line that `record` writes.
    mutating func line(of record: Record) throws(RejectionReason) -> OrderWindow.Line {
        let row = try CSVRow(record.bytes, delimiter: mapping.delimiter)
        try checkCount(row)
        carry(row)
        let time = try time(of: row)
        var name = try name(of: row)
        let currency = try currency(of: row)
        let id = symbolText(row, columns.id).map(CSVLineReader.id)
        let transaction = name.subjectNamespace == .order ? order(of: row) : .none
        let sale = try sale(of: row, name, currency)
        if sale.isReturn { name = .refund }
        let session = symbol(row, columns.session, in: .session)
        let event = Event(
            id: id ?? EventID(high: 0, low: 0),
            time: time,
            source: source,
            sequence: Int64(record.line),
            user: symbol(row, columns.user, in: .user),
            session: session,
            subject: session,
            subjectNamespace: name.subjectNamespace == .order ? .order : .session,
            transaction: transaction,
            value: sale.value,
            currency: currency,
            name: name
        )
        let product = symbol(row, columns.product, in: .product)
        let category = symbol(row, columns.category, in: .category)
        let hasItem = product.isPresent || name.hasItems
        var entry = LogEntry(
            event: event,
            items: hasItem ? sale.items(product, category) : [],
            bytes: Array(record.bytes),
            line: record.line
        )
        entry.isKnownByContent = id == nil
        entry.isKnownByOrder = idNamesOrder
        let isOrder = transaction.isPresent && !symbols.isEmpty(transaction)
        return OrderWindow.Line(
            entry: entry,
            key: isOrder ? OrderWindow.Key(transaction: transaction, name: name) : nil,
            id: idNamesOrder ? nil : id
        )
    }

    private func checkCount(_ row: CSVRow) throws(RejectionReason) {
        guard row.count != header.count else { return }
        let isLonger = row.count > header.count
        throw RejectionReason(
            isLonger ? .tooManyFields : .tooFewFields,
            column: isLonger ? row.column(header.count) : nil,
            "the row has \(row.count) fields, the header \(header.count); "
                + "quote fields that contain the delimiter"
        )
    }

    /// Keeps the fields of the order that `row` is the first line of.
    private mutating func carry(_ row: CSVRow) {
        guard mapping.fillsDown, let column = columns.transaction else { return }
        let order = row.text(column)
        guard order.isEmpty || order != carried?.order else { return }
        let fields = columns.ofOrder.map { ($0, row.text($0)) }
        carried = (order, Dictionary(fields) { first, _ in first })
    }

    /// The text of the field in `column`, or, where that is empty, that of its order.
    private func text(_ row: CSVRow, _ column: Int) -> String {
        let text = row.text(column)
        return text.isEmpty ? carried?.fields[column] ?? text : text
    }

    /// The text of the field in `column`; nil if the column or the field is empty.
    private func symbolText(_ row: CSVRow, _ column: Int?) -> String? {
        guard let column else { return nil }
        let text = text(row, column)
        return text.isEmpty ? nil : text
    }

    private func symbol(_ row: CSVRow, _ column: Int?, in namespace: Namespace) -> Symbol {
        symbolText(row, column).map { symbols.symbol(for: $0, in: namespace) } ?? .none
    }

    /// The order of a purchase, which is named by its id where there is no column of its own.
    ///
    /// An empty field stays the empty text, which the rules refuse.
    private func order(of row: CSVRow) -> Symbol {
        guard let column = columns.transaction else {
            return symbol(row, columns.id, in: .order)
        }
        return symbols.symbol(for: row.text(column), in: .order)
    }

    /// The id that `text` is; a text that is not a UUID is made one of version 8 (RFC 9562) from
    /// its digest, since a row has no JSON to read the text back from.
    private static func id(_ text: String) -> EventID {
        let (id, isUUID) = EventID.parse(text)
        guard !isUUID else { return id }
        return EventID(
            high: id.high & ~0xf000 | 0x8000,
            low: id.low & ~(0b11 << 62) | 0b10 << 62
        )
    }

    private func time(of row: CSVRow) throws(RejectionReason) -> Timestamp {
        let text = text(row, columns.time)
        guard let time = mapping.timeFormat.instant(text, in: mapping.zone) else {
            throw rejection(
                .badDate,
                row,
                columns.time,
                "\"\(text)\" is not a time; expected \(mapping.timeFormat.expectation)"
            )
        }
        return time
    }

    private func name(of row: CSVRow) throws(RejectionReason) -> EventName {
        switch mapping.name {
        case .constant(let name): return name
        case .column:
            let column = columns.name ?? 0
            let text = row.text(column)
            if let name = mapping.names[text] ?? EventName(ga4: text) { return name }
            let known = mapping.names.keys.sorted() + EventName.ga4Cases.map(\.ga4)
            throw rejection(
                .unknownEvent,
                row,
                column,
                "\"\(text)\" is not the name of an event; expected a GA4 name, such as purchase, "
                    + "or one that "
                    + "'events' in the mapping has\(suggestion(for: text, in: known))"
            )
        }
    }

    private func currency(of row: CSVRow) throws(RejectionReason) -> Currency {
        switch mapping.currency {
        case .constant(let currency): return currency
        case .column:
            let column = columns.currency ?? 0
            let text = text(row, column)
            guard let currency = Currency(code: text) else {
                throw rejection(.badCurrency, row, column, Currency.refusal(of: text))
            }
            return currency
        }
    }

    // MARK: - What was sold

    /// How many pieces, and what for.
    private struct Sale {
        var quantity: Int64
        /// Of all pieces.
        var value: Int64
        /// Of one piece, where the row names it.
        var price: Int64?
        var isReturn = false

        /// The pieces at their prices.
        ///
        /// A value that is not a multiple of its pieces is that of two lines: three pieces for
        /// 10.00 are two at 3.33 and one at 3.34, so every sum stays exact.
        func items(_ product: Symbol, _ category: Symbol) -> [Item] {
            func item(_ price: Int64, _ quantity: Int64) -> Item {
                Item(
                    product: product,
                    category: category,
                    price: price,
                    quantity: Int32(quantity)
                )
            }
            if let price { return [item(price, quantity)] }
            guard quantity > 1 else { return [item(value, quantity)] }
            let remainder = (value % quantity + quantity) % quantity
            let price = (value - remainder) / quantity
            guard remainder > 0 else { return [item(price, quantity)] }
            return [item(price, quantity - remainder), item(price + 1, remainder)]
        }
    }

    private func sale(
        of row: CSVRow,
        _ name: EventName,
        _ currency: Currency
    ) throws(RejectionReason) -> Sale {
        let quantity = try quantity(of: row)
        var sale = Sale(quantity: quantity, value: 0)
        if let column = columns.amount {
            do throws(RejectionReason) {
                let text = row.text(column)
                sale.value = try mapping.amountFormat.minorUnits(text, currency)
            } catch {
                throw rejection(error.reason, row, column, error.message)
            }
            if case .price = mapping.amount {
                sale.price = sale.value
                let (value, overflow) = sale.value.multipliedReportingOverflow(by: quantity)
                guard !overflow else {
                    throw rejection(
                        .badMoney,
                        row,
                        column,
                        "price times quantity is more than an amount can hold"
                    )
                }
                sale.value = value
            }
        }
        guard name == .purchase || name == .refund else {
            if quantity < 0 { throw negative(row, "expected a count from 0") }
            return sale
        }
        let isNamedReturn = mapping.returnPrefix.map { prefix in
            columns.transaction.map { row.text($0).hasPrefix(prefix) } ?? false
        }
        sale.isReturn = name == .refund || isNamedReturn == true || quantity < 0
        guard sale.isReturn else { return sale }
        let isMixed = quantity < 0 && sale.value > 0
        guard !isMixed || isNamedReturn == true else {
            throw negative(row, "but the amount is not; a return has both below 0")
        }
        guard sale.value > .min else { throw negative(row, "the amount is too large") }
        sale.quantity = abs(quantity)
        sale.value = abs(sale.value)
        sale.price = sale.price.map { abs($0) }
        return sale
    }

    private func negative(_ row: CSVRow, _ message: String) -> RejectionReason {
        let column = columns.quantity ?? columns.time
        return rejection(.negativeCount, row, column, "\(row.text(column)) is negative; \(message)")
    }

    /// The number of pieces, below 0 for a return; within what an item can hold.
    private func quantity(of row: CSVRow) throws(RejectionReason) -> Int64 {
        guard let column = columns.quantity else { return 1 }
        let text = row.text(column)
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        do throws(RejectionReason) {
            let count = Int64(try Int32(countText: isNegative ? String(text.dropFirst()) : text))
            return isNegative ? -count : count
        } catch {
            let message =
                isNegative
                ? error.message.replacing("\"", with: "\"-", maxReplacements: 1)
                : error.message
            throw rejection(error.reason, row, column, message)
        }
    }

    private func rejection(
        _ reason: RejectionReason.Reason,
        _ row: CSVRow,
        _ column: Int,
        _ message: String
    ) -> RejectionReason {
        RejectionReason(reason, column: row.column(column), field: header[column], message)
    }
}

extension CSVMapping.TimeFormat {
    private static let civil = [
        "yyyy-MM-dd HH:mm:ss Z", "yyyy-MM-ddTHH:mm:ss Z", "yyyy-MM-dd HH:mm Z",
    ].compactMap { TimePattern($0) }
    private static let civilWithoutZone = [
        "yyyy-MM-dd HH:mm:ss", "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd",
    ].compactMap { TimePattern($0) }

    /// The instant that `text` writes; on the walls of `zone` where it names none.
    func instant(_ text: String, in zone: CivilZone?) -> Timestamp? {
        switch self {
        case .rfc3339:
            if let instant = Timestamp(rfc3339: text) { return instant }
            for pattern in Self.civil {
                if let instant = pattern.instant(text, in: .utc) { return instant }
            }
            guard let zone else { return nil }
            return Self.civilWithoutZone.lazy.compactMap { $0.instant(text, in: zone) }.first
        case .yyyymmdd:
            guard let day = Timestamp(yyyymmdd: text.utf8) else { return nil }
            guard let zone else { return day }
            return zone.instant(at: CivilDateTime(date: day.date))
        case .epochSeconds: return Timestamp(epochSeconds: text)
        case .epochMilliseconds: return Timestamp(epoch: text, unit: 1_000_000)
        case .epochMicroseconds: return Timestamp(epoch: text, unit: 1000)
        case .pattern(let pattern): return pattern.instant(text, in: zone ?? .utc)
        }
    }

    /// What a time looks like, for error texts.
    var expectation: String {
        switch self {
        case .rfc3339: "RFC 3339, such as 1997-01-01T00:00:00Z, or 'timeFormat' in the mapping"
        case .yyyymmdd: "a day as eight digits, such as 19970101"
        case .epochSeconds: "seconds since 1970, such as 852076800"
        case .epochMilliseconds: "whole milliseconds since 1970, such as 852076800000"
        case .epochMicroseconds: "whole microseconds since 1970, such as 852076800000000"
        case .pattern(let pattern): "a time such as \(pattern.text)"
        }
    }
}

extension Int32 {
    /// The count that `text` writes in decimal digits.
    ///
    /// - Throws: A rejection without a place if it is negative or no whole number that fits.
    init(countText text: String) throws(RejectionReason) {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        let isNumber = !digits.isEmpty && digits.allSatisfy { (48...57).contains($0) }
        if isNumber, text.utf8.count == digits.count + 1 {
            throw RejectionReason(.negativeCount, "\(text) is negative; expected a count from 0")
        }
        guard isNumber, text.utf8.count == digits.count, let count = Int32(text) else {
            throw RejectionReason(
                .badCount,
                "\"\(text)\" is not a count; expected a whole number from 0"
            )
        }
        self = count
    }
}
