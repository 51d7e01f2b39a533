internal import Storage

/// A raw store of a trial, whose writes are in the books.
struct AuditedRawStore: ForwardingRawStore {
    let store: any RawStore
    let name: String
    let ledger: TrialLedger

    func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        let outcome = try await store.store(writes)
        ledger.stored(writes, in: name)
        return outcome
    }
}
