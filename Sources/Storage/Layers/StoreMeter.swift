internal import Synchronization
package import Timekeeping

/// Counts the calls to one store as they come and go, and how long they take.
package final class StoreMeter: StoreLayer {
    /// One kind of call.
    package enum Operation: String, Hashable, Sendable, CaseIterable {
        case read
        case write
    }

    /// The counts of a store.
    package struct Counts: Sendable {
        /// Calls that were answered, by operation.
        package var answered: [Operation: Int64] = [:]
        /// Calls that failed, by the class of the reason.
        package var failures: [String: Int64] = [:]
        /// How long the answered calls took, by operation.
        package var durations: [Operation: LatencyRecorder] = [:]

        package init() {}

        /// All calls that failed.
        package var failed: Int64 { failures.values.reduce(0, +) }
    }

    private struct State {
        var counts = Counts()
        /// When the calls began that are not answered yet.
        var pending: [UInt64: Timestamp] = [:]
        var lastCall: UInt64 = 0
        /// Since when an operation has only failed.
        var failing: [Operation: Failing] = [:]
    }

    /// A kind of call that was not answered since it first failed.
    package struct Failing: Hashable, Sendable {
        package var since: Timestamp
        /// The class of the last reason.
        package var reason: String
    }

    /// The store's name in the pipeline.
    package let name: String
    private let timeline: any Timeline
    private let state = Mutex(State())

    /// A meter at zero for the store that the pipeline calls `name`.
    package init(name: String, timeline: any Timeline) {
        self.name = name
        self.timeline = timeline
    }

    /// Everything so far.
    package var total: Counts { state.withLock { $0.counts } }

    /// When the oldest call began that is not answered yet; nil if none waits.
    package var waitingSince: Timestamp? { state.withLock { $0.pending.values.min() } }

    /// What has failed and not succeeded since; the longest of the operations.
    package var failing: Failing? {
        state.withLock { $0.failing.values.min { $0.since < $1.since } }
    }

    package func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        guard let operation = call.measured else { return try await next(&call) }
        let began = timeline.now
        let number = state.withLock { state in
            state.lastCall += 1
            state.pending[state.lastCall] = began
            return state.lastCall
        }
        do {
            let answer = try await next(&call)
            let took = (timeline.now - began).inNanoseconds
            state.withLock { state in
                state.pending[number] = nil
                state.failing[operation] = nil
                state.counts.answered[operation, default: 0] += 1
                state.counts.durations[operation, default: LatencyRecorder()].record(took)
            }
            return answer
        } catch {
            state.withLock { state in
                state.pending[number] = nil
                let since = state.failing[operation]?.since ?? timeline.now
                state.failing[operation] = Failing(since: since, reason: error.label)
                state.counts.failures[error.label, default: 0] += 1
            }
            throw error
        }
    }
}

extension StoreCall {
    /// What it is counted as; nil for what is not counted.
    fileprivate var measured: StoreMeter.Operation? {
        switch kind {
        case .read, .report: .read
        case .write: .write
        case .upkeep: nil
        }
    }
}
