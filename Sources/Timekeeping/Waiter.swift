internal import Synchronization

/// A task that waits for one of several things: the first of them wakes it, the others find it
/// awake.
final class Waiter: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<Void, Never>)
        case woken
    }

    private let state = Mutex(State.new)

    /// Whether something has woken it.
    var isWoken: Bool {
        state.withLock { state in
            if case .woken = state { true } else { false }
        }
    }

    /// Ends the wait; one that has not begun ends as it begins.
    ///
    /// - Returns: Whether this was what woke it.
    @discardableResult
    func wake() -> Bool {
        let before = state.withLock { state in
            let before = state
            state = .woken
            return before
        }
        switch before {
        case .woken: return false
        case .new: return true
        case .waiting(let continuation):
            continuation.resume()
            return true
        }
    }

    /// Returns once it is woken, or the task is cancelled; call it once.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWoken = state.withLock { state in
                    if case .woken = state { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isWoken {
                    continuation.resume()
                }
            }
        } onCancel: {
            wake()
        }
    }
}
