internal import Synchronization

/// Does what a ``TrackerState`` decides, in a task of its own that begins with the first event and
/// ends after the tracker was closed.
final class TrackerDriver: Sendable {
    private struct Held {
        var state: TrackerState
        var hasBegun = false
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
    }

    /// Someone who waits until it is decided what became of the first `target` events.
    private struct Waiter {
        var target: Int
        var done: CheckedContinuation<Bool, Never>
    }

    private let held: Mutex<Held>
    private let bell = Bell()
    private let system: TrackerSystem
    private let connection: TrackerConnection?

    init(_ options: TrackerOptions, _ system: TrackerSystem) {
        held = Mutex(Held(state: TrackerState(options)))
        self.system = system
        connection = TrackerConnection(options, system)
    }

    var counts: TrackerCounts { held.withLock { $0.state.counts } }

    func add(_ json: [UInt8]) {
        let (begins, rings) = held.withLock { held -> (Bool, Bool) in
            let rings = held.state.add(json, at: system.now())
            let begins = rings && !held.hasBegun
            if begins { held.hasBegun = true }
            return (begins, rings)
        }
        if begins {
            TrackerSystem.begin { await self.run() }
        } else if rings {
            bell.ring()
        }
    }

    /// Sends what is there; whether all of it was sent or dropped within `patience`.
    func flush(within patience: Duration) async -> Bool {
        held.withLock { $0.state.flush() }
        bell.ring()
        return await settle(within: patience)
    }

    /// Takes nothing any more, and gives what is there `patience` to be sent.
    func close(within patience: Duration) {
        let hasBegun = held.withLock { held in
            held.state.close(at: system.now() + patience)
            return held.hasBegun
        }
        // Else there is no task that would do it at its end.
        if !hasBegun { connection?.close() }
        bell.ring()
    }

    /// Closes, waits for that, and drops what is left.
    func shutdown(within patience: Duration) async {
        close(within: patience)
        if await settle(within: patience) { return }
        let resumed = held.withLock { held in
            held.state.abandon()
            return Self.takeWaiters(of: &held)
        }
        for waiter in resumed { waiter.resume(returning: true) }
        connection?.close()
    }

    private func settle(within patience: Duration) async -> Bool {
        let number = held.withLock { held in
            held.nextWaiter += 1
            return held.nextWaiter
        }
        let deadline = system.now() + patience
        return await withTaskGroup { group in
            group.addTask { [self] in
                try? await system.sleep(deadline)
                giveUp(number)
            }
            let isSettled = await wait(number)
            group.cancelAll()
            return isSettled
        }
    }

    private func wait(_ number: Int) async -> Bool {
        await withCheckedContinuation { done in
            let isSettled = held.withLock { held -> Bool in
                let target = held.state.admitted
                if held.state.settled >= target { return true }
                held.waiters[number] = Waiter(target: target, done: done)
                return false
            }
            if isSettled { done.resume(returning: true) }
        }
    }

    private func giveUp(_ number: Int) {
        let waiter = held.withLock { $0.waiters.removeValue(forKey: number) }
        waiter?.done.resume(returning: false)
    }

    /// Those whose events are settled.
    private static func takeWaiters(of held: inout Held) -> [CheckedContinuation<Bool, Never>] {
        let settled = held.state.settled
        let numbers = held.waiters.filter { $0.value.target <= settled }.map(\.key).sorted()
        return numbers.compactMap { held.waiters.removeValue(forKey: $0)?.done }
    }

    private func run() async {
        while true {
            let (step, resumed) = held.withLock { held in
                let step = held.state.next(at: system.now())
                return (step, Self.takeWaiters(of: &held))
            }
            for waiter in resumed { waiter.resume(returning: true) }
            switch step {
            case .send(let body):
                let outcome =
                    await connection?.send(body) ?? .failed("no collector", retryAfter: nil)
                let resumed = held.withLock { held in
                    held.state.settle(outcome, at: system.now(), chance: system.chance())
                    return Self.takeWaiters(of: &held)
                }
                for waiter in resumed { waiter.resume(returning: true) }
            case .wait(let deadline): await wait(until: deadline)
            case .end:
                connection?.close()
                return
            }
        }
    }

    /// Waits for the bell, or until `deadline`.
    private func wait(until deadline: Duration?) async {
        await withTaskGroup { group in
            if let deadline {
                group.addTask { [system, bell] in
                    if (try? await system.sleep(deadline)) != nil { bell.ring() }
                }
            }
            await bell.next()
            group.cancelAll()
        }
    }
}

/// Wakes the one task that waits for it; a ring that nobody hears is kept for who comes next.
private final class Bell: Sendable {
    private struct State {
        var hasRung = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let waiting = state.withLock { state in
            let waiting = state.waiting
            state.waiting = nil
            if waiting == nil { state.hasRung = true }
            return waiting
        }
        waiting?.resume()
    }

    func next() async {
        await withCheckedContinuation { done in
            let hasRung = state.withLock { state -> Bool in
                if state.hasRung {
                    state.hasRung = false
                    return true
                }
                state.waiting = done
                return false
            }
            if hasRung { done.resume() }
        }
    }
}
