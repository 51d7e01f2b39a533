internal import DequeModule
internal import Synchronization

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
