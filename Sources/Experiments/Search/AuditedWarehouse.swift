internal import Broker
internal import Commerce
internal import Storage

/// A warehouse of a trial, whose late events and dead letters are in the books.
struct AuditedWarehouse: ForwardingWarehouse {
    let warehouse: any Warehouse
    let ledger: TrialLedger

    func commit(_ commit: WarehouseCommit) async throws(StoreError) {
        try await warehouse.commit(commit)
        ledger.committed(commit.late, of: commit.subscription)
    }

    func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError) {
        try await warehouse.storeDeadLetters(letters)
        ledger.kept(letters)
    }
}
