package import Broker
internal import Commerce
package import Datasets
internal import Reports
package import Storage
internal import Timekeeping

/// What is known of where events go, as a warehouse has it; empty where there is no warehouse.
package struct JourneyChart: Sendable {
    /// A subscription that counts.
    struct Counting: Sendable {
        var subscription: String
        /// As its chain has it; nil where it takes every message.
        var filter: String?
        var progress: [StreamProgress]
    }

    /// The topic of raw events, where there is only one.
    private(set) var topic: String?
    /// Who stores raw events, where there is only one.
    private(set) var storing: String?
    private(set) var counting: [Counting] = []
    private(set) var grains: [Grain] = []
    /// How the numbers of the sources stood at the last census.
    private(set) var census: (taken: Timestamp, numbers: [JourneyMap.Numbers])?
    private(set) var dropped: [JourneyMap.Dropped] = []

    /// The chart of a pipeline whose warehouse is not there.
    package init() {}

    /// The chart that `warehouse` has.
    package init(of warehouse: any Warehouse) async throws {
        guard let journeys = warehouse.journeys else {
            self.init()
            return
        }
        let map = try await journeys.journeyMap()
        var progress: [String: [StreamProgress]] = [:]
        for owner in map.owners {
            progress[owner.subscription] = try await warehouse.progress(of: owner.subscription)
        }
        self.init(map, progress: progress)
    }

    /// Adds what `live` says of where events go, as far as `warehouse` has nothing of that.
    package mutating func complete(
        by live: LiveRun,
        _ warehouse: (any Warehouse)?
    ) async throws {
        if topic == nil, live.topics.count == 1 { topic = live.topics.first?.name }
        let storing = live.subscriptions.filter { $0.work == .stores }
        if self.storing == nil, storing.count == 1 { self.storing = storing.first?.name }
        for place in live.subscriptions where place.work == .counts {
            guard !counting.contains(where: { $0.subscription == place.name }) else { continue }
            counting.append(
                Counting(
                    subscription: place.name,
                    filter: place.filter,
                    progress: try await warehouse?.progress(of: place.name) ?? []
                )
            )
        }
    }

    /// The chart that `map` draws, with what each subscription has consumed.
    package init(_ map: JourneyMap, progress: [String: [StreamProgress]]) {
        let pushed = map.sources.filter { !$0.isDerivative }.map { Self.words($0.payload) }
        let topics = Set(pushed.compactMap { $0["topic"] } + map.owners.map(\.topic))
        // A store may hold several topics, and then a position alone does not say which.
        topic = topics.count == 1 ? topics.first : nil
        storing = pushed.count == 1 ? pushed.first?["subscription"] : nil
        counting = map.owners.map { owner in
            let chain = map.sources.first { $0.dataset == "derivative/\(owner.subscription)" }
            return Counting(
                subscription: owner.subscription,
                filter: chain.flatMap { Self.words($0.payload)["filter"] },
                progress: progress[owner.subscription] ?? []
            )
        }
        grains = map.grains
        census = map.census.map { ($0, map.numbers) }
        dropped = map.dropped
    }

    /// Whether `subscription` counts, so that what it drops is stored by another all the same.
    func isCounting(_ subscription: String) -> Bool {
        counting.contains { $0.subscription == subscription }
    }

    fileprivate static func words(_ payload: String) -> [String: String] {
        (try? JSONText.read(payload) as [String: String]) ?? [:]
    }
}

extension JourneyMap {
    /// What the catalogue calls the events that the raw store called `name` has.
    package func root(of name: String) -> DatasetID? {
        sources.first { source in
            !source.isDerivative
                && JourneyChart.words(source.payload)["store"]?.utf8.elementsEqual(name.utf8)
                    ?? false
        }.map { DatasetID($0.dataset) }
    }

    /// What the catalogue calls the aggregates that `subscription` is counted into.
    package func derivative(of subscription: String) -> DatasetID? {
        let id = DatasetID(.derivative, subscription)
        return sources.contains { $0.isDerivative && $0.dataset == id.text } ? id : nil
    }
}

/// The story of one event: what became of it at each station, and how one knows.
package struct EventJourney: Codable, Sendable {
    /// What became of it there.
    package enum State: String, Codable, Sendable {
        case produced
        case published
        case stored
        case counted
        /// In some windows; those that had closed do not hold it.
        case late
        case filtered
        /// The subscription was full when it came.
        case shed
        /// It was not acked within the retention of the subscription.
        case expired
        /// A seek took it for acked.
        case skipped
        case deadLettered = "dead-lettered"
        case discarded
        /// It was given to its stage again, which has taken it.
        case replayed
        /// It is kept, and adds nothing.
        case uncounted
        /// Later ones of its source are not counted either.
        case notYet = "not-yet"
        /// It is nowhere it could be, and later ones are.
        case missing
        case unknown

        // What only a run that is under way knows.

        /// Its producer holds it, since a subscription is full.
        case unpublished
        /// Not delivered yet.
        case backlog
        /// Held back until an earlier one of its ordering key is settled.
        case held
        case inFlight = "in-flight"
        /// It failed, and is to be delivered again.
        case waiting
        case acked
    }

    /// A window that holds it.
    package struct Window: Codable, Sendable {
        package var length: String
        /// RFC 3339.
        package var start: String
    }

    /// A station of its way.
    package struct Step: Codable, Sendable {
        /// `source`, `topic`, or a subscription.
        package var lane: String
        package var state: State
        /// RFC 3339; nil where it is not noted when.
        package var time: String?
        package var detail: String
        /// How one knows.
        package var evidence: String
        /// How often it was delivered; nil where that is not kept, as of what went well.
        package var attempts: Int64?
        package var windows: [Window]?
        /// Since when it is where it is; as all below, of a run that is under way.
        package var since: String?
        /// When its ack deadline ends, its next attempt is due, or it expires.
        package var until: String?
        /// How many are delivered before it.
        package var ahead: Int64?
        /// The position of the message of its ordering key that is to be settled first.
        package var behind: Int64?
        /// How often its ack deadline began anew.
        package var extensions: Int64?
        /// The worker of the stage that has it, from 1.
        package var worker: Int?
        /// What lets it go on.
        package var frees: String?
    }

    /// The lanes of a topic and of a subscription that stores, where their names are not known.
    static let unknownTopic = "topic unknown"
    static let unknownStoring = "ingest (name unknown)"

    package var event: EventListing.Line
    package var steps: [Step]
    /// Events of the same answer that name it as their cause.
    package var caused: [String] = []
    /// What was logged about it, in the order of the stores; nil where that was not asked for.
    package var logs: [LogListing.Line]? = nil
    /// Whether there are earlier records of it.
    package var hasMoreLogs: Bool? = nil

    /// Adds what a replay of stored events has made of it, of which nothing else tells.
    mutating func add(_ events: ReplayedEvents, of subscription: String) {
        guard ![.present, .failed].contains(events.outcome) else { return }
        let step = Step(
            lane: subscription,
            state: .replayed,
            time: events.time.description,
            detail: "\(events.outcome.rawValue), by \(events.replay)",
            evidence: "its position is in a row of replayed_events"
        )
        // Before what it became.
        let place = steps.firstIndex { $0.lane == subscription } ?? steps.endIndex
        steps.insert(step, at: place)
    }

    /// The journey of `event`, which a raw store has, or only a letter.
    ///
    /// `isStored` is nil where not every raw store could be asked; `dropped` has the runs of
    /// dropped messages that its position lies in.
    package init(
        _ event: FoundEvent,
        isStored: Bool?,
        exceptions: [EventException],
        counted: [String: Bool],
        dropped: [DroppedMessages] = [],
        on chart: JourneyChart
    ) {
        self.event = EventListing.Line(event)
        steps = EventJourney.beginning(of: event, on: chart)
        let counting = Set(chart.counting.map(\.subscription))
        let others = exceptions.compactMap(\.letter)
            .filter { !counting.contains($0.name.subscription) }
        // An edit is given to the subscription that it was made for, and to no other.
        let isEdited = exceptions.contains { $0.letter?.edit != nil }
        // What was given up and is there all the same has both steps: it came twice, or again.
        steps += others.flatMap { EventJourney.steps(of: $0, at: event.position) }
        if isStored == true {
            steps.append(
                Step(
                    lane: chart.storing ?? Self.unknownStoring,
                    state: .stored,
                    detail: "acknowledged: a message is stored first",
                    evidence: "the raw store has it"
                )
            )
        } else if others.isEmpty,
            let dropped = dropped.first(where: { $0.subscription == chart.storing })
        {
            steps.append(Step(dropped))
        } else if others.isEmpty, !isEdited {
            steps.append(
                Step(
                    lane: chart.storing ?? Self.unknownStoring,
                    state: isStored == nil ? .unknown : .missing,
                    detail: isStored == nil
                        ? "a raw store could not be asked"
                        : "neither stored nor a dead letter: lost there, or still under way",
                    evidence: "no event of its source and id in the stores that were asked"
                )
            )
        }
        for place in chart.counting {
            let own = exceptions.filter { $0.subscription == place.subscription }
            let letters = own.compactMap(\.letter)
            steps += letters.flatMap { EventJourney.steps(of: $0, at: event.position) }
            let fate = Fate(
                event,
                at: place,
                own,
                counted[place.subscription],
                dropped.first { $0.subscription == place.subscription },
                chart.grains
            )
            if fate.isKept || (letters.isEmpty && !isEdited) { steps.append(fate.step) }
        }
    }

    /// That it was produced and published.
    private static func beginning(of event: FoundEvent, on chart: JourneyChart) -> [Step] {
        let number = event.sequence > 0 ? ", number \(event.sequence) of it" : ""
        return [
            Step(
                lane: "source",
                state: .produced,
                time: event.time.description,
                detail: "by \(event.source)\(number)",
                evidence: "the event's own time"
            ),
            Step(
                lane: chart.topic.map { "topic \($0)" } ?? Self.unknownTopic,
                state: .published,
                detail: "position \(event.position)",
                evidence: "the position that it is kept with"
            ),
        ]
    }

    /// That it was given up, and what was decided about that.
    ///
    /// An event that was published again, or another one of its id, has another `position`.
    private static func steps(of letter: KeptLetter, at position: Int64) -> [Step] {
        let lane = letter.name.subscription
        let place =
            letter.name.position == position ? "" : "the message at \(letter.name.position): "
        let isReplayed =
            letter.outcome != nil && letter.outcome != .edited && letter.decision != nil
        let given = Step(
            lane: lane,
            state: .deadLettered,
            time: letter.lastFailure.description,
            detail: "\(place)\(letter.reason): \(letter.detail)",
            evidence: "a dead letter of the warehouse",
            attempts: letter.attempts - (isReplayed ? 1 : 0)
        )
        guard let decision = letter.decision else { return [given] }
        var decided = Step(
            lane: lane,
            state: .discarded,
            time: decision.time.description,
            detail: "by \(decision.who): \(decision.why)",
            evidence: "what is noted of the letter"
        )
        if let outcome = letter.outcome {
            decided.state = .replayed
            decided.detail = "\(outcome.rawValue), by \(letter.replay ?? ""): \(decision.why)"
            decided.attempts = letter.attempts
        }
        return [given, decided]
    }
}

extension EventJourney.Step {
    /// That a message of `dropped` never reached the end of its way.
    fileprivate init(_ dropped: DroppedMessages) {
        let (state, reason): (EventJourney.State, String) =
            switch dropped.cause {
            case .shed: (.shed, "the subscription was full")
            case .expired: (.expired, "not acknowledged within the retention")
            case .skipped: (.skipped, "a seek took it for acknowledged")
            }
        let others = dropped.count - 1
        self.init(
            lane: dropped.subscription,
            state: state,
            time: dropped.first == dropped.last ? dropped.last.description : nil,
            detail: reason
                + (others == 0 ? "" : ", with \(ReportNumbers.count(others)) beside it")
                + (dropped.first == dropped.last
                    ? "" : ", between \(dropped.first) and \(dropped.last)"),
            evidence: "its position is in a row of dropped_messages"
        )
    }
}

/// What became of an event at a subscription that counts, beside its dead letters.
struct Fate {
    let step: EventJourney.Step
    /// Whether it has left something there.
    let isKept: Bool

    private typealias State = EventJourney.State

    /// `counted` is nil where only what is consumed of its stream can say.
    init(
        _ event: FoundEvent,
        at place: JourneyChart.Counting,
        _ exceptions: [EventException],
        _ counted: Bool?,
        _ dropped: DroppedMessages?,
        _ grains: [Grain]
    ) {
        func step(_ state: State, _ detail: String, _ evidence: String) -> EventJourney.Step {
            .init(lane: place.subscription, state: state, detail: detail, evidence: evidence)
        }
        let stream = place.progress.first { $0.stream.utf8.elementsEqual(event.source.utf8) }
        let isConsumed = stream?.consumed.contains(event.sequence) ?? counted ?? false
        isKept = isConsumed || exceptions.contains { $0.letter == nil }
        for exception in exceptions {
            switch exception {
            case .deadLetter: continue
            case .uncounted(_, let reason):
                self.step = step(.uncounted, reason, "a row of uncounted_events")
                return
            case .late(_, let missed, let lateness):
                var late = step(
                    .late,
                    ReportNumbers.duration(seconds: lateness / .seconds(1))
                        + " behind the watermark; windows up to \(missed.rawValue) had closed",
                    "a row of late_events"
                )
                late.windows = Fate.windows(of: event, in: grains.filter { $0 > missed })
                self.step = late
                return
            }
        }
        if isConsumed {
            var counted = step(
                .counted,
                "in time",
                stream == nil ? "its row of counted_events" : "the committed progress"
            )
            counted.windows = Fate.windows(of: event, in: grains)
            self.step = counted
            return
        }
        self.step =
            dropped.map(EventJourney.Step.init)
            ?? Fate.filtered(event, at: place)
            ?? Fate.absent(event, at: place, stream, counted)
    }

    /// That the filter has kept it out, or may have; nil where it has not.
    private static func filtered(
        _ event: FoundEvent,
        at place: JourneyChart.Counting
    ) -> EventJourney.Step? {
        guard let filter = place.filter, passes(event, filter) != true else { return nil }
        let isKnown = passes(event, filter) == false
        return .init(
            lane: place.subscription,
            state: isKnown ? .filtered : .unknown,
            detail: isKnown ? "by \(filter)" : "its filter cannot be evaluated here",
            evidence: "the filter of its chain"
        )
    }

    /// That it has left nothing, and why, as far as the progress of its `stream` says.
    private static func absent(
        _ event: FoundEvent,
        at place: JourneyChart.Counting,
        _ stream: StreamProgress?,
        _ counted: Bool?
    ) -> EventJourney.Step {
        var step = EventJourney.Step(
            lane: place.subscription,
            state: .unknown,
            detail: counted == false
                ? "not counted; whether it will be is not noted" : "not noted",
            evidence: "no row of counted_events, and no progress of its source"
        )
        guard let last = stream?.consumed.intervals.last?.upperBound else { return step }
        if event.sequence > last {
            step.state = .notYet
            step.detail = "counted so far up to number \(last)"
            step.evidence = "the committed progress"
        } else {
            step.state = .missing
            step.detail =
                "neither counted nor a dead letter, and numbers up to \(last) are counted: lost "
                + "there, or still under way"
            step.evidence = "the committed progress; 'weir invariants check' judges it"
        }
        return step
    }

    private static func windows(
        of event: FoundEvent,
        in grains: [Grain]
    ) -> [EventJourney.Window] {
        grains.filter { $0 != .all }.map { grain in
            .init(length: grain.rawValue, start: grain.start(of: event.time).description)
        }
    }

    /// Whether `event` passes `filter`; nil where that asks for more than is known of it.
    static func passes(_ event: FoundEvent, _ filter: String) -> Bool? {
        guard let filter = try? AttributeFilter(parsing: filter) else { return nil }
        var isKnown = true
        let passes = filter.evaluate { name in
            switch name {
            case "type": return event.name
            case "source": return event.source
            case "subject": return event.subject
            case "user": return event.user
            case "session": return event.session
            case "currency": return event.currency == .none ? nil : event.currency.code
            default:
                isKnown = false
                return nil
            }
        }
        return isKnown ? passes : nil
    }
}
