internal import Foundation
internal import Timekeeping

/// How far a simulation has come, on a terminal; nothing on a pipe.
struct SimulationProgress {
    private let timeline: VirtualTimeline
    private let start: Timestamp
    private let length: Duration

    /// Follows `timeline`, which stands at the start, for `length`.
    init(_ timeline: VirtualTimeline, length: Duration) {
        self.timeline = timeline
        self.length = length
        start = timeline.now
    }

    /// Runs `body` with a line beside it that is written anew a few times a second.
    func shown<Result: Sendable>(
        while body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard isatty(2) == 1 else { return try await body() }
        let clock = RealTimeline()
        let began = clock.now
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    do {
                        try await clock.sleep(until: clock.now + .milliseconds(250))
                    } catch {
                        return nil
                    }
                    Terminal.live(line(after: clock.now - began))
                }
            }
            defer {
                group.cancelAll()
                Terminal.live()
            }
            while let ended = try await group.next() {
                if let result = ended { return result }
            }
            throw CancellationError()
        }
    }

    /// `2026-01-11T09:12:00Z  ·  34%  ·  21,000 times as fast  ·  1 min 20 s left`.
    private func line(after spent: Duration) -> String {
        let now = timeline.now
        let passed = (now - start).inSeconds
        let share = min(1, passed / length.inSeconds)
        let speed = passed / max(spent.inSeconds, 1e-9)
        var parts = [
            Timestamp(seconds: now.nanoseconds / 1_000_000_000).description,
            share.formatted(.percent.precision(.fractionLength(0))),
            "\(Int(speed).formatted(.number.locale(.init(identifier: "en_US")))) times as fast",
        ]
        if speed > 0 {
            let left = Int((length.inSeconds - passed) / speed)
            if left > 0 {
                parts.append(left < 60 ? "\(left) s left" : "\(left / 60) min \(left % 60) s left")
            }
        }
        return parts.joined(separator: "  ·  ")
    }
}
