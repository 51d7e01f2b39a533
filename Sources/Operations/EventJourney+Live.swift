internal import Broker
internal import Commerce
package import Storage
internal import Timekeeping

extension EventJourney {
    /// Adds what a run that is under way knows of `event`.
    ///
    /// `before` is how it stood before the stores were asked, and `after` how it stood afterwards:
    /// what was settled in between has been stored, and the stores need not have shown it yet.
    mutating func tell(_ event: FoundEvent, before: LiveMoment, after: LiveMoment) {
        guard event.position > 0 else {
            tellUnpublished(event, after.waiting(for: event) ?? before.waiting(for: event))
            return
        }
        guard event.position >= after.firstPosition else { return }
        let topic = after.topic(of: event.position) ?? before.topic(of: event.position)
        for (place, earlier) in zip(after.subscribed, before.subscribed) {
            guard topic == nil || topic == place.subscription.topic else { continue }
            let fate = LiveFate(
                event,
                at: place,
                isKnownTopic: topic != nil,
                wasUnsettled: earlier.standing.run(of: event.position) != nil
            )
            add(fate, lane: place.subscription.name)
        }
    }

    private mutating func tellUnpublished(
        _ event: FoundEvent,
        _ waiting: (topic: String, batch: WaitingBatch<Batch>)?
    ) {
        steps = steps.filter { $0.lane == "source" }
        var step = Step(
            lane: waiting.map { "topic \($0.topic)" } ?? Self.unknownTopic,
            state: .unpublished,
            detail: "published while this was asked; ask again",
            evidence: "what the producers hold"
        )
        if let batch = waiting?.batch {
            step.since = batch.since.description
            step.detail = "its producer waits, since the subscription \(batch.subscription) is full"
            step.frees = "room in \(batch.subscription)"
        }
        steps.append(step)
    }

    private mutating func add(_ fate: LiveFate, lane: String) {
        guard let last = steps.lastIndex(where: { $0.lane == lane }) else {
            steps.append(fate.step)
            return
        }
        let isOpen = [.notYet, .missing, .unknown].contains(steps[last].state)
        switch fate.kind {
        case .acked:
            // Stored, counted or given up says more; and what is acked and nowhere is lost there.
            steps[last].attempts = steps[last].attempts ?? fate.attempts
            steps[last].since = steps[last].since ?? fate.since
            guard isOpen else { return }
            switch steps[last].state {
            case .missing:
                steps[last].detail =
                    "acknowledged, and neither stored, counted nor a dead letter: dropped there"
            case .notYet: steps[last].detail = "acknowledged, and " + steps[last].detail
            default: steps[last] = fate.step
            }
        case .settledMeanwhile, .unknown:
            guard isOpen, steps[last].state != .missing || fate.kind == .settledMeanwhile else {
                return
            }
            steps[last] = fate.step
        case .deadLettered where !isOpen, .filtered where !isOpen: return
        // The warehouse has kept it by now.
        case .other where steps[last].state == fate.step.state: return
        default:
            if isOpen {
                steps[last] = fate.step
            } else {
                steps.insert(fate.step, at: last + 1)
            }
        }
    }
}

extension JourneyReport {
    /// Adds the `events` that a run under way holds and no store has.
    package mutating func add(
        held events: [FoundEvent],
        more: Int64,
        _ warehouse: (any Warehouse)?,
        _ chart: JourneyChart,
        limit: Int
    ) async throws {
        let known = Set(self.events.map { "\($0.source)\u{0}\($0.id)" })
        let others = events.filter { !known.contains("\($0.source)\u{0}\($0.id)") }
        let room = max(0, limit - journeys.count)
        // What a store that could not be asked has is not known.
        let isStored: Bool? = failures.isEmpty ? false : nil
        for event in others.prefix(room) {
            try await add(event, isStored: isStored, warehouse, chart)
        }
        // Of those that are not told, some may be stored as well.
        let rest = more + Int64(max(0, others.count - room))
        if rest > 0 { (self.more, isCounted) = (self.more + rest, false) }
    }

    /// Adds to each journey what the run knows: as it was `before` the stores were asked, and
    /// `after` that.
    package mutating func tell(before: LiveMoment, after: LiveMoment) {
        for (place, event) in events.enumerated() {
            journeys[place].tell(event, before: before, after: after)
        }
        asOf = after.taken?.description
        guard journeys.isEmpty else { return }
        for place in after.subscribed {
            let counts = place.standing.counts
            let gone: [(name: String, count: Int64)] = [
                ("skipped by a seek", counts.stillSkipped), ("expired", counts.expired),
                ("shed", counts.shed),
            ].filter { $0.1 > 0 }
            guard !gone.isEmpty else { continue }
            let text = gone.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
            evidence.append(
                "subscription \(place.subscription.name): \(text), whose keys are not kept: one of "
                    + "them may be it"
            )
        }
    }
}
