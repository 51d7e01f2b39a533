internal import Broker
internal import Commerce
internal import Storage
internal import Synchronization
internal import Timekeeping

/// What one store is like: how long it takes, and what goes wrong with it.
final class StoreConditions: StoreLayer {
    private let faults: TargetFaults
    private let queue: ServiceQueue?
    private let timeline: any Timeline
    private let name: String
    private let calls = Mutex<UInt64>(0)

    init(_ faults: TargetFaults, queue: ServiceQueue?, store name: String) {
        self.faults = faults
        self.queue = queue
        self.name = name
        timeline = faults.injector.timeline
    }

    /// Passes on what a stage asks once a server of the store has had its time for it, with what
    /// is wrong with the store before and after; what a report reads is outside of that.
    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        guard call.kind == .read || call.kind == .write else { return try await next(&call) }
        if case .commit(let commit) = call.operation {
            call.operation = .commit(recorded(commit))
        }
        // Cancelled, the call itself has the say.
        try? await queue?.serve(events: call.operation.events)
        let active = faults.active(at: timeline.now)
        guard !active.isEmpty else { return try await next(&call) }
        let number = calls.withLock { calls in
            calls += 1
            return calls
        }
        let hit = active.filter { $0.hits(number, seed: faults.injector.plan.seed) }
        for occurrence in hit {
            try await before(occurrence)
        }
        let answer = try await next(&call)
        if call.kind == .write,
            let lost = hit.first(where: { $0.fault.kind == .acknowledgementLost })
        {
            faults.injector.touch(lost)
            throw StoreError(
                .unavailable,
                "\(name): the answer was lost, by the fault '\(lost.fault.name)'"
            )
        }
        return answer
    }

    /// `commit` as the store is given it: without its block, where that gets lost.
    private func recorded(_ commit: WarehouseCommit) -> WarehouseCommit {
        guard commit.block != nil,
            let lost = faults.active(.metadataBlocksLost, at: timeline.now),
            // Given again, it is the same commit, and loses the same.
            lost.hits(UInt64(bitPattern: commit.number), seed: faults.injector.plan.seed)
        else { return commit }
        faults.injector.touch(lost)
        var unrecorded = commit
        unrecorded.block = nil
        return unrecorded
    }

    private func before(_ occurrence: FaultPlan.Occurrence) async throws(StoreError) {
        let fault = occurrence.fault
        switch fault.kind {
        case .slow:
            faults.injector.touch(occurrence)
            try? await timeline.sleep(until: timeline.now + fault.by)
        case .unavailable, .failing:
            faults.injector.touch(occurrence)
            throw StoreError(
                .unavailable,
                "\(name) cannot be reached, by the fault '\(fault.name)'"
            )
        case .outOfConnections:
            faults.injector.touch(occurrence)
            throw StoreError(
                .busy,
                "\(name) has no free connection of \(fault.limit), by the fault '\(fault.name)'"
            )
        default: return
        }
    }

    /// The connections that a store with `own` has: all that there may be, where it is out of
    /// them.
    ///
    /// A store that has none of itself is taken to have one outside of the fault, so that the
    /// objective on connections has a history.
    func connections(_ own: StoreConnections?) -> StoreConnections? {
        guard !faults.only(.outOfConnections).isEmpty else { return own }
        var connections = own ?? StoreConnections(server: 1, open: 1, inUse: 0, limit: 1)
        if let fault = faults.active(.outOfConnections, at: timeline.now)?.fault {
            connections.server = max(connections.server ?? 0, fault.limit)
        }
        return connections
    }
}

/// The time that the own work of a worker takes before each of its writes: part of its job, as it
/// is in real time.
struct StageWork: StoreLayer {
    let queue: ServiceQueue

    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        switch call.operation {
        case .store, .commit:
            do {
                try await queue.serve(events: call.operation.events)
            } catch {
                // The next try finds that the task is cancelled.
                throw StoreError(.unavailable, "the work was stopped")
            }
        default: break
        }
        return try await next(&call)
    }
}
