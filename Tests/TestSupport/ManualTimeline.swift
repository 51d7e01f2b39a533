internal import Synchronization
package import Timekeeping

/// Time that stands still until a test moves it.
///
/// Sleepers wake in the order of (instant, order of falling asleep), so that a run on one thread
/// is the same every time.
package final class ManualTimeline: Timeline {
    private struct Sleeper {
        var instant: Timestamp
        var sequence: UInt64
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Timestamp
        var lastSequence: UInt64 = 0
        var sleepers: [Sleeper] = []
    }

    private let state: Mutex<State>

    package init(start: Timestamp = Shop.epoch) {
        state = Mutex(State(now: start))
    }

    package var now: Timestamp { state.withLock { $0.now } }

    /// How many tasks sleep.
    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    package func sleep(until deadline: Timestamp) async throws(CancellationError) {
        let sequence = state.withLock { state in
            state.lastSequence += 1
            return state.lastSequence
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.now >= deadline || Task.isCancelled { return true }
                    state.sleepers.append(
                        Sleeper(instant: deadline, sequence: sequence, continuation: continuation)
                    )
                    return false
                }
                if isOver {
                    continuation.resume()
                }
            }
        } onCancel: {
            let cancelled = state.withLock { state in
                state.sleepers.firstIndex { $0.sequence == sequence }
                    .map { state.sleepers.remove(at: $0) }
            }
            cancelled?.continuation.resume()
        }
        if Task.isCancelled {
            throw CancellationError()
        }
    }

    /// Moves time to `instant`, waking those who sleep until then on the way, each at its time.
    package func advance(to instant: Timestamp) {
        while wakeFirst(notAfter: instant) {}
        state.withLock { $0.now = max($0.now, instant) }
    }

    /// Moves time on by `duration`.
    package func advance(by duration: Duration) {
        advance(to: now + duration)
    }

    /// Moves time to the next instant that somebody sleeps until and wakes the first sleeper of
    /// that instant.
    ///
    /// - Returns: Whether there was one.
    package func advanceToNextSleeper() -> Bool {
        wakeFirst(notAfter: .distantFuture)
    }

    private func wakeFirst(notAfter limit: Timestamp) -> Bool {
        let first: Sleeper? = state.withLock { state in
            let index = state.sleepers.indices.min {
                (state.sleepers[$0].instant, state.sleepers[$0].sequence)
                    < (state.sleepers[$1].instant, state.sleepers[$1].sequence)
            }
            guard let index, state.sleepers[index].instant <= limit else { return nil }
            let sleeper = state.sleepers.remove(at: index)
            state.now = max(state.now, sleeper.instant)
            return sleeper
        }
        first?.continuation.resume()
        return first != nil
    }
}
