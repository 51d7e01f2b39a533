internal import Pipeline
internal import Synchronization
internal import Timekeeping

/// Servers that calls wait for in the order in which they come: a queue G/G/c.
///
/// When a server will be free follows from the calls before, so that no task has to be woken: each
/// call knows at once when it is done.
final class ServiceQueue: Sendable {
    private struct State {
        /// When each server has done what it was given.
        var free: [Timestamp]
        var chance: Randomness
    }

    private let time: ServiceTime
    private let timeline: any Timeline
    private let state: Mutex<State>

    /// Idle servers; the times they take follow from `seed`.
    init(_ time: ServiceTime, seed: UInt64, timeline: any Timeline) {
        self.time = time
        self.timeline = timeline
        state = Mutex(
            State(
                free: Array(repeating: .distantPast, count: max(1, time.servers)),
                chance: Randomness(seed: seed)
            )
        )
    }

    /// Returns when a server has served the caller, whose call has so many events.
    func serve(events: Int) async throws(CancellationError) {
        let now = timeline.now
        let done = state.withLock { state in
            let server = state.free.indices.min { state.free[$0] < state.free[$1] } ?? 0
            let end = max(now, state.free[server]) + time.sample(&state.chance, events: events)
            state.free[server] = end
            return end
        }
        try await timeline.sleep(until: done)
    }
}
