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
