internal import Timekeeping

/// Makes an event of one line of a log.
protocol LogFormat: Sendable {
    /// The event that `bytes` describe, and its items.
    mutating func event(
        of bytes: ArraySlice<UInt8>,
        line: Int
    ) throws(RecordFlaw) -> (event: Event, items: [Item])
}

/// Replays a log in the order of its lines: what the readers of NDJSON and CSV have in common.
///
/// The place of an event in its stream is its line number, so that reading the same file again
/// gives every event the same place.
struct LogReplay<Format: LogFormat>: Sendable {
    /// The next event, which waits until it is due.
    private struct Record: Sendable {
        var event: Event
        var items: [Item]
        var bytes: ArraySlice<UInt8>
        var line: Int
    }

    /// How many rejections one call collects, so that a damaged file does not fill the memory.
    private let rejectionLimit = 1024
    /// How many lines may be rejected before the first event: then the format is another one.
    private let strangeLineLimit = 10_000

    let stream: Symbol
    let lexicon: Lexicon
    private let reader: LineReader
    private var format: Format
    private var next: Record?
    /// The time of the last event that was read; nil before the first one.
    private var latest: Timestamp?
    private var rejected = 0

    init(_ reader: LineReader, format: Format, lexicon: Lexicon) {
        self.reader = reader
        self.format = format
        self.lexicon = lexicon
        stream = lexicon.symbol(for: reader.streamName, in: .text)
    }

    mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        var originals = builder.originals ?? Originals()
        builder.originals = nil  // so that appending below copies nothing
        defer { builder.originals = originals }
        var room = limit
        while true {
            if next == nil {
                next = try readRecord(rejecting: &builder.rejections)
            }
            guard let record = next else {
                // With a full list of rejections the end is not known to be reached: the next
                // event is taken to be due at once, and the next call reads on.
                return builder.rejections.count < rejectionLimit ? nil : latest
            }
            guard record.event.time <= horizon, room > 0 else { return record.event.time }
            let first = originals.bytes.count
            originals.bytes.append(contentsOf: record.bytes)
            originals.ranges.append(first..<originals.bytes.count)
            builder.offsets.append(Int64(record.line))
            builder.append(record.event, items: record.items)
            next = nil
            room -= 1
        }
    }

    /// The next event of the file; nil at its end, or when `rejections` are many.
    private mutating func readRecord(
        rejecting rejections: inout [Rejection]
    ) throws(InputError) -> Record? {
        while latest == nil || rejections.count < rejectionLimit {
            guard let line = try reader.next() else { return nil }
            if line.flaw == nil, line.bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
                continue
            }
            do throws(RecordFlaw) {
                if let flaw = line.flaw {
                    throw flaw
                }
                let (event, items) = try format.event(of: line.bytes, line: line.number)
                latest = event.time
                return Record(event: event, items: items, bytes: line.bytes, line: line.number)
            } catch {
                rejections.append(error.rejection(file: reader.fileName, line: line.number))
                try countRejection(rejections[rejections.count - 1])
            }
        }
        return nil
    }

    private mutating func countRejection(_ rejection: Rejection) throws(InputError) {
        rejected += 1
        guard latest == nil, rejected >= strangeLineLimit else { return }
        throw InputError(
            .wrongFormat,
            "no event in the first \(rejected) lines; is the input of another format? "
                + "the last line said: \(rejection)"
        )
    }
}
