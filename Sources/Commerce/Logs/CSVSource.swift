internal import Documents
package import Timekeeping

/// Replays a CSV file (RFC 4180, header required) in the order of its lines.
///
/// The line is the event's sequence. An event's subject is its order on a purchase or refund,
/// else its session.
package struct CSVSource: EventSource {
    private var replay: LogReplay<CSVFormat>

    /// Opens the file at `path` (`-` is standard input) and finds the columns of `mapping` in
    /// its first line.
    package init(path: String, mapping: CSVMapping, lexicon: Lexicon) throws(InputError) {
        let reader = try LineReader(path: path)
        let format = try CSVFormat(mapping, reader, lexicon)
        replay = LogReplay(reader, format: format, lexicon: lexicon)
    }

    package var stream: Symbol { replay.stream }
    package var lexicon: Lexicon { replay.lexicon }

    package mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        try replay.fill(&builder, until: horizon, limit: limit)
    }
}

private struct CSVFormat: LogFormat {
    private let mapping: CSVMapping
    private let header: [String]
    private let columns: CSVColumns
    private let source: Symbol
    private let lexicon: Lexicon

    init(_ mapping: CSVMapping, _ reader: LineReader, _ lexicon: Lexicon) throws(InputError) {
        self.mapping = mapping
        self.lexicon = lexicon
        let file = reader.fileName
        // Ids of the log's own are the same in whatever file they come; ids made from lines mean
        // something only within this one.
        let name = mapping.id == nil ? "/\(reader.streamName)" : "/log:csv"
        source = lexicon.symbol(for: name, in: .text)
        guard let line = try reader.next() else {
            throw InputError(.wrongFormat, "\(file): is empty; expected a header in its first line")
        }
        do throws(RecordFlaw) {
            if let flaw = line.flaw {
                throw flaw
            }
            header = try CSVRow(line.bytes, delimiter: mapping.delimiter).texts
        } catch {
            throw InputError(
                .wrongFormat,
                "\(error.rejection(file: file, line: 1)); expected a header"
            )
        }
        columns = try CSVColumns(mapping, header: header, file: file)
    }

    func event(
        of bytes: ArraySlice<UInt8>,
        line: Int
    ) throws(RecordFlaw) -> (event: Event, items: [Item]) {
        let row = try CSVRow(bytes, delimiter: mapping.delimiter)
        try checkCount(row)
        let time = try time(of: row)
        let name = try name(of: row)
        let currency = try currency(of: row)
        let quantity = try quantity(of: row)
        let (value, price) = try amount(of: row, currency, quantity)
        let session = symbol(row, columns.session, in: .session)
        let isOrder = name.subjectNamespace == .order
        let transaction = isOrder ? order(of: row, line: line) : .none
        let event = Event(
            id: id(of: row, time, line: line),
            time: time,
            source: source,
            sequence: Int64(line),
            user: symbol(row, columns.user, in: .user),
            session: session,
            subject: isOrder ? transaction : session,
            subjectNamespace: isOrder ? .order : .session,
            transaction: transaction,
            value: value,
            currency: currency,
            name: name
        )
        let item = Item(
            product: symbol(row, columns.product, in: .product),
            category: symbol(row, columns.category, in: .category),
            price: price,
            quantity: quantity
        )
        let hasItem = item.product.isPresent || name.hasItems
        return (event, hasItem ? [item] : [])
    }

    private func checkCount(_ row: CSVRow) throws(RecordFlaw) {
        guard row.count != header.count else { return }
        let isLonger = row.count > header.count
        throw RecordFlaw(
            isLonger ? .tooManyFields : .tooFewFields,
            column: isLonger ? row.column(header.count) : nil,
            "the row has \(row.count) fields, the header \(header.count); "
                + "put a field that holds the delimiter in quotes"
        )
    }

    /// The symbol of the field in `column`; none where the column or the field is empty.
    private func symbol(_ row: CSVRow, _ column: Int?, in namespace: Namespace) -> Symbol {
        guard let column else { return .none }
        let text = row.text(column)
        return text.isEmpty ? .none : lexicon.symbol(for: text, in: namespace)
    }

    /// The order of a purchase; an empty field stays the empty text, which the rules refuse.
    private func order(of row: CSVRow, line: Int) -> Symbol {
        guard let column = columns.transaction else { return Symbol(number: UInt64(line)) }
        return lexicon.symbol(for: row.text(column), in: .order)
    }

    /// The id of the row; a text that is no UUID is made one of version 8 (RFC 9562) from its
    /// digest, since a row has no JSON to read the text back from.
    private func id(of row: CSVRow, _ time: Timestamp, line: Int) -> EventID {
        guard let column = columns.id, !row.text(column).isEmpty else {
            return EventID(version7At: time.millisecondsForID, order: 0, tail: UInt64(line))
        }
        let (id, isUUID) = EventID.parse(row.text(column))
        guard !isUUID else { return id }
        return EventID(
            high: id.high & ~0xf000 | 0x8000,
            low: id.low & ~(0b11 << 62) | 0b10 << 62
        )
    }

    private func time(of row: CSVRow) throws(RecordFlaw) -> Timestamp {
        let text = row.text(columns.time)
        let time: Timestamp?
        let expected: String
        switch mapping.timeFormat {
        case .rfc3339:
            time = Timestamp(rfc3339: text)
            expected = "RFC 3339, such as 1997-01-01T00:00:00Z"
        case .yyyymmdd:
            time = Timestamp(yyyymmdd: text.utf8)
            expected = "a day as eight digits, such as 19970101"
        case .epochSeconds:
            time = Timestamp(epochSeconds: text)
            expected = "seconds since 1970, such as 852076800"
        }
        guard let time else {
            throw flaw(.badDate, row, columns.time, "\"\(text)\" is no time; expected \(expected)")
        }
        return time
    }

    private func name(of row: CSVRow) throws(RecordFlaw) -> EventName {
        switch mapping.name {
        case .constant(let name): return name
        case .column:
            let column = columns.name ?? 0
            let text = row.text(column)
            guard let name = EventName(ga4: text) else {
                let hint = suggestion(for: text, in: EventName.allCases.map(\.ga4))
                throw flaw(
                    .unknownEvent,
                    row,
                    column,
                    "\"\(text)\" names no event; expected a GA4 name, such as purchase\(hint)"
                )
            }
            return name
        }
    }

    private func currency(of row: CSVRow) throws(RecordFlaw) -> Currency {
        switch mapping.currency {
        case .constant(let currency): return currency
        case .column:
            let column = columns.currency ?? 0
            let text = row.text(column)
            guard let currency = Currency(code: text) else {
                throw flaw(.badCurrency, row, column, Currency.refusal(of: text))
            }
            return currency
        }
    }

    private func quantity(of row: CSVRow) throws(RecordFlaw) -> Int32 {
        guard let column = columns.quantity else { return 1 }
        let text = row.text(column)
        do throws(RecordFlaw) {
            return try Int32(countText: text)
        } catch {
            throw flaw(error.reason, row, column, error.message)
        }
    }

    /// The value of the row and the price of one piece.
    private func amount(
        of row: CSVRow,
        _ currency: Currency,
        _ quantity: Int32
    ) throws(RecordFlaw) -> (value: Int64, price: Int64) {
        guard let column = columns.amount, let amount = mapping.amount else { return (0, 0) }
        let text = row.text(column)
        guard let money = Money(decimal: text, currency: currency) else {
            throw flaw(
                .badMoney,
                row,
                column,
                Money.refusal(of: text, currency: currency)
            )
        }
        guard case .price = amount else {
            return (money.minorUnits, money.minorUnits / Int64(max(1, quantity)))
        }
        let (value, overflow) = money.minorUnits.multipliedReportingOverflow(by: Int64(quantity))
        guard !overflow else {
            throw flaw(
                .badMoney,
                row,
                column,
                "price times quantity is more than an amount can hold"
            )
        }
        return (value, money.minorUnits)
    }

    private func flaw(
        _ reason: RecordFlaw.Reason,
        _ row: CSVRow,
        _ column: Int,
        _ message: String
    ) -> RecordFlaw {
        RecordFlaw(reason, column: row.column(column), field: header[column], message)
    }
}

extension Int32 {
    /// The count that `text` writes in decimal digits.
    ///
    /// - Throws: A flaw without a place where it is negative or no whole number that fits.
    init(countText text: String) throws(RecordFlaw) {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        let isNumber = !digits.isEmpty && digits.allSatisfy { (48...57).contains($0) }
        if isNumber, text.utf8.count == digits.count + 1 {
            throw RecordFlaw(.negativeCount, "\(text) is negative; expected a count from 0 on")
        }
        guard isNumber, text.utf8.count == digits.count, let count = Int32(text) else {
            throw RecordFlaw(
                .badCount,
                "\"\(text)\" is no count; expected a whole number from 0 on"
            )
        }
        self = count
    }
}
