internal import Commerce
internal import Synchronization
package import Timekeeping

/// Makes ids for events whose protocol has none, or whose client left it out: UUIDs of version 7,
/// which sort by when the request came and by the place in it.
package final class EventIDMint: Sendable {
    private let randomness: Mutex<Randomness>

    /// A mint that draws from `randomness`, whose seed no two collectors may share.
    package init(_ randomness: Randomness) {
        self.randomness = Mutex(randomness)
    }

    /// The id of the event at `place` of a request that was received at `received`.
    func id(received: Timestamp, place: Int) -> String {
        let tail = randomness.withLock { $0.next() }
        let milliseconds = UInt64(max(0, received.nanoseconds / 1_000_000))
        return EventID(version7At: milliseconds, order: UInt64(place), tail: tail).uuid
    }
}
