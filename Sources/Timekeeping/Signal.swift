internal import Synchronization

/// Tells waiting tasks that something they looked at has changed.
///
/// A waiter reads ``version``, looks at the state it waits for, and, where that is not as it
/// needs it, waits for a version later than the one it read. No change between the look and the
/// wait is ever missed.
package final class Signal: Sendable {
    private struct Waiters {
        var version: UInt64 = 0
        var nextID: UInt64 = 0
        var continuations: [(id: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let waiters = Mutex(Waiters())

    /// A signal that has not been raised.
    package init() {}

    /// Grows by one each time the signal is raised.
    package var version: UInt64 {
        waiters.withLock { $0.version }
    }

    /// Wakes every task that waits.
    package func raise() {
        let woken = waiters.withLock { waiters in
            waiters.version += 1
            let woken = waiters.continuations
            if !woken.isEmpty {
                waiters.continuations = []
            }
            return woken
        }
        for waiter in woken {
            waiter.continuation.resume()
        }
    }

    /// Whether the version is later than `version`, or becomes so while other tasks run for a
    /// moment, at most `count` times.
    package func isRaised(since version: UInt64, withinYields count: Int) async -> Bool {
        for _ in 0..<count {
            if self.version > version { return true }
            await Task.yield()
        }
        return self.version > version
    }

    /// Returns once the version is later than `version`, at once where it already is.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before or while it waits.
    package func wait(since version: UInt64) async throws(CancellationError) {
        let id = waiters.withLock { waiters in
            waiters.nextID += 1
            return waiters.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = waiters.withLock { waiters in
                    // The cancellation handler may have run before this: ask the task itself.
                    if waiters.version > version || Task.isCancelled {
                        return true
                    }
                    waiters.continuations.append((id, continuation))
                    return false
                }
                if ready {
                    continuation.resume()
                }
            }
        } onCancel: {
            let cancelled = waiters.withLock { waiters in
                waiters.continuations.firstIndex { $0.id == id }
                    .map { waiters.continuations.remove(at: $0) }
            }
            cancelled?.continuation.resume()
        }
        if Task.isCancelled {
            throw CancellationError()
        }
    }
}

extension Timeline {
    /// Returns once `signal` has been raised since `version`, or at `deadline`, whichever is
    /// first.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    package func wait(
        for signal: Signal,
        since version: UInt64,
        until deadline: Timestamp?
    ) async throws(CancellationError) {
        guard let deadline else {
            return try await signal.wait(since: version)
        }
        await withTaskGroup { group in
            // Either child ends the wait; the other is cancelled, which is not an error here.
            group.addTask { try? await signal.wait(since: version) }
            group.addTask { try? await self.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
        if Task.isCancelled {
            throw CancellationError()
        }
    }
}
