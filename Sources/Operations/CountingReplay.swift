internal import Broker
internal import Commerce
internal import Datasets
internal import Stages
internal import Storage
internal import Timekeeping

/// Counts letters as analytics does.
struct CountingReplay {
    private let subscription: String
    private let warehouse: any Warehouse
    private let letters: any DeadLetterStore
    private var state: AnalyticsState
    /// Subscriptions that have counted in the warehouse before.
    private let others: [String]
    /// What was counted by this replay, of which the warehouse knows nothing while it is rehearsed.
    private var own = CountedAnswer()
    private(set) var changes = WindowChanges()

    init(
        _ subscription: String,
        _ options: AnalyticsOptions,
        _ rules: EventRules,
        _ dataset: DatasetID?,
        in warehouse: any Warehouse,
        _ letters: any DeadLetterStore,
        others: [String]
    ) async throws {
        self.subscription = subscription
        self.warehouse = warehouse
        self.letters = letters
        self.others = others
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
        _ attempts: [LetterAttempt],
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
            let name = attempt.letter.name
            guard let delivery = attempt.delivery else {
                let reason = attempt.failure ?? .deadlineExpired
                replayed.append(.init(name, .failed, .nack(reason), of: replay, at: now))
                continue
            }
            let taken = state.take(delivery, recognition, counted: known, at: now)
            replayed.append(
                .init(name, .init(taken), taken.settlement, of: replay, at: now)
            )
        }
        guard state.isPending, var commit = state.takeCommit(at: now) else {
            if !isRehearsed { try await letters.noteReplayed(replayed) }
            return replayed
        }
        changes.add(commit)
        for event in commit.counted { own.events[event.identity] = event.content }
        own.orders.formUnion(commit.orders)
        if !isRehearsed {
            commit.replayed = replayed
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

    /// Adds what `commit` does.
    mutating func add(_ commit: WarehouseCommit) {
        for (key, delta) in commit.cells {
            let place = Key(
                grain: key.grain,
                start: key.start,
                category: key.category.isPresent
                    ? commit.symbols.text(of: key.category, in: .category) : "",
                currency: key.currency
            )
            sums[place, default: WindowCell()] += delta
        }
    }
}
