internal import Broker
internal import Storage

/// A raw store whose writes go into a digest, with what came of them.
struct WitnessedRawStore: ForwardingRawStore {
    let store: any RawStore
    private let digest: RunDigest

    init(_ store: any RawStore, _ digest: RunDigest) {
        self.store = store
        self.digest = digest
    }

    func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        let outcome = try await digest.following { () async throws(StoreError) in
            try await store.store(writes)
        }
        digest.note(.stored) { sum in
            for write in writes {
                sum.add(write.publication.firstPosition)
                sum.add(write.selection)
            }
            sum.add(outcome.stored)
            sum.add(outcome.duplicates)
        }
        return outcome
    }
}
