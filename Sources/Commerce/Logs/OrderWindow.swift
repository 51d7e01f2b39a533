internal import Digests
internal import Timekeeping

/// Makes one event of the lines of one order, which are close together in a log.
///
/// Events keep the order of their first lines. An order is open until ``lineLimit`` further lines
/// have been read since its last one; what waits behind it waits with it, up to ``holdLimit``
/// lines. A line that comes later begins an event that is a part of the order
/// (``Event/isOrderPart``).
struct OrderWindow: Sendable {
    /// What makes lines one event.
    struct Key: Hashable, Sendable {
        var transaction: Symbol
        var name: EventName
    }

    /// One line of an order.
    struct Line: Sendable {
        var entry: LogEntry
        /// Nil where the line is an event of its own.
        var key: Key?
        /// The line's own id, where the log has a column of its own for it.
        var id: EventID?
    }

    fileprivate struct Group: Sendable {
        var entry: LogEntry
        var key: Key?
        /// How many lines had been read when its last one was.
        var lastLine: Int
        /// The ids of its lines, with their rows.
        var ids: [EventID: [UInt8]] = [:]
    }

    /// How many lines after the last one of an order another one of it is still expected.
    static let lineLimit = 256
    /// The most lines that are held back at once.
    static let holdLimit = 1 << 15

    /// Those that wait, the oldest first; the ones before ``head`` have left.
    private var groups: [Group] = []
    private var head = 0
    /// How many groups have left for good, so that a place stays the same number.
    private var left = 0
    /// The number of the group that is open for a key.
    private var open: [Key: Int] = [:]
    /// How many lines were read.
    private var lines = 0
    /// How many lines wait.
    private var held = 0
    /// The orders that were published, by the stable hash of their text.
    private var published = RecentKeys()

    var isEmpty: Bool { head == groups.count }

    /// Counts a line that was read, whatever came of it.
    mutating func noteLine() {
        lines += 1
    }

    /// Adds a line to its order, or begins one with it.
    mutating func add(_ line: Line, _ symbols: SymbolTable) throws(RejectionReason) {
        if let key = line.key, let number = open[key] {
            let place = number - left
            // One that waits behind an open order may be too far back all the same.
            let isNear = lines - groups[place].lastLine <= OrderWindow.lineLimit
            let items = groups[place].entry.items.count + line.entry.items.count
            if isNear, items <= Int(UInt16.max) {
                try groups[place].add(line)
                groups[place].lastLine = lines
                held += 1
                return
            }
        }
        var group = Group(entry: line.entry, key: line.key, lastLine: lines)
        if let key = line.key {
            let isPublished = published.contains(symbols.stableHash(of: key.transaction))
            group.entry.event.isOrderPart =
                key.name == .purchase && (isPublished || open[key] != nil)
            if let id = line.id { group.ids[id] = line.entry.bytes }
            open[key] = left + groups.count
        }
        groups.append(group)
        held += 1
    }

    /// Goes on with the symbols of `symbols`.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        groups.removeSubrange(..<head)
        left += head
        head = 0
        for place in groups.indices {
            groups[place].translate(from: last, to: symbols)
        }
        // order-free: each is translated by itself
        let numbers = open.values
        open = [:]
        for number in numbers {
            if let key = groups[number - left].key { open[key] = number }
        }
    }

    /// Notes that lines of `order` have left, so that those which follow are a part of it.
    mutating func notePublished(_ order: Symbol, _ symbols: SymbolTable) {
        published.insert(symbols.stableHash(of: order))
    }

    /// The first event, where no more of it is expected.
    mutating func next() -> LogEntry? {
        guard head < groups.count else { return nil }
        let group = groups[head]
        let isOpen = group.key != nil && lines - group.lastLine < OrderWindow.lineLimit
        guard !isOpen || held > OrderWindow.holdLimit else { return nil }
        return take()
    }

    /// The first event, whether or not more might come to it.
    mutating func take() -> LogEntry? {
        guard head < groups.count else { return nil }
        let group = groups[head]
        if let key = group.key, open[key] == left + head { open[key] = nil }
        held -= group.entry.records
        head += 1
        if head >= 1024 || head == groups.count {
            groups.removeSubrange(..<head)
            left += head
            head = 0
        }
        return group.entry
    }
}

extension OrderWindow.Group {
    fileprivate mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        entry.translate(from: last, to: symbols)
        if let order = key?.transaction { key?.transaction = symbols.adopt(order, of: last) }
    }

    /// Adds the value, the items and the row of `line`.
    fileprivate mutating func add(_ line: OrderWindow.Line) throws(RejectionReason) {
        if let id = line.id {
            if let known = ids[id] {
                let isSame = known == line.entry.bytes
                throw RejectionReason(
                    isSame ? .duplicateLine : .conflictingLine,
                    isSame
                        ? "the same row with the same id is a line of this order already"
                        : "the id is that of another line of this order, which says otherwise"
                )
            }
            ids[id] = line.entry.bytes
        }
        guard line.entry.event.currency == entry.event.currency else {
            throw RejectionReason(
                .badCurrency,
                "\(line.entry.event.currency.code) differs from the other lines of this order, "
                    + "which are in \(entry.event.currency.code)"
            )
        }
        let (sum, overflow) = entry.event.value.addingReportingOverflow(line.entry.event.value)
        guard !overflow else {
            throw RejectionReason(
                .badMoney,
                "the lines of this order are more than an amount can hold"
            )
        }
        entry.event.value = sum
        entry.items += line.entry.items
        entry.bytes.append(RecordReader.lineFeed)
        entry.bytes += line.entry.bytes
        entry.records += 1
    }
}

/// Gives the events of a log that has no ids of its own an id: by what their rows say and how
/// often rows have said the same before, whatever the file is called and wherever they are.
///
/// Occurrences are counted by fingerprints of 64 bits, in bounded memory: after ``capacity``
/// different contents the count begins anew, and the number of the segment becomes part of the
/// id. A row that comes before others and is taken out later so changes ids only in a log of
/// more rows than that.
struct RowIdentity: Sendable {
    /// How many different contents are remembered at once: about 20 MB.
    static let capacity = 1 << 20

    private let capacity: Int
    private var seen: Set<UInt64> = []
    /// How often those came that came more than once.
    private var occurrences: [UInt64: UInt64] = [:]
    private var segment: UInt64 = 0

    init(capacity: Int = RowIdentity.capacity) {
        self.capacity = capacity
    }

    /// The id of the event at `time` that `bytes` describe.
    ///
    /// A UUID of version 8 (RFC 9562): it sorts by the milliseconds of the time, as ids of
    /// version 7 do, and has 74 bits of the digest after them.
    mutating func id(of bytes: some Sequence<UInt8>, at time: Timestamp) -> EventID {
        let content = SHA256Digest(of: Array(bytes))
        var named = Array("weir.row".utf8) + content.bytes
        for number in [occurrence(of: content.first), segment] {
            named += (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        let digest = SHA256Digest(of: named)
        if seen.count >= capacity {
            seen.removeAll(keepingCapacity: true)
            occurrences.removeAll(keepingCapacity: true)
            segment += 1
        }
        return EventID(
            high: time.millisecondsForID << 16 | 0x8000 | digest.first & 0xfff,
            low: digest.second & ~(0b11 << 62) | 0b10 << 62
        )
    }

    private mutating func occurrence(of fingerprint: UInt64) -> UInt64 {
        guard !seen.insert(fingerprint).inserted else { return 1 }
        occurrences[fingerprint, default: 1] += 1
        return occurrences[fingerprint, default: 1]
    }
}

extension Symbol {
    /// The order of an event that has none but its own `id`: 59 bits of it, as a number.
    init(orderOf id: EventID) {
        self.init(number: max(1, id.low & (1 << 59 - 1)))
    }
}

/// The last keys that were met, as fingerprints of 64 bits, in bounded memory.
///
/// It remembers at least the last ``capacity`` keys and at most twice as many.
struct RecentKeys: Sendable {
    private let capacity: Int
    private var young: Set<UInt64> = []
    private var old: Set<UInt64> = []

    init(capacity: Int = 1 << 18) {
        self.capacity = capacity
    }

    func contains(_ key: UInt64) -> Bool {
        young.contains(key) || old.contains(key)
    }

    mutating func insert(_ key: UInt64) {
        young.insert(key)
        if young.count >= capacity {
            (old, young) = (young, [])
        }
    }
}
