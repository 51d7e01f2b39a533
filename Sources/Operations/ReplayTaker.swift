internal import Broker
internal import Commerce
internal import Datasets
internal import Stages
internal import Storage
internal import Timekeeping

/// A message that is given to its stage once more.
struct ReplayAttempt {
    var name: LetterName
    /// Nil where it could not be read as an event, for `failure`.
    var delivery: Delivery<Batch>?
    var failure: FailureReason?
    /// Whether the replay has taken it before it was interrupted: the stage sees it, so that it
    /// knows what time it is, and nothing becomes of it.
    var isDone = false
}

/// Who takes what is replayed to a stage, in its place.
enum ReplayTaker {
    case ingest(IngestReplay, DatasetID?)
    case analytics(CountingReplay)

    /// Who takes what is replayed to `stage`.
    ///
    /// - Parameters:
    ///   - stage: What reads the subscription.
    ///   - rules: Of the pipeline.
    ///   - warehouse: Keeps the outcomes.
    ///   - others: The subscriptions that have counted there.
    ///   - isDistinct: Whether no two messages have one identity.
    /// - Throws: `StoreError` where the warehouse cannot be read.
    init(
        _ stage: ReplayStage,
        _ rules: EventRules,
        in warehouse: any Warehouse,
        others: [String],
        isDistinct: Bool = false
    ) async throws {
        switch stage.kind {
        case .ingest(let store, let dataset):
            self = .ingest(
                IngestReplay(store, rules, warehouse.letters, isDistinct: isDistinct),
                dataset
            )
        case .analytics(let options, let dataset):
            self = .analytics(
                try await CountingReplay(
                    stage.subscription,
                    options,
                    rules,
                    dataset,
                    in: warehouse,
                    others: others.filter { $0 != stage.subscription },
                    isDistinct: isDistinct
                )
            )
        }
    }

    /// Gives it `attempts`; says what has become of them, or would become.
    mutating func take(
        _ attempts: [ReplayAttempt],
        of replay: LetterReplay,
        isRehearsed: Bool,
        at now: Timestamp
    ) async throws -> [ReplayedLetter] {
        switch self {
        case .ingest(var ingest, let dataset):
            defer { self = .ingest(ingest, dataset) }
            return try await ingest.take(attempts, of: replay, isRehearsed: isRehearsed, at: now)
        case .analytics(var counting):
            defer { self = .analytics(counting) }
            return try await counting.take(attempts, of: replay, isRehearsed: isRehearsed, at: now)
        }
    }

    /// What was added to windows; nil for who counts nothing.
    var changes: WindowChanges? {
        if case .analytics(let counting) = self { counting.changes } else { nil }
    }

    /// Does what is left to do when everything was taken.
    func finish(in warehouse: any Warehouse, _ timeline: any Timeline) async {
        if case .ingest(let ingest, let dataset) = self {
            await ingest.finish(dataset, in: warehouse, timeline)
        }
    }
}

extension ReplayStage {
    /// Whether it stores, and does not count.
    var isIngest: Bool {
        if case .ingest = kind { true } else { false }
    }
}

extension DeadLetterStore {
    /// Notes what `replay` has made of messages.
    func note(_ outcomes: [ReplayedLetter], of replay: LetterReplay) async throws(StoreError) {
        if replay.events == nil {
            try await noteReplayed(outcomes)
        } else {
            try await noteReplayed(ReplayedEvents.runs(of: outcomes))
        }
    }
}

/// So many messages a second.
struct ReplayPace {
    private let rate: Int?
    private let start: Timestamp

    init(_ rate: Int?, from start: Timestamp) {
        (self.rate, self.start) = (rate, start)
    }

    /// How many messages make a page, of at most `most`.
    func pageSize(atMost most: Int) -> Int { max(1, min(most, rate ?? most)) }

    /// Waits until `count` messages are due.
    func wait(for count: Int, on timeline: any Timeline) async throws {
        guard let rate else { return try Task.checkCancellation() }
        try await timeline.sleep(until: start + .seconds(1) * count / rate)
    }
}
