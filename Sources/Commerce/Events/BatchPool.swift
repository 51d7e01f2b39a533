internal import Synchronization

/// Room for events that batches leave behind when nobody holds them any more, for the batches to
/// come.
///
/// Batches come and go by the megabyte. Giving that back to the system and having it cleared and
/// mapped again would cost a third of the pipeline's throughput, and what was let go last is
/// still in the processor's cache.
@usableFromInline package final class BatchPool: Sendable {
    private struct Room {
        var events: [Event]
        var items: [Item]
    }

    private let rooms = Mutex<[Room]>([])
    private let limit: Int

    /// A pool that keeps the room of at most `limit` batches.
    package init(limit: Int = 64) {
        self.limit = limit
    }

    /// Empty arrays with the capacity of the batch that left last; new ones if there is none.
    func take(capacity: Int) -> (events: [Event], items: [Item]) {
        guard var room = rooms.withLock({ $0.popLast() }) else {
            var room = Room(events: [], items: [])
            room.events.reserveCapacity(capacity)
            return (room.events, room.items)
        }
        room.events.removeAll(keepingCapacity: true)
        room.items.removeAll(keepingCapacity: true)
        return (room.events, room.items)
    }

    /// Keeps the room of a batch that is going.
    func give(_ events: [Event], _ items: [Item]) {
        rooms.withLock { rooms in
            if rooms.count < limit {
                rooms.append(Room(events: events, items: items))
            }
        }
    }
}
