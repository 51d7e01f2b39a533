internal import Broker
internal import Commerce
internal import Storage
internal import Timekeeping

/// What a run that is under way knows of an event at one subscription.
struct LiveFate {
    enum Kind {
        case unsettled
        case acked
        case deadLettered
        case filtered
        case other
        case settledMeanwhile
        case unknown
    }

    let kind: Kind
    private(set) var step: EventJourney.Step

    var attempts: Int64? { step.attempts }
    var since: String? { step.time }

    /// What is known of `event` at `place`.
    ///
    /// `wasUnsettled` is whether it was there a moment before.
    init(
        _ event: FoundEvent,
        at place: LiveMoment.Subscribed,
        isKnownTopic: Bool,
        wasUnsettled: Bool
    ) {
        let standing = place.standing
        let position = event.position
        if let run = standing.run(of: position) {
            self.init(.unsettled, .backlog, "", at: place)
            step.tell(run, Int(position - run.publication.firstPosition), at: place)
        } else if !isKnownTopic {
            let text = "which topic has the position \(position) is not kept"
            self.init(.unknown, .unknown, text, at: place)
        } else if let (end, index) = standing.exceptions.last(of: position) {
            self.init(end, index, at: place)
        } else if let filter = place.subscription.filter, let text = Self.refusal(of: event, filter)
        {
            self.init(text.isKnown ? .filtered : .unknown, text.state, text.detail, at: place)
        } else if wasUnsettled {
            let text = "settled while this was asked; ask again"
            self.init(.settledMeanwhile, .unknown, text, at: place)
        } else if position < standing.exceptions.completeFrom {
            let first = standing.exceptions.completeFrom
            let text = "settled; how is remembered from position \(first) on"
            self.init(.unknown, .unknown, text, at: place)
        } else {
            self.init(.acked, .acked, "acknowledged; when is not kept", at: place)
            step.attempts = 1
        }
    }

    private init(
        _ kind: Kind,
        _ state: EventJourney.State,
        _ detail: String,
        at place: LiveMoment.Subscribed
    ) {
        self.kind = kind
        step = EventJourney.Step(
            lane: place.subscription.name,
            state: state,
            detail: detail,
            evidence: "the subscription, as of \(place.standing.taken)"
        )
    }

    /// The message at `index` of its batch has ended as `end` says.
    private init(_ end: ExceptionalEnd, _ index: Int, at place: LiveMoment.Subscribed) {
        switch end.state {
        case .acked: self.init(.acked, .acked, "acknowledged", at: place)
        case .broughtBack:
            let text = "acknowledged again after a seek at \(end.time)"
            self.init(.acked, .acked, text, at: place)
            return
        case .deadLettered:
            let reason = end.failure?.reasons[index].map { "\($0.label): \($0.detail)" }
            self.init(.deadLettered, .deadLettered, reason ?? "given up", at: place)
        case .expired:
            let text = "not acknowledged within the retention"
            self.init(.other, .expired, text, at: place)
        case .shed:
            let text = "dropped, since the subscription was full"
            self.init(.other, .shed, text, at: place)
        case .skipped:
            let text = "taken for acknowledged by a seek; no subscriber had acknowledged it"
            self.init(.other, .skipped, text, at: place)
        }
        step.time = end.time.description
        let attempts = Int64(end.failures) + (end.state == .acked ? 1 : 0)
        if attempts > 0 { step.attempts = attempts }
    }

    /// That `event` does not pass `filter`, or that this cannot be said; nil where it passes.
    private static func refusal(
        of event: FoundEvent,
        _ filter: String
    ) -> (isKnown: Bool, state: EventJourney.State, detail: String)? {
        switch Fate.passes(event, filter) {
        case true?: nil
        case false?: (true, .filtered, "by \(filter)")
        case nil: (false, .unknown, "whether it passes the filter cannot be said here")
        }
    }
}

extension EventJourney.Step {
    /// Tells where the message at `index` of the batch of `run` is, and what lets it go on.
    fileprivate mutating func tell(
        _ run: SubscriptionStanding<Batch>.Run,
        _ index: Int,
        at place: LiveMoment.Subscribed
    ) {
        let (subscription, standing) = (place.subscription, place.standing)
        let position = run.publication.position(at: index)
        let stage = subscription.stage ?? "nobody reads it"
        if run.failures > 0 { attempts = Int64(run.failures) }
        let blocker = standing.blocker(of: index, in: run)
        switch run.place {
        case .backlog, .ready, .held:
            since = run.publication.publishTime.description
            let end = run.publication.publishTime + standing.policy.retention
            until = end.description
            guard end > standing.taken else {
                state = .backlog
                detail = "too old for the retention of the subscription since \(end)"
                frees = "nothing: it expires once the subscription is asked for it"
                return
            }
            if let blocker {
                let (other, behind) = blocker
                state = .held
                self.behind = behind
                since = (other.since ?? run.publication.publishTime).description
                detail =
                    "behind position \(behind) (\(other.name(at: behind))) of the same key, which "
                    + other.condition(in: place)
                frees = "the settlement of position \(behind)"
                return
            }
            let count = run.place == .held ? nil : standing.countAhead(of: position)
            state = .backlog
            ahead = count
            let others = count.map { $0 == 1 ? "1 other" : "\($0) others" } ?? "an unknown number"
            detail =
                (run.failures > 0 ? "to be delivered again, behind " : "in the backlog behind ")
                + others
            frees =
                subscription.stage == nil
                ? "a subscriber: nothing reads \(subscription.name)"
                : "\(stage), once those before it are delivered"
        case .inFlight(let delivery, let began, let deadline, let extensions):
            state = .inFlight
            since = began.description
            until = deadline.description
            self.extensions = Int64(extensions)
            worker = subscription.worker(delivery).map { $0 + 1 }
            attempts = Int64(run.failures) + 1
            detail = run.condition(in: place)
            frees = "its acknowledgement, or at \(deadline) " + run.consequence(of: standing.policy)
        case .waiting(let instant):
            state = .waiting
            since = (run.failure?.last).map(\.description)
            until = instant.description
            let reason = run.failure?.reasons[index].map { " (\($0.label): \($0.detail))" }
            detail =
                "failed\(reason ?? ", with an earlier one of its key"); "
                + "attempt \(run.failures + 1) at \(instant)"
            frees = "the attempt at \(instant)"
        }
    }
}

extension SubscriptionStanding<Batch>.Run {
    /// Since when its messages are where they are; nil where that is not noted.
    var since: Timestamp? {
        switch place {
        case .backlog, .ready, .held: failure?.last
        case .inFlight(_, let since, _, _): failure?.first ?? since
        case .waiting: failure?.first
        }
    }

    /// What people call the message at `position`: what it is about, or its id.
    func name(at position: Int64) -> String {
        let index = Int(position - publication.firstPosition)
        return publication.batch.attribute("subject", of: index)
            ?? publication.batch.idText(of: index)
    }

    /// What happens to a delivery that is not settled by its deadline.
    func consequence(of policy: SubscriptionPolicy) -> String {
        guard let most = policy.maximumAttempts else { return "another attempt" }
        return failures + 1 >= most
            ? "the end of its last attempt: a dead letter"
            : "attempt \(failures + 2) of \(most)"
    }

    /// Where its messages are, in words.
    func condition(in place: LiveMoment.Subscribed) -> String {
        switch self.place {
        case .backlog, .held: return "waits"
        case .ready: return "is to be delivered next"
        case .inFlight(let delivery, let since, let deadline, let extensions):
            let subscription = place.subscription
            let worker = subscription.worker(delivery).map { " (worker \($0 + 1))" } ?? ""
            let times = extensions == 1 ? "once" : "\(extensions) times"
            return
                "is with \(subscription.stage ?? "a subscriber")\(worker) since \(since), "
                + "attempt \(failures + 1); deadline \(deadline)"
                + (extensions > 0 ? ", extended \(times)" : "")
                + (deadline <= place.standing.taken
                    ? ", which has passed: it comes again once a worker asks" : "")
        case .waiting(let instant):
            return "waits for attempt \(failures + 1) at \(instant)"
        }
    }
}
