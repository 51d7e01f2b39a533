/// A raw store whose calls are counted.
package struct MeteredRawStore: ForwardingRawStore {
    package let store: any RawStore
    private let meter: StoreMeter

    /// `store`, as it is, with `meter` beside it.
    package init(_ store: any RawStore, meter: StoreMeter) {
        self.store = store
        self.meter = meter
    }

    package func nextPosition() async throws(StoreError) -> Int64 {
        try await meter.measure(.read) { () async throws(StoreError) in
            try await store.nextPosition()
        }
    }

    package func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        try await meter.measure(.write) { () async throws(StoreError) in
            try await store.store(writes)
        }
    }

    package func count() async throws(StoreError) -> Int64 {
        try await meter.measure(.read) { () async throws(StoreError) in
            try await store.count()
        }
    }
}
