/// Collects the events of one batch; a source fills it, the producer publishes what it makes.
@usableFromInline package struct BatchBuilder: Sendable {
    @usableFromInline package var events: [Event] = []
    @usableFromInline package var items: [Item] = []
    /// The input the events come from.
    @usableFromInline package var stream: Symbol
    /// The place of each event in the stream; empty where they follow ``firstOffset``.
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
