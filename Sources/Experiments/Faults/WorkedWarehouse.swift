internal import Storage

/// A warehouse as a worker calls it whose own work takes its time before each commit.
struct WorkedWarehouse: ForwardingWarehouse {
    let warehouse: any Warehouse
    let queue: ServiceQueue

    func commit(_ commit: WarehouseCommit) async throws(StoreError) {
        try await queue.work()
        try await warehouse.commit(commit)
    }
}

extension ServiceQueue {
    /// Returns when the work is done.
    ///
    /// - Throws: A transient `StoreError` where the task is cancelled meanwhile: whoever tries
    ///   again finds that it is.
    func work() async throws(StoreError) {
        do {
            try await serve()
        } catch {
            throw StoreError(.unavailable, "the work was stopped")
        }
    }
}
