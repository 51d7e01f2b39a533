package import Broker
package import Commerce
package import Logging
internal import Synchronization
package import Timekeeping

/// Publishes what clients send: many requests become one batch, which is kept in the journal, then
/// published, and then answered.
///
/// - Guarantees: what was answered as accepted is in the topic, and is published again by the next
///   run where this one ends before every subscription has settled it. Of what was refused nothing
///   is in the topic.
/// - Non-guarantees: once. A batch that was published again may have been settled in part, so who
///   counts or stores goes by the events' identity.
package final class CollectorStage: Sendable {
    /// What becomes of the events of a request.
    package enum Outcome: Sendable {
        case accepted
        /// A subscription had no room for too long, or too much waits already.
        case full
        /// The collector does not take events yet, or no longer.
        case closed
        /// The journal cannot be written.
        case unkept
    }

    /// How much it takes.
    package struct Limits: Hashable, Sendable {
        /// How many events are published together, but for a request with more.
        package var batch = 4096
        /// How many bytes of events may wait to be published.
        package var waitingBytes = 32 << 20
        /// How long a request may wait until it is published, since it came.
        package var patience = Duration.seconds(5)
        /// About how many bytes a segment of the journal has at most.
        package var segment = 8 << 20
        /// How often the journal is rid of what is settled.
        package var interval = Duration.seconds(1)

        package init() {}
    }

    private struct Waiting {
        var events: CollectedEvents
        var since: Timestamp
        var answer: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        var isOpen = false
        var waiting: [Waiting] = []
        var waitingBytes = 0
        var symbols: SymbolTable
        var lastOffset: Int64 = 0
    }

    package let meter: CollectorMeter
    private let topic: any Topic<Batch>
    private let stream: String
    private let timeline: any Timeline
    private let journal: any CollectorJournal
    private let limits: Limits
    private let declarations: EventDeclarations
    private let standing: @Sendable () -> JournalLedger.Standing
    private let logger: Logger
    private let state: Mutex<State>
    private let ledger: Mutex<JournalLedger>
    private let arrival = Signal()

    /// A collector that is closed until it runs, and publishes to `topic`.
    ///
    /// Its events are called `stream` together, which is another name in each run. It begins with
    /// `symbols`, best those of others who publish to the topic. `standing` says how far the
    /// subscriptions have come.
    package init(
        topic: any Topic<Batch>,
        stream: String,
        symbols: SymbolTable,
        events: EventDeclarations = .accepted,
        journal: any CollectorJournal,
        limits: Limits,
        meter: CollectorMeter,
        timeline: any Timeline,
        logger: Logger,
        standing: @escaping @Sendable () -> JournalLedger.Standing
    ) {
        self.topic = topic
        self.stream = stream
        declarations = events
        self.journal = journal
        self.limits = limits
        self.meter = meter
        self.timeline = timeline
        self.logger = logger
        self.standing = standing
        state = Mutex(State(symbols: symbols))
        ledger = Mutex(JournalLedger(segmentLimit: limits.segment))
    }

    // MARK: - Taking

    /// Room for the events of a request whose last byte came at `received`.
    package func begin(received: Timestamp) -> CollectedEvents {
        let symbols = state.withLock { state in
            if state.symbols.isFull { state.symbols = state.symbols.successor() }
            return state.symbols
        }
        return CollectedEvents(symbols: symbols, declarations, received: received)
    }

    /// Has `events` kept and published, and says what became of them; all of them or none.
    package func take(_ events: CollectedEvents) async -> Outcome {
        guard !events.isEmpty else { return .accepted }
        let now = timeline.now
        return await withCheckedContinuation { answer in
            let refusal = state.withLock { state -> Outcome? in
                guard state.isOpen else { return .closed }
                guard state.waitingBytes + events.byteCount <= limits.waitingBytes else {
                    return .full
                }
                state.waitingBytes += events.byteCount
                state.waiting.append(Waiting(events: events, since: now, answer: answer))
                return nil
            }
            if let refusal { answer.resume(returning: refusal) } else { arrival.raise() }
        }
    }

    // MARK: - Publishing

    /// Publishes what an earlier run has left, and then what comes, until the task is cancelled:
    /// then what waits is refused.
    ///
    /// - Throws: ``JournalError`` where the journal cannot be read; `CancellationError`.
    package func run() async throws {
        defer { end() }
        for segment in try await journal.open() { try await recover(segment) }
        state.withLock { $0.isOpen = true }
        try await withCompanions(
            { [self] in
                while true {
                    try await timeline.sleep(until: timeline.now + limits.interval)
                    await forgetSettled()
                }
            },
            body: { [self] in
                while true {
                    let version = arrival.version
                    let (waiting, firstOffset) = nextWaiting()
                    if waiting.isEmpty {
                        try await arrival.wait(since: version)
                    } else {
                        await publish(waiting, firstOffset)
                    }
                }
            }
        )
    }

    /// Forgets what is settled by now and gives the journal back, once the run is over.
    package func finish() async {
        for _ in 0..<standing().lowest.count + 2 { await forgetSettled() }
        await journal.close()
    }

    private func end() {
        let waiting = state.withLock { state in
            state.isOpen = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for request in waiting { request.answer.resume(returning: .closed) }
    }

    /// What is to be published together: of one symbol table.
    private func nextWaiting() -> (requests: [Waiting], firstOffset: Int64) {
        state.withLock { state in
            guard let first = state.waiting.first else { return ([], 0) }
            var (end, count) = (0, 0)
            while end < state.waiting.count,
                state.waiting[end].events.symbols === first.events.symbols,
                end == 0 || count + state.waiting[end].events.count <= limits.batch
            {
                count += state.waiting[end].events.count
                end += 1
            }
            let requests = Array(state.waiting[..<end])
            state.waiting.removeSubrange(..<end)
            state.waitingBytes -= requests.reduce(0) { $0 + $1.events.byteCount }
            defer { state.lastOffset += Int64(count) }
            return (requests, state.lastOffset + 1)
        }
    }

    private func publish(_ requests: [Waiting], _ firstOffset: Int64) async {
        let began = timeline.now
        // Who came first has waited longest; a subscription that is full keeps nobody for longer
        // because others came before.
        let deadline = (requests.first?.since ?? began) + limits.patience
        let outcome = await outcome(of: requests.map(\.events), firstOffset, until: deadline)
        let now = timeline.now
        meter.update { counts in
            counts.batches += 1
            counts.publishing += now - began
            guard case .accepted = outcome else { return }
            counts.accepted += requests.reduce(0) { $0 + Int64($1.events.count) }
        }
        for request in requests { request.answer.resume(returning: outcome) }
    }

    private func outcome(
        of parts: [CollectedEvents],
        _ firstOffset: Int64,
        until deadline: Timestamp
    ) async -> Outcome {
        let batch = CollectedEvents.batch(of: parts, stream: stream, firstOffset: firstOffset)
        // The originals are the lines of all parts, with their line ends.
        let lines = batch.originals?.bytes ?? []
        let segment = ledger.withLock { $0.begin() }
        do throws(JournalError) {
            try await journal.append(lines, to: segment)
        } catch {
            ledger.withLock { $0.failed() }
            logger.error("the journal cannot be written", metadata: ["error": "\(error)"])
            return .unkept
        }
        if await topic.publish(batch, by: deadline, timeline) {
            let mark = standing().next
            ledger.withLock { $0.published(lines.count, before: mark) }
            return .accepted
        }
        do throws(JournalError) {
            try await journal.takeBack(lines.count, of: segment)
            ledger.withLock { $0.tookBack() }
        } catch {
            ledger.withLock { $0.failed() }
            logger.error(
                "events that were refused may come again with the next run",
                metadata: ["error": "\(error)", "events": "\(batch.count)"]
            )
        }
        return Task.isCancelled ? .closed : .full
    }

    // MARK: - The journal

    /// Publishes what an earlier run has accepted, before anything new.
    private func recover(_ segment: Int) async throws {
        let bytes = try await journal.lines(of: segment)
        var unreadable = 0
        var lines = bytes.split(separator: UInt8(ascii: "\n"))[...]
        while !lines.isEmpty {
            var events = begin(received: timeline.now).accepted
            while events.count < limits.batch, let line = lines.popFirst() {
                do throws(RejectionReason) {
                    try events.recover(line)
                } catch {
                    unreadable += 1
                    guard unreadable <= 3 else { continue }
                    logger.error(
                        "a line of the journal cannot be read and stays there",
                        metadata: ["segment": "\(segment)", "error": "\(error)"]
                    )
                }
            }
            guard !events.isEmpty else { continue }
            let first = state.withLock { state in
                defer { state.lastOffset += Int64(events.count) }
                return state.lastOffset + 1
            }
            let batch = CollectedEvents.batch(of: [events], stream: stream, firstOffset: first)
            try await topic.publish(batch, .whole)
            meter.update { $0.recovered += Int64(batch.count) }
        }
        if unreadable > 0 {
            logger.error(
                """
                a segment of the journal stays, and what can be read of it is published again by \
                every run, and counted once; move its file away once its lines are mended
                """,
                metadata: ["segment": "\(segment)", "lines": "\(unreadable)"]
            )
        }
        let mark = standing().next
        ledger.withLock { ledger in
            if unreadable == 0 {
                ledger.recovered(segment, before: mark)
            } else {
                ledger.skip(segment)
            }
        }
    }

    private func forgetSettled() async {
        let standing = standing()
        for segment in ledger.withLock({ $0.settled(standing) }) {
            do throws(JournalError) {
                try await journal.remove(segment)
            } catch {
                logger.warning(
                    "a segment of the journal that is settled stays there",
                    metadata: ["segment": "\(segment)", "error": "\(error)"]
                )
            }
        }
    }
}

extension Topic {
    /// Whether `batch` was published by `deadline`, whole; it is where there is room at once.
    func publish(
        _ batch: Batch,
        by deadline: Timestamp,
        _ timeline: any Timeline
    ) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await publish(batch, .whole)) != nil }
            group.addTask {
                try? await timeline.sleep(until: deadline)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            // Published after all, before it heard that it was to give up.
            let second = await group.next() ?? false
            return first || second
        }
    }
}
