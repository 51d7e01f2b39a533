internal import Synchronization

/// Signals waiting tasks that a condition has changed.
///
/// A waiter reads ``version``, looks at the state it waits for, and, where that is not as it
/// needs it, waits for a version later than the one it read. No change between the look and the
/// wait is ever missed.
package final class Signal: Sendable {
    private struct State {
        var version: UInt64 = 0
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    /// A signal that has not been raised.
    package init() {}

    /// Grows by one each time the signal is raised.
    package var version: UInt64 {
        state.withLock { $0.version }
    }

    /// Wakes every task that waits.
    package func raise() {
        let woken = state.withLock { state in
            state.version += 1
            let woken = state.waiters
            if !woken.isEmpty {
                state.waiters = []
            }
            return woken
        }
        for waiter in woken {
            waiter.wake()
        }
    }

    /// Returns once the version is later than `version`, at once where it already is.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before or while it waits.
    package func wait(since version: UInt64) async throws(CancellationError) {
        let waiter = Waiter()
        if add(waiter, since: version) {
            await waiter.wait()
            remove(waiter)
        }
        if Task.isCancelled {
            throw CancellationError()
        }
    }

    /// Whether the version is later than `version`, or becomes so while other tasks run for a
    /// moment, at most `count` times.
    func isRaised(since version: UInt64, withinYields count: Int) async -> Bool {
        for _ in 0..<count {
            if self.version > version { return true }
            await Task.yield()
        }
        return self.version > version
    }

    /// Lets the next raise wake `waiter`; says no where the version is later than `version`.
    func add(_ waiter: Waiter, since version: UInt64) -> Bool {
        state.withLock { state in
            guard state.version <= version else { return false }
            state.waiters.append(waiter)
            return true
        }
    }

    /// Forgets a waiter that something else has woken.
    func remove(_ waiter: Waiter) {
        state.withLock { state in
            state.waiters.removeAll { $0 === waiter }
        }
    }
}

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
