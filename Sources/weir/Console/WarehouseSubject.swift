internal import Console
internal import Logging
internal import SLO
internal import Synchronization
internal import Timekeeping

/// The objectives of a warehouse as a console shows them.
///
/// A scrape reads what the last look at the warehouse has found, held to the time of the scrape:
/// where nothing more is found, the objectives come to have no data by themselves.
final class WarehouseSubject: ConsoleSubject {
    private struct State {
        var reviews: [ObjectiveReview] = []
        var refreshed: Timestamp?
        var took = Duration.zero
        var failure: String?
    }

    /// How often the warehouse is read, at most.
    private static let interval = Duration.seconds(10)
    /// Reading takes at most one in this many parts of the time.
    private static let idleParts = 10

    private let set: ObjectiveSet
    private let warehouse: String?
    private let process: ProcessMetrics
    private let timeline: any Timeline
    private let logger: Logger
    private let state = Mutex(State())

    init(
        _ set: ObjectiveSet,
        warehouse: String?,
        process: ProcessMetrics,
        timeline: any Timeline,
        logger: Logger
    ) {
        self.set = set
        self.warehouse = warehouse
        self.process = process
        self.timeline = timeline
        self.logger = logger
    }

    /// Reads the warehouse.
    ///
    /// - Throws: What it throws, with what was read before kept.
    func refresh() async throws {
        let began = timeline.now
        let reviews = try await read(asOf: began)
        state.withLock { state in
            state.reviews = reviews
            state.refreshed = began
            state.took = timeline.now - began
            state.failure = nil
        }
    }

    /// Reads the warehouse again and again, until the task is cancelled.
    func keepFresh() async {
        while !Task.isCancelled {
            let took = state.withLock { $0.took }
            let wait = max(WarehouseSubject.interval, took * WarehouseSubject.idleParts)
            do {
                try await timeline.sleep(until: timeline.now + wait)
            } catch {
                return
            }
            do {
                try await refresh()
            } catch {
                state.withLock { $0.failure = "\(error)" }
                logger.warning("the warehouse cannot be read", metadata: ["error": "\(error)"])
            }
        }
    }

    private func read(asOf now: Timestamp) async throws -> [ObjectiveReview] {
        let source = try await HistorySource.stores(
            warehouse,
            for: set.objectives,
            set.dataSources
        )
        do {
            var reviews: [ObjectiveReview] = []
            for objective in set.objectives {
                let (history, unanswered) = try await source.answer(
                    objective,
                    in: (now - objective.historyReach)..<now
                )
                if let unanswered { logger.warning("\(unanswered)") }
                reviews.append(try ObjectiveReview(objective, history: history, asOf: now))
            }
            try await source.close()
            return reviews
        } catch {
            try? await source.close()
            throw error
        }
    }

    var families: [MetricFamily] {
        let now = timeline.now
        let state = state.withLock { $0 }
        let readings = state.reviews.map { review in
            ObjectiveMetrics.Reading(
                review.tracker.status(asOf: now) ?? review.status,
                review.tracker.count
            )
        }
        let refreshed = MetricFamily(
            "weir_warehouse_last_read_timestamp_seconds",
            .gauge,
            unit: "seconds",
            help: "When the warehouse was read last.",
            samples: [
                MetricFamily.Sample(
                    [],
                    state.refreshed.map { .number(Double($0.nanoseconds) / 1e9) } ?? .absent
                )
            ]
        )
        return ObjectiveMetrics(readings).families + [refreshed] + process.families
    }

    var impediments: [String] {
        // The failure itself may tell more of the store than whoever asks should know.
        state.withLock { $0.failure == nil ? [] : ["the warehouse cannot be read"] }
    }
}
