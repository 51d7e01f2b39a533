internal import Broker
internal import Commerce
package import Reports
package import Storage
internal import Timekeeping

/// The journeys of the events that a query names, or how one knows that there are none.
package struct JourneyReport: WrittenReport, Decodable, Sendable {
    package var schemaVersion = 1
    package var query: String
    package var journeys: [EventJourney] = []
    /// How many more events there are; at least so many where ``isCounted`` is false.
    package var more: Int64 = 0
    package var isCounted = true
    /// What was looked at, and what that says where nothing was found.
    package var evidence: [String] = []
    /// What could not be asked.
    package var failures: [String] = []
    /// When a run that is under way was asked; nil for stores alone.
    package var asOf: String?
    /// Whether a store did not answer, which may be asked again.
    package var isStoreAway: Bool?
    /// The events of the journeys, in their order; no part of what is written.
    private(set) var events: [FoundEvent] = []

    private enum CodingKeys: String, CodingKey {
        case schemaVersion, query, journeys, more, isCounted, evidence, failures, asOf, isStoreAway
    }

    /// An empty report on `query`.
    package init(_ query: EventQuery) {
        self.query = query.text
    }

    /// How many letters are read for keys that letters have no index by.
    private static let letterLimit = 20_000

    /// Adds what `store`, called `label`, has found, as `warehouse` and its chart know it.
    package mutating func add(
        _ found: FoundEvents,
        retained: RetainedEvents?,
        in label: String,
        _ warehouse: (any Warehouse)?,
        _ chart: JourneyChart
    ) async throws {
        for event in found.events { try await add(event, isStored: true, warehouse, chart) }
        switch found.others {
        case .exactly(let count): more += count
        case .about(let count), .atLeast(let count): (more, isCounted) = (more + count, false)
        }
        guard found.events.isEmpty else { return }
        guard let retained else {
            evidence.append("\(label): the raw store is empty")
            return
        }
        let span = retained.positions
        evidence.append(
            "\(label): no such key in what is retained"
                + (retained.since.map { " since \($0)" } ?? "")
                + ": positions \(span.lowerBound) to \(span.upperBound)"
        )
    }

    /// Adds why something could not be asked.
    package mutating func add(failure: String) { failures.append(failure) }

    /// Adds the events that only dead letters of `warehouse` have, and what they and the census
    /// say where there is nothing.
    package mutating func addLetters(
        _ query: EventQuery,
        of warehouse: any Warehouse,
        called label: String,
        _ chart: JourneyChart,
        limit: Int
    ) async throws {
        guard let store = warehouse.letters else { return }
        var known = Set(journeys.map { "\($0.event.source)\u{0}\($0.event.id)" })
        let judge = LetterJudge(.standard, at: .distantPast)
        var filter = LetterFilter(isOpen: false)
        filter.id = query.conditions.first { $0.key == .id }?.value
        filter.position = query.conditions.first { $0.key == .message }.flatMap { Int64($0.value) }
        var last: LetterName?
        var looked = 0
        var unread = 0
        var only: [FoundEvent] = []
        while looked < Self.letterLimit {
            let page = try await store.letters(filter, after: last, atMost: 1000)
            guard let end = page.last else { break }
            last = end.name
            looked += page.count
            for letter in page {
                guard let event = judge.judge(letter).event else {
                    if query.names(letter.name) {
                        evidence.append(
                            "\(label): \(letter.name.subscription) gave up message "
                                + "\(letter.name.position) with the id \(letter.name.id), "
                                + "\(letter.reason): \(letter.detail); its bytes are no event by "
                                + "themselves ('weir dead-letters show \(letter.name.id) "
                                + "--discarded')"
                        )
                    } else {
                        unread += 1
                    }
                    continue
                }
                guard query.conditions.allSatisfy(event.meets),
                    known.insert("\(event.source)\u{0}\(event.id)").inserted
                else { continue }
                only.append(event)
            }
        }
        var rest = looked < Self.letterLimit ? "" : "; the others are unknown"
        if unread > 0 {
            rest +=
                unread == 1
                ? "; 1 of them is no event by itself, and may have the key"
                : "; \(unread) of them are no events by themselves, and may have the key"
        }
        guard more == 0 else {
            // Whether they are among the stored ones that are not told is not known.
            if !only.isEmpty { isCounted = false }
            evidence.append(
                "\(label): looked through \(looked) dead letters\(rest); \(only.count) with the "
                    + "key are of events that are not told here"
            )
            return
        }
        let room = max(0, limit - journeys.count)
        more += Int64(max(0, only.count - room))
        // What a store that was not asked has is not known.
        let isStored: Bool? = failures.isEmpty ? false : nil
        for event in only.prefix(room) {
            try await add(event, isStored: isStored, warehouse, chart)
        }
        evidence.append("\(label): looked through \(looked) dead letters\(rest)")
    }

    /// Adds what `warehouse`, as `chart` draws it, says of events that are nowhere.
    package mutating func addAbsence(
        of query: EventQuery,
        in warehouse: (any Warehouse)?,
        _ chart: JourneyChart
    ) async throws {
        addCensus(chart)
        let position = query.conditions.first { $0.key == .message }.flatMap { Int64($0.value) }
        if let position {
            for dropped in try await warehouse?.journeys?.dropped(at: position) ?? [] {
                evidence.append(
                    "\(dropped.subscription): the message at position \(position) was "
                        + "\(dropped.cause.words) by \(dropped.last)"
                )
            }
            return
        }
        for dropped in chart.dropped where !chart.isCounting(dropped.span.subscription) {
            let span = dropped.span
            evidence.append(
                "\(span.subscription): \(ReportNumbers.count(dropped.messages)) messages were "
                    + "\(span.cause.words) from \(span.first) to \(span.last), positions "
                    + "\(span.positions.lowerBound) to \(span.positions.upperBound); their keys "
                    + "are not kept, so it may be among them"
            )
        }
    }

    /// Adds what the census of `chart` says of events that are nowhere.
    package mutating func addCensus(_ chart: JourneyChart) {
        guard let (taken, numbers) = chart.census else {
            evidence.append(
                "whether it was ever produced is unknown: no census of the raw events was taken "
                    + "('weir invariants refresh --raw' takes one)"
            )
            return
        }
        for source in numbers {
            guard let stored = source.last else {
                evidence.append(
                    "source \(source.source) does not number its events: unknown whether one is "
                        + "missing"
                )
                continue
            }
            let name = source.source
            let counting = chart.counting.compactMap { place in
                place.progress.first { $0.stream.utf8.elementsEqual(name.utf8) }?.consumed
            }
            let end = max(stored, counting.compactMap(\.intervals.last?.upperBound).max() ?? 0)
            let gap = source.firstGap ?? 1
            guard gap <= end else {
                evidence.append(
                    "source \(name): numbers 1 to \(end) are stored without a gap as of "
                        + "\(taken), so up to there it was never produced"
                )
                continue
            }
            let isCounted = counting.contains { $0.contains(gap) }
            evidence.append(
                "source \(name): number \(gap) is not stored, as of \(taken), and "
                    + "\(source.refused) were given up: it may have been produced, and lost "
                    + (isCounted
                        ? "by those who store, for number \(gap) is counted"
                        : "before the topic, or by those who store")
            )
        }
    }

    /// Adds the journey of `event`.
    mutating func add(
        _ event: FoundEvent,
        isStored: Bool?,
        _ warehouse: (any Warehouse)?,
        _ chart: JourneyChart
    ) async throws {
        var journey = try await Self.journey(event, isStored: isStored, warehouse, chart)
        if isStored == true, let letters = warehouse?.letters {
            for replayed in try await letters.replayedEvents(at: event.position) {
                journey.add(replayed.events, of: replayed.subscription)
            }
        }
        journeys.append(journey)
        events.append(event)
    }

    private static func journey(
        _ event: FoundEvent,
        isStored: Bool?,
        _ warehouse: (any Warehouse)?,
        _ chart: JourneyChart
    ) async throws -> EventJourney {
        var counted: [String: Bool] = [:]
        var exceptions: [EventException] = []
        var dropped: [DroppedMessages] = []
        if let warehouse {
            if !chart.dropped.isEmpty {
                dropped = try await warehouse.journeys?.dropped(at: event.position) ?? []
            }
            exceptions =
                try await warehouse.journeys?.exceptions(of: event.source, id: event.id) ?? []
            let (id, isUUID) = EventID.parse(event.id)
            let identity = IdentityDigest(event: id, isUUID: isUUID, source: event.source)
            for place in chart.counting {
                let answer = try await warehouse.alreadyCounted(
                    CountedQuestion(events: [identity]),
                    by: place.subscription
                )
                counted[place.subscription] = answer.events[identity] != nil
            }
        }
        return EventJourney(
            event,
            isStored: isStored,
            exceptions: exceptions,
            counted: counted,
            dropped: dropped,
            on: chart
        )
    }

    /// What asks for the logs of each journey: those of its trace, else of its id.
    package var logSearches: [LogSearch] {
        journeys.map { journey in
            let key =
                journey.event.trace.map { LogField(name: EventKey.trace.rawValue, value: $0) }
                ?? LogField(name: EventKey.id.rawValue, value: journey.event.id)
            return LogSearch([key], limit: JourneyReport.logLimit, prefersLast: true)
        }
    }

    /// So many records are told of an event, the last ones.
    private static let logLimit = 100

    /// Adds what was logged about the event of the journey at `place`.
    package mutating func add(_ found: FoundLogs, toJourney place: Int) {
        journeys[place].logs =
            (journeys[place].logs ?? []) + found.records.map(LogListing.Line.init)
        journeys[place].hasMoreLogs = (journeys[place].hasMoreLogs ?? false) || found.hasMore
    }

    /// Notes which events of the answer were caused by which.
    package mutating func link() {
        for place in journeys.indices {
            let id = journeys[place].event.id
            journeys[place].caused = journeys.filter { $0.event.causation == id }.map(\.event.id)
        }
    }
}

extension JourneyReport {
    /// The report, for any form.
    package var document: ReportDocument {
        var sections = journeys.map(Self.section)
        if journeys.isEmpty || !evidence.isEmpty {
            sections.append(
                .init(
                    title: journeys.isEmpty ? "How one knows" : "Looked at as well",
                    blocks: [
                        .list(title: "what was asked, and what it says", items: evidence, more: 0)
                    ]
                )
            )
        }
        if !failures.isEmpty {
            sections.append(
                .init(
                    title: "Unknown",
                    blocks: [.list(title: "could not be asked", items: failures, more: 0)]
                )
            )
        }
        return ReportDocument(
            kind: "Journeys",
            title: "Where is \(query)",
            subject: "query",
            verdict: verdict,
            facts: asOf.map { [.init("as of", .init($0))] } ?? [],
            sections: sections
        )
    }

    private var verdict: ReportDocument.Cell {
        let mark: ReportDocument.Mark = failures.isEmpty ? .none : .warning
        let rest = failures.isEmpty ? "" : "; not everything could be asked"
        guard !journeys.isEmpty else { return .init("not found" + rest, .absent) }
        let count =
            "\(isCounted ? "" : "about ")\(ReportNumbers.count(Int64(journeys.count) + more))"
        let shown = more > 0 ? ", \(journeys.count) shown" : ""
        let noun = Int64(journeys.count) + more == 1 ? "event" : "events"
        return .init("\(count) \(noun)\(shown)\(rest)", mark)
    }

    private static func section(_ journey: EventJourney) -> ReportDocument.Section {
        let event = journey.event
        let value = [event.value, event.currency].compactMap(\.self).joined(separator: " ")
        let about = [event.name, event.order, event.user, value.isEmpty ? nil : value]
            .compactMap(\.self).joined(separator: " · ")
        var rows: [[ReportDocument.Cell]] = []
        for (index, step) in journey.steps.enumerated() {
            let isLast = index == journey.steps.count - 1
            let branch = index == 0 ? "● " : index == 1 ? "│ " : isLast ? "└ " : "├ "
            let ended = step.state == .inFlight || step.state == .waiting ? nil : step.attempts
            let after = ended.map { "after \($0) \($0 == 1 ? "attempt" : "attempts"): " }
            rows.append([
                .init(branch + step.lane), .init(step.state.rawValue, mark(of: step.state)),
                .init(step.time ?? step.since), .init((after ?? "") + step.detail),
                .init(step.evidence),
            ])
            if let frees = step.frees {
                rows.append([.init(isLast ? "" : "│"), "", "", .init("goes on with \(frees)"), ""])
            }
            for window in step.windows ?? [] {
                let text = "in the \(window.length) from \(window.start)"
                rows.append([.init(isLast ? "" : "│"), "", "", .init(text), ""])
            }
        }
        let columns: [ReportDocument.Column] = [
            .text("lane"), .text("state"), .text("when"), .text("what"), .text("known by"),
        ]
        var blocks: [ReportDocument.Block] = [
            .table(.init(caption: about, columns: columns, rows: rows))
        ]
        if let cause = event.causation { blocks.append(.note(.init("caused by \(cause)"))) }
        if !journey.caused.isEmpty {
            blocks.append(.note(.init("caused " + journey.caused.joined(separator: ", "))))
        }
        if let logs = journey.logs {
            blocks.append(
                logs.isEmpty
                    ? .note(.init("nothing was logged about it", .absent))
                    : .list(title: "what was logged", items: logs.map(\.text), more: 0)
            )
            if journey.hasMoreLogs == true {
                blocks.append(.note(.init("there are earlier ones: weir logs id=\(event.id)")))
            }
        }
        return .init(title: event.id, blocks: blocks)
    }

    private static func mark(of state: EventJourney.State) -> ReportDocument.Mark {
        switch state {
        case .produced, .published: .none
        case .stored, .counted, .replayed, .acked: .good
        case .late, .filtered, .uncounted, .discarded, .notYet: .warning
        case .backlog, .inFlight: .none
        case .unpublished, .held, .waiting, .skipped: .warning
        case .deadLettered, .missing, .expired, .shed: .bad
        case .unknown: .absent
        }
    }
}

extension DroppedMessages.Cause {
    /// What was done to the messages.
    fileprivate var words: String {
        switch self {
        case .shed: "shed, since the subscription was full,"
        case .expired: "given up as too old for the retention"
        case .skipped: "taken for acknowledged by a seek"
        }
    }
}
