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
    /// How many letters the target gave up itself.
    private var ownLetters = 0

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
        var ownLetters = 0
        unlooked = try await selector.forEachPage(in: letters, until: until, judge) { page in
            for letter in page {
                if letter.name.subscription == target {
                    ownLetters += 1
                    continue
                }
                let taker = target ?? letter.name.subscription
                if known.contains(taker) {
                    places[taker, default: []].append((letter.name.position, letter.name))
                } else {
                    unread[letter.name.subscription, default: 0] += 1
                }
            }
        }
        self.unread = unread
        self.ownLetters = ownLetters
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
        report.ownLetters = ownLetters
        let pace = ReplayPace(rate, from: timeline.now)
        var done = 0
        for stage in stages {
            guard let names = names[stage.subscription] else { continue }
            var taker = try await ReplayTaker(stage, rules, in: warehouse, others: others)
            let streams = try await warehouse.progress(of: stage.subscription)
            let symbols = SymbolTable()
            let size = pace.pageSize(atMost: Replay.pageSize)
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

    private func attempts(
        _ names: ArraySlice<LetterName>,
        _ symbols: SymbolTable,
        _ streams: [StreamProgress],
        at now: Timestamp,
        _ report: inout ReplayReport
    ) async throws -> [ReplayAttempt] {
        var attempts: [ReplayAttempt] = []
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
                attempts.append(ReplayAttempt(name: letter.name, delivery: delivery))
            } catch {
                attempts.append(
                    ReplayAttempt(
                        name: letter.name,
                        failure: FailureReason(label: error.reason.rawValue, detail: "\(error)")
                    )
                )
            }
        }
        return attempts
    }

    /// How many of `attempts` come after a later event of their order was stored.
    private func overtaken(among attempts: [ReplayAttempt]) async throws -> Int {
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
                let position = attempt.name.position
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
