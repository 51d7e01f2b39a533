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
        /// The answered calls that stored events, each with its share of the store's time: of
        /// calls that the store has at the same time, each takes an equal part of that time, so
        /// that all of them together take as long as the store was busy.
        package var work = WorkSums()

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
        /// How much time of its own a call that the store has had from the start on got up to
        /// ``seen``.
        var shared: Int64 = 0
        var seen: Timestamp?

        /// Shares the time up to `now` among the calls that are pending.
        mutating func share(upTo now: Timestamp) {
            if let seen, !pending.isEmpty {
                shared += (now - seen).inNanoseconds / Int64(pending.count)
            }
            seen = now
        }
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
        let (number, shared) = state.withLock { state in
            state.share(upTo: began)
            state.lastCall += 1
            state.pending[state.lastCall] = began
            return (state.lastCall, state.shared)
        }
        // Counted before a layer changes the call.
        let events = call.operation.storedEvents
        do {
            let answer = try await next(&call)
            let ended = timeline.now
            let took = (ended - began).inNanoseconds
            state.withLock { state in
                state.share(upTo: ended)
                state.pending[number] = nil
                state.failing[operation] = nil
                if let events {
                    state.counts.work.add(events: events, nanoseconds: state.shared - shared)
                }
                state.counts.answered[operation, default: 0] += 1
                state.counts.durations[operation, default: LatencyRecorder()].record(took)
            }
            return answer
        } catch {
            state.withLock { state in
                state.share(upTo: timeline.now)
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
