package import Timekeeping

/// Replays a file of CloudEvents, one JSON object a line, in the order of the file.
///
/// An event without a `sequence` gets the number of its line for one. An event whose time lies
/// before that of the one ahead of it is due at once. The last line may have no line end: an
/// object says itself where it ends.
package struct NDJSONSource: EventSource {
    private var replay: LogReplay<NDJSONFormat>

    /// Opens the file at `path`; `-` is standard input.
    package init(
        path: String,
        options: LogOptions = LogOptions(),
        symbols: SymbolTable
    ) throws(InputError) {
        replay = LogReplay(
            try RecordReader(path: path),
            format: NDJSONFormat(decoder: CloudEventDecoder(symbols: symbols)),
            options: options,
            symbols: symbols
        )
    }

    package var stream: Symbol { replay.stream }
    package var symbols: SymbolTable { replay.symbols }
    package var arrival: InputArrival? { replay.arrival }

    package mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        try replay.fill(&builder, until: horizon, limit: limit)
    }
}

private struct NDJSONFormat: LogFormat {
    private var decoder: CloudEventDecoder
    private var entry: LogEntry?

    init(decoder: CloudEventDecoder) {
        self.decoder = decoder
    }

    var needsHeader: Bool { false }
    var holdsBack: Bool { false }

    mutating func takeHeader(_ record: Record?, file: String) {}

    mutating func take(_ record: Record, file: String) throws(RejectionReason) {
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
        } catch {
            var flaw = error
            if !record.isTerminated, flaw.reason == .notJSON {
                flaw.message += "; the last line has no line end, so it may be cut off"
            }
            throw flaw
        }
    }

    mutating func next(file: String, rejecting: inout [Rejection]) -> LogEntry? {
        defer { entry = nil }
        return entry
    }

    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        decoder = CloudEventDecoder(symbols: symbols)
        entry?.translate(from: last, to: symbols)
    }

    mutating func close() {}
}
