package import Broker
package import Commerce
internal import Reports
package import Storage
package import Timekeeping

/// Gives events of a raw store to the stage that reads one subscription, once more.
///
/// It is made as a replay of letters is (``Replay``), by the stage's own code, and changes what a
/// run over the same events would change: what the stage has taken before is there, and is not
/// taken again. The outcome of each event is kept by its position; what is counted, in the same
/// transaction. So an event has one outcome of a replay, however often that is resumed.
///
/// Whoever executes it holds the stores, so that no run and no other replay works on them.
package struct EventReplay: Sendable {
    private let selector: EventSelector
    private let through: Int64
    private let source: any RawStore
    private let warehouse: any Warehouse
    private let label: String
    private let stage: ReplayStage
    private let filter: AttributeFilter?
    private let rules: EventRules
    private let timeline: any Timeline
    private let others: [String]
    /// Whether the subscription has ever given a message up.
    private let hasLetters: Bool
    private let pageSize: Int

    /// The events of `source` that `selector` names, up to the position `through`.
    ///
    /// - Parameters:
    ///   - selector: Names the events.
    ///   - through: The position of the last one.
    ///   - source: Has them.
    ///   - warehouse: Keeps what becomes of them, called `label`.
    ///   - label: Without secrets.
    ///   - stage: Takes them.
    ///   - filter: Of its subscription.
    ///   - rules: Of the pipeline.
    ///   - timeline: Tells the time.
    ///   - pageSize: So many events make a transaction.
    /// - Throws: `StoreError` where the warehouse cannot be read.
    package init(
        _ selector: EventSelector,
        through: Int64,
        of source: any RawStore,
        in warehouse: any Warehouse,
        called label: String,
        to stage: ReplayStage,
        filter: AttributeFilter?,
        by rules: EventRules,
        timeline: any Timeline,
        pageSize: Int = 1000
    ) async throws {
        self.pageSize = pageSize
        (self.selector, self.through, self.source) = (selector, through, source)
        (self.warehouse, self.label, self.stage) = (warehouse, label, stage)
        (self.filter, self.rules, self.timeline) = (filter, rules, timeline)
        others = try await warehouse.journeys?.journeyMap().owners.map(\.subscription) ?? []
        let any = LetterFilter(subscription: stage.subscription, isOpen: false)
        hasLetters =
            try await warehouse.letters?.letters(any, after: nil, atMost: 1).isEmpty == false
    }

    /// What it would do, or still do, where it is to go on with the replay of that name.
    package func rehearse(resuming name: String? = nil) async throws -> ReplayReport {
        var before: [ReplayedEvents] = []
        if let name { before = try await warehouse.letters?.replayedEvents(ofReplay: name) ?? [] }
        let nobody = LetterReplay(
            name: "",
            selector: [],
            began: timeline.now,
            who: "",
            why: "",
            events: .init(through: through)
        )
        return try await pass(nobody, before, isRehearsed: true, rate: nil, Signal()) { _, _ in }
    }

    /// Does it as `replay`, which the warehouse keeps from now on, at most `rate` events a second.
    ///
    /// A process that is killed has replayed whole pages; who goes on gives the same `replay`.
    ///
    /// - Parameters:
    ///   - replay: Its name, and who wants it why.
    ///   - isResumed: Whether the warehouse has it already.
    ///   - rate: Events a second; nil for as many as there are.
    ///   - stop: Where it is raised, the page at hand is the last one, and the replay has not
    ///     ended.
    ///   - onPage: Hears how many events have an outcome, and the position that was reached.
    /// - Returns: What it has done since it was begun or resumed.
    /// - Throws: `StoreError` where a store fails; whole pages have been replayed then.
    package func execute(
        _ replay: LetterReplay,
        isResumed: Bool = false,
        rate: Int? = nil,
        stop: Signal = Signal(),
        onPage: (Int, Int64) -> Void = { _, _ in }
    ) async throws -> ReplayReport {
        guard let letters = warehouse.letters else {
            throw StoreError(.wrongURL, "\(label) keeps no replays")
        }
        var before: [ReplayedEvents] = []
        if isResumed {
            before = try await letters.replayedEvents(ofReplay: replay.name)
        } else {
            try await letters.beginReplay(replay)
        }
        var report = try await pass(replay, before, isRehearsed: false, rate: rate, stop, onPage)
        report.name = replay.name
        guard !report.isInterrupted else { return report }
        try await letters.endReplay(named: replay.name, at: timeline.now)
        return report
    }

    private func pass(
        _ replay: LetterReplay,
        _ before: [ReplayedEvents],
        isRehearsed: Bool,
        rate: Int?,
        _ stop: Signal,
        _ onPage: (Int, Int64) -> Void
    ) async throws -> ReplayReport {
        var report = ReplayReport(selector.text, warehouse: label, isRehearsed: isRehearsed)
        report.note(eventsBefore: before, isCounting: !stage.isIngest)
        report.target = stage.subscription
        var done = Done(before)
        var taker = try await ReplayTaker(
            stage,
            rules,
            in: warehouse,
            others: others,
            isDistinct: true
        )
        guard let reading = source.reading else {
            throw StoreError(.wrongURL, "the raw store keeps no events that could be replayed")
        }
        var streams = NumberedStreams(
            try await warehouse.progress(of: stage.subscription),
            in: reading,
            through: through
        )
        let pace = ReplayPace(rate, from: timeline.now)
        let size = pace.pageSize(atMost: pageSize)
        var events = try SelectedEvents(selector, in: source, through: through)
        var count = 0
        while true {
            // A table a page: one for all would keep every text there is.
            let symbols = SymbolTable()
            guard let page = try await events.next(size, symbols) else { break }
            guard stop.version == 0 else {
                report.isInterrupted = true
                break
            }
            let now = max(timeline.now, replay.began + .nanoseconds(1))
            let attempts = try await attempts(page, symbols, &streams, &done, at: now, &report)
            let outcomes = try await taker.take(
                attempts,
                of: replay,
                isRehearsed: isRehearsed,
                at: now
            )
            report.add(outcomes)
            count += outcomes.count
            onPage(count, page.last?.position ?? 0)
            try await pace.wait(for: count, on: timeline)
        }
        if let changes = taker.changes { report.add(changes) }
        if !isRehearsed { await taker.finish(in: warehouse, timeline) }
        return report
    }

    /// Those of `page` that the subscription would deliver.
    private func attempts(
        _ page: [WholeEvent],
        _ symbols: SymbolTable,
        _ streams: inout NumberedStreams,
        _ done: inout Done,
        at now: Timestamp,
        _ report: inout ReplayReport
    ) async throws -> [ReplayAttempt] {
        var attempts: [ReplayAttempt] = []
        for event in page {
            let isStream = try await streams.contain(event)
            guard let delivery = event.delivery(symbols, isStream: isStream, at: now) else {
                report.unreadable += 1
                continue
            }
            if let filter, !filter.evaluate({ delivery.batch.attribute($0, of: 0) }) {
                report.filtered += 1
                continue
            }
            var attempt = ReplayAttempt(
                name: LetterName(
                    subscription: stage.subscription,
                    source: event.source,
                    id: event.id,
                    position: event.position
                ),
                delivery: delivery
            )
            switch done.outcome(at: event.position) {
            case .failed: continue
            case .some: attempt.isDone = true
            case nil:
                if hasLetters, try await isGivenUp(attempt.name) {
                    report.givenUp += 1
                    continue
                }
            }
            attempts.append(attempt)
        }
        return attempts
    }

    /// Whether the subscription has given the event up, and that is how it stands: then the letter
    /// is what is replayed.
    private func isGivenUp(_ name: LetterName) async throws -> Bool {
        let filter = LetterFilter(
            subscription: name.subscription,
            source: name.source,
            id: name.id,
            isOpen: false
        )
        let kept = try await warehouse.letters?.letters(filter, after: nil, atMost: 100) ?? []
        return kept.contains { letter in
            letter.decision == nil || letter.outcome == nil || letter.outcome == .failed
        }
    }
}

/// What a replay has made of events before it was interrupted, asked for in the order of positions.
private struct Done {
    private let runs: [ReplayedEvents]
    private var next = 0

    init(_ runs: [ReplayedEvents]) { self.runs = runs }

    mutating func outcome(at position: Int64) -> ReplayedLetter.Outcome? {
        while next < runs.count, runs[next].positions.upperBound < position { next += 1 }
        guard next < runs.count, runs[next].positions.contains(position) else { return nil }
        return runs[next].outcome
    }
}
