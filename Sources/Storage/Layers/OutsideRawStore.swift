package import Timekeeping

/// A raw store that keeps its own time: on a virtual timeline, time stands still while it works.
package struct OutsideRawStore: RawStore {
    private let store: any RawStore
    private let timeline: any Timeline

    /// `store`, as seen from `timeline`.
    package init(_ store: any RawStore, timeline: any Timeline) {
        self.store = store
        self.timeline = timeline
    }

    package func hold() async throws(StoreError) {
        try await timeline.outside { () async throws(StoreError) in try await store.hold() }
    }

    package func renewHold() async throws(StoreError) {
        try await store.renewHold()
    }

    package func readBack(from position: Int64) async throws(StoreError) -> Int64 {
        try await timeline.outside { () async throws(StoreError) in
            try await store.readBack(from: position)
        }
    }

    package func nextPosition() async throws(StoreError) -> Int64 {
        try await timeline.outside { () async throws(StoreError) in
            try await store.nextPosition()
        }
    }

    package func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        try await timeline.outside { () async throws(StoreError) in
            try await store.store(writes)
        }
    }

    package func count() async throws(StoreError) -> Int64 {
        try await timeline.outside { () async throws(StoreError) in try await store.count() }
    }

    package func connections() async -> StoreConnections? {
        await timeline.outside { await store.connections() }
    }

    package func close() async throws(StoreError) {
        try await store.close()
    }
}
