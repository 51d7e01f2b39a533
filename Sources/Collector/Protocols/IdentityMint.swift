internal import Commerce
internal import Synchronization
package import Timekeeping

/// Makes ids for what comes without one: UUIDs of version 7, which sort by when they were made.
package final class IdentityMint: Sendable {
    private let chance: Mutex<Randomness>

    /// - Parameter now: Makes them others than those of any other run.
    package init(at now: Timestamp) {
        chance = Mutex(Randomness(seed: UInt64(bitPattern: now.nanoseconds), purpose: "identities"))
    }

    /// The id of something that came at `instant`.
    package func id(at instant: Timestamp) -> String {
        let (order, tail) = chance.withLock { ($0.next(), $0.next()) }
        let milliseconds = UInt64(clamping: instant.nanoseconds / 1_000_000)
        return EventID(version7At: milliseconds, order: order, tail: tail).uuid
    }
}
