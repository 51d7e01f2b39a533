package import Broker
package import Commerce
package import Datasets
package import Storage
package import Timekeeping

/// What analytics knows between two commits; a pure value.
///
/// It decides for each message of a delivery whether its event is sound, was counted before, is
/// late, or counts, and gathers what the next commit stores.
package struct AnalyticsState: Sendable {
    private struct Stream: Sendable {
        var symbol: Symbol
        var progress: StreamProgress
        var isChanged = false
    }

    /// What became of a delivery's messages.
    package struct Taken: Sendable {
        package var settlement: Settlement
        /// The messages that are counted with the next commit.
        package var counted: Selection
        package var duplicates: Int
        package var late: Int
        /// Purchases whose order was counted under another id.
        package var repeatedOrders: Int
        /// Events whose identity was counted with another content.
        package var conflicts: Int
    }

    private let subscription: String
    private let options: AnalyticsOptions
    private let rules: EventRules
    private let base: Grain
    private let dataset: DatasetID?
    private var transform = TransformDraft()
    private var aggregator: WindowAggregation
    private var ledger: Deduplicator
    private var streams: [Stream] = []
    private var stored: [StreamProgress]
    private var late: [LateEvent] = []
    /// The events and orders of logs that were counted since the last commit.
    private var counted = CountedAnswer()
    private var uncounted: [UncountedEvent] = []
    private var symbols: SymbolTable?
    /// How many commits were taken.
    private var commits: Int64

    /// A state that goes on from the `stored` progress of `subscription`, and counts its commits
    /// on from `commits`.
    ///
    /// `dataset` is what a catalogue calls the aggregates; nil where there is no catalogue.
    package init(
        subscription: String,
        options: AnalyticsOptions,
        rules: EventRules,
        stored: [StreamProgress],
        commits: Int64 = 0,
        dataset: DatasetID? = nil
    ) {
        self.subscription = subscription
        self.dataset = dataset
        self.options = options
        self.rules = rules
        self.stored = stored
        self.commits = commits
        base = options.grains.min() ?? .second
        aggregator = WindowAggregation(options: options)
        ledger = Deduplicator(horizon: options.identityHorizon)
    }

    /// Whether there is anything to commit.
    package var isPending: Bool {
        aggregator.pendingEvents > 0 || !counted.events.isEmpty || !uncounted.isEmpty
            || streams.contains { $0.isChanged }
    }

    /// Whether a delivery whose symbols are of `symbols` may be taken in before the next commit:
    /// one commit is of one symbol table.
    package func takes(_ symbols: SymbolTable) -> Bool {
        self.symbols.map { $0 === symbols } ?? true || !isPending
    }

    /// Goes on with the symbols of `symbols`.
    private mutating func read(_ symbols: SymbolTable) {
        guard let last = self.symbols, last !== symbols else {
            self.symbols = symbols
            return
        }
        precondition(!isPending, "what is pending is of another symbols")
        aggregator.translate(from: last, to: symbols)
        for index in streams.indices {
            streams[index].symbol = symbols.symbol(for: streams[index].progress.stream, in: .text)
        }
        self.symbols = symbols
    }

    /// Takes in a delivery, whose symbol table it ``takes(_:)``.
    ///
    /// - Parameters:
    ///   - delivery: What a subscription handed out.
    ///   - recognition: Who its events are, where that is known already.
    ///   - known: What commits have counted of what ``LogRecognition/question(_:)`` asks.
    ///   - now: The time by the timeline.
    /// - Returns: What became of its messages.
    package mutating func take(
        _ delivery: Delivery<Batch>,
        _ recognition: LogRecognition? = nil,
        counted known: CountedAnswer = CountedAnswer(),
        at now: Timestamp
    ) -> Taken {
        let batch = delivery.batch
        read(batch.symbols)
        let (sound, failures) = delivery.validated(by: rules, at: now)
        let stream = streamIndex(of: batch)
        let before = uncounted.count
        let new: Selection
        if batch.origin.isReplayed {
            let recognition = recognition ?? LogRecognition(delivery)
            new = notCounted(sound, delivery.publication, recognition, known)
        } else {
            new = ledger.admit(batch, notConsumed(sound, of: batch, stream))
        }
        let refused = uncounted[before...]
        let repeatedOrders = refused.count { $0.reason == .repeatedOrder }
        if dataset != nil { transform.add(delivery.publication, new) }
        let onTime = takeLate(new, among: sound, delivery.publication, stream, now)
        aggregator.add(batch, onTime)
        return Taken(
            settlement: failures.isEmpty ? .ack : .ackExcept(failures),
            counted: new,
            duplicates: sound.count - new.count - refused.count,
            late: new.count - onTime.count,
            repeatedOrders: repeatedOrders,
            conflicts: refused.count - repeatedOrders
        )
    }

    /// How many events were taken in that several workers are still to add to their windows.
    package var waitingEvents: Int { aggregator.waitingEvents }

    /// Has the workers add what was taken in, side by side: all that is decided is decided by then,
    /// so that it changes nothing in the next commit.
    package mutating func workOff() async {
        await aggregator.workOff()
    }

    /// Everything since the last commit; the state forgets it.
    package mutating func takeCommit(at now: Timestamp) -> WarehouseCommit? {
        guard let symbols else { return nil }
        commits += 1
        var commit = WarehouseCommit(
            subscription: subscription,
            number: commits,
            symbols: symbols
        )
        (commit.cells, commit.products, commit.sketches, commit.custom) = aggregator.takeDeltas()
        // An empty text is what the total is stored under.
        commit.cells.removeAll { $0.key.category.isPresent && symbols.isEmpty($0.key.category) }
        commit.late = late
        late = []
        commit.uncounted = uncounted
        uncounted = []
        // order-free: sorted
        commit.counted = counted.events.map { CountedEvent($0.key, content: $0.value) }
            .sorted { $0.identity < $1.identity }
        commit.orders = counted.orders.sorted()
        counted = CountedAnswer()
        for index in streams.indices where streams[index].isChanged {
            commit.progress.append(streams[index].progress)
            streams[index].isChanged = false
        }
        commit.block = dataset.map { transform.take($0, for: commit, at: now) }
        return commit
    }

    /// The latest event time of what was taken in, of any stream; nil before there was any.
    var watermark: Timestamp? { streams.map(\.progress.watermark).max() }

    // MARK: - Seen before

    /// Those of `selection`, which are of a log, that count, and are known from now on.
    ///
    /// Neither their identity nor the order that they open was counted before.
    private mutating func notCounted(
        _ selection: Selection,
        _ publication: Publication<Batch>,
        _ recognition: LogRecognition,
        _ known: CountedAnswer
    ) -> Selection {
        selection.partitioned { place in
            guard let entry = recognition[place] else { return false }
            let identity = entry.event.identity
            let isNew: Bool
            var reason: UncountedEvent.Reason?
            if let content = known.events[identity] ?? counted.events[identity] {
                isNew = false
                reason = content == entry.event.content ? nil : .conflict
            } else if let order = entry.order,
                known.orders.contains(order) || !counted.orders.insert(order).inserted
            {
                isNew = false
                reason = .repeatedOrder
            } else {
                isNew = true
                counted.events[identity] = entry.event.content
            }
            if let reason {
                uncounted.append(
                    UncountedEvent(
                        publication: publication,
                        place: place,
                        reason: reason,
                        content: entry.event.content
                    )
                )
            }
            return isNew
        }.included
    }

    private mutating func streamIndex(of batch: Batch) -> Int {
        let symbol = batch.origin.stream
        if let index = streams.firstIndex(where: { $0.symbol == symbol }) {
            return index
        }
        let text = batch.symbols.text(of: symbol, in: .text)
        // A log is read from its start each time, and what was late then is late again.
        let progress =
            stored.first { $0.stream == text && !batch.origin.isReplayed }
            ?? StreamProgress(stream: text, consumed: IntervalSet(), watermark: .distantPast)
        streams.append(Stream(symbol: symbol, progress: progress))
        return streams.count - 1
    }

    /// The messages whose offsets no commit, stored or pending, has consumed; they are from now
    /// on.
    private mutating func notConsumed(
        _ selection: Selection,
        of batch: Batch,
        _ stream: Int
    ) -> Selection {
        guard !selection.isEmpty else { return selection }
        streams[stream].isChanged = true
        let origin = batch.origin
        if case .range(let range) = selection, origin.offsets.isEmpty {
            let offsets =
                origin.offset(at: range.lowerBound)...origin.offset(at: range.upperBound - 1)
            if !streams[stream].progress.consumed.intersects(offsets) {
                streams[stream].progress.consumed.insert(offsets)
                return selection
            }
        }
        var fresh: Set<Int> = []
        selection.forEach { place in
            let offset = origin.offset(at: place)
            if !streams[stream].progress.consumed.contains(offset) {
                streams[stream].progress.consumed.insert(offset...offset)
                fresh.insert(place)
            }
        }
        return selection.partitioned { fresh.contains($0) }.included
    }

    // MARK: - Late

    /// Advances the watermark by all `sound` messages, keeps which of `selection` are late, and
    /// gives those that are not.
    ///
    /// Messages that were counted before advance it as well, so that a repeated run decides as
    /// the first one did.
    private mutating func takeLate(
        _ selection: Selection,
        among sound: Selection,
        _ publication: Publication<Batch>,
        _ stream: Int,
        _ now: Timestamp
    ) -> Selection {
        let events = publication.batch.events
        let lateness = options.allowedLateness.inNanoseconds
        var watermark = streams[stream].progress.watermark
        // Events before this are looked at closely; the subtraction must not overflow.
        var limit = watermark.nanoseconds.subtractingReportingOverflow(lateness)
        var latePlaces: Set<Int> = []
        var repeated: Set<Int> = []
        if selection.count < sound.count {
            sound.forEach { repeated.insert($0) }
            selection.forEach { repeated.remove($0) }
        }
        sound.forEach { place in
            let time = events[place].time
            if time > watermark {
                // An event may lie ahead of the clock; the watermark does not follow it there.
                watermark = max(watermark, min(time, now))
                limit = watermark.nanoseconds.subtractingReportingOverflow(lateness)
            } else if !limit.overflow, time.nanoseconds < limit.partialValue,
                !repeated.contains(place),
                let missed = missedGrain(time, limit.partialValue)
            {
                latePlaces.insert(place)
                late.append(
                    LateEvent(
                        publication: publication,
                        place: place,
                        missed: missed,
                        lateness: watermark - time
                    )
                )
                aggregator.addLate(publication.batch, place, missed: missed)
            }
        }
        streams[stream].progress.watermark = watermark
        guard !latePlaces.isEmpty else { return selection }
        return selection.partitioned { !latePlaces.contains($0) }.included
    }

    /// The longest of the windows round `time` that closed before `limit`, or nil if none did.
    private func missedGrain(_ time: Timestamp, _ limit: Int64) -> Grain? {
        options.grains.filter { $0.end(of: $0.start(of: time)).nanoseconds <= limit }.max()
    }
}

/// Who the events of a delivery of a log are: what decides whether each of them counts.
///
/// Events of the shopper model are known by their offset, and their orders are distinct; nothing
/// is looked up for them.
package struct LogRecognition: Sendable {
    struct Entry: Sendable {
        var event: CountedEvent
        /// The order it opens.
        var order: IdentityDigest?
    }

    /// By the places in the batch; nil for what is not delivered.
    private var entries: [Entry?] = []

    /// Recognises the events of `delivery`; none where it is not of a log.
    package init(_ delivery: Delivery<Batch>) {
        let batch = delivery.batch
        guard batch.origin.isReplayed else { return }
        entries = Array(repeating: nil, count: batch.count)
        delivery.selection.forEach { place in
            entries[place] = Entry(
                event: CountedEvent(
                    batch.identity(of: place),
                    content: batch.contentDigest(of: place)
                ),
                order: batch.openedOrder(by: place)
            )
        }
    }

    /// Who the event at `place` is; nil where it is of no log.
    subscript(place: Int) -> Entry? {
        place < entries.count ? entries[place] : nil
    }

    /// What has to be looked up before the deliveries are taken in.
    package static func question(_ deliveries: [LogRecognition]) -> CountedQuestion {
        var question = CountedQuestion()
        for case let entry? in deliveries.lazy.flatMap(\.entries) {
            question.events.append(entry.event.identity)
            if let order = entry.order {
                question.orders.append(order)
            }
        }
        return question
    }
}
