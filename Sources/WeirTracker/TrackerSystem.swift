internal import Foundation

/// The clock, chance and the background: the one place where the tracker asks the system for them.
package struct TrackerSystem: Sendable {
    /// The time since some instant, which no one sets.
    package var now: @Sendable () -> Duration
    /// The time of day, in milliseconds since 1970.
    package var time: @Sendable () -> Int64
    /// Waits until `now` is that; throws where the task is cancelled.
    package var sleep: @Sendable (_ deadline: Duration) async throws -> Void
    package var chance: @Sendable () -> UInt64

    package init(
        now: @escaping @Sendable () -> Duration,
        time: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (_ deadline: Duration) async throws -> Void,
        chance: @escaping @Sendable () -> UInt64
    ) {
        self.now = now
        self.time = time
        self.sleep = sleep
        self.chance = chance
    }

    /// That of the machine.
    package static let real: TrackerSystem = {
        let clock = ContinuousClock()
        let start = clock.now
        return TrackerSystem(
            now: { start.duration(to: clock.now) },
            time: { Int64(Date().timeIntervalSince1970 * 1000) },
            sleep: { try await clock.sleep(until: start + $0) },
            chance: {
                var generator = SystemRandomNumberGenerator()
                return generator.next()
            }
        )
    }()

    /// Runs `work` beside whatever its caller does.
    static func begin(_ work: @escaping @Sendable () async -> Void) {
        Task.detached { await work() }
    }
}
