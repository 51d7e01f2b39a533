/// A raw store in front of another one, to which it forwards by default.
package protocol ForwardingRawStore: RawStore {
    /// The one after it.
    var store: any RawStore { get }
}

extension ForwardingRawStore {
    package func hold() async throws(StoreError) {
        try await store.hold()
    }

    package func renewHold() async throws(StoreError) {
        try await store.renewHold()
    }

    package func readBack(from position: Int64) async throws(StoreError) -> Int64 {
        try await store.readBack(from: position)
    }

    package func nextPosition() async throws(StoreError) -> Int64 {
        try await store.nextPosition()
    }

    package func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        try await store.store(writes)
    }

    package func count() async throws(StoreError) -> Int64 {
        try await store.count()
    }

    package var isVolatile: Bool { store.isVolatile }

    package func connections() async -> StoreConnections? {
        await store.connections()
    }

    package func close() async throws(StoreError) {
        try await store.close()
    }
}
