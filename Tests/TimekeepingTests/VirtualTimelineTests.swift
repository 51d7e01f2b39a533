import TestSupport
import Testing
import Timekeeping

/// Time that jumps, and the tasks that take turns on it.
struct VirtualTimelineTests {
    private let start = Timestamp(seconds: 1_000_000)

    private func timeline() -> VirtualTimeline {
        VirtualTimeline(start: start, tick: .zero)
    }

    @Test func `a month passes at once, and a nanosecond takes its time too`() async throws {
        let timeline = timeline()
        let ended = try await timeline.run {
            try await timeline.sleep(until: timeline.now + .nanoseconds(1))
            try await timeline.sleep(until: timeline.now + .seconds(30 * 86_400))
            return timeline.now
        }
        #expect(ended == start + .seconds(30 * 86_400) + .nanoseconds(1))
    }

    @Test func `a run in which everybody waits for somebody says so, and ends`() async {
        let timeline = timeline()
        let lost = Signal()
        let error = await #expect(throws: Standstill.self) {
            try await timeline.run {
                try await timeline.sleep(until: timeline.now + .seconds(1))
                try await lost.wait(since: lost.version)
            }
        }
        #expect(error?.description.contains("every task waits") == true)
        #expect(timeline.now == start + .seconds(1))
    }

    @Test func `an error of the body is the error of the run`() async {
        struct Broken: Error {}
        let timeline = timeline()
        await #expect(throws: Broken.self) {
            try await timeline.run { throw Broken() }
        }
    }

    @Test func `a wait that a signal ends leaves nothing behind, however often`() async throws {
        let timeline = timeline()
        let signal = Signal()
        try await timeline.run {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for _ in 0..<10_000 {
                        try await timeline.wait(
                            for: signal,
                            since: signal.version,
                            until: timeline.now + .seconds(86_400)
                        )
                    }
                }
                group.addTask {
                    for _ in 0..<10_000 {
                        try await timeline.sleep(until: timeline.now + .milliseconds(1))
                        signal.raise()
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(timeline.now == start + .seconds(10))
        #expect(timeline.sleeperCount == 0)
    }

    @Test func `a cancelled sleeper wakes at once and throws`() async throws {
        let timeline = timeline()
        let woken = try await timeline.run {
            await withTaskGroup(of: Timestamp?.self) { group in
                group.addTask {
                    do {
                        try await timeline.sleep(until: timeline.now + .seconds(60))
                        return nil
                    } catch {
                        return timeline.now
                    }
                }
                try? await timeline.sleep(until: timeline.now + .seconds(1))
                group.cancelAll()
                return await group.next() ?? nil
            }
        }
        #expect(woken == start + .seconds(1))
    }

    /// Which of ten tasks takes each of a thousand turns.
    private func turns(seed: UInt64?) async throws -> [Int] {
        let timeline = timeline()
        let taken = Locked<[Int]>([])
        try await timeline.run(seed: seed) {
            await withTaskGroup { group in
                for task in 0..<10 {
                    group.addTask {
                        for _ in 0..<100 {
                            taken.change { $0.append(task) }
                            await Task.yield()
                        }
                    }
                }
            }
        }
        return taken.value
    }

    @Test func `tasks take turns in the same order every time, and a seed draws another`()
        async throws
    {
        let fair = try await turns(seed: nil)
        #expect(fair == (0..<1000).map { $0 % 10 })
        #expect(try await turns(seed: nil) == fair)
        let drawn = try await turns(seed: 7)
        #expect(drawn != fair)
        #expect(try await turns(seed: 7) == drawn)
        #expect(try await turns(seed: 8) != drawn)
    }

    @Test func `time stands still, and so do the others, while somebody waits for outside`()
        async throws
    {
        let timeline = timeline()
        let clock = RealTimeline()
        let order = Locked<[String]>([])
        @Sendable func note(_ what: String) {
            let seconds = (timeline.now - start).inSeconds
            order.change { $0.append("\(what) at \(Int(seconds))") }
        }
        try await timeline.run {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    try await timeline.sleep(until: start + .seconds(1))
                    note("asked")
                    try await timeline.outside {
                        // Off this executor, as the thread of a connection is.
                        try await withTaskExecutorPreference(globalConcurrentExecutor) {
                            try await clock.sleep(until: clock.now + .milliseconds(20))
                        }
                    }
                    note("answered")
                }
                group.addTask {
                    try await timeline.sleep(until: start + .seconds(1))
                    note("other")
                    try await timeline.sleep(until: start + .seconds(2))
                    note("later")
                }
                try await group.waitForAll()
            }
        }
        #expect(
            order.value == [
                "asked at 1", "answered at 1", "other at 1", "later at 2",
            ]
        )
    }

    @Test func `a run that is cancelled from outside ends`() async throws {
        let timeline = timeline()
        let passed = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await timeline.run {
                        while true {
                            try await timeline.sleep(until: timeline.now + .seconds(1))
                        }
                    }
                    return false
                } catch {
                    return error is CancellationError
                }
            }
            while timeline.now < start + .seconds(100) {
                await Task.yield()
            }
            group.cancelAll()
            return await group.next() == true
        }
        #expect(passed)
    }
}
