package import Broker
package import Commerce
package import Datasets
package import Logging
package import Storage
internal import Synchronization
package import Timekeeping

/// Counts the events of a subscription in windows, and acknowledges what a commit has stored.
package struct AnalyticsStage: Sendable {
    private typealias Taken = (delivery: Delivery<Batch>, taken: AnalyticsState.Taken)

    /// What was taken in since the last commit, and is not settled yet.
    private struct Pending {
        var taken: [Taken] = []
        var messages = 0
        var bytes = 0
        /// When the first of it was taken in.
        var since: Timestamp?

        mutating func append(_ delivery: Delivery<Batch>, _ taken: AnalyticsState.Taken) {
            self.taken.append((delivery, taken))
            messages += delivery.count
            bytes += delivery.count * delivery.batch.bytesPerMessage
        }

        mutating func removeAll() {
            taken.removeAll(keepingCapacity: true)
            (messages, bytes, since) = (0, 0, nil)
        }
    }

    /// With so many events, dividing them among workers costs little beside counting them.
    private static let workload = 16_384

    private let subscription: any Subscription<Batch>
    private let warehouse: any Warehouse
    private let options: AnalyticsOptions
    private let rules: EventRules
    private let timeline: any Timeline
    private let meter: StageMeter
    private let retry: StoreRetry
    private let logger: Logger
    /// The number of the last commit of all the lives of the stage: a stage that starts again in
    /// the same run goes on counting.
    private let lastCommit = LastCommit()
    private let dataset: DatasetID?
    /// Subscriptions that have counted in the warehouse before.
    private let predecessors: [String]

    /// A stage whose aggregates the warehouse's catalogue, where it has one, calls `dataset`.
    package init(
        subscription: any Subscription<Batch>,
        warehouse: any Warehouse,
        options: AnalyticsOptions,
        rules: EventRules,
        timeline: any Timeline,
        meter: StageMeter,
        logger: Logger,
        dataset: DatasetID? = nil,
        predecessors: [String] = [],
        patience: StorePatience = StorePatience()
    ) {
        self.dataset = dataset
        self.predecessors = predecessors
        self.subscription = subscription
        self.warehouse = warehouse
        self.options = options
        self.rules = rules
        self.timeline = timeline
        self.meter = meter
        self.logger = logger
        retry = StoreRetry(
            timeline: timeline,
            patience: patience,
            meter: meter,
            logger: logger
        )
    }

    /// Runs until the topic is closed and every message is settled.
    ///
    /// - Throws: ``StoreError`` once the warehouse has failed for longer than the patience, with
    ///   the deliveries in hand nacked; `CancellationError` when the task is cancelled, with
    ///   what was not committed left to be delivered again.
    package func run() async throws {
        let stored = try await retry.run { () async throws(StoreError) in
            try await warehouse.progress(of: subscription.name)
        }
        var state = AnalyticsState(
            subscription: subscription.name,
            options: options,
            rules: rules,
            stored: stored,
            commits: lastCommit.number,
            dataset: dataset
        )
        var pending = Pending()
        // What is gathered stays unsettled, and takes up the subscription's flow control: with
        // more than a part of it gathered, the producer would stand still until the commit.
        let policy = subscription.policy
        let commitLimit = max(1, min(options.commitLimit, policy.maximumMessages / 4))
        let limit = min(commitLimit, 4096)
        while true {
            let deadline = pending.since.map { $0 + options.commitInterval }
            let received = try await subscription.receive(atMost: limit, until: deadline)
            guard let deliveries = received else { return }
            try await take(deliveries, into: &state, &pending)
            if state.waitingEvents >= AnalyticsStage.workload { await workOff(&state) }
            let now = timeline.now
            pending.since = pending.since ?? now
            // None before the deadline says that the rest of a closed topic is in hand.
            let isDue =
                deliveries.isEmpty
                || deadline.map { $0 <= now } ?? (options.commitInterval == .zero)
            if isDue || pending.messages >= commitLimit
                || pending.bytes >= policy.maximumBytes / 4
            {
                try await commit(&state, &pending)
            }
            await Task.yield()
        }
    }

    private func take(
        _ deliveries: [Delivery<Batch>],
        into state: inout AnalyticsState,
        _ pending: inout Pending
    ) async throws {
        var rest = deliveries[...]
        while let symbols = rest.first?.batch.symbols {
            // A log goes through several symbol tables, and what is gathered is of one.
            if !state.takes(symbols) { try await commit(&state, &pending, holding: rest) }
            let group = rest.prefix { $0.batch.symbols === symbols }
            let recognised = group.map(LogRecognition.init)
            let known = try await alreadyCounted(
                recognised,
                holding: rest + pending.taken.map(\.delivery)
            )
            let now = timeline.now
            for (delivery, recognition) in zip(group, recognised) {
                let taken = state.take(delivery, recognition, counted: known, at: now)
                pending.append(delivery, taken)
            }
            pending.since = pending.since ?? now
            rest = rest.dropFirst(group.count)
        }
    }

    /// What commits have counted of the events and orders of the deliveries: asked of logs only.
    private func alreadyCounted(
        _ recognised: [LogRecognition],
        holding deliveries: ArraySlice<Delivery<Batch>>
    ) async throws -> CountedAnswer {
        let question = LogRecognition.question(recognised)
        guard !question.events.isEmpty else { return CountedAnswer() }
        let holdOn = { deliveries.forEach(subscription.extendDeadline) }
        return try await retry.run(holdOn: holdOn) { () async throws(StoreError) in
            var counted = try await warehouse.alreadyCounted(question, by: subscription.name)
            for predecessor in predecessors {
                let before = try await warehouse.alreadyCounted(question, by: predecessor)
                counted.events.merge(before.events) { own, _ in own }
                counted.orders.formUnion(before.orders)
            }
            return counted
        }
    }

    /// Stores what is pending and settles it; the deadlines of `others` are extended meanwhile.
    private func commit(
        _ state: inout AnalyticsState,
        _ pending: inout Pending,
        holding others: ArraySlice<Delivery<Batch>> = []
    ) async throws {
        do {
            if state.isPending {
                try await store(&state, holding: others + pending.taken.map(\.delivery))
            }
        } catch {
            let reason = FailureReason(
                label: (error as? StoreError)?.label ?? "stopped",
                detail: "\(error)"
            )
            for (delivery, _) in pending.taken {
                subscription.settle(delivery, .nack(reason))
            }
            throw error
        }
        let now = timeline.now
        let watermark = state.watermark
        for (delivery, taken) in pending.taken {
            subscription.settle(delivery, taken.settlement)
            meter.recordLatency(delivery.batch, taken.counted, at: now)
            logAcknowledged(delivery, by: meter.name, to: logger)
        }
        meter.update { counts in
            counts.recordJob(now - (pending.since ?? now))
            counts.watermark = watermark
            for (delivery, taken) in pending.taken {
                counts.received += Int64(delivery.count)
                counts.processed += Int64(taken.counted.count)
                counts.duplicates += Int64(taken.duplicates)
                counts.late += Int64(taken.late)
                counts.repeatedOrders += Int64(taken.repeatedOrders)
                counts.conflicts += Int64(taken.conflicts)
                counts.countFailures(of: taken.settlement)
            }
        }
        pending.removeAll()
    }

    /// Virtual time stands still while workers on other threads count.
    private func workOff(_ state: inout AnalyticsState) async {
        guard state.waitingEvents > 0 else { return }
        await timeline.outside { await state.workOff() }
    }

    private func store(
        _ state: inout AnalyticsState,
        holding deliveries: ArraySlice<Delivery<Batch>>
    ) async throws {
        let holdOn = { deliveries.forEach(subscription.extendDeadline) }
        await workOff(&state)
        guard let commit = state.takeCommit(at: timeline.now) else { return }
        lastCommit.number = commit.number
        try await retry.run(holdOn: holdOn) { () async throws(StoreError) in
            try await warehouse.commit(commit)
        }
    }
}

/// What the lives of one stage share.
private final class LastCommit: Sendable {
    private let state = Mutex<Int64>(0)

    var number: Int64 {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
