public import Broker
internal import Synchronization
public import Timekeeping

/// The bytes that events were read from, kept for the raw store and for dead letters.
@usableFromInline package struct Originals: Sendable {
    /// The lines one after the other, without their line ends.
    @usableFromInline package var bytes: [UInt8] = []
    /// Where in ``bytes`` each event of the batch lies; one entry an event.
    @usableFromInline package var ranges: [Range<Int>] = []

    package init() {}
}

/// Where the producer took a batch from: what makes a repeated run harmless.
///
/// A stream of the shopper model is named and numbered by Weir itself, so analytics remembers
/// which offsets its aggregates hold. A log belongs to someone else: it may be edited, renamed or
/// split, so its events are remembered one by one, by their CloudEvents identity.
@usableFromInline package struct Origin: Sendable {
    /// The input: a log, or one run of the shopper model.
    @usableFromInline package var stream: Symbol
    /// The place of the first event in its stream, from 1.
    @usableFromInline package var firstOffset: Int64
    /// The place of each event, where they do not follow one another; else empty.
    @usableFromInline package var offsets: [Int64]
    /// Whether the stream is a log that is replayed.
    @usableFromInline package var isReplayed: Bool

    package init(
        stream: Symbol,
        firstOffset: Int64,
        offsets: [Int64] = [],
        isReplayed: Bool = false
    ) {
        self.stream = stream
        self.firstOffset = firstOffset
        self.offsets = offsets
        self.isReplayed = isReplayed
    }

    /// The place in the stream of the event at `index`.
    @inlinable
    package func offset(at index: Int) -> Int64 {
        offsets.isEmpty ? firstOffset + Int64(index) : offsets[index]
    }
}

/// An immutable run of events that subscriptions share by reference and never copy.
@usableFromInline package final class Batch: Sendable {
    @usableFromInline package let events: [Event]
    /// The items of all events, in the order of the events.
    @usableFromInline package let items: [Item]
    @usableFromInline package let origin: Origin
    /// What the events' symbols mean.
    @usableFromInline package let symbols: SymbolTable
    /// The bytes the events were read from; nil if the shopper model made them.
    @usableFromInline package let originals: Originals?
    /// When each event should have been sent: the start of every latency.
    ///
    /// Follows from the event's own time, except where ``sendTimes`` has it.
    @usableFromInline package let schedule: ReplaySchedule
    /// When each event should have been sent, where its own time no longer says so; else empty.
    @usableFromInline package let sendTimes: [Timestamp]
    /// Why the events at these places could not be brought into the form of an event: only their
    /// original bytes say all that was sent, and every stage refuses them.
    package let flaws: [Int: FailureReason]
    /// The memory that the batch takes, which flow control in bytes counts.
    @usableFromInline package let byteCount: Int
    /// Where the memory of the events goes when the batch is released.
    private let pool: BatchPool?

    package init(
        events: [Event],
        items: [Item],
        origin: Origin,
        symbols: SymbolTable,
        originals: Originals? = nil,
        schedule: ReplaySchedule = .asRecorded,
        sendTimes: [Timestamp] = [],
        flaws: [Int: FailureReason] = [:],
        pool: BatchPool? = nil
    ) {
        precondition(
            sendTimes.isEmpty || sendTimes.count == events.count,
            "a batch has one time of sending an event or none at all"
        )
        precondition(
            origin.offsets.isEmpty || origin.offsets.count == events.count,
            "a batch has one offset an event or none at all"
        )
        precondition(
            originals.map { $0.ranges.count == events.count } ?? true,
            "a batch keeps the original of each event or of none"
        )
        self.events = events
        self.items = items
        self.origin = origin
        self.symbols = symbols
        self.originals = originals
        self.schedule = schedule
        self.sendTimes = sendTimes
        self.flaws = flaws
        self.pool = pool
        byteCount =
            events.count * MemoryLayout<Event>.stride + items.count * MemoryLayout<Item>.stride
            + (originals?.bytes.count ?? 0)
    }

    deinit {
        pool?.give(events, items)
    }

    /// How many events it carries.
    @inlinable package var count: Int { events.count }

    /// When the event at `place` should have been sent.
    @inlinable
    package func due(of place: Int) -> Timestamp {
        sendTimes.isEmpty ? schedule.due(events[place].time) : sendTimes[place]
    }

    /// When all events should have been sent, where that is one instant.
    @inlinable package var commonDue: Timestamp? {
        sendTimes.isEmpty && schedule.speed == 0 ? schedule.sendTime : nil
    }

    /// The CloudEvents `id` of the event at `index`, as its producer wrote it.
    ///
    /// A UUID is made from the event; any other text is read back from the original bytes. An
    /// event that has neither gets the digest of its id in the form of a UUID.
    package func idText(of index: Int) -> String {
        let event = events[index]
        if !event.hasUUID, let original = originalJSON(of: index),
            let text = original.withUnsafeBufferPointer(Batch.idText(inJSON:))
        {
            return text
        }
        return event.id.uuid
    }

    /// The bytes the event at `index` was read from, where they are CloudEvents JSON.
    ///
    /// Rows of a CSV file and of the CDNOW log are not; ``CloudEventEncoder`` writes theirs.
    package func originalJSON(of index: Int) -> ArraySlice<UInt8>? {
        guard let originals else { return nil }
        let bytes = originals.bytes[originals.ranges[index]]
        // An object begins with a brace and a quote, and no row that the CSV reader accepts
        // does: a quote may only begin a field there.
        let marks = bytes.lazy.filter { $0 > 0x20 }.prefix(2)
        return marks.elementsEqual(#"{""#.utf8) ? bytes : nil
    }

    private static func idText(inJSON bytes: UnsafeBufferPointer<UInt8>) -> String? {
        var reader = JSONReader(bytes)
        do throws(RejectionReason) {
            try reader.open(UInt8(ascii: "{"), FieldPath("event"))
            while let key = try reader.nextKey() {
                if key.text == CloudEventAttribute.id.rawValue {
                    return try reader.string(FieldPath(key.text))
                }
                try reader.skip()
            }
        } catch {
            return nil
        }
        return nil
    }
}

/// Maps the time an event carries to the instant it is due to be sent.
@usableFromInline package struct ReplaySchedule: Hashable, Sendable {
    /// The event time that is due at ``sendTime``.
    @usableFromInline package var eventTime: Timestamp
    @usableFromInline package var sendTime: Timestamp
    /// How many nanoseconds of event time pass in a nanosecond of sending; 0 when everything is
    /// due at ``sendTime``.
    @usableFromInline package var speed: Double

    @inlinable
    package init(eventTime: Timestamp, sendTime: Timestamp, speed: Double) {
        self.eventTime = eventTime
        self.sendTime = sendTime
        self.speed = speed
    }

    /// Every event is due at its own time.
    package static let asRecorded = ReplaySchedule(
        eventTime: Timestamp(nanoseconds: 0),
        sendTime: Timestamp(nanoseconds: 0),
        speed: 1
    )

    /// Everything is due at `time`: a replay as fast as it goes has no schedule of its own, so
    /// its latency counts from the moment the producer turned to the batch.
    @inlinable
    package static func allDue(at time: Timestamp) -> ReplaySchedule {
        ReplaySchedule(eventTime: time, sendTime: time, speed: 0)
    }

    /// When an event of `time` is due, within the range of a timestamp.
    @inlinable
    package func due(_ time: Timestamp) -> Timestamp {
        if speed == 0 {
            return sendTime
        }
        let (elapsed, isFar) = time.nanoseconds.subtractingReportingOverflow(eventTime.nanoseconds)
        var wait = elapsed
        if speed != 1 || isFar {
            let scaled = (Double(time.nanoseconds) - Double(eventTime.nanoseconds)) / speed
            guard abs(scaled) < 9e18 else { return scaled < 0 ? .distantPast : .distantFuture }
            wait = Int64(isFar ? scaled : Double(elapsed) / speed)
        }
        let (due, overflow) = sendTime.nanoseconds.addingReportingOverflow(wait)
        return overflow ? .distantFuture : Timestamp(nanoseconds: due)
    }

    /// The latest event time that is due at `now`.
    @inlinable
    package func horizon(at now: Timestamp) -> Timestamp {
        if speed == 0 {
            return .distantFuture
        }
        let elapsed = now.nanoseconds - sendTime.nanoseconds
        if speed == 1 {
            return Timestamp(nanoseconds: eventTime.nanoseconds + elapsed)
        }
        let ahead = Double(elapsed) * speed
        guard ahead < 9e18 else { return .distantFuture }
        let (sum, overflow) = eventTime.nanoseconds.addingReportingOverflow(Int64(ahead))
        return overflow ? .distantFuture : Timestamp(nanoseconds: sum)
    }
}

/// Events as the broker carries them.
extension Batch: MessageBatch {
    /// The names of ``attribute(_:of:)``.
    package static let attributeNames = [
        "type", "source", "subject", "user", "session", "category", "currency",
    ]

    /// The text of an attribute that a subscription's filter may ask for, or nil if the event
    /// at `place` has none: `type` is the event's name, `subject` the order, cart or session
    /// it is about, `category` that of its first item.
    @usableFromInline package func attribute(_ name: String, of place: Int) -> String? {
        let event = events[place]
        let (symbol, namespace): (Symbol, Namespace)
        switch name {
        case "type": return event.name(in: symbols)
        case "currency": return event.currency == .none ? nil : event.currency.code
        case "source": (symbol, namespace) = (event.source, .text)
        case "subject": (symbol, namespace) = (event.subject, event.subjectNamespace)
        case "user": (symbol, namespace) = (event.user, .user)
        case "session": (symbol, namespace) = (event.session, .session)
        case "category":
            guard event.itemCount > 0 else { return nil }
            (symbol, namespace) = (items[Int(event.firstItem)].category, .category)
        default: return nil
        }
        return symbol.isPresent ? symbols.text(of: symbol, in: namespace) : nil
    }

    @usableFromInline package func firstDue(in selection: Selection) -> Timestamp? {
        if selection.isEmpty { return nil }
        if let commonDue { return commonDue }
        var first = Timestamp.distantFuture
        selection.forEach { first = min(first, due(of: $0)) }
        return first
    }

    @usableFromInline package func countDue(
        before instant: Timestamp,
        in selection: Selection
    ) -> Int {
        if let commonDue { return commonDue < instant ? selection.count : 0 }
        var count = 0
        selection.forEach { count += due(of: $0) < instant ? 1 : 0 }
        return count
    }

    /// The CloudEvents `subject`, by a hash that is the same in every symbol table, since a log
    /// goes through several.
    @usableFromInline package func orderingKey(of place: Int) -> OrderingKey? {
        let event = events[place]
        return OrderingKey(
            hash: symbols.stableHash(of: event.subject),
            space: event.subjectNamespace.rawValue
        )
    }
}

/// Collects the events of one batch; a source fills it, the producer publishes what it makes.
@usableFromInline package struct BatchBuilder: Sendable {
    @usableFromInline package var events: [Event] = []
    @usableFromInline package var items: [Item] = []
    /// The input the events come from.
    @usableFromInline package var stream: Symbol
    /// The place of each event in the stream; empty if they follow ``firstOffset``.
    @usableFromInline package var offsets: [Int64] = []
    @usableFromInline package var firstOffset: Int64 = 1
    /// Kept only for events that were read from a log.
    @usableFromInline package var originals: Originals?
    /// What the source could not make an event of, in the order of the input.
    @usableFromInline package var rejections: [Rejection] = []
    /// How many records of the input became these events; 0 where they are not read from one.
    @usableFromInline package var records = 0
    /// How many lines of events were left out, since they have no pieces.
    @usableFromInline package var droppedItems = 0
    @usableFromInline package let symbols: SymbolTable
    private let pool: BatchPool?

    /// An empty builder for batches of about `capacity` events, in room from the `pool`.
    package init(stream: Symbol, symbols: SymbolTable, capacity: Int, pool: BatchPool? = nil) {
        self.stream = stream
        self.symbols = symbols
        self.pool = pool
        if let pool {
            (events, items) = pool.take(capacity: capacity)
        } else {
            events.reserveCapacity(capacity)
        }
    }

    /// Adds `event` with `lines` as its items; sets the event's item range.
    @inlinable
    package mutating func append(_ event: Event, items lines: some Collection<Item>) {
        var event = event
        event.firstItem = UInt32(truncatingIfNeeded: items.count)
        event.itemCount = UInt16(truncatingIfNeeded: lines.count)
        items.append(contentsOf: lines)
        events.append(event)
    }

    /// Adds `event` with one item; sets the event's item range.
    @inlinable
    package mutating func append(_ event: Event, item: Item) {
        var event = event
        event.firstItem = UInt32(truncatingIfNeeded: items.count)
        event.itemCount = 1
        items.append(item)
        events.append(event)
    }

    /// The batch of what was collected.
    ///
    /// The builder is used up.
    package consuming func finish(schedule: ReplaySchedule) -> Batch {
        Batch(
            events: events,
            items: items,
            origin: Origin(
                stream: stream,
                firstOffset: firstOffset,
                offsets: offsets,
                isReplayed: originals != nil
            ),
            symbols: symbols,
            originals: originals,
            schedule: schedule,
            pool: pool
        )
    }
}

/// Memory for events that released batches leave to later ones.
///
/// Batches come and go by the megabyte. Giving that back to the system and having it cleared and
/// mapped again would cost a third of the pipeline's throughput, and what was let go last is
/// still in the processor's cache.
@usableFromInline package final class BatchPool: Sendable {
    private struct Room {
        var events: [Event]
        var items: [Item]

        var byteCount: Int {
            events.capacity * MemoryLayout<Event>.stride
                + items.capacity * MemoryLayout<Item>.stride
        }
    }

    private struct Rooms {
        var rooms: [Room] = []
        var byteCount = 0
    }

    private let rooms = Mutex(Rooms())
    private let limit: Int
    private let byteLimit: Int

    /// A pool that keeps the room of at most `limit` batches, and as much as `byteLimit` of it.
    package init(limit: Int = 64, byteLimit: Int = 6 << 20) {
        self.limit = limit
        self.byteLimit = byteLimit
    }

    /// Empty arrays with the capacity of the batch that left last; new ones if there is none.
    func take(capacity: Int) -> (events: [Event], items: [Item]) {
        guard var room = takeLast() else {
            var room = Room(events: [], items: [])
            room.events.reserveCapacity(capacity)
            return (room.events, room.items)
        }
        room.events.removeAll(keepingCapacity: true)
        room.items.removeAll(keepingCapacity: true)
        return (room.events, room.items)
    }

    private func takeLast() -> Room? {
        rooms.withLock { kept in
            let room = kept.rooms.popLast()
            kept.byteCount -= room?.byteCount ?? 0
            return room
        }
    }

    /// Keeps the room of a batch that is going.
    func give(_ events: [Event], _ items: [Item]) {
        let room = Room(events: events, items: items)
        rooms.withLock { kept in
            guard kept.rooms.count < limit, kept.byteCount + room.byteCount <= byteLimit else {
                return
            }
            kept.rooms.append(room)
            kept.byteCount += room.byteCount
        }
    }
}
