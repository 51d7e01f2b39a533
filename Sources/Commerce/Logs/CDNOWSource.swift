package import Timekeeping

/// Replays the CDNOW log: every purchase of 23,570 customers of an online music shop.
///
/// A row is `customer yyyymmdd CDs dollars`, with spaces between. The file is ordered by
/// customer; the purchases come in the order of day and line, so the file is read as a whole
/// before the first one. Rows that are alike are purchases of their own, told apart by their
/// lines.
package struct CDNOWSource: EventSource {
    /// The largest input that is taken, in bytes: the rows are sorted in memory.
    package static let sizeLimit = 1 << 31

    package let stream: Symbol
    package let lexicon: Lexicon
    private let source: Symbol
    private let product: Symbol
    private let category: Symbol
    private let log: CDNOWLog
    private var nextRow = 0
    private var nextRejection = 0

    /// Reads the file at `path`; `-` is standard input.
    package init(
        path: String,
        lexicon: Lexicon,
        sizeLimit: Int = CDNOWSource.sizeLimit
    ) throws(InputError) {
        self.lexicon = lexicon
        let reader = try LineReader(path: path)
        log = try CDNOWLog(reader, sizeLimit: sizeLimit)
        stream = lexicon.symbol(for: reader.streamName, in: .text)
        source = lexicon.symbol(for: "/\(reader.streamName)", in: .text)
        product = lexicon.symbol(for: "cd", in: .product)
        category = lexicon.symbol(for: "music", in: .category)
    }

    package mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
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

    private func append(
        _ row: CDNOWLog.Row,
        to builder: inout BatchBuilder,
        _ originals: inout Originals
    ) {
        let order = Symbol(number: UInt64(row.line))
        let bytes = log.bytes(of: row)
        let event = Event(
            id: EventID(
                version7At: row.time.millisecondsForID,
                order: 0,
                tail: UInt64(row.line)
            ),
            time: row.time,
            source: source,
            sequence: Int64(row.line),
            user: lexicon.symbol(for: CDNOWLog.customer(of: bytes), in: .user),
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
        builder.append(event, item: item)
    }
}
