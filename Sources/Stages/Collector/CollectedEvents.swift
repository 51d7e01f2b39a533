internal import Broker
package import Commerce
package import Timekeeping

/// The events of one request on their way into the topic.
package struct CollectedEvents: Sendable {
    /// What the symbols of the events mean.
    package let symbols: SymbolTable
    /// When the last byte of the request had come: the start of every latency.
    package let received: Timestamp
    private var declarations: EventDeclarations
    private var events: [(event: Event, items: [Item])] = []
    /// The events as CloudEvents in JSON, each with a line end.
    private(set) var lines: [UInt8] = []
    /// Where in ``lines`` each event lies.
    private var ranges: [Range<Int>] = []
    /// Why events at these places could not be brought into form.
    private var flaws: [Int: FailureReason] = [:]

    init(
        symbols: SymbolTable,
        _ declarations: EventDeclarations,
        received: Timestamp
    ) {
        self.symbols = symbols
        self.declarations = declarations
        self.received = received
    }

    /// The same for events that were accepted before, by whatever was declared then.
    var accepted: CollectedEvents {
        CollectedEvents(symbols: symbols, .accepted, received: received)
    }

    package var count: Int { events.count }
    package var isEmpty: Bool { events.isEmpty }

    /// The sources of the events, each once unless others come between.
    package var sources: [String] {
        var sources: [String] = []
        var last: Symbol?
        for (event, _) in events where event.source != last {
            last = event.source
            sources.append(symbols.text(of: event.source, in: .text))
        }
        return sources
    }

    /// About what they take in memory.
    var byteCount: Int { lines.count + events.count * MemoryLayout<Event>.stride }

    /// The event that `line` writes, a CloudEvent in JSON; it is not appended yet.
    package func decode(
        _ line: ArraySlice<UInt8>
    ) throws(RejectionReason) -> (event: Event, items: [Item]) {
        try CloudEventDecoder(symbols: symbols, events: declarations).decode(line)
    }

    /// The events that `text` writes, one or an array of them; they are not appended yet.
    package func decode(
        _ text: [UInt8],
        isArray: Bool
    ) throws(RejectionReason) -> [PlacedEvent] {
        try CloudEventDecoder(symbols: symbols, events: declarations)
            .placedEvents(in: text, isArray: isArray)
    }

    /// Makes room for so many events, of which the lines have so many bytes.
    package mutating func reserve(events count: Int, bytes: Int) {
        events.reserveCapacity(events.count + count)
        ranges.reserveCapacity(ranges.count + count)
        lines.reserveCapacity(lines.count + bytes)
    }

    /// Appends an event that was decoded of `start`, an object in JSON on one line without its last
    /// brace; `members` come behind it.
    package mutating func append(
        _ event: Event,
        _ items: [Item],
        lineParts start: ArraySlice<UInt8>,
        _ members: ArraySlice<UInt8>...
    ) {
        events.append((event, items))
        let first = lines.count
        lines.append(contentsOf: start)
        for part in members { lines.append(contentsOf: part) }
        lines.append(UInt8(ascii: "}"))
        ranges.append(first..<lines.count)
        lines.append(UInt8(ascii: "\n"))
    }

    /// Appends an event that was decoded, and what it was decoded of, on one line.
    package mutating func append(
        _ event: Event,
        _ items: [Item],
        line: some Sequence<UInt8>
    ) {
        events.append((event, items))
        let start = lines.count
        lines.append(contentsOf: line)
        ranges.append(start..<lines.count)
        lines.append(UInt8(ascii: "\n"))
    }

    /// What can be said of an event that ``decode(_:)`` has refused; nil where it has no id or no
    /// source, which a dead letter needs.
    package func outline(of line: ArraySlice<UInt8>) -> Event? {
        CloudEventDecoder(symbols: symbols, events: declarations)
            .outline(of: line, received: received)
    }

    /// Appends an event that could not be brought into form, so that each subscription makes a dead
    /// letter of it.
    ///
    /// - Parameters:
    ///   - event: The outline of `line`.
    ///   - reason: The class of the reason, one of few.
    ///   - detail: What is wrong, with the field.
    ///   - line: A CloudEvent in JSON.
    package mutating func append(
        flawed event: Event,
        reason: String,
        detail: String,
        line: [UInt8]
    ) {
        flaws[events.count] = FailureReason(label: reason, detail: detail)
        // In front of the line, so that the journal knows the reason again.
        let texts = "[\(JSONTree(text: reason).json),\(JSONTree(text: detail).json)]"
        lines.append(contentsOf: "\(CollectedEvents.flawMark)\(texts)\t".utf8)
        append(event, [], line: line)
    }

    private static let flawMark: Character = "!"

    /// Appends what a line of the journal holds.
    mutating func recover(_ line: ArraySlice<UInt8>) throws(RejectionReason) {
        guard line.first == CollectedEvents.flawMark.asciiValue else {
            let (event, items) = try decode(line)
            return append(event, items, line: line)
        }
        // JSON writes no tab as it is.
        let parts = line.dropFirst().split(separator: UInt8(ascii: "\t"), maxSplits: 1)
        guard parts.count == 2, let event = outline(of: parts[1]),
            case .array(let texts) = try JSONTree(Array(parts[0])), texts.count == 2,
            let label = texts[0].text, let detail = texts[1].text
        else { throw RejectionReason(.notJSON, "is no event with the reason of its refusal") }
        append(flawed: event, reason: label, detail: detail, line: Array(parts[1]))
    }

    /// The batch of `parts`, which are of one symbol table.
    static func batch(of parts: [CollectedEvents], stream: String, firstOffset: Int64) -> Batch {
        let symbols = parts[0].symbols
        let count = parts.reduce(0) { $0 + $1.count }
        var builder = BatchBuilder(
            stream: symbols.symbol(for: stream, in: .text),
            symbols: symbols,
            capacity: count
        )
        var originals = Originals()
        var sendTimes: [Timestamp] = []
        var flaws: [Int: FailureReason] = [:]
        originals.bytes.reserveCapacity(parts.reduce(0) { $0 + $1.lines.count })
        originals.ranges.reserveCapacity(count)
        sendTimes.reserveCapacity(count)
        for part in parts {
            let shift = originals.bytes.count
            for (place, flaw) in part.flaws { flaws[builder.events.count + place] = flaw }
            originals.bytes.append(contentsOf: part.lines)
            for (entry, range) in zip(part.events, part.ranges) {
                builder.append(entry.event, items: entry.items)
                originals.ranges.append(range.lowerBound + shift..<range.upperBound + shift)
            }
            sendTimes += Array(repeating: part.received, count: part.count)
        }
        return Batch(
            events: builder.events,
            items: builder.items,
            // Its events are remembered one by one: a client repeats what it had no answer to.
            origin: Origin(stream: builder.stream, firstOffset: firstOffset, isReplayed: true),
            symbols: symbols,
            originals: originals,
            sendTimes: sendTimes,
            flaws: flaws
        )
    }
}
