internal import Synchronization
internal import Timekeeping

/// Runs `body` and all its child tasks on the calling thread, in virtual time.
///
/// Whenever no task can go on, `timeline` jumps to the next sleeper. A run is the same every
/// time; with a `seed`, the task that goes on next is drawn from those that can, so that many
/// seeds try many interleavings, each of which can be repeated.
///
/// - Throws: What `body` throws; ``Standstill`` where every task waits for another one, as after
///   a lost wake-up.
package func runVirtually<Result: Sendable>(
    on timeline: ManualTimeline,
    seed: UInt64? = nil,
    _ body: @escaping @Sendable () async throws -> Result
) throws -> Result {
    let executor = SteppingExecutor(seed: seed)
    let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
    let task = Task(executorPreference: executor) {
        do {
            let result = try await body()
            outcome.withLock { $0 = .success(result) }
        } catch {
            outcome.withLock { $0 = .failure(error) }
        }
    }
    while true {
        if executor.runNext() { continue }
        if let result = outcome.withLock({ $0 }) { return try result.get() }
        guard timeline.advanceToNextSleeper() else {
            task.cancel()
            throw Standstill()
        }
    }
}

/// Every task of a virtual run waits, and none for the time.
package struct Standstill: Error {}

/// Runs one job at a time, on the thread that asks for it.
private final class SteppingExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var randomness: Randomness?
    }

    private let state: Mutex<State>

    init(seed: UInt64?) {
        state = Mutex(State(randomness: seed.map { Randomness(seed: $0) }))
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
    }

    /// Runs a job that is ready; says whether there was one.
    func runNext() -> Bool {
        let job: UnownedJob? = state.withLock { state in
            guard !state.jobs.isEmpty else { return nil }
            let place = state.randomness?.below(UInt64(state.jobs.count)) ?? 0
            return state.jobs.remove(at: Int(place))
        }
        job?.runSynchronously(on: asUnownedTaskExecutor())
        return job != nil
    }
}
