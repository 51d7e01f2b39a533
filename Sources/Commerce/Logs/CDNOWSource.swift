package import Timekeeping

/// Replays the CDNOW log: every purchase of 23,570 customers of an online music shop.
///
/// A row is `customer yyyymmdd CDs dollars`, with spaces between. The file is ordered by
/// customer; the purchases come in the order of day and line, so the file is read as a whole
/// before the first one. Rows that are alike are purchases of their own, told apart by how often
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
        // The rows that were rejected are known since the file was read; they are told as the
        // replay goes, and the rest of them at its end.
        let isAtEnd = nextRow == log.rows.count
        let untold = log.rejections.count - nextRejection
        let told = nextRejection + (isAtEnd ? untold : min(untold, limit))
        builder.rejections.append(contentsOf: log.rejections[nextRejection..<told])
        nextRejection = told
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
