internal import Broker
internal import Commerce
internal import Synchronization

/// A raw store that keeps the identities of the latest events, and no documents.
///
/// Its memory is bounded by `horizon`: an event that comes again after that many others is taken
/// for new. A run that must keep documents, or find duplicates at any distance, uses a real store.
package final class MemoryRawStore: RawStore {
    private struct State {
        var ledger: IdentityLedger
        var stored: Int64 = 0
        var nextPosition: Int64 = 1
    }

    private let state: Mutex<State>

    /// An empty store that remembers the identities of the last `horizon` events.
    package init(horizon: Int = 1 << 18) {
        state = Mutex(State(ledger: IdentityLedger(horizon: horizon)))
    }

    package var isVolatile: Bool { true }

    package func nextPosition() -> Int64 {
        state.withLock { $0.nextPosition }
    }

    package func store(_ writes: [RawWrite]) -> RawOutcome {
        state.withLock { state in
            var outcome = RawOutcome(stored: 0, duplicates: 0)
            for write in writes {
                let batch = write.publication.batch
                let new = state.ledger.admit(batch, write.selection)
                outcome.stored += new.count
                outcome.duplicates += write.selection.count - new.count
                if let last = new.last {
                    let position = write.publication.position(at: last)
                    state.nextPosition = max(state.nextPosition, position + 1)
                }
            }
            state.stored += Int64(outcome.stored)
            return outcome
        }
    }

    package func count() -> Int64 {
        state.withLock { $0.stored }
    }

    package func close() {}
}

extension Selection {
    fileprivate var last: Int? {
        switch self {
        case .range(let range): range.last
        case .places(let places): places.last.map(Int.init)
        }
    }
}
