public import Timekeeping

/// The bytes that events were read from, kept for the raw store and for dead letters.
@usableFromInline package struct Originals: Sendable {
    /// The lines one behind the other, without their line ends.
    @usableFromInline package var bytes: [UInt8] = []
    /// Where in ``bytes`` each event of the batch lies; one entry an event.
    @usableFromInline package var ranges: [Range<Int>] = []

    package init() {}
}

/// Where the producer took a batch from: what makes a repeated run harmless.
///
/// A stream of the shopper model is named and numbered by Weir itself, so analytics remembers
/// which offsets its aggregates hold. A log is somebody else's: it may be edited, renamed or
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
    /// The bytes the events were read from; nil where the shopper model made them.
    @usableFromInline package let originals: Originals?
    /// When each event should have been sent: the start of every latency.
    ///
    /// Follows from the event's own time.
    @usableFromInline package let schedule: ReplaySchedule
    /// What the batch takes in memory, and what flow control in bytes counts.
    @usableFromInline package let byteCount: Int
    /// Where the room for the events goes when nobody holds the batch any more.
    private let pool: BatchPool?

    package init(
        events: [Event],
        items: [Item],
        origin: Origin,
        symbols: SymbolTable,
        originals: Originals? = nil,
        schedule: ReplaySchedule = .asRecorded,
        pool: BatchPool? = nil
    ) {
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

    /// When `event` of this batch should have been sent.
    @inlinable
    package func due(_ event: Event) -> Timestamp {
        schedule.due(event.time)
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

    /// When an event of `time` is due; as early or late as can be told, beyond that.
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
