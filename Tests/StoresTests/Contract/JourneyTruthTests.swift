import Broker
import Commerce
import Documents
import Experiments
import Foundation
import Logging
import Operations
import Pipeline
import SQLStores
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

/// Traces of whole runs, with faults and without, held to the books of who has seen it happen.
///
/// It tries 40 seeds, or so many as WEIR_TRACE_SEEDS says; on servers a tenth of them.
@Suite(.timeLimit(.minutes(60)))
struct JourneyTruthTests {
    private static let seeds = UInt64(
        ProcessInfo.processInfo.environment["WEIR_TRACE_SEEDS"].flatMap(Int.init) ?? 40
    )

    @Test(arguments: PipelineAdapter.all)
    func `a trace tells what happened, whatever went wrong`(adapter: PipelineAdapter) async throws {
        let counted = Locked<[String: Int]>([:])
        let tried = Locked(0)
        let seeds =
            adapter.testDescription == PipelineAdapter.sqlite.testDescription
            ? Self.seeds : max(1, Self.seeds / 10)
        for seed in 1...seeds {
            try await adapter.visit { home in
                guard let run = try await TracedRun(seed, on: home) else { return }
                tried.change { $0 += 1 }
                var answers = counted.value
                try await run.check(&answers)
                counted.change { [answers] in $0 = answers }
            }
        }
        #expect(tried.value * 10 >= Int(seeds) * 9)
        let answers = counted.value
        // Of a thousand seeds each has many; of forty, some.
        let least = seeds >= 1000 ? 50 : seeds >= 40 ? 1 : 0
        for answer in [
            "ingest stored", "ingest dead-lettered", "ingest discarded",
            "analytics counted", "analytics late", "analytics filtered", "analytics not-yet",
            "analytics missing", "analytics dead-lettered", "analytics discarded",
            "analytics shed", "analytics expired", "ingest may have shed",
            "ingest may have expired",
            "never produced", "may be lost", "was lost",
        ] {
            #expect(answers[answer] ?? 0 >= least, "\(answer): \(answers[answer] ?? 0)")
        }
    }
}

/// A simulated run, and what its traces must say.
private struct TracedRun {
    private let seed: UInt64
    private let books: JourneyBooks.Entries
    private let home: PipelineHome
    private let filtered: EventName?
    private let grains: [Grain]
    private let discarded: Set<LetterName>
    private let drops: Drops?

    private var warehouse: any SQLWarehouse { home.catalogue.warehouse }

    /// A subscription that has little room, or keeps messages for a short time.
    private struct Drops {
        var subscription: String
        var cause: DroppedMessages.Cause

        /// Those of the run that `seed` names.
        init?(_ seed: UInt64) {
            guard seed % 3 == 1 else { return nil }
            subscription = seed / 3 % 2 == 0 ? "ingest" : "analytics"
            cause = seed / 6 % 2 == 0 ? .shed : .expired
        }

        /// Its store is slow as well where messages are to grow old.
        var settings: [DocumentSetting] {
            let path = ["spec", "subscriptions", subscription]
            let store = subscription == "ingest" ? "raw" : "warehouse"
            return switch cause {
            case .shed:
                [
                    DocumentSetting(
                        path: path + ["flowControl"],
                        value: "{maxOutstandingMessages: 4, whenFull: shed}"
                    )
                ]
            case .expired, .skipped:
                [
                    DocumentSetting(path: path + ["messageRetentionDuration"], value: "1s"),
                    DocumentSetting(
                        path: ["spec", "stores", store, "serviceTime"],
                        value: "{distribution: constant, time: 1200ms}"
                    ),
                ]
            }
        }
    }

    private static let start = Timestamp(seconds: 1_769_904_000)
    private static let pipeline = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../pipelines/storefront.yaml")

    /// The run that `seed` names; nil where what happened in it cannot be said for certain.
    init?(_ seed: UInt64, on home: PipelineHome) async throws {
        self.home = home
        let text = try String(contentsOf: Self.pipeline, encoding: .utf8)
        let trial = try Trial(seed: seed, of: text, file: "storefront.yaml")
        var settings = trial.settings
        filtered = seed % 4 == 0 ? .viewItem : nil
        if filtered != nil {
            settings.append(
                DocumentSetting(
                    path: ["spec", "subscriptions", "analytics", "filter"],
                    value: #"'attributes.type != "view_item"'"#
                )
            )
        }
        // A stage that died after it had stored something may have done it without saying so.
        let isCertain = !trial.scenario.faults.contains {
            $0.kind == .crash || $0.kind == .acknowledgementLost
        }
        let breaks = seed % 5 == 0 && isCertain
        drops = isCertain && !breaks ? Drops(seed) : nil
        if let drops { settings += drops.settings }
        let document = try PipelineDocument.parse(
            text: text,
            file: "storefront.yaml",
            with: settings
        )
        let books = JourneyBooks(lastCommit: breaks ? 20 : nil)
        var options = RunOptions()
        options.seed = trial.seed
        options.rate = .perSecond(trial.rate)
        options.duration = trial.length
        options.experiment = BookedExperiment(
            experiment: Experiment(scenario: trial.scenario, takesServiceTimes: true),
            books: books
        )
        let simulation = Simulation(
            document: document,
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "raw", store: home.raw)],
                warehouses: [
                    .init(name: "warehouse", label: "warehouse", store: home.catalogue.warehouse)
                ]
            ),
            timeline: VirtualTimeline(start: Self.start, tick: trial.tick),
            logger: Logger(label: "trace") { _ in SwiftLogNoOpLogHandler() },
            interleaving: trial.interleaving,
            replay: ""
        )
        let result = try await simulation.run(stop: Signal())
        self.seed = seed
        guard
            case .analytics(let plan) = document.stages.first(where: { $0.name == "analytics" })?
                .kind
        else { throw StoreError(.refused, "the storefront has no analytics") }
        grains = plan.options.grains
        self.books = books.entries
        discarded = try await Self.discardSome(of: home.catalogue.warehouse)
        if result.failure != nil, !breaks || !isCertain { return nil }
        try await RawCensus.take(
            of: [home.raw],
            in: home.catalogue.warehouse,
            at: Self.start + trial.length
        )
    }

    /// Discards every third letter.
    private static func discardSome(
        of warehouse: any SQLWarehouse
    ) async throws -> Set<LetterName> {
        let letters = try await warehouse.letters(LetterFilter(), after: nil, atMost: 10_000)
        let names = letters.enumerated().filter { $0.offset % 3 == 0 }.map(\.element.name)
        let decision = LetterDecision(time: start, who: "test", why: "one in three")
        _ = try await warehouse.discardLetters(names, decision)
        return Set(names)
    }

    private func trace(_ term: String) async throws -> JourneyReport {
        let query = try EventQuery([term])
        let chart = try await JourneyChart(of: warehouse)
        var report = JourneyReport(query)
        let lookup = try #require(home.raw.lookup)
        let found = try await lookup.find(EventSearch(query.conditions, limit: 10_000))
        try await report.add(
            found,
            retained: try await lookup.retained(),
            in: "raw",
            warehouse,
            chart
        )
        try await report.addLetters(query, of: warehouse, called: "w", chart, limit: 10_000)
        if report.journeys.isEmpty {
            try await report.addAbsence(of: query, in: warehouse, chart)
        }
        report.link()
        return report
    }

    // MARK: - What it must be

    /// What must be told of the event `id`, found at `position`, of the subscription of ingest,
    /// then of analytics.
    private func expected(
        _ id: String,
        at position: Int64,
        _ fact: JourneyBooks.Fact
    ) -> [String] {
        var lanes: [String] = []
        for subscription in ["ingest", "analytics"] {
            let page = books.pages[subscription] ?? .init()
            let letters = page.letters[id] ?? [:]
            for (place, attempts) in letters.sorted(by: { $0.key < $1.key }) {
                let other = place == position ? "" : " of \(place)"
                lanes.append("\(subscription) dead-lettered \(attempts)\(other)")
                let name = LetterName(
                    subscription: subscription,
                    source: fact.source,
                    id: id,
                    position: place
                )
                if discarded.contains(name) { lanes.append("\(subscription) discarded") }
            }
            let state: String
            if subscription == "ingest" {
                let dropped = page.settled.contains(id) ? nil : dropped(by: subscription)
                state = books.stored.contains(id) ? "stored" : dropped ?? "missing"
            } else if page.done.contains(id) {
                state = books.late[id].map { "late \($0.rawValue)" } ?? "counted"
            } else if fact.name == filtered {
                state = "filtered"
            } else if let dropped = dropped(by: subscription), !page.settled.contains(id) {
                state = dropped
            } else {
                let counted = page.done.compactMap { books.published[$0]?.sequence }.max()
                state =
                    counted.map { fact.sequence > $0 ? "not-yet" : "missing" } ?? "unknown"
            }
            let isKept = ["stored", "counted"].contains(state) || state.hasPrefix("late")
            if letters.isEmpty || isKept { lanes.append("\(subscription) \(state)") }
        }
        return lanes
    }

    /// What became of a message of `subscription` that is nowhere.
    private func dropped(by subscription: String) -> String? {
        drops.flatMap { $0.subscription == subscription ? $0.cause.rawValue : nil }
    }

    private func told(_ journey: EventJourney) -> [String] {
        journey.steps.dropFirst(2).map { step in
            var text = "\(step.lane) \(step.state.rawValue)"
            if let attempts = step.attempts { text += " \(attempts)" }
            let other = "the message at "
            if step.state == .deadLettered, step.detail.hasPrefix(other) {
                text += " of \(step.detail.dropFirst(other.count).prefix { $0 != ":" })"
            }
            if step.state == .late {
                let held = Set((step.windows ?? []).map(\.length))
                let missed = grains.filter { !held.contains($0.rawValue) }.max()
                text += " \(missed?.rawValue ?? "nothing")"
            }
            return text
        }
    }

    /// Traces 20 keys of published events and 5 invented ones, and counts the answers by kind.
    func check(_ answers: inout [String: Int]) async throws {
        var chance = Randomness(seed: seed, purpose: "traced keys")
        let ids = books.published.keys.sorted()
        guard !ids.isEmpty else { return }
        try await checkDrops()
        let lost = ids.filter { !isKept($0) }
        for number in 0..<20 {
            // What faults have swallowed is rare, and what is asked for most.
            let ends = number < 8 ? Array(ids.suffix(5)) : ids
            let pool = number < 4 && !lost.isEmpty ? lost : ends
            let id = pool[Int(chance.below(UInt64(pool.count)))]
            guard let fact = books.published[id] else { continue }
            var terms = ["id=\(id)"]
            if let order = fact.order, !order.isEmpty { terms.append("order=\(order)") }
            if let user = fact.user, user != "bot" { terms.append("user=\(user)") }
            let term = terms[Int(chance.below(UInt64(terms.count)))]
            try await checkTold(term, &answers)
        }
        for number in 0..<5 {
            let report = try await trace(
                number % 2 == 0 ? "order=invented-\(number)" : "user=nobody-\(number)"
            )
            #expect(report.journeys.isEmpty)
            checkAbsence(report, of: nil, &answers)
        }
    }

    /// As many messages are said to be dropped as the broker has not seen the end of otherwise.
    ///
    /// A store may have one of them all the same, and have failed to say so.
    private func checkDrops() async throws {
        let told = try await warehouse.journeyMap().dropped
        let gone = drops.map { drops -> Int in
            let page = books.pages[drops.subscription] ?? .init()
            return books.published.filter { id, fact in
                page.letters[id] == nil && !page.settled.contains(id)
                    && (drops.subscription == "ingest" || fact.name != filtered)
            }.count
        }
        let count = told.reduce(0) { $0 + $1.messages }
        #expect(told.count <= 1 && count >= gone ?? 0, "seed \(seed)")
        if books.messages == books.published.count {
            #expect(count == gone ?? 0, "seed \(seed)")
        }
        #expect(told.allSatisfy { $0.span.cause == drops?.cause }, "seed \(seed)")
    }

    private func isKept(_ id: String) -> Bool {
        books.stored.contains(id) || books.pages.contains { $0.value.letters[id] != nil }
    }

    private func checkTold(_ term: String, _ answers: inout [String: Int]) async throws {
        let (key, value) = (term.prefix { $0 != "=" }, term.drop { $0 != "=" }.dropFirst())
        let meant = books.published.filter { id, fact in
            switch key {
            case "id": id == value
            case "order": fact.order.map { $0 == value } ?? false
            default: fact.user.map { $0 == value } ?? false
            }
        }
        let report = try await trace(term)
        let told = Dictionary(report.journeys.map { ($0.event.id, $0) }) { first, _ in first }
        #expect(told.count == report.journeys.count, "seed \(seed), \(term): told twice")
        let isUnread = report.evidence.contains { $0.contains("are no events") }
        for (id, fact) in meant.sorted(by: { $0.key < $1.key }) {
            guard let journey = told[id] else {
                // Only what nothing has kept may be absent, or a letter that cannot be read.
                #expect(
                    !books.stored.contains(id) && (!isKept(id) || isUnread),
                    "seed \(seed), \(term): \(id) is not told"
                )
                if report.journeys.isEmpty { checkAbsence(report, of: fact, &answers) }
                continue
            }
            let expected = expected(id, at: journey.event.position, fact)
            let lanes = self.told(journey)
            #expect(lanes == expected, "seed \(seed), \(term): \(id)")
            let position = books.positions[id]?.contains(journey.event.position) ?? false
            #expect(position, "seed \(seed): \(id) was not at \(journey.event.position)")
            for lane in lanes {
                let parts = lane.split(separator: " ")
                answers["\(parts[0]) \(parts[1])", default: 0] += 1
            }
            for step in journey.steps where step.state == .counted {
                let windows = grains.sorted().map {
                    "\($0.rawValue) \($0.start(of: fact.time))"
                }
                let told = (step.windows ?? []).map { "\($0.length) \($0.start)" }
                #expect(told == windows, "seed \(seed), \(id)")
            }
        }
        #expect(
            Set(told.keys).isSubset(of: meant.keys),
            "seed \(seed), \(term): something else is told"
        )
    }

    /// Holds what is said of what is nowhere to what was published: never that it was not.
    private func checkAbsence(
        _ report: JourneyReport,
        of fact: JourneyBooks.Fact?,
        _ answers: inout [String: Int]
    ) {
        let stored = IntervalSetOfNumbers(
            books.stored.compactMap { books.published[$0]?.sequence }
        )
        for line in report.evidence where line.hasPrefix("ingest: ") {
            answers["ingest may have \(drops?.cause.rawValue ?? "?")", default: 0] += 1
            #expect(line.contains("so it may be among them"))
        }
        for line in report.evidence where line.hasPrefix("source ") {
            if line.contains("so up to there it was never produced") {
                answers["never produced", default: 0] += 1
                #expect(stored.isWhole, "seed \(seed): \(line)")
                #expect(fact.map { $0.sequence > stored.last } ?? true, "seed \(seed): \(line)")
            } else {
                answers[fact == nil ? "may be lost" : "was lost", default: 0] += 1
                #expect(line.contains("may have been produced, and lost"))
                let counted =
                    (books.pages["analytics"]?.done ?? [])
                    .compactMap { books.published[$0]?.sequence }.max() ?? 0
                #expect(!stored.isWhole || counted > stored.last, "seed \(seed): \(line)")
            }
        }
    }
}

/// Numbers from 1, and whether one of them is missing.
private struct IntervalSetOfNumbers {
    let last: Int64
    let isWhole: Bool

    init(_ numbers: [Int64]) {
        last = numbers.max() ?? 0
        isWhole = Int64(Set(numbers).count) == last
    }
}
