internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A thread for one connection: callers await it, and only this
/// thread ever waits for the server.
///
/// The threads that run Swift's tasks must never wait, or nothing else goes on. A call may be half
/// a dozen answers of the server; waiting for them here, one after the other, costs two switches
/// of threads a call in place of two an answer.
package final class ConnectionThread: SerialExecutor {
    private let jobs = JobList()

    /// Starts the thread; it ends with the last reference to this.
    package init() {
        // The thread holds the list, not this object, which could otherwise never go.
        let list = unsafe Unmanaged.passRetained(jobs).toOpaque()
        #if canImport(Glibc)
        var thread = pthread_t()
        #else
        var thread: pthread_t?
        #endif
        let code = unsafe pthread_create(&thread, nil, ConnectionThread.main, list)
        precondition(code == 0, "the system has no thread left for a connection")
        #if canImport(Glibc)
        pthread_detach(thread)
        #else
        if let thread = unsafe thread { unsafe pthread_detach(thread) }
        #endif
    }

    deinit {
        jobs.end()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        unsafe jobs.append(UnownedJob(job), for: asUnownedSerialExecutor())
    }

    #if canImport(Glibc)
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
        { list in
            if let list = unsafe list {
                unsafe Unmanaged<JobList>.fromOpaque(list).takeRetainedValue().work()
            }
            return nil
        }
    #else
    private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? =
        { list in
            unsafe Unmanaged<JobList>.fromOpaque(list).takeRetainedValue().work()
            return nil
        }
    #endif
}

/// The jobs that wait for a thread, in the order in which they came.
private final class JobList: Sendable {
    @safe
    private struct Entry {
        var job: UnownedJob
        var executor: UnownedSerialExecutor
    }

    private let entries = Mutex<[Entry]>([])
    /// Raised once a job, and once more at the end.
    private let raised = DispatchSemaphore(value: 0)

    func append(_ job: UnownedJob, for executor: UnownedSerialExecutor) {
        entries.withLock { unsafe $0.append(Entry(job: job, executor: executor)) }
        raised.signal()
    }

    func end() {
        raised.signal()
    }

    /// Runs the jobs until the end.
    func work() {
        while true {
            raised.wait()
            let entry = entries.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            guard let entry else { return }
            unsafe entry.job.runSynchronously(on: entry.executor)
        }
    }
}
