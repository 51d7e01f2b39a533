internal import Storage

/// A raw store as a worker calls it whose own work takes its time before each write.
///
/// It is part of the worker's job, as it is in real time.
struct WorkedRawStore: ForwardingRawStore {
    let store: any RawStore
    let queue: ServiceQueue

    func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        try await queue.work()
        return try await store.store(writes)
    }
}
