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
