internal import Broker
internal import Commerce
internal import Datasets
internal import Stages
internal import Storage
internal import Timekeeping

/// Counts messages as analytics does.
struct CountingReplay {
    private let subscription: String
    private let warehouse: any Warehouse
    private var state: AnalyticsState
    /// Subscriptions that have counted in the warehouse before.
    private let others: [String]
    /// What was counted by this replay, of which the warehouse knows nothing while it is rehearsed.
    private var own = CountedAnswer()
    /// Whether no two messages have one identity, so that only orders are remembered.
    private let isDistinct: Bool
    private(set) var changes = WindowChanges()

    init(
        _ subscription: String,
        _ options: AnalyticsOptions,
        _ rules: EventRules,
        _ dataset: DatasetID?,
        in warehouse: any Warehouse,
        others: [String],
        isDistinct: Bool
    ) async throws {
        self.subscription = subscription
        self.warehouse = warehouse
        self.others = others
        self.isDistinct = isDistinct
        state = AnalyticsState(
            subscription: subscription,
            options: options,
            rules: rules,
            stored: try await warehouse.progress(of: subscription),
            dataset: dataset
        )
    }

    /// Counts the events of `attempts` and notes their outcomes, in one transaction; or only says
    /// what would become of them.
    mutating func take(
        _ attempts: [ReplayAttempt],
        of replay: LetterReplay,
        isRehearsed: Bool,
        at now: Timestamp
    ) async throws -> [ReplayedLetter] {
        let recognised = attempts.map { $0.delivery.map(LogRecognition.init) }
        let known = try await alreadyCounted(
            LogRecognition.question(recognised.compactMap(\.self))
        )
        var replayed: [ReplayedLetter] = []
        for (attempt, recognition) in zip(attempts, recognised) {
            let name = attempt.name
            guard let delivery = attempt.delivery else {
                let reason = attempt.failure ?? .deadlineExpired
                replayed.append(.init(name, .failed, .nack(reason), of: replay, at: now))
                continue
            }
            let taken = state.take(delivery, recognition, counted: known, at: now)
            if attempt.isDone { continue }
            replayed.append(
                .init(name, .init(taken), taken.settlement, of: replay, at: now)
            )
        }
        guard state.isPending, var commit = state.takeCommit(at: now), commit.addsSomething else {
            // What brings nothing new may look like a commit that is stored already.
            if !isRehearsed, !replayed.isEmpty {
                try await warehouse.letters?.note(replayed, of: replay)
            }
            return replayed
        }
        changes.add(commit)
        if isRehearsed {
            if !isDistinct {
                for event in commit.counted { own.events[event.identity] = event.content }
            }
            own.orders.formUnion(commit.orders)
        } else {
            if replay.events == nil {
                commit.replayed = replayed
            } else {
                commit.replayedEvents = ReplayedEvents.runs(of: replayed)
            }
            try await warehouse.commit(commit)
        }
        return replayed
    }

    private func alreadyCounted(_ question: CountedQuestion) async throws -> CountedAnswer {
        guard !question.events.isEmpty else { return CountedAnswer() }
        var known = own
        for counting in [subscription] + others {
            let answer = try await warehouse.alreadyCounted(question, by: counting)
            known.events.merge(answer.events) { own, _ in own }
            known.orders.formUnion(answer.orders)
        }
        return known
    }
}

extension WarehouseCommit {
    /// Whether it changes more than how far streams are consumed.
    fileprivate var addsSomething: Bool {
        !cells.isEmpty || !products.isEmpty || !sketches.isEmpty || !late.isEmpty
            || !counted.isEmpty || !orders.isEmpty || !uncounted.isEmpty
    }
}

extension ReplayedLetter.Outcome {
    /// What became of the one event that `taken` tells of.
    fileprivate init(_ taken: AnalyticsState.Taken) {
        if taken.late > 0 {
            self = .late
        } else if !taken.counted.isEmpty {
            self = .counted
        } else if taken.repeatedOrders > 0 {
            self = .repeatedOrder
        } else if taken.conflicts > 0 {
            self = .conflict
        } else {
            self = .present
        }
    }
}

/// What a replay adds to windows, in all.
struct WindowChanges: Sendable {
    struct Key: Hashable, Comparable, Sendable {
        var grain: Grain
        var start: Timestamp
        /// Empty for the total over all categories.
        var category: String
        var currency: Currency

        /// The longest windows come first.
        static func < (left: Key, right: Key) -> Bool {
            if left.grain != right.grain { return left.grain > right.grain }
            return (left.start, left.category, left.currency.code)
                < (right.start, right.category, right.currency.code)
        }
    }

    private(set) var sums: [Key: WindowCell] = [:]
    /// Windows of this length and shorter are too many to be told; nil where all are told.
    private(set) var untold: Grain?

    /// So many sums are remembered, some 100 bytes each.
    private static let limit = 200_000

    /// Adds what `commit` does.
    mutating func add(_ commit: WarehouseCommit) {
        for (key, delta) in commit.cells {
            if let untold, key.grain <= untold { continue }
            let place = Key(
                grain: key.grain,
                start: key.start,
                category: key.category.isPresent
                    ? commit.symbols.text(of: key.category, in: .category) : "",
                currency: key.currency
            )
            sums[place, default: WindowCell()] += delta
        }
        while sums.count > WindowChanges.limit, let shortest = sums.keys.map(\.grain).min() {
            untold = shortest
            // order-free: all of one kind
            sums = sums.filter { $0.key.grain != shortest }
        }
    }
}
