internal import Broker
internal import Storage
internal import Synchronization

/// The positions whose events a call that failed may have stored: until another call stores them.
///
/// Their number is bounded by what the stages have in hand.
final class UnconfirmedPositions: Sendable {
    private let positions = Mutex<Set<Int64>>([])

    // None of these is inlined: within an async function the compiler takes the thread before a
    // suspension for the one after it, and a mutex that is locked on both sides then traps.

    /// All of them.
    @inline(never)
    func all() -> Set<Int64> {
        positions.withLock { $0 }
    }

    @inline(never)
    func insert(_ writes: [RawWrite]) {
        positions.withLock { positions in
            for write in writes {
                write.selection.forEach { positions.insert(write.publication.position(at: $0)) }
            }
        }
    }

    @inline(never)
    func remove(_ writes: [RawWrite]) {
        positions.withLock { positions in
            guard !positions.isEmpty else { return }
            for write in writes {
                write.selection.forEach { positions.remove(write.publication.position(at: $0)) }
            }
        }
    }
}
