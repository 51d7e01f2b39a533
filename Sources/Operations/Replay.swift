internal import Broker
package import Commerce
internal import Datasets
internal import Reports
internal import Stages
package import Storage
package import Timekeeping

/// Gives dead letters to the stages that read their subscriptions once more.
///
/// The stages' own code judges, stores and counts them, in the order of their topic: to rehearse a
/// replay is to do all of it but the writing. A letter goes to no subscription but its own. What is
/// counted is noted of the letter in the same transaction; what is stored, after it is stored, and
/// a letter that is there already is not stored again.
///
/// Whoever executes it holds the stores, so that no run and no other replay works on them.
package struct Replay: Sendable {
    private let warehouse: any Warehouse
    private let letters: any DeadLetterStore
    private let stages: [ReplayStage]
    private let others: [String]
    private let rules: EventRules
    private let judge: LetterJudge
    private let timeline: any Timeline
    private let label: String
    private let selector: LetterSelector
    /// The subscription that takes letters of others in place of theirs; nil where each has its
    /// own.
    private let target: String?
    /// By the subscription that takes them, in the order of their topic.
    private var names: [String: [LetterName]] = [:]
    /// How many letters nobody reads, by their subscription.
    private var unread: [String: Int] = [:]
    /// A letter that is not kept yet; only to rehearse what would become of it.
    private let draft: KeptLetter?
    /// How many letters are no events that could be held to the selector.
    private let unlooked: Int

    /// So many letters make a transaction.
    private static let pageSize = 100

    /// The letters that `selector` names and that did not fail after `until`.
    ///
    /// - Parameters:
    ///   - selector: Names the letters.
    ///   - until: When the replay began; a letter that has failed again since then is not of it.
    ///   - warehouse: Keeps the letters, called `label`.
    ///   - label: Without secrets.
    ///   - stages: Those of the pipeline that read a subscription.
    ///   - target: Takes letters of other subscriptions, and none of its own, where it is given.
    ///   - rules: Of the pipeline.
    ///   - timeline: Tells the time.
    /// - Throws: `StoreError` where the letters cannot be read.
    package init(
        _ selector: LetterSelector,
        until: Timestamp,
        in warehouse: any Warehouse,
        called label: String,
        to stages: [ReplayStage],
        redirectedTo target: String? = nil,
        by rules: EventRules,
        timeline: any Timeline
    ) async throws {
        guard let letters = warehouse.letters, let journeys = warehouse.journeys else {
            throw StoreError(.wrongURL, "\(label) keeps no dead letters to be replayed")
        }
        (self.warehouse, self.letters, self.label) = (warehouse, letters, label)
        // What is stored comes before what is counted, so that nothing is counted and not stored.
        self.stages = stages.sorted { $0.isIngest && !$1.isIngest }
        (self.rules, self.timeline, self.selector) = (rules, timeline, selector)
        judge = LetterJudge(rules, at: timeline.now)
        (self.target, draft) = (target, nil)
        others = try await journeys.journeyMap().owners.map(\.subscription)
        let known = Set(stages.map(\.subscription))
        var places: [String: [(position: Int64, name: LetterName)]] = [:]
        var unread: [String: Int] = [:]
        unlooked = try await selector.forEachPage(in: letters, until: until, judge) { page in
            for letter in page {
                if letter.name.subscription == target { continue }
                let taker = target ?? letter.name.subscription
                if known.contains(taker) {
                    places[taker, default: []].append((letter.name.position, letter.name))
                } else {
                    unread[letter.name.subscription, default: 0] += 1
                }
            }
        }
        self.unread = unread
        names = places.mapValues { places in
            places.sorted { ($0.position, $0.name.id) < ($1.position, $1.name.id) }.map(\.name)
        }
    }

    /// A rehearsal of what would become of `draft`, a letter that is not kept yet.
    package init(
        rehearsing draft: KeptLetter,
        in warehouse: any Warehouse,
        called label: String,
        to stages: [ReplayStage],
        by rules: EventRules,
        timeline: any Timeline
    ) async throws {
        guard let letters = warehouse.letters, let journeys = warehouse.journeys else {
            throw StoreError(.wrongURL, "\(label) keeps no dead letters to be replayed")
        }
        (self.warehouse, self.letters, self.label) = (warehouse, letters, label)
        self.stages = stages
        (self.rules, self.timeline) = (rules, timeline)
        selector = try LetterSelector([draft.name.id])
        judge = LetterJudge(rules, at: timeline.now)
        others = try await journeys.journeyMap().owners.map(\.subscription)
        (self.draft, target, unlooked) = (draft, nil, 0)
        let subscription = draft.name.subscription
        if stages.contains(where: { $0.subscription == subscription }) {
            names = [subscription: [draft.name]]
        } else {
            unread = [subscription: 1]
        }
    }

    /// The subscriptions that gave its letters up.
    package var givers: [String] {
        Set(names.values.joined().map(\.subscription)).sorted()
    }

    /// How many letters it gives to a stage.
    package var count: Int {
        // order-free: a sum
        names.values.reduce(0) { $0 + $1.count }
    }

    /// What it would do.
    package func rehearse() async throws -> ReplayReport {
        let nobody = LetterReplay(
            name: "",
            selector: [],
            began: timeline.now,
            who: "",
            why: ""
        )
        return try await pass(nobody, isRehearsed: true, rate: nil, Signal()) { _ in }
    }

    /// Does it as `replay`, which the warehouse keeps from now on, at most `rate` letters a second.
    ///
    /// A process that is killed has replayed whole pages; who goes on gives the same `replay`.
    ///
    /// - Parameters:
    ///   - replay: Its name, and who wants it why.
    ///   - isResumed: Whether the warehouse has it already.
    ///   - rate: Letters a second; nil for as many as there are.
    ///   - stop: Where it is raised, the page at hand is the last one, and the replay has not
    ///     ended.
    ///   - onPage: Hears how many letters have an outcome.
    /// - Returns: What it has done.
    /// - Throws: `StoreError` where a store fails; whole pages have been replayed then.
    package func execute(
        _ replay: LetterReplay,
        isResumed: Bool = false,
        rate: Int? = nil,
        stop: Signal = Signal(),
        onPage: (Int) -> Void = { _ in }
    ) async throws -> ReplayReport {
        if !isResumed { try await letters.beginReplay(replay) }
        var report = try await pass(replay, isRehearsed: false, rate: rate, stop, onPage)
        report.name = replay.name
        guard !report.isInterrupted else { return report }
        try await letters.endReplay(named: replay.name, at: timeline.now)
        return report
    }

    private func pass(
        _ replay: LetterReplay,
        isRehearsed: Bool,
        rate: Int?,
        _ stop: Signal,
        _ onPage: (Int) -> Void
    ) async throws -> ReplayReport {
        var report = ReplayReport(selector.text, warehouse: label, isRehearsed: isRehearsed)
        report.note(unread: unread, unlooked: unlooked)
        report.target = target
        let pace = Pace(rate, from: timeline.now)
        var done = 0
        for stage in stages {
            guard let names = names[stage.subscription] else { continue }
            var taker = try await taker(of: stage)
            let streams = try await warehouse.progress(of: stage.subscription)
            let symbols = SymbolTable()
            let size = max(1, min(Replay.pageSize, rate ?? Replay.pageSize))
            for start in stride(from: 0, to: names.count, by: size) {
                guard stop.version == 0 else {
                    report.isInterrupted = true
                    break
                }
                let page = names[start..<min(start + size, names.count)]
                // A letter that fails again fails after the replay began, and is not of it then.
                let now = max(timeline.now, replay.began + .nanoseconds(1))
                let attempts = try await attempts(page, symbols, streams, at: now, &report)
                report.add(
                    try await taker.take(attempts, of: replay, isRehearsed: isRehearsed, at: now)
                )
                if isRehearsed, stage.isOrdered {
                    report.overtaken += try await overtaken(among: attempts)
                }
                done += page.count
                onPage(done)
                try await pace.wait(for: done, on: timeline)
            }
            if let changes = taker.changes { report.add(changes) }
            if !isRehearsed { await taker.finish(in: warehouse, timeline) }
        }
        return report
    }

    private func taker(of stage: ReplayStage) async throws -> LetterTaker {
        switch stage.kind {
        case .ingest(let store, let dataset):
            return .ingest(IngestReplay(store, rules, letters), dataset)
        case .analytics(let options, let dataset):
            return .analytics(
                try await CountingReplay(
                    stage.subscription,
                    options,
                    rules,
                    dataset,
                    in: warehouse,
                    letters,
                    others: others.filter { $0 != stage.subscription }
                )
            )
        }
    }

    private func attempts(
        _ names: ArraySlice<LetterName>,
        _ symbols: SymbolTable,
        _ streams: [StreamProgress],
        at now: Timestamp,
        _ report: inout ReplayReport
    ) async throws -> [LetterAttempt] {
        var attempts: [LetterAttempt] = []
        for name in names {
            let filter = LetterFilter(
                subscription: name.subscription,
                source: name.source,
                id: name.id,
                position: name.position
            )
            let kept = try await letters.letters(filter, after: nil, atMost: 1).first
            guard let letter = draft ?? kept else {
                report.decided += 1
                continue
            }
            guard letter.successor == nil else {
                report.edited += 1
                continue
            }
            do throws(RejectionReason) {
                guard let delivery = try letter.delivery(symbols, streams: streams, at: now) else {
                    report.unreadable += 1
                    continue
                }
                attempts.append(LetterAttempt(letter: letter, delivery: delivery))
            } catch {
                attempts.append(
                    LetterAttempt(
                        letter: letter,
                        failure: FailureReason(label: error.reason.rawValue, detail: "\(error)")
                    )
                )
            }
        }
        return attempts
    }

    /// How many of `attempts` come after a later event of their order was stored.
    private func overtaken(among attempts: [LetterAttempt]) async throws -> Int {
        var count = 0
        for attempt in attempts {
            guard let batch = attempt.delivery?.batch, let event = batch.events.first,
                event.subject.isPresent
            else { continue }
            let subject = batch.symbols.text(of: event.subject, in: event.subjectNamespace)
            let key: EventKey
            switch event.subjectNamespace {
            case .order: key = .order
            case .session: key = .session
            default: continue
            }
            guard let condition = EventCondition(key, subject) else { continue }
            for stage in stages {
                guard case .ingest(let store, _) = stage.kind, let lookup = store.lookup else {
                    continue
                }
                let position = attempt.letter.name.position
                let search = EventSearch([condition], after: position, limit: 1)
                if try await !lookup.find(search).events.isEmpty {
                    count += 1
                    break
                }
            }
        }
        return count
    }
}

/// Who takes the letters of a stage, in its place.
private enum LetterTaker {
    case ingest(IngestReplay, DatasetID?)
    case analytics(CountingReplay)

    mutating func take(
        _ attempts: [LetterAttempt],
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

    func finish(in warehouse: any Warehouse, _ timeline: any Timeline) async {
        if case .ingest(let ingest, let dataset) = self {
            await ingest.finish(dataset, in: warehouse, timeline)
        }
    }
}

extension ReplayStage {
    fileprivate var isIngest: Bool {
        if case .ingest = kind { true } else { false }
    }
}

/// So many letters a second.
private struct Pace {
    private let rate: Int?
    private let start: Timestamp

    init(_ rate: Int?, from start: Timestamp) {
        (self.rate, self.start) = (rate, start)
    }

    /// Waits until `count` letters are due.
    func wait(for count: Int, on timeline: any Timeline) async throws {
        guard let rate else { return try Task.checkCancellation() }
        try await timeline.sleep(until: start + .seconds(1) * count / rate)
    }
}
