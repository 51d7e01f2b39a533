import TestSupport
import Testing
import Timekeeping

/// The signal that publishers and subscribers wait for, and the timeline of these tests.
struct SignalTests {
    @Test func `a raise between the look and the wait is not missed`() async throws {
        let signal = Signal()
        let version = signal.version
        signal.raise()
        try await VirtualTimeline().run {
            try await signal.wait(since: version)
        }
    }

    @Test func `a wait without a raise does not return`() async {
        let signal = Signal()
        signal.raise()
        let version = signal.version
        await #expect(throws: Standstill.self) {
            try await VirtualTimeline().run {
                try await signal.wait(since: version)
            }
        }
    }

    @Test func `one raise wakes everyone who waits`() async throws {
        let timeline = VirtualTimeline()
        let signal = Signal()
        let woken = try await timeline.run {
            let version = signal.version
            return try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 {
                    group.addTask { try await signal.wait(since: version) }
                }
                try await timeline.sleep(until: Shop.epoch + .seconds(1))
                signal.raise()
                var woken = 0
                for try await _ in group {
                    woken += 1
                }
                return woken
            }
        }
        #expect(woken == 5)
    }

    @Test func `a cancelled wait throws and leaves the others waiting`() async throws {
        let timeline = VirtualTimeline()
        let signal = Signal()
        let outcome = try await timeline.run {
            let version = signal.version
            async let patient: Void = signal.wait(since: version)
            let wasCancelled = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    do {
                        try await signal.wait(since: version)
                        return false
                    } catch {
                        return true
                    }
                }
                try? await timeline.sleep(until: Shop.epoch + .seconds(1))
                group.cancelAll()
                return await group.next() == true
            }
            signal.raise()
            try await patient
            return wasCancelled
        }
        #expect(outcome)
    }

    @Test func `a wait that begins cancelled throws even if the signal was raised`() async throws {
        let signal = Signal()
        signal.raise()
        let threw = try await VirtualTimeline().run {
            await withTaskGroup(of: Bool.self) { group in
                group.cancelAll()
                group.addTask {
                    do {
                        try await signal.wait(since: 0)
                        return false
                    } catch {
                        return true
                    }
                }
                return await group.next() == true
            }
        }
        #expect(threw)
    }

    @Test func `a wait with a deadline ends at the deadline or at the raise`() async throws {
        let timeline = VirtualTimeline()
        let signal = Signal()
        try await timeline.run {
            let deadline = Shop.epoch + .seconds(5)
            try await timeline.wait(for: signal, since: signal.version, until: deadline)
            #expect(timeline.now == deadline)
            async let raised: Void = timeline.wait(
                for: signal,
                since: signal.version,
                until: deadline + .seconds(60)
            )
            try await timeline.sleep(until: deadline + .seconds(1))
            signal.raise()
            try await raised
            #expect(timeline.now == deadline + .seconds(1))
        }
        // The sleeper that lost was cancelled, and is not left behind.
        #expect(timeline.sleeperCount == 0)
    }

    /// Two tasks hand a turn to one another with nothing but signals: one lost wake-up and both
    /// wait for ever.
    @Test(.timeLimit(.minutes(20)))
    func `a ball that is played with real concurrency is never lost`() async throws {
        let rounds = 20_000
        let turn = Locked(0)
        let signal = Signal()
        try await withThrowingTaskGroup { group in
            for player in 0...1 {
                group.addTask {
                    while true {
                        let version = signal.version
                        let present = turn.value
                        if present >= rounds { return }
                        if present % 2 == player {
                            turn.change { $0 += 1 }
                            signal.raise()
                        } else {
                            try await signal.wait(since: version)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(turn.value == rounds)
    }

    @Test func `sleepers wake in the order of instant and then of falling asleep`() async throws {
        let timeline = VirtualTimeline()
        let order = Locked<[String]>([])
        let sleepers = [("late", 3), ("first", 1), ("second", 1), ("middle", 2)]
        try await timeline.run {
            try await withThrowingTaskGroup { group in
                for (name, seconds) in sleepers {
                    group.addTask {
                        try await timeline.sleep(until: Shop.epoch + .seconds(seconds))
                        order.change { $0.append("\(name) at \(timeline.now - Shop.epoch)") }
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(
            order.value == [
                "first at 1.0 seconds", "second at 1.0 seconds", "middle at 2.0 seconds",
                "late at 3.0 seconds",
            ]
        )
    }

    @Test func `time moved by hand passes every sleeper on its way`() async throws {
        let timeline = VirtualTimeline()
        timeline.advance(by: .seconds(2))
        #expect(timeline.now == Shop.epoch + .seconds(2))
        // What has passed does not let anyone sleep.
        try await timeline.sleep(until: Shop.epoch + .seconds(1))
        #expect(timeline.sleeperCount == 0)
    }
}
