package import Broker
package import Commerce
package import Datasets
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
    }

    private let subscription: String
    private let options: AnalyticsOptions
    private let rules: EventRules
    private let base: Grain
    private let dataset: DatasetID?
    private var transform = TransformDraft()
    package private(set) var aggregator: WindowAggregator
    private var ledger: IdentityLedger
    private var streams: [Stream] = []
    private var stored: [StreamProgress]
    private var late: [LateEvent] = []
    /// The events of logs that were counted since the last commit.
    private var identities: [EventIdentity] = []
    private var lexicon: Lexicon?
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
        aggregator = WindowAggregator(options: options)
        ledger = IdentityLedger(horizon: options.identityHorizon)
        if let latest = stored.map(\.watermark).max() {
            aggregator.distinct?.resume(at: latest)
        }
    }

    /// Whether there is anything to commit.
    package var isPending: Bool {
        aggregator.pendingEvents > 0 || !identities.isEmpty || streams.contains { $0.isChanged }
    }

    /// The identities to look up before the deliveries are taken in: those of logs.
    package static func replayed(_ deliveries: [Delivery]) -> [EventIdentity] {
        var identities: [EventIdentity] = []
        for delivery in deliveries where delivery.batch.origin.isReplayed {
            delivery.selection.forEach {
                identities.append(EventIdentity(delivery.batch, $0))
            }
        }
        return identities
    }

    /// Takes in a delivery; `counted` are the identities of logs that commits have counted.
    package mutating func take(
        _ delivery: Delivery,
        counted: Set<EventIdentity> = [],
        at now: Timestamp
    ) -> Taken {
        let batch = delivery.batch
        lexicon = batch.lexicon
        let (sound, failures) = delivery.validated(by: rules, at: now)
        let stream = streamIndex(of: batch)
        let new: Selection
        if batch.origin.isReplayed {
            let unseen = sound.partitioned { !counted.contains(EventIdentity(batch, $0)) }.included
            new = ledger.admit(batch, unseen)
            new.forEach { identities.append(EventIdentity(batch, $0)) }
        } else {
            new = ledger.admit(batch, notConsumed(sound, of: batch, stream))
        }
        if dataset != nil { transform.add(delivery.publication, new) }
        let onTime = takeLate(new, among: sound, delivery.publication, stream, now)
        aggregator.add(batch, onTime)
        return Taken(
            settlement: failures.isEmpty ? .ack : .ackExcept(failures),
            counted: new,
            duplicates: sound.count - new.count,
            late: new.count - onTime.count
        )
    }

    /// The sketches to restore before ``takeCommit()``.
    package var missingSketches: [SketchText] {
        guard let lexicon else { return [] }
        return (aggregator.distinct?.missing ?? []).map { SketchText($0, lexicon) }
    }

    /// Restores the sketches of ``missingSketches``, in their order.
    package mutating func restore(_ hashes: [[UInt64]]) {
        let keys = aggregator.distinct?.missing ?? []
        for (key, hashes) in zip(keys, hashes) {
            aggregator.distinct?.restore(key, hashes)
        }
    }

    /// Everything since the last commit; the state forgets it.
    package mutating func takeCommit(at now: Timestamp) -> WarehouseCommit? {
        guard let lexicon else { return nil }
        commits += 1
        var commit = WarehouseCommit(
            subscription: subscription,
            number: commits,
            lexicon: lexicon
        )
        (commit.cells, commit.products) = aggregator.takeDeltas()
        // An empty text is what the total is stored under.
        commit.cells.removeAll { $0.key.category.isPresent && lexicon.isEmpty($0.key.category) }
        commit.sketches = aggregator.distinct?.takeDeltas() ?? []
        commit.late = late
        late = []
        commit.identities = identities
        identities = []
        for index in streams.indices where streams[index].isChanged {
            commit.progress.append(streams[index].progress)
            streams[index].isChanged = false
        }
        commit.block = dataset.map { transform.take($0, for: commit, at: now) }
        return commit
    }

    // MARK: - Seen before

    private mutating func streamIndex(of batch: Batch) -> Int {
        let symbol = batch.origin.stream
        if let index = streams.firstIndex(where: { $0.symbol == symbol }) {
            return index
        }
        let text = batch.lexicon.text(of: symbol, in: .text)
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
        _ publication: Publication,
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
