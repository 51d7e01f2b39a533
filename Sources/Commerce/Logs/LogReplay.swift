package import Timekeeping

/// Replays a log: NDJSON or CSV in the order of its records, CDNOW in that of their days.
///
/// The place of an event in its stream is the number of its line, so that reading the same file
/// again gives every event the same place. An event whose time lies before that of the one ahead
/// of it is due at once.
package struct LogReplay: EventSource {
    /// How many rejections one call collects, so that a damaged file does not fill the memory.
    private let rejectionLimit = 1024
    /// How many lines may be rejected before the first event: then the format is another one.
    private let strangeLineLimit = 10_000

    package private(set) var stream: Symbol
    package private(set) var symbols: SymbolTable
    private let reader: RecordReader
    private let options: LogOptions
    private var format: any LogFormat
    /// The next event, which waits until it is due.
    private var upcoming: LogEntry?
    /// The time of the last event that was read; nil before the first one.
    private var latest: Timestamp?
    private var rejected = 0
    /// Whether any record was taken: then the format is the right one.
    private var hasTaken = false
    /// What was rejected before the first call.
    private var early: [Rejection] = []
    private var isAtEnd = false
    /// What there is to wait for, where the last call found nothing more to read.
    package private(set) var arrival: InputArrival?

    /// Opens the file of CloudEvents at `path` (`-` is standard input), one JSON object a line.
    ///
    /// An event without a `sequence` gets the number of its line for one. The last line may have
    /// no line end: an object says itself where it ends. With a `mapping`, the objects are none of
    /// CloudEvents but of a shape of their own.
    package init(
        ndjson path: String,
        mapping: NDJSONMapping? = nil,
        options: LogOptions = LogOptions(),
        symbols: SymbolTable
    ) throws(InputError) {
        let decoder = CloudEventDecoder(symbols: symbols, events: options.events)
        let format: any LogFormat =
            if let mapping {
                MappedNDJSONFormat(mapping, decoder: decoder)
            } else {
                NDJSONFormat(decoder: decoder)
            }
        try self.init(try RecordReader(path: path), format, options, symbols)
    }

    /// Opens the CSV file at `path` (RFC 4180; `-` is standard input), and finds the columns of
    /// `mapping` in its first line, where that is there already.
    ///
    /// The lines of one order become one purchase with as many items, and lines with a negative
    /// quantity its return, a refund (``OrderWindow``). The first line is the event's sequence. An
    /// event's subject is its order on a purchase or refund, else its session.
    package init(
        csv path: String,
        mapping: CSVMapping,
        options: LogOptions = LogOptions(),
        symbols: SymbolTable
    ) throws(InputError) {
        var options = options
        options.lastRowIsWhole = options.lastRowIsWhole || mapping.lastRowIsWhole
        let reader = try RecordReader(path: path, delimiter: mapping.delimiter)
        try self.init(reader, CSVFormat(mapping, options, symbols), options, symbols)
    }

    /// Reads the CDNOW log at `path` (`-` is standard input), as far as it is there already; one
    /// of more than `sizeLimit` bytes is refused.
    package init(
        cdnow path: String,
        options: LogOptions = LogOptions(),
        symbols: SymbolTable,
        sizeLimit: Int? = nil
    ) throws(InputError) {
        let limit = sizeLimit ?? CDNOWFormat.sizeLimit
        let format = CDNOWFormat(options, symbols, sizeLimit: limit)
        try self.init(try RecordReader(path: path), format, options, symbols)
        var rejections: [Rejection] = []
        upcoming = try readEntry(rejecting: &rejections)
        early = rejections
    }

    private init(
        _ reader: RecordReader,
        _ format: any LogFormat,
        _ options: LogOptions,
        _ symbols: SymbolTable
    ) throws(InputError) {
        self.reader = reader
        self.format = format
        self.options = options
        self.symbols = symbols
        stream = symbols.symbol(for: reader.streamName, in: .text)
        guard format.needsHeader else { return }
        // The header, where it is there already.
        switch try reader.next() {
        case .record(let record): try self.format.takeHeader(record, file: reader.fileName)
        case .pending: return
        case .end: try self.format.takeHeader(nil, file: reader.fileName)
        }
    }

    package mutating func settle() {
        format.close()
    }

    package mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        var originals = builder.originals ?? Originals()
        builder.originals = nil  // so that appending below copies nothing
        defer { builder.originals = originals }
        // The batch is of the symbol table that it was begun with; the next one may be of another.
        defer { renewSymbolTable() }
        builder.rejections += early
        early = []
        var room = limit
        arrival = nil
        while true {
            if upcoming == nil {
                upcoming = try readEntry(rejecting: &builder.rejections)
            }
            guard let entry = upcoming else {
                // With a full list of rejections, or a writer that has not written on, the end is
                // not reached: the next event is taken to be due at once.
                return isAtEnd ? nil : latest ?? .distantPast
            }
            guard entry.event.time <= horizon, room > 0 else { return entry.event.time }
            let first = originals.bytes.count
            originals.bytes.append(contentsOf: entry.bytes)
            originals.ranges.append(first..<originals.bytes.count)
            builder.offsets.append(Int64(entry.line))
            builder.records += entry.records
            options.append(entry.event, entry.items, to: &builder)
            upcoming = nil
            room -= 1
        }
    }

    /// Begins another symbol table where this one is full: a log may have more texts than the
    /// memory.
    private mutating func renewSymbolTable() {
        guard symbols.isFull else { return }
        let last = symbols
        symbols = last.successor()
        stream = symbols.adopt(stream, of: last)
        upcoming?.translate(from: last, to: symbols)
        format.translate(from: last, to: symbols)
    }

    /// The next event of the file; nil at its end, when `rejections` are many, or when more has
    /// to come first.
    private mutating func readEntry(
        rejecting rejections: inout [Rejection]
    ) throws(InputError) -> LogEntry? {
        while true {
            if let entry = format.next(file: reader.fileName, rejecting: &rejections) {
                latest = entry.event.time
                return entry
            }
            if isAtEnd || latest != nil && rejections.count >= rejectionLimit { return nil }
            // Before the wait for more, so that nothing which comes in between is missed.
            let version = reader.arrival?.version ?? 0
            switch try reader.next() {
            case .record(let record) where format.needsHeader:
                try format.takeHeader(record, file: reader.fileName)
            case .record(let record):
                try take(record, rejecting: &rejections)
            case .pending:
                arrival = reader.arrival.map {
                    InputArrival(signal: $0, version: version, holdsBack: format.holdsBack)
                }
                return nil
            case .end:
                if format.needsHeader { try format.takeHeader(nil, file: reader.fileName) }
                isAtEnd = true
                format.close()
            }
        }
    }

    private mutating func take(
        _ record: Record,
        rejecting rejections: inout [Rejection]
    ) throws(InputError) {
        if record.isBlank { return }
        do throws(RejectionReason) {
            if let rejection = record.rejection {
                throw rejection
            }
            hasTaken = try format.take(record, file: reader.fileName) || hasTaken
        } catch {
            rejections.append(record.rejection(of: error, file: reader.fileName))
            rejected += 1
            guard !hasTaken, rejected >= strangeLineLimit else { return }
            throw InputError(
                .wrongFormat,
                "no event in the first \(rejected) lines; is the input of another format? "
                    + "the last line said: \(rejections[rejections.count - 1])"
            )
        }
        if let excess = format.excess {
            throw InputError(.wrongFormat, "\(reader.fileName): \(excess)")
        }
    }
}

/// An event of a log on its way into a batch, with what is known of where it came from.
struct LogEntry: Sendable {
    var event: Event
    var items: [Item]
    /// The record it was read from; of several, one a line.
    var bytes: [UInt8]
    /// The line it begins on.
    var line: Int
    /// How many records it was read from.
    var records = 1
    /// Whether the log has no id for it, and its rows tell it from others.
    var isKnownByContent = false
    /// Whether its id is that of its order, and so is no other event's of that order.
    var isKnownByOrder = false

    /// Goes on with the symbols of `symbols`.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        if event.name == .custom {
            // A new table has room for the names of one event.
            event.customName =
                symbols.customName(for: last.text(of: event.customName)) ?? event.customName
        }
        event.source = symbols.adopt(event.source, of: last)
        event.user = symbols.adopt(event.user, of: last)
        event.session = symbols.adopt(event.session, of: last)
        event.subject = symbols.adopt(event.subject, of: last)
        event.transaction = symbols.adopt(event.transaction, of: last)
        for place in items.indices {
            items[place].product = symbols.adopt(items[place].product, of: last)
            items[place].category = symbols.adopt(items[place].category, of: last)
        }
    }
}

/// Makes events of the records of a log.
protocol LogFormat: Sendable {
    /// Whether the next record names the columns.
    var needsHeader: Bool { get }

    /// Takes in the record that names the columns of `file`; nil where there is none.
    mutating func takeHeader(_ record: Record?, file: String) throws(InputError)

    /// Whether what it was given in the last call may still become more than it is, and is held
    /// back for it.
    var holdsBack: Bool { get }

    /// Why the log is larger than the format can take; nil where it is not.
    var excess: String? { get }

    /// Takes in a record of `file`, which may be the first line of an event with several; says
    /// whether there is anything in it.
    mutating func take(_ record: Record, file: String) throws(RejectionReason) -> Bool

    /// The next event to which nothing more is to come; nil where there is none.
    mutating func next(file: String, rejecting: inout [Rejection]) -> LogEntry?

    /// Goes on with the symbols of `symbols`, also in what is held back.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable)

    /// Says that nothing is to come to what was taken in: the input has ended, or is quiet.
    mutating func close()
}

extension LogFormat {
    var excess: String? { nil }
}

/// How a log is read, whatever its format.
package struct LogOptions: Hashable, Sendable {
    /// What becomes of a line of an event with no pieces.
    package enum ZeroQuantity: String, Hashable, Sendable, CaseIterable {
        /// The line is left out and counted, and the event goes on without it.
        case dropItem = "drop-item"
        /// The event is refused as it is.
        case refuse
    }

    package var zeroQuantity = ZeroQuantity.dropItem
    /// Whether the last row counts although no line end stands behind it.
    package var lastRowIsWhole = false
    /// The events beside those of GA4's shop.
    package var events = EventDeclarations()

    package init() {}

    /// Appends `event` with those of `items` that it is to have.
    ///
    /// An event none of whose items has a piece keeps them, and is refused for it.
    func append(_ event: Event, _ items: [Item], to builder: inout BatchBuilder) {
        guard zeroQuantity == .dropItem, items.contains(where: { $0.quantity == 0 }),
            items.contains(where: { $0.quantity != 0 })
        else {
            builder.append(event, items: items)
            return
        }
        let kept = items.filter { $0.quantity != 0 }
        builder.droppedItems += items.count - kept.count
        builder.append(event, items: kept)
    }
}

/// Makes events of CloudEvents, one JSON object a line.
struct NDJSONFormat: LogFormat {
    private var decoder: CloudEventDecoder
    private var entry: LogEntry?

    init(decoder: CloudEventDecoder) {
        self.decoder = decoder
    }

    var needsHeader: Bool { false }
    var holdsBack: Bool { false }

    mutating func takeHeader(_ record: Record?, file: String) {}

    mutating func take(_ record: Record, file: String) throws(RejectionReason) -> Bool {
        do throws(RejectionReason) {
            var (event, items) = try decoder.decode(record.bytes)
            if event.sequence == 0 {
                event.sequence = Int64(record.line)
            }
            entry = LogEntry(
                event: event,
                items: items,
                bytes: Array(record.bytes),
                line: record.line
            )
            return true
        } catch {
            var reason = error
            if !record.isTerminated, reason.reason == .notJSON {
                reason.message += "; the last line has no line end, so it may be cut off"
            }
            throw reason
        }
    }

    mutating func next(file: String, rejecting: inout [Rejection]) -> LogEntry? {
        defer { entry = nil }
        return entry
    }

    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        decoder = CloudEventDecoder(symbols: symbols, events: decoder.events)
        entry?.translate(from: last, to: symbols)
    }

    mutating func close() {}
}
