package import Timekeeping

/// Replays the CDNOW log: every purchase of 23,570 customers of an online music shop.
///
/// A row is `customer yyyymmdd CDs dollars`, with spaces between. The file is ordered by
/// customer; the purchases come in the order of day and line, so the file is read as a whole
/// before the first one. Identical rows are separate purchases, distinguished by how often
/// they came (``RowIdentity``).
package struct CDNOWSource: EventSource {
    /// The largest input that is taken, in bytes: the rows are sorted in memory.
    package static let sizeLimit = 1 << 31

    package let stream: Symbol
    package let symbols: SymbolTable
    private let source: Symbol
    private let product: Symbol
    private let category: Symbol
    package private(set) var arrival: InputArrival?
    private let reader: RecordReader
    private var log: CDNOWLog
    private var isRead = false
    private var identity = RowIdentity()
    private var nextRow = 0
    private var nextRejection = 0

    /// Reads the file at `path`, as far as it is there already; `-` is standard input.
    package init(
        path: String,
        options: LogOptions = LogOptions(),
        symbols: SymbolTable,
        sizeLimit: Int = CDNOWSource.sizeLimit
    ) throws(InputError) {
        self.symbols = symbols
        reader = try RecordReader(path: path)
        log = CDNOWLog(sizeLimit: sizeLimit, lastRowIsWhole: options.lastRowIsWhole)
        stream = symbols.symbol(for: reader.streamName, in: .text)
        source = symbols.symbol(for: "/log:cdnow", in: .text)
        product = symbols.symbol(for: "cd", in: .product)
        category = symbols.symbol(for: "music", in: .category)
        isRead = try log.read(reader)
    }

    package mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        arrival = nil
        if !isRead {
            let version = reader.arrival?.version ?? 0
            isRead = try log.read(reader)
            guard isRead else {
                arrival = reader.arrival.map {
                    InputArrival(signal: $0, version: version, holdsBack: false)
                }
                return .distantPast
            }
        }
        var originals = builder.originals ?? Originals()
        builder.originals = nil  // so that appending below copies nothing
        defer { builder.originals = originals }
        let end = nextRow + min(log.rows.count - nextRow, limit)
        while nextRow < end, log.rows[nextRow].time <= horizon {
            append(log.rows[nextRow], to: &builder, &originals)
            nextRow += 1
        }
        // The rows that were rejected are known since the file was read; they are reported as the
        // replay goes, and the rest of them at its end.
        let isAtEnd = nextRow == log.rows.count
        let untold = log.rejections.count - nextRejection
        let reported = nextRejection + (isAtEnd ? untold : min(untold, limit))
        builder.rejections.append(contentsOf: log.rejections[nextRejection..<reported])
        nextRejection = reported
        return isAtEnd ? nil : log.rows[nextRow].time
    }

    private mutating func append(
        _ row: CDNOWLog.Row,
        to builder: inout BatchBuilder,
        _ originals: inout Originals
    ) {
        let bytes = log.bytes(of: row)
        let id = identity.id(of: bytes, at: row.time)
        let order = Symbol(orderOf: id)
        let event = Event(
            id: id,
            time: row.time,
            source: source,
            sequence: Int64(row.line),
            user: symbols.symbol(for: CDNOWLog.customer(of: bytes), in: .user),
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
        let first = originals.bytes.count
        originals.bytes.append(contentsOf: bytes)
        originals.ranges.append(first..<originals.bytes.count)
        builder.offsets.append(Int64(row.line))
        builder.records += 1
        builder.append(event, item: item)
    }
}

/// The rows of a CDNOW log, by day and line, in memory.
struct CDNOWLog {
    /// One row in 24 bytes: what it sorts by, what it counts, and where its text lies.
    struct Row {
        var cents: Int64
        /// Days since 1970-01-01.
        var day: Int32
        /// From 1; the header is line 1.
        var line: UInt32
        fileprivate var start: UInt32
        var count: Int32

        var time: Timestamp { Timestamp(seconds: Int64(day) * 86_400) }
    }

    private static let lineFeed = UInt8(ascii: "\n")
    /// How many lines may be rejected before the first row: then the format is another one.
    private static let strangeLineLimit = 10_000

    private(set) var rows: [Row] = []
    private(set) var rejections: [Rejection] = []
    /// The rows that were taken, each with a line feed after it.
    private var text: [UInt8] = []

    private let sizeLimit: Int
    private let lastRowIsWhole: Bool

    /// A log of which nothing has been read.
    init(sizeLimit: Int, lastRowIsWhole: Bool) {
        self.sizeLimit = sizeLimit
        self.lastRowIsWhole = lastRowIsWhole
    }

    /// Reads on; false if the rest has not been written yet.
    mutating func read(_ reader: RecordReader) throws(InputError) -> Bool {
        while true {
            let line: Record
            switch try reader.next() {
            case .record(let record): line = record
            case .pending: return false
            case .end:
                rows.sort { ($0.day, $0.line) < ($1.day, $1.line) }
                return true
            }
            let isHeader = line.line == 1 && CDNOWLog.isHeader(line.bytes)
            guard !isHeader, !line.isBlank else { continue }
            guard text.count + line.bytes.count < min(sizeLimit, Int(UInt32.max)),
                line.line <= Int(UInt32.max)
            else {
                throw InputError(
                    .wrongFormat,
                    "\(reader.fileName): has more than \(sizeLimit) bytes, and the cdnow format "
                        + "is sorted in memory; convert the file to ndjson, ordered by time"
                )
            }
            do throws(RejectionReason) {
                if let rejection = line.rejection {
                    throw rejection
                }
                guard line.isTerminated || lastRowIsWhole else {
                    throw Record.unterminated("give --input-whole")
                }
                var row = try CDNOWLog.row(of: line.bytes)
                row.line = UInt32(line.line)
                row.start = UInt32(text.count)
                rows.append(row)
                text.append(contentsOf: line.bytes)
                text.append(CDNOWLog.lineFeed)
            } catch {
                rejections.append(line.rejection(of: error, file: reader.fileName))
                try checkFormat()
            }
        }
    }

    /// The text of `row`, without its line end.
    func bytes(of row: Row) -> ArraySlice<UInt8> {
        text[Int(row.start)...].prefix { $0 != CDNOWLog.lineFeed }
    }

    /// The first field of a row's text.
    static func customer(of bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.drop(while: isSpace).prefix { !isSpace($0) }, as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Whether the first line names the columns: no customer begins with a letter.
    private static func isHeader(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first(where: { !isSpace($0) }) else { return false }
        return (97...122).contains(first | 0x20)
    }

    private func checkFormat() throws(InputError) {
        guard rows.isEmpty, rejections.count >= CDNOWLog.strangeLineLimit else { return }
        let last = rejections.last.map { "; the last line said: \($0)" } ?? ""
        throw InputError(
            .wrongFormat,
            "no purchase in the first \(rejections.count) lines; "
                + "is the input of another format?\(last)"
        )
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
            line: 0,
            start: 0,
            count: count
        )
    }
}
