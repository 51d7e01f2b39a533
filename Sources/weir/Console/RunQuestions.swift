internal import Broker
internal import Commerce
internal import Console
internal import Operations
internal import Pipeline
internal import Reports
internal import Stages
internal import Storage
internal import Timekeeping

extension LiveRun {
    /// The run with these nodes.
    init(_ nodes: RunNodes) {
        self.init(
            topics: nodes.topics,
            subscriptions: nodes.subscriptions.map { node in
                let readers = node.readers
                return Subscription(
                    name: node.plan.name,
                    topic: node.plan.topic,
                    stage: readers.isEmpty
                        ? nil : readers.map(\.plan.name).joined(separator: ", "),
                    workers: readers.reduce(0) { $0 + $1.plan.readers },
                    work: Work(readers.first?.plan.kind),
                    filter: node.plan.filter.map { "\($0)" },
                    port: node.port,
                    nextPosition: {
                        nodes.topics.first { $0.name == node.plan.topic }?.nextPosition
                            ?? nodes.firstPosition
                    },
                    worker: { id in readers.lazy.compactMap { $0.meter.worker(of: id) }.first }
                )
            },
            firstPosition: nodes.firstPosition
        )
    }
}

extension LiveRun.Work {
    fileprivate init(_ kind: PipelineDocument.Stage.Kind?) {
        self =
            switch kind {
            case .ingest: .stores
            case .analytics: .counts
            case .relay: .forwards
            case .producer, .collector, .external, nil: .nothing
            }
    }
}

/// What a run that is under way is asked over HTTP.
///
/// It answers with the documents that the commands print about stores, and adds what only the run
/// knows.
struct RunQuestions: Sendable {
    let run: LiveRun
    let stores: RunStores
    let rules: EventRules
    let snapshots: SubscriptionSnapshots
    let timeline: any Timeline

    /// A question that cannot be answered as it is asked.
    struct Mistake: Error {
        var text: String
    }

    /// Below this all questions lie.
    static let root = "/api/v1/"

    /// So many events are told at most.
    private static let mostEvents = 1000

    // MARK: - Questions

    /// `events`: the events with all the keys that `fields` name.
    func events(_ fields: ConsoleResource.Fields) async throws -> String {
        var options = Options(fields)
        let limit = try options.whole("limit", 1...Self.mostEvents) ?? 50
        let after = try options.whole("after", 0...Int(RawEvent.endOfPositions))
        let query = try EventQuery(options.terms)
        let held = run.moment.find(query.conditions, limit: limit)
        var listing = EventListing(query)
        let search = EventSearch(
            query.conditions,
            after: after.map(Int64.init) ?? .min,
            limit: limit
        )
        for place in stores.raw where place.twin == nil {
            do {
                let (found, retained) = try await Self.lookup(of: place).answer(search)
                listing.add(found, retained: retained, in: place.label)
            } catch {
                listing.add(failure: "\(error)", in: place.label)
            }
        }
        listing.add(
            held: held.events.filter { $0.position == 0 || $0.position > search.after },
            more: held.more,
            in: "under way in the run"
        )
        return try listing.json()
    }

    /// `trace`: what became of each event with all the keys that `fields` name.
    func trace(_ fields: ConsoleResource.Fields) async throws -> String {
        var options = Options(fields)
        let limit = try options.whole("limit", 1...Self.mostEvents) ?? 20
        let isWithLogs = try options.flag("logs")
        let query = try EventQuery(options.terms)
        // Before the stores are asked: what is settled by now is in them then.
        let before = run.moment
        var report = JourneyReport(query)
        let place = stores.warehouses.first
        var chart = JourneyChart()
        do {
            if let place { chart = try await JourneyChart(of: place.store) }
            try await chart.complete(by: run, place?.store)
        } catch {
            Self.note(error, of: place?.label, in: &report)
        }
        for place in stores.raw where place.twin == nil {
            do {
                let (found, retained) = try await Self.lookup(of: place).answer(
                    EventSearch(query.conditions, limit: limit)
                )
                try await report.add(
                    found,
                    retained: retained,
                    in: place.label,
                    stores.warehouses.first?.store,
                    chart
                )
            } catch {
                Self.note(error, of: place.label, in: &report)
            }
        }
        let held = before.find(query.conditions, limit: limit)
        do {
            try await report.add(
                held: held.events,
                more: held.more,
                place?.store,
                chart,
                limit: limit
            )
            if let place {
                try await report.addLetters(
                    query,
                    of: place.store,
                    called: place.label,
                    chart,
                    limit: limit
                )
            }
        } catch {
            Self.note(error, of: place?.label, in: &report)
        }
        report.tell(before: before, after: run.moment)
        if report.journeys.isEmpty {
            do {
                try await report.addAbsence(of: query, in: place?.store, chart)
            } catch {
                Self.note(error, of: place?.label, in: &report)
            }
        }
        report.link()
        if isWithLogs { await addLogs(to: &report) }
        return try report.json()
    }

    /// `subscriptions`: where all messages are, and what holds them up.
    func subscriptions(_ fields: ConsoleResource.Fields) throws -> String {
        try Options(fields).end()
        return try SubscriptionListing(run.moment, at: "the run").json()
    }

    /// `dead-letters`: the open letters by subscription and cause.
    func deadLetters(_ fields: ConsoleResource.Fields) async throws -> String {
        var options = Options(fields)
        let sample = try options.whole("sample", 0...100_000) ?? 200
        try options.end()
        let (label, letters) = try letters()
        return try await DeadLetterListing(letters, in: label, by: judge, sample: sample).json()
    }

    /// `dead-letters/letters`: single letters, which `selector` names, a term each.
    func letters(_ fields: ConsoleResource.Fields) async throws -> String {
        var options = Options(fields)
        let limit = try options.whole("limit", 1...Self.mostEvents) ?? 10
        let isWithDiscarded = try options.flag("discarded")
        let terms = options.all("selector")
        try options.end()
        var selector = try LetterSelector(terms)
        if isWithDiscarded { selector.includeDecided() }
        let (label, letters) = try letters()
        return try await LetterReport(
            selector,
            in: letters,
            called: label,
            by: judge,
            limit: limit
        ).json()
    }

    // MARK: - Changes

    /// `subscriptions/seek`: what a seek would change, or, where it is to be done, has changed.
    func seek(_ fields: ConsoleResource.Fields, execute: Bool) throws -> String {
        var options = Options(fields)
        let subscription = try subscription(&options)
        let time = try options.text("time")
        let snapshot = try options.text("snapshot")
        let isPurge = try options.flag("purge")
        try options.end()
        guard [time != nil, snapshot != nil, isPurge].count(where: { $0 }) == 1 else {
            throw Mistake(text: "expected one of time=…, snapshot=… and purge=true")
        }
        let (target, words) = try target(time, snapshot, of: subscription)
        return try SeekReport(subscription, to: target, words, execute: execute).json()
    }

    /// Where a seek goes; to now where neither a time nor a snapshot says so.
    private func target(
        _ time: String?,
        _ snapshot: String?,
        of subscription: LiveRun.Subscription
    ) throws(Mistake) -> (target: SeekTarget, words: String) {
        let now = timeline.now
        if let snapshot {
            guard let found = snapshots.snapshot(snapshot, of: subscription.name) else {
                throw Mistake(text: "\(subscription.name) has no snapshot \(snapshot)")
            }
            return (.snapshot(found), "the snapshot \(snapshot)")
        }
        guard let time else { return (.time(now), "now") }
        guard let instant = Timestamp(rfc3339: time) else {
            throw Mistake(text: "time=\(time) is no time; expected 2026-01-31T12:00:00Z")
        }
        guard instant <= now else {
            throw Mistake(text: "time=\(time) is still to come; purge skips all there is now")
        }
        return (.time(instant), "the time \(instant)")
    }

    /// `subscriptions/snapshot`: notes what a subscription has acked.
    func snapshot(_ fields: ConsoleResource.Fields) throws -> String {
        var options = Options(fields)
        let subscription = try subscription(&options)
        let name = try options.text("name") ?? ""
        try options.end()
        guard (1...100).contains(name.utf8.count), ReportText.printable(name) == name else {
            throw Mistake(
                text: "a snapshot is called with 1 to 100 bytes, without control characters"
            )
        }
        guard let note = snapshots.add(name, of: subscription) else {
            throw Mistake(
                text: "\(subscription.name) has a snapshot \(name), or there are "
                    + "\(SubscriptionSnapshots.limit)"
            )
        }
        return try JSONText.write(note)
    }

    private func subscription(
        _ options: inout Options
    ) throws(Mistake) -> LiveRun.Subscription {
        let name = try options.text("subscription") ?? ""
        guard let found = run.subscriptions.first(where: { $0.name == name }) else {
            let known = run.subscriptions.map(\.name).joined(separator: ", ")
            throw Mistake(text: "there is no subscription \"\(name)\"; expected one of \(known)")
        }
        return found
    }

    // MARK: - Stores

    private var judge: LetterJudge { LetterJudge(rules, at: timeline.now) }

    private func letters() throws -> (label: String, store: any DeadLetterStore) {
        for place in stores.warehouses {
            if let letters = place.store.letters { return (place.label, letters) }
        }
        let label = stores.warehouses.first?.label ?? "the run"
        throw StoreError(.wrongURL, "\(label) keeps no dead letters to be read")
    }

    private static func lookup(
        of place: RunStores.Named<any RawStore>
    ) throws -> any RawEventLookup {
        guard let lookup = place.store.lookup else {
            throw StoreError(.wrongURL, "\(place.label) keeps no events to be found")
        }
        return lookup
    }

    private static func note(
        _ error: any Error,
        of label: String?,
        in report: inout JourneyReport
    ) {
        report.add(failure: "\(label.map { "\($0): " } ?? "")\(error)")
        if (error as? StoreError)?.code != .wrongURL { report.isStoreAway = true }
    }

    private func addLogs(to report: inout JourneyReport) async {
        for place in stores.raw where place.twin == nil {
            do {
                guard let logs = place.store.logs else {
                    throw StoreError(.wrongURL, "\(place.label) keeps no logs")
                }
                for (journey, search) in report.logSearches.enumerated() {
                    report.add(try await logs.find(search), toJourney: journey)
                }
            } catch {
                Self.note(error, of: "logs of \(place.label)", in: &report)
            }
        }
    }
}

extension RunQuestions {
    /// What a question says beside its keys.
    private struct Options {
        private var fields: ConsoleResource.Fields

        init(_ fields: ConsoleResource.Fields) { self.fields = fields }

        /// What is left, as people type keys.
        var terms: [String] { fields.map { "\($0.name)=\($0.value)" } }

        /// Takes every value of `name`.
        mutating func all(_ name: String) -> [String] {
            let values = fields.filter { $0.name == name }.map(\.value)
            fields.removeAll { $0.name == name }
            return values
        }

        /// Takes the value of `name`; nil where there is none.
        mutating func text(_ name: String) throws(Mistake) -> String? {
            let values = all(name)
            guard values.count < 2 else { throw Mistake(text: "\(name) is there twice") }
            return values.first
        }

        mutating func whole(
            _ name: String,
            _ range: ClosedRange<Int>
        ) throws(Mistake) -> Int? {
            guard let text = try text(name) else { return nil }
            guard let value = Int(text), range.contains(value) else {
                throw Mistake(
                    text: "\(name)=\(text) is not expected; expected a whole number from "
                        + "\(range.lowerBound) to \(range.upperBound)"
                )
            }
            return value
        }

        mutating func flag(_ name: String) throws(Mistake) -> Bool {
            guard let text = try text(name) else { return false }
            guard let value = Bool(text) else {
                throw Mistake(text: "\(name)=\(text) is not expected; expected true or false")
            }
            return value
        }

        /// Refuses what is left.
        func end() throws(Mistake) {
            guard let first = fields.first else { return }
            throw Mistake(text: "there is no \(first.name) to this question")
        }
    }

    /// The paths, of which each puts its question to what `questions` gives: the run, or the answer
    /// where there is none.
    static func resources(
        _ questions: @escaping @Sendable () -> Result<RunQuestions, Absence>
    ) -> [ConsoleResource] {
        typealias Question = @Sendable (RunQuestions, ConsoleResource.Fields) async throws -> String
        func resource(
            _ path: String,
            isChange: Bool = false,
            _ question: @escaping Question
        ) -> ConsoleResource {
            ConsoleResource(root + path, isChange: isChange) { fields in
                switch questions() {
                case .failure(let absence): ConsoleAnswer(503, absence.text)
                case .success(let run): await answer { try await question(run, fields) }
                }
            }
        }
        return [
            resource("events") { try await $0.events($1) },
            resource("trace") { try await $0.trace($1) },
            resource("subscriptions") { try $0.subscriptions($1) },
            resource("subscriptions/seek") { try $0.seek($1, execute: false) },
            resource("subscriptions/seek", isChange: true) { try $0.seek($1, execute: true) },
            resource("subscriptions/snapshot", isChange: true) { try $0.snapshot($1) },
            resource("dead-letters") { try await $0.deadLetters($1) },
            resource("dead-letters/letters") { try await $0.letters($1) },
        ]
    }

    /// Why there is no run to be asked.
    struct Absence: Error {
        var text: String
    }

    private static func answer(_ body: () async throws -> String) async -> ConsoleAnswer {
        do {
            return ConsoleAnswer(try await body(), contentType: "application/json; charset=utf-8")
        } catch let mistake as Mistake {
            return ConsoleAnswer(400, mistake.text)
        } catch let error as EventQueryError {
            return ConsoleAnswer(400, "\(error)")
        } catch {
            return ConsoleAnswer(503, "\(error)")
        }
    }
}
