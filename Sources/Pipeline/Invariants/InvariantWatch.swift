package import Datasets
package import Logging
package import Prometheus
internal import SLO
internal import Synchronization
package import Timekeeping

/// Keeps the snapshot of a warehouse's invariants fresh, and serves its metrics.
///
/// Any refresh counts: as long as another process, or a schedule of the database's, does so
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

    /// A watch over `store` that checks the invariants of `set` at least every `interval`, and
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

    /// What was read of the snapshot last.
    package var standings: [InvariantSnapshot.Standing] { state.withLock { $0.standings } }

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
            tell("a deployment cannot be marked as judged", error)
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
                tell("an invariant cannot be checked", failure)
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

/// How a pipeline is doing at an instant.
package struct PipelineCondition: Hashable, Sendable {
    /// Whether a store fails or does not answer, or the pipeline is about to end.
    package var isImpeded: Bool
    /// Whether a paging alert fires.
    package var isBurning: Bool
    /// Messages that are not settled.
    package var backlog: Int64

    package init(isImpeded: Bool, isBurning: Bool, backlog: Int64) {
        self.isImpeded = isImpeded
        self.isBurning = isBurning
        self.backlog = backlog
    }
}

/// Since when a pipeline has been stable; a pure value.
///
/// Stable means: no store fails, no one is paged, and the backlog has not grown at each of the last
/// ``growthLimit`` looks. What has not begun is not stable, so that after a restart time runs anew.
package struct Stability: Hashable, Sendable {
    /// That many checks in a row with more backlog each are a trend.
    package static let growthLimit = 6

    /// Nil while it is not.
    package private(set) var since: Timestamp?
    private var backlog: Int64 = 0
    private var growths = 0

    package init() {}

    /// Sees `condition` at `now`; nil before the pipeline has begun.
    package mutating func see(_ condition: PipelineCondition?, at now: Timestamp) {
        guard let condition else {
            self = Stability()
            return
        }
        growths = condition.backlog > backlog ? growths + 1 : 0
        backlog = condition.backlog
        if condition.isImpeded || condition.isBurning || growths >= Self.growthLimit {
            since = nil
        } else if since == nil {
            since = now
        }
    }
}

/// The metrics of invariants, all from the last snapshot.
package struct InvariantMetrics: Sendable {
    /// The outcomes of the refreshes of one process.
    package struct Refreshes: Hashable, Sendable {
        package var succeeded: Int64 = 0
        package var failed: Int64 = 0

        package init() {}
    }

    private typealias Standing = InvariantSnapshot.Standing

    private let standings: [Standing]
    private let refreshes: Refreshes
    private let interval: Duration

    /// The metrics of `standings`; invariants of `set` that were never checked have 0.
    ///
    /// `interval` is how old figures are before this process refreshes them.
    package init(
        _ standings: [InvariantSnapshot.Standing],
        of set: InvariantSet,
        _ refreshes: Refreshes,
        every interval: Duration
    ) {
        let known = Set(standings.map(\.invariant))
        // Without a census nothing is known, which 0 would not say.
        let unseen = set.invariants.filter { !known.contains($0.name) && !$0.needsCensus }
            .map { Standing($0) }
        self.standings = (standings + unseen).sorted { $0.invariant < $1.invariant }
        self.refreshes = refreshes
        self.interval = interval
    }

    package var families: [MetricFamily] {
        [
            family("dataset_anomalies", "Violations of an invariant.") { $0.count },
            family(
                "dataset_invariant_consecutive_failures",
                "Looks at an invariant that have failed since the last one that did not."
            ) { $0.failures },
            MetricFamily(
                "dataset_invariants_last_refresh_timestamp_seconds",
                .gauge,
                unit: "seconds",
                help: "When the oldest figure of the snapshot was found; 0 while one is missing.",
                samples: [sample(.number(asOf.map { Double($0.nanoseconds) / 1e9 } ?? 0))]
            ),
            MetricFamily(
                "dataset_invariants_refresh_interval_seconds",
                .gauge,
                unit: "seconds",
                help: "How old the snapshot is before this process refreshes it.",
                samples: [sample(.number(interval.inSeconds))]
            ),
            MetricFamily(
                "dataset_invariants_refresh_seconds",
                .gauge,
                unit: "seconds",
                help: "How long the checks took that the snapshot is from, all together.",
                samples: [
                    sample(.number(standings.reduce(Duration.zero) { $0 + $1.took }.inSeconds))
                ]
            ),
            MetricFamily(
                "dataset_invariants_refreshes",
                .counter,
                help: "Refreshes that this process has begun and that ended so.",
                samples: [
                    sample(.integer(refreshes.succeeded), [.init("result", "succeeded")]),
                    sample(.integer(refreshes.failed), [.init("result", "failed")]),
                ]
            ),
        ]
    }

    private var asOf: Timestamp? { InvariantSnapshot(standings: standings).asOf }

    private func family(
        _ name: String,
        _ help: String,
        _ value: (Standing) -> Int64
    ) -> MetricFamily {
        let samples = standings.map { standing in
            sample(
                .integer(value(standing)),
                [
                    .init("invariant", standing.invariant), .init("severity", standing.severity),
                    .init("owner", standing.owner),
                ]
            )
        }
        return MetricFamily(name, .gauge, help: help, samples: samples)
    }

    private func sample(
        _ value: MetricValue,
        _ labels: [MetricFamily.Label] = []
    ) -> MetricFamily.Sample {
        MetricFamily.Sample(labels, value)
    }
}
