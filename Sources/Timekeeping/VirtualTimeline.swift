internal import DequeModule
internal import HeapModule
internal import Synchronization

/// Time that passes only when every task waits: it jumps to the next instant that
/// a task waits for.
///
/// Sleepers wake in the order of (instant, order of falling asleep), and the tasks of
/// ``run(seed:_:)`` take turns on one thread, so that a run is the same every time.
package final class VirtualTimeline: Timeline {
    private struct Sleeper: Comparable {
        var instant: Timestamp
        var sequence: UInt64
        var waiter: Waiter

        static func < (left: Sleeper, right: Sleeper) -> Bool {
            (left.instant, left.sequence) < (right.instant, right.sequence)
        }

        static func == (left: Sleeper, right: Sleeper) -> Bool {
            left.sequence == right.sequence
        }
    }

    private struct State {
        var now: Timestamp
        var lastSequence: UInt64 = 0
        var sleepers = Heap<Sleeper>()
        /// About how many of the sleepers something else has woken.
        var awake = 0
    }

    package let tick: Duration
    private let state: Mutex<State>
    private let executor = TurnExecutor()

    /// Time that begins at `start`; with a `tick` of zero, everything that falls due is dealt
    /// with at its own instant.
    package init(start: Timestamp, tick: Duration) {
        self.tick = tick
        state = Mutex(State(now: start))
    }

    package var now: Timestamp { state.withLock { $0.now } }

    /// How many tasks sleep.
    package var sleeperCount: Int {
        state.withLock { state in
            state.sleepers.unordered.count { !$0.waiter.isWoken }
        }
    }

    package func sleep(until deadline: Timestamp) async throws(CancellationError) {
        let waiter = Waiter()
        if add(waiter, until: deadline) {
            await waiter.wait()
            try leave(at: deadline)
        } else if Task.isCancelled {
            throw CancellationError()
        }
    }

    package func wait(
        for signal: Signal,
        since version: UInt64,
        until deadline: Timestamp?
    ) async throws(CancellationError) {
        guard let deadline else {
            return try await signal.wait(since: version)
        }
        let waiter = Waiter()
        guard signal.add(waiter, since: version) else {
            if Task.isCancelled { throw CancellationError() }
            return
        }
        defer { signal.remove(waiter) }
        if add(waiter, until: deadline) {
            await waiter.wait()
            try leave(at: deadline)
        } else if Task.isCancelled {
            throw CancellationError()
        }
    }

    package func outside<Value, Failure: Error>(
        _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        executor.hold()
        defer { executor.release() }
        return try await work()
    }

    /// Moves time to `instant`, waking those who sleep until then on the way, each at its time.
    package func advance(to instant: Timestamp) {
        while wakeNext(notAfter: instant) {}
        state.withLock { $0.now = max($0.now, instant) }
    }

    /// Runs `body` and all its child tasks, one at a time, and lets time pass for them.
    ///
    /// With a `seed`, the task that goes on next is drawn from those that can, so that many seeds
    /// try many interleavings, each of which can be repeated; without one, it is the one that has
    /// waited longest. Other tasks of the process get their turn now and then, so that one of
    /// them can interrupt the run.
    ///
    /// - Throws: What `body` throws; ``Standstill`` if every task waits for another one, as
    ///   after a lost wake-up.
    package func run<Result: Sendable>(
        seed: UInt64? = nil,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        executor.draw(by: seed)
        let end = Waiter()
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask(executorPreference: executor) {
                defer { end.wake() }
                return try await body()
            }
            var standsStill = false
            while !end.isWoken {
                if await executor.runReady() || wakeNext() { continue }
                guard !end.isWoken else { break }
                if Task.isCancelled {
                    // From another thread, whose wake-ups are under way.
                    await Task.yield()
                    continue
                }
                precondition(!standsStill, "a task waits on although it was cancelled")
                standsStill = true
                // Waiting tasks are cancelled, so that the group can end.
                group.cancelAll()
            }
            guard let result = await group.nextResult(), !standsStill else { throw Standstill() }
            return try result.get()
        }
    }

    // MARK: - Sleepers

    /// Lets `waiter` be woken at `deadline`; says no where that has passed.
    private func add(_ waiter: Waiter, until deadline: Timestamp) -> Bool {
        state.withLock { state in
            guard state.now < deadline else { return false }
            state.lastSequence += 1
            state.sleepers.insert(
                Sleeper(instant: deadline, sequence: state.lastSequence, waiter: waiter)
            )
            return true
        }
    }

    /// Notes what woke a sleeper before `deadline`: its entry is a dead one.
    private func leave(at deadline: Timestamp) throws(CancellationError) {
        state.withLock { state in
            guard state.now < deadline else { return }
            state.awake += 1
            // Most of those who wait for a signal have a deadline far away.
            if state.awake > 64, state.awake > state.sleepers.count / 2 {
                state.sleepers = Heap(state.sleepers.unordered.filter { !$0.waiter.isWoken })
                state.awake = 0
            }
        }
        if Task.isCancelled {
            throw CancellationError()
        }
    }

    /// Moves time to the next instant that a task sleeps until, and wakes the first sleeper of
    /// that instant.
    ///
    /// - Returns: Whether there was one.
    private func wakeNext(notAfter limit: Timestamp = .distantFuture) -> Bool {
        while true {
            let next: Sleeper? = state.withLock { state in
                guard let next = state.sleepers.min, next.instant <= limit else { return nil }
                state.sleepers.removeMin()
                if next.waiter.isWoken {
                    state.awake = max(0, state.awake - 1)
                } else {
                    state.now = max(state.now, next.instant)
                }
                return next
            }
            guard let next else { return false }
            if next.waiter.wake() { return true }
        }
    }
}

/// Every task of a virtual run waits, and none for the time.
package struct Standstill: Error, CustomStringConvertible {
    package let description =
        "virtual time stands still: every task waits for another one, and none for the time"
}

/// Runs the tasks of a virtual run one at a time.
final class TurnExecutor: TaskExecutor {
    private struct State {
        var ready: Deque<UnownedJob> = []
        var randomness: Randomness?
        /// How many tasks wait for something outside.
        var holds = 0
        /// What was ready before the first of them.
        var heldBack: Deque<UnownedJob> = []
    }

    /// After how many turns the other tasks of the process get one.
    private static let turns = 512

    private let state = Mutex(State())
    /// Raised when a task that waits for something outside may have got it.
    private let arrival = Signal()

    /// Draws the next task by `seed`, or takes them in the order in which they became ready.
    func draw(by seed: UInt64?) {
        state.withLock { $0.randomness = seed.map { Randomness(seed: $0) } }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isHeld = state.withLock { state in
            state.ready.append(job)
            return state.holds > 0
        }
        if isHeld {
            arrival.raise()
        }
    }

    /// A task turns to something outside: until ``release()``, only what becomes ready from now
    /// on runs, for only that task has anything to do with it.
    ///
    /// When the answer comes, in real time, then decides nothing.
    func hold() {
        state.withLock { state in
            state.holds += 1
            guard state.holds == 1 else { return }
            swap(&state.heldBack, &state.ready)
        }
    }

    /// A task has what it wanted from outside.
    func release() {
        state.withLock { state in
            state.holds -= 1
            guard state.holds == 0 else { return }
            state.heldBack.append(contentsOf: state.ready)
            state.ready = []
            swap(&state.heldBack, &state.ready)
        }
    }

    /// Runs tasks until none is ready, and waits for what is outside; says whether any ran.
    func runReady() async -> Bool {
        var hasRun = false
        while true {
            let version = arrival.version
            for _ in 0..<TurnExecutor.turns {
                guard let job = next() else { break }
                job.runSynchronously(on: asUnownedTaskExecutor())
                hasRun = true
            }
            let (isIdle, isHeld) = state.withLock { ($0.ready.isEmpty, $0.holds > 0) }
            if !isIdle {
                await Task.yield()
            } else if isHeld {
                do {
                    try await arrival.wait(since: version)
                } catch {
                    // Cancelled or not, the answer has to come first.
                    await Task.yield()
                }
            } else {
                return hasRun
            }
        }
    }

    private func next() -> UnownedJob? {
        state.withLock { state in
            guard state.randomness != nil, state.ready.count > 1 else {
                return state.ready.popFirst()
            }
            let place = state.randomness?.below(UInt64(state.ready.count)) ?? 0
            return state.ready.remove(at: Int(place))
        }
    }
}
