internal import Stages

/// A raw store of a trial, whose writes are in the books.
struct AuditedRawStore: RawStore {
    let store: any RawStore
    let name: String
    let ledger: TrialLedger

    var isVolatile: Bool { store.isVolatile }

    func nextPosition() async throws(StoreError) -> Int64 { try await store.nextPosition() }

    func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        let outcome = try await store.store(writes)
        ledger.stored(writes, in: name)
        return outcome
    }

    func count() async throws(StoreError) -> Int64 { try await store.count() }

    func connections() async -> StoreConnections? { await store.connections() }

    func close() async throws(StoreError) { try await store.close() }
}
