package import Datasets
package import Logging
package import SLO
internal import Synchronization
package import Timekeeping

/// Keeps the snapshot of a warehouse's invariants fresh, and what a scraper is told of it.
///
/// Whoever refreshes counts: as long as another process, or a schedule of the database's, does so
/// in time, this one only reads what was found. A scrape waits for nothing: it is told what the
/// last reading of the snapshot gave.
package final class InvariantWatch: Sendable {
    private struct State {
        var standings: [InvariantSnapshot.Standing] = []
        var refreshes = InvariantMetrics.Refreshes()
        /// When this process tried last.
        var tried: Timestamp?
    }

    /// How often the snapshot is read.
    package static let readingInterval = Duration.seconds(10)

    private let store: any InvariantStore
    private let set: InvariantSet
    private let interval: Duration
    private let timeout: Duration
    private let timeline: any Timeline
    private let logger: Logger
    private let state = Mutex(State())

    /// A watch over `store` that looks at the invariants of `set` at least every `interval`.
    package init(
        _ store: any InvariantStore,
        _ set: InvariantSet,
        every interval: Duration,
        timeout: Duration = .seconds(30),
        timeline: any Timeline,
        logger: Logger
    ) {
        self.store = store
        self.set = set.only(for: store.dialect)
        self.interval = interval
        self.timeout = timeout
        self.timeline = timeline
        self.logger = logger
    }

    /// What a scraper is told.
    package var families: [MetricFamily] {
        let state = state.withLock { $0 }
        return InvariantMetrics(state.standings, of: set, state.refreshes, every: interval)
            .families
    }

    /// Reads and refreshes until the task is cancelled; nothing that fails ends it.
    package func run() async {
        while !Task.isCancelled {
            await read()
            if isDue {
                await refresh()
                await read()
            }
            do {
                try await timeline.sleep(until: timeline.now + Self.readingInterval)
            } catch {
                return
            }
        }
    }

    private var isDue: Bool {
        let state = state.withLock { $0 }
        let last = (state.standings.map(\.refreshed) + [state.tried]).compactMap(\.self).max()
        return last.map { timeline.now - $0 >= interval } ?? true
    }

    private func read() async {
        do {
            let standings = try await store.standings()
            state.withLock { $0.standings = standings }
        } catch {
            tell("the snapshot of the invariants cannot be read", error)
        }
    }

    private func refresh() async {
        do {
            let (_, after) = try await store.refresh(set, timeout: timeout, timeline: timeline)
            state.withLock { state in
                state.tried = timeline.now
                state.refreshes.succeeded += 1
            }
            for standing in after.standings {
                guard let failure = standing.failure else { continue }
                tell("an invariant cannot be looked at", failure)
            }
        } catch is RefreshUnderWay {
            // What the other one finds is read next time, or this one tries again then.
        } catch {
            state.withLock { state in
                state.tried = timeline.now
                state.refreshes.failed += 1
            }
            tell("the invariants cannot be refreshed; their last snapshot stays", error)
        }
    }

    private func tell(_ what: Logger.Message, _ reason: some Sendable) {
        guard !Task.isCancelled else { return }
        logger.warning(what, metadata: ["error": "\(reason)"])
    }
}
