internal import Timekeeping

/// Replays a log in the order of its records: what the readers of NDJSON and CSV have in common.
///
/// The place of an event in its stream is the number of its line, so that reading the same file
/// again gives every event the same place.
struct LogReplay<Format: LogFormat>: Sendable {
    /// How many rejections one call collects, so that a damaged file does not fill the memory.
    private let rejectionLimit = 1024
    /// How many lines may be rejected before the first event: then the format is another one.
    private let strangeLineLimit = 10_000

    private(set) var stream: Symbol
    private(set) var symbols: SymbolTable
    private let reader: RecordReader
    private let options: LogOptions
    private var format: Format
    /// The next event, which waits until it is due.
    private var upcoming: LogEntry?
    /// The time of the last event that was read; nil before the first one.
    private var latest: Timestamp?
    private var rejected = 0
    private var isAtEnd = false
    /// What there is to wait for, where the last call found nothing more to read.
    private(set) var arrival: InputArrival?

    init(_ reader: RecordReader, format: Format, options: LogOptions, symbols: SymbolTable) {
        self.reader = reader
        self.format = format
        self.options = options
        self.symbols = symbols
        stream = symbols.symbol(for: reader.streamName, in: .text)
    }

    /// Reads the header, where there is to be one and it is there.
    mutating func begin() throws(InputError) {
        guard format.needsHeader else { return }
        switch try reader.next() {
        case .record(let record): try format.takeHeader(record, file: reader.fileName)
        case .pending: return
        case .end: try format.takeHeader(nil, file: reader.fileName)
        }
    }

    /// Gives out what is held back, see ``EventSource/settle()``.
    mutating func settle() {
        format.close()
    }

    mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        var originals = builder.originals ?? Originals()
        builder.originals = nil  // so that appending below copies nothing
        defer { builder.originals = originals }
        // The batch is of the symbol table that it was begun with; the next one may be of another.
        defer { renewSymbolTable() }
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
            if let flaw = record.flaw {
                throw flaw
            }
            try format.take(record, file: reader.fileName)
        } catch {
            rejections.append(record.rejection(of: error, file: reader.fileName))
            rejected += 1
            guard latest == nil, rejected >= strangeLineLimit else { return }
            throw InputError(
                .wrongFormat,
                "no event in the first \(rejected) lines; is the input of another format? "
                    + "the last line said: \(rejections[rejections.count - 1])"
            )
        }
    }
}
