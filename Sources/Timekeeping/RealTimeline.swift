#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Time as the machine keeps it: the monotonic clock, anchored to the epoch once.
///
/// Setting the system clock during a run therefore moves no timestamp and no latency.
package struct RealTimeline: Timeline {
    /// How often a task that waits for a signal lets others run before it falls asleep: some ten
    /// microseconds in all.
    private static let yields = 16

    /// What to add to the monotonic clock to get time since the epoch.
    private let offset: Int64

    /// Anchors the monotonic clock to the present time of day.
    package init() {
        offset = RealTimeline.read(CLOCK_REALTIME) - RealTimeline.read(CLOCK_MONOTONIC)
    }

    /// Whether the system's clock is in the years 1980 to 2199: what is computed with it then
    /// is within what a timestamp can hold.
    package static var isClockSound: Bool {
        var value = timespec()
        return clock_gettime(CLOCK_REALTIME, &value) == 0
            && isSound(secondsSinceEpoch: Int64(value.tv_sec))
    }

    /// Whether a clock that is there is one to go by.
    package static func isSound(secondsSinceEpoch seconds: Int64) -> Bool {
        (315_532_800..<7_258_118_400).contains(seconds)
    }

    package var now: Timestamp {
        Timestamp(nanoseconds: RealTimeline.read(CLOCK_MONOTONIC) + offset)
    }

    package var tick: Duration { .microseconds(500) }

    package func sleep(until deadline: Timestamp) async throws(CancellationError) {
        // Zero where the deadline has passed, so that other tasks get their turn all the same.
        repeat {
            // A day at a time: the system's timers do not reach as far as a timestamp does.
            let wait = min(max(deadline - now, .zero), .seconds(86_400))
            do {
                // A tolerance of zero keeps the tick of the producer sharp.
                try await Task.sleep(for: wait, tolerance: .zero)
            } catch {
                throw CancellationError()
            }
        } while now < deadline
    }

    package func wait(
        for signal: Signal,
        since version: UInt64,
        until deadline: Timestamp?
    ) async throws(CancellationError) {
        // A publisher in full flow raises the signal within microseconds. Waiting for that awake
        // saves both sides the price of falling asleep and of being woken.
        if await signal.isRaised(since: version, withinYields: RealTimeline.yields) {
            return
        }
        guard let deadline else {
            return try await signal.wait(since: version)
        }
        await withTaskGroup { group in
            // Either child ends the wait; the other is cancelled, which is not an error here.
            group.addTask { try? await signal.wait(since: version) }
            group.addTask { try? await sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
        if Task.isCancelled {
            throw CancellationError()
        }
    }

    package func outside<Value, Failure: Error>(
        _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await work()
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var value = timespec()
        let code = clock_gettime(clock, &value)
        precondition(code == 0, "the system has no such clock")
        return Int64(value.tv_sec) * 1_000_000_000 + Int64(value.tv_nsec)
    }
}
