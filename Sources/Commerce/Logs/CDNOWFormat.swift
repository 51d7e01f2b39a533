internal import Timekeeping

/// Makes purchases of the CDNOW log: those of 23,570 customers of an online music shop.
///
/// A row is `customer yyyymmdd CDs dollars`, with spaces between. The file is ordered by
/// customer; the purchases come in the order of day and line, so the file is read as a whole
/// before the first one. Identical rows are separate purchases, distinguished by how often
/// they came (``RowIdentity``).
struct CDNOWFormat: LogFormat {
    /// One row in 24 bytes: what it sorts by, what it counts, and where its text lies.
    private struct Row {
        var cents: Int64
        /// Days since 1970-01-01.
        var day: Int32
        /// From 1; the header is line 1.
        var line: UInt32 = 0
        var start: UInt32 = 0
        var count: Int32
    }

    /// The largest input that is taken, in bytes: the rows are sorted in memory.
    static let sizeLimit = 1 << 31

    private static let lineFeed = UInt8(ascii: "\n")

    private let sizeLimit: Int
    private let lastRowIsWhole: Bool
    private var symbols: SymbolTable
    private var source: Symbol
    private var product: Symbol
    private var category: Symbol
    private var rows: [Row] = []
    /// The rows that were taken, each with a line feed after it.
    private var text: [UInt8] = []
    private var identity = RowIdentity()
    /// The next row; nil before all of them have been read.
    private var place: Int?
    private(set) var excess: String?

    /// A log of which nothing has been read.
    init(_ options: LogOptions, _ symbols: SymbolTable, sizeLimit: Int) {
        self.sizeLimit = min(sizeLimit, Int(UInt32.max))
        lastRowIsWhole = options.lastRowIsWhole
        self.symbols = symbols
        source = symbols.symbol(for: "/log:cdnow", in: .text)
        product = symbols.symbol(for: "cd", in: .product)
        category = symbols.symbol(for: "music", in: .category)
    }

    var needsHeader: Bool { false }
    var holdsBack: Bool { false }

    mutating func takeHeader(_ record: Record?, file: String) {}

    mutating func take(_ record: Record, file: String) throws(RejectionReason) -> Bool {
        if record.line == 1, CDNOWFormat.isHeader(record.bytes) { return false }
        guard record.isTerminated || lastRowIsWhole else {
            throw Record.unterminated("give --input-whole")
        }
        guard text.count + record.bytes.count < sizeLimit, record.line <= Int(UInt32.max) else {
            excess =
                "has more than \(sizeLimit) bytes, and the cdnow format is sorted in memory; "
                + "convert the file to ndjson, ordered by time"
            return false
        }
        var row = try CDNOWFormat.row(of: record.bytes)
        row.line = UInt32(record.line)
        row.start = UInt32(text.count)
        rows.append(row)
        text.append(contentsOf: record.bytes)
        text.append(CDNOWFormat.lineFeed)
        return true
    }

    mutating func close() {
        guard place == nil else { return }
        rows.sort { ($0.day, $0.line) < ($1.day, $1.line) }
        place = 0
    }

    mutating func next(file: String, rejecting: inout [Rejection]) -> LogEntry? {
        guard let place, place < rows.count else { return nil }
        self.place = place + 1
        let row = rows[place]
        let bytes = text[Int(row.start)...].prefix { $0 != CDNOWFormat.lineFeed }
        let time = Timestamp(seconds: Int64(row.day) * 86_400)
        let id = identity.id(of: bytes, at: time)
        let order = Symbol(orderOf: id)
        let event = Event(
            id: id,
            time: time,
            source: source,
            sequence: Int64(row.line),
            user: symbols.symbol(for: CDNOWFormat.customer(of: bytes), in: .user),
            session: .none,
            subject: order,
            subjectNamespace: .order,
            transaction: order,
            value: row.cents,
            currency: .usd,
            name: .purchase
        )
        // The price of one CD is truncated to a cent; the value of the event stays exact.
        let item = Item(
            product: product,
            category: category,
            price: row.cents / Int64(max(1, row.count)),
            quantity: row.count
        )
        return LogEntry(event: event, items: [item], bytes: Array(bytes), line: Int(row.line))
    }

    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        self.symbols = symbols
        source = symbols.adopt(source, of: last)
        product = symbols.adopt(product, of: last)
        category = symbols.adopt(category, of: last)
    }

    /// The first field of a row's text.
    private static func customer(of bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.drop(while: isSpace).prefix { !isSpace($0) }, as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Whether the first line names the columns: no customer begins with a letter.
    private static func isHeader(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first(where: { !isSpace($0) }) else { return false }
        return (97...122).contains(first | 0x20)
    }

    private static let fieldNames = [
        "customer_id", "date", "number_of_cds", "dollar_value",
    ]

    /// The row that `bytes` write; its line and start are the caller's to set.
    private static func row(of bytes: ArraySlice<UInt8>) throws(RejectionReason) -> Row {
        let fields = bytes.split(maxSplits: 4, whereSeparator: isSpace)
        func rejection(
            _ reason: RejectionReason.Reason,
            _ field: Int,
            _ message: String
        ) -> RejectionReason {
            RejectionReason(
                reason,
                column: fields[field].startIndex - bytes.startIndex + 1,
                field: fieldNames[field],
                message
            )
        }
        let expected = "expected \(fieldNames.joined(separator: " ")), with spaces between"
        guard fields.count <= 4 else {
            throw RejectionReason(
                .tooManyFields,
                column: fields[4].startIndex - bytes.startIndex + 1,
                "the row has more than 4 fields; \(expected)"
            )
        }
        guard fields.count == 4 else {
            throw RejectionReason(.tooFewFields, "the row has \(fields.count) fields; \(expected)")
        }
        func text(_ field: Int) -> String { String(decoding: fields[field], as: UTF8.self) }
        guard let time = Timestamp(yyyymmdd: fields[1]) else {
            throw rejection(
                .badDate,
                1,
                "\"\(text(1))\" is not a day; expected eight digits, such as 19970101"
            )
        }
        let count: Int32
        do throws(RejectionReason) {
            count = try Int32(countText: text(2))
        } catch {
            throw rejection(error.reason, 2, error.message)
        }
        guard let money = Money(decimal: text(3), currency: .usd) else {
            throw rejection(.badMoney, 3, Money.refusal(of: text(3), currency: .usd))
        }
        return Row(
            cents: money.minorUnits,
            day: Int32(time.date.daysSinceEpoch),
            count: count
        )
    }
}
