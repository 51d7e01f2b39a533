#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A thread of its own for calls that wait for the network: the executor of one actor.
///
/// The threads that run Swift's tasks must never wait, or nothing else goes on; this one may.
///
/// - Guarantees: jobs run one at a time, in the order they came.
// Sendable without the compiler's proof: `lock` guards `jobs` and `isStopping`; `thread` is set
// before anyone else has the object, and read once, by the only call of `stop()`.
@safe final class ConnectionThread: SerialExecutor, @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let somethingToDo: UnsafeMutablePointer<pthread_cond_t>
    private var jobs: [UnownedJob] = []
    private var isStopping = false
    private var thread = pthread_t()

    /// Starts the thread.
    init() {
        unsafe lock = .allocate(capacity: 1)
        unsafe somethingToDo = .allocate(capacity: 1)
        unsafe pthread_mutex_init(lock, nil)
        unsafe pthread_cond_init(somethingToDo, nil)
        // The thread holds the object until it ends.
        let argument = unsafe Unmanaged.passRetained(self).toOpaque()
        let code = unsafe pthread_create(&thread, nil, ConnectionThread.main, argument)
        precondition(code == 0, "the system has no thread to give (error \(code))")
    }

    deinit {
        unsafe pthread_cond_destroy(somethingToDo)
        unsafe pthread_mutex_destroy(lock)
        unsafe somethingToDo.deallocate()
        unsafe lock.deallocate()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        unsafe pthread_mutex_lock(lock)
        jobs.append(job)
        unsafe pthread_cond_signal(somethingToDo)
        unsafe pthread_mutex_unlock(lock)
    }

    /// Ends the thread once its jobs are done, and waits for that; nothing may be enqueued then.
    func stop() {
        unsafe pthread_mutex_lock(lock)
        isStopping = true
        unsafe pthread_cond_signal(somethingToDo)
        unsafe pthread_mutex_unlock(lock)
        pthread_join(thread, nil)
    }

    /// The next job, once there is one; nil when there will be none.
    private func next() -> UnownedJob? {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        while jobs.isEmpty {
            guard !isStopping else { return nil }
            unsafe pthread_cond_wait(somethingToDo, lock)
        }
        return jobs.removeFirst()
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
        {
            argument in
            guard let argument = unsafe argument else { return nil }
            let executor = unsafe Unmanaged<ConnectionThread>.fromOpaque(argument)
                .takeRetainedValue()
            while let job = executor.next() {
                unsafe job.runSynchronously(on: executor.asUnownedSerialExecutor())
            }
            return nil
        }
}
