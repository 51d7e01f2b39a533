/// A raw store behind layers, through which every call goes.
package struct LayeredRawStore: RawStore {
    private let store: any RawStore
    private let layers: StoreLayers

    /// `store` behind `layers`, the outermost first.
    package init(_ store: any RawStore, _ layers: [any StoreLayer]) {
        self.store = store
        self.layers = StoreLayers(layers: layers)
    }

    package func hold() async throws(StoreError) {
        try await layers.pass(.hold, await store.hold())
    }

    package func renewHold() async throws(StoreError) {
        try await layers.pass(.renewHold, await store.renewHold())
    }

    package func nextPosition() async throws(StoreError) -> Int64 {
        try await layers.pass(.nextPosition, await store.nextPosition())
    }

    package func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        try await layers.pass(.store(writes)) { call async throws(StoreError) in
            // A layer may have changed them.
            guard case .store(let writes) = call.operation else {
                return RawOutcome(stored: 0, duplicates: 0)
            }
            let outcome = try await store.store(writes)
            call.outcome = outcome
            return outcome
        }
    }

    package func readBack(from position: Int64) async throws(StoreError) -> Int64 {
        try await layers.pass(.readBack, await store.readBack(from: position))
    }

    package func count() async throws(StoreError) -> Int64 {
        try await layers.pass(.count, await store.count())
    }

    package var isVolatile: Bool { store.isVolatile }

    package var scan: (any RawEventScan)? { store.scan }

    package var lookup: (any RawEventLookup)? { store.lookup }

    package var reading: (any WholeEventReading)? { store.reading }

    package var logs: (any LogStore)? { store.logs }

    package func connections() async -> StoreConnections? {
        let own = try? await layers.pass(.connections) { _ async throws(StoreError) in
            await store.connections()
        }
        return layers.layers.reversed().reduce(own) { $1.connections($0) }
    }

    package func close() async throws(StoreError) {
        try await layers.pass(.close, await store.close())
    }
}
