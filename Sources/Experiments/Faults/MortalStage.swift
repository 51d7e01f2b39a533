internal import Synchronization
internal import Timekeeping

/// Whether a worker of a stage lives; what a dead one says is not heard.
final class StageLife: Sendable {
    private let dead = Mutex(false)

    var isDead: Bool { dead.withLock { $0 } }

    fileprivate func die() { dead.withLock { $0 = true } }
    fileprivate func rise() { dead.withLock { $0 = false } }
}

/// A worker of a stage that crashes and starts again.
///
/// Its messages are neither acknowledged nor returned: their deadlines pass.
struct MortalStage: Sendable {
    private let crashes: TargetFaults
    private let life: StageLife
    private let body: @Sendable () async throws -> Void
    private let timeline: any Timeline

    /// `body` is the worker, which can be begun anew.
    init(
        _ crashes: TargetFaults,
        life: StageLife,
        body: @escaping @Sendable () async throws -> Void
    ) {
        self.crashes = crashes
        self.life = life
        self.body = body
        timeline = crashes.injector.timeline
    }

    /// Runs lives of the worker until one comes to its own end.
    func run() async throws {
        while true {
            if let crash = crashes.active(.crash, at: timeline.now), crash.fault.every == nil {
                try await timeline.sleep(until: crash.range.upperBound)
            }
            if try await live(until: nextDeath(after: timeline.now)) { return }
            life.rise()
        }
    }

    private func nextDeath(after now: Timestamp) -> (FaultPlan.Occurrence, Timestamp)? {
        if let crash = crashes.active(.crash, at: now), let every = crash.fault.every {
            let lives = Int64((now - crash.range.lowerBound) / every) + 1
            let death = crash.range.lowerBound + every * lives
            if death < crash.range.upperBound { return (crash, death) }
        }
        return crashes.next(after: now).map { ($0, $0.range.lowerBound) }
    }

    /// One life; says whether the worker came to its own end.
    private func live(until death: (FaultPlan.Occurrence, Timestamp)?) async throws -> Bool {
        guard let (crash, instant) = death else {
            try await body()
            return true
        }
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                try await timeline.sleep(until: instant)
                return false
            }
            guard let cameToItsEnd = try await group.next() else { return true }
            if !cameToItsEnd {
                life.die()
                crashes.injector.touch(crash)
            }
            group.cancelAll()
            // What it throws while it dies is what it would have said.
            while await group.nextResult() != nil {}
            return cameToItsEnd
        }
    }
}
