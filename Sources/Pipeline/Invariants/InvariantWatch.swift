package import Datasets
package import Logging
package import Prometheus
internal import SLO
internal import Synchronization
package import Timekeeping

/// Keeps the snapshot of a warehouse's invariants fresh, and serves its metrics.
///
/// Whoever refreshes counts: as long as another process, or a schedule of the database's, does so
/// in time, this one only reads the results. A scrape waits for nothing: it gets what the
/// last reading of the snapshot gave.
package final class InvariantWatch: Sendable {
    private struct State {
        var standings: [InvariantSnapshot.Standing] = []
        var refreshes = InvariantMetrics.Refreshes()
        /// When this process tried last.
        var tried: Timestamp?
        var stability = Stability()
    }

    /// How often the snapshot is read.
    package static let readingInterval = Duration.seconds(10)

    private let store: any InvariantStore
    private let deployments: (any DeploymentLog)?
    private let set: InvariantSet
    private let interval: Duration
    private let timeout: Duration
    private let timeline: any Timeline
    private let logger: Logger
    private let state = Mutex(State())

    /// A watch over `store` that looks at the invariants of `set` at least every `interval`, and
    /// when the pipeline has settled after one of `deployments`.
    package init(
        _ store: any InvariantStore,
        _ set: InvariantSet,
        deployments: (any DeploymentLog)? = nil,
        every interval: Duration,
        timeout: Duration = .seconds(30),
        timeline: any Timeline,
        logger: Logger
    ) {
        self.store = store
        self.deployments = deployments
        self.set = set.only(for: store.dialect)
        self.interval = interval
        self.timeout = timeout
        self.timeline = timeline
        self.logger = logger
    }

    /// What a scraper gets.
    package var families: [MetricFamily] {
        let state = state.withLock { $0 }
        return InvariantMetrics(state.standings, of: set, state.refreshes, every: interval)
            .families
    }

    /// Reads and refreshes until the task is cancelled; nothing that fails ends it.
    ///
    /// `condition` says how the pipeline is doing, nil before it has begun.
    package func run(_ condition: @Sendable () -> PipelineCondition?) async {
        repeat {
            await read()
            let settled = await settled(condition())
            if isDue || !settled.isEmpty, let refreshed = await refresh() {
                await judge(settled, at: refreshed)
                await read()
            }
        } while (try? await timeline.sleep(until: timeline.now + Self.readingInterval)) != nil
    }

    private var isDue: Bool {
        let state = state.withLock { $0 }
        let last = (state.standings.map(\.refreshed) + [state.tried]).compactMap(\.self).max()
        return last.map { timeline.now - $0 >= interval } ?? true
    }

    /// The deployments that wait to be judged, after which the pipeline has been stable for as long
    /// as each asks.
    private func settled(_ condition: PipelineCondition?) async -> [Deployment] {
        let now = timeline.now
        let since = state.withLock { state in
            state.stability.see(condition, at: now)
            return state.stability.since
        }
        guard let deployments, let since else { return [] }
        do {
            return try await deployments.deployments().filter { deployment in
                deployment.judged == nil
                    && now - max(since, deployment.marked) >= deployment.settle
            }
        } catch {
            tell("the deployments cannot be read", error)
            return []
        }
    }

    private func judge(_ settled: [Deployment], at instant: Timestamp) async {
        do {
            for deployment in settled {
                try await deployments?.judge(deploymentMarkedAt: deployment.marked, at: instant)
            }
        } catch {
            tell("a deployment cannot be told to be judged", error)
        }
    }

    private func read() async {
        do {
            let standings = try await store.standings()
            state.withLock { $0.standings = standings }
        } catch {
            tell("the snapshot of the invariants cannot be read", error)
        }
    }

    /// When what was found is of; nil if nothing was.
    private func refresh() async -> Timestamp? {
        do {
            let (_, after) = try await store.refresh(
                try await store.judgeable(set),
                timeout: timeout,
                timeline: timeline
            )
            state.withLock { state in
                state.tried = timeline.now
                state.refreshes.succeeded += 1
            }
            for standing in after.standings {
                guard let failure = standing.failure else { continue }
                tell("an invariant cannot be looked at", failure)
            }
            return after.standings.compactMap(\.refreshed).max() ?? timeline.now
        } catch is RefreshUnderWay {
            // What the other one finds is read next time, or this one tries again then.
        } catch {
            state.withLock { state in
                state.tried = timeline.now
                state.refreshes.failed += 1
            }
            tell("the invariants cannot be refreshed; their last snapshot stays", error)
        }
        return nil
    }

    private func tell(_ what: Logger.Message, _ reason: some Sendable) {
        guard !Task.isCancelled else { return }
        logger.warning(what, metadata: ["error": "\(reason)"])
    }
}
