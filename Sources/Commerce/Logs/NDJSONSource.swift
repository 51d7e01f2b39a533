package import Timekeeping

/// Replays a file of CloudEvents, one JSON object a line, in the order of the file.
///
/// An event without a `sequence` gets the number of its line for one. An event whose time lies
/// before that of the one ahead of it is due at once.
package struct NDJSONSource: EventSource {
    private var replay: LogReplay<NDJSONFormat>

    /// Opens the file at `path`; `-` is standard input.
    package init(path: String, lexicon: Lexicon) throws(InputError) {
        let format = NDJSONFormat(decoder: CloudEventDecoder(lexicon: lexicon))
        replay = LogReplay(try LineReader(path: path), format: format, lexicon: lexicon)
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

private struct NDJSONFormat: LogFormat {
    let decoder: CloudEventDecoder

    func event(
        of bytes: ArraySlice<UInt8>,
        line: Int
    ) throws(RecordFlaw) -> (event: Event, items: [Item]) {
        var (event, items) = try decoder.decode(bytes)
        if event.sequence == 0 {
            event.sequence = Int64(line)
        }
        return (event, items)
    }
}
