package import Broker
package import Commerce

/// What happens to the calls of a store on their way to it, and to its answers on their way back.
package protocol StoreLayer: Sendable {
    /// Passes `call` on to `next`, or not, and gives the answer.
    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer

    /// The connections that a store with `own` seems to have.
    func connections(_ own: StoreConnections?) -> StoreConnections?
}

extension StoreLayer {
    package func connections(_ own: StoreConnections?) -> StoreConnections? { own }
}

/// The next layer on the way to a store, or the store itself.
package typealias NextStoreLayer<Answer> =
    (_ call: inout StoreCall) async throws(StoreError) -> Answer

/// One call to a store, as the layers before it see it.
package struct StoreCall: Sendable {
    /// What is asked for, with as much of it as layers look at or change.
    package enum Operation: Sendable {
        case hold
        case renewHold
        case readBack
        case close
        // Of a raw store.
        case nextPosition
        case store([RawWrite])
        case count
        case connections
        // Of a warehouse.
        case claim
        case progress
        case alreadyCounted
        case sketch
        case commit(WarehouseCommit)
        case storeDeadLetters([DeadLetter<Batch>])
        case storeDropped([DroppedMessages])
        case windows
        case topProducts
        case customEvents
        case exceptions
        /// Anything that is asked of the catalogue, the history, the deployments, the invariants,
        /// their schedule or the census of a warehouse.
        case part
    }

    /// What a call is made for.
    package enum Kind: Hashable, Sendable {
        /// A stage needs to know something before it goes on.
        case read
        /// A stage has something to store.
        case write
        /// A report is made.
        case report
        /// The run needs it for itself.
        case upkeep
    }

    package var operation: Operation
    /// What the store said of the events of ``Operation/store(_:)``, once it has answered.
    package var outcome: RawOutcome?

    package init(_ operation: Operation) {
        self.operation = operation
    }

    package var kind: Kind {
        switch operation {
        case .nextPosition, .progress, .alreadyCounted, .sketch: .read
        case .store, .commit, .storeDeadLetters, .storeDropped: .write
        case .count, .windows, .topProducts, .customEvents, .exceptions: .report
        case .hold, .renewHold, .readBack, .close, .connections, .claim, .part: .upkeep
        }
    }
}

extension StoreCall.Operation {
    /// How many events, or rows of others, a call has that a store takes its time for.
    package var events: Int {
        switch self {
        case .storeDeadLetters(let letters): letters.count
        case .storeDropped(let dropped): dropped.count
        default: storedEvents ?? 0
        }
    }

    /// How many events the write of a stage has; nil for any other call.
    package var storedEvents: Int? {
        switch self {
        case .store(let writes): writes.reduce(0) { $0 + $1.selection.count }
        case .commit(let commit):
            // Each event is in the window over all time once.
            commit.cells.reduce(0) { sum, cell in
                let isTotal = cell.key.grain == .all && !cell.key.category.isPresent
                return isTotal ? sum + Int(cell.delta.total) : sum
            }
        default: nil
        }
    }
}

/// The layers before one store, the outermost first.
struct StoreLayers: Sendable {
    let layers: [any StoreLayer]

    /// What `answer` gives, once the call has come through all layers.
    func pass<Answer>(
        _ operation: StoreCall.Operation,
        _ answer: @autoclosure () async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        try await pass(operation) { _ async throws(StoreError) in try await answer() }
    }

    /// What `body` gives to the call as the last layer left it.
    func pass<Answer>(
        _ operation: StoreCall.Operation,
        _ body: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        var call = StoreCall(operation)
        return try await pass(&call, from: 0, body)
    }

    private func pass<Answer>(
        _ call: inout StoreCall,
        from place: Int,
        _ body: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        guard place < layers.count else { return try await body(&call) }
        return try await layers[place].pass(&call) { call async throws(StoreError) -> Answer in
            // What a layer changes is for those behind it; only the outcome comes back.
            var changed = call
            let answer = try await pass(&changed, from: place + 1, body)
            call.outcome = changed.outcome
            return answer
        }
    }
}
