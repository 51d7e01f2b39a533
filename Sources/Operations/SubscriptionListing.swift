internal import Broker
internal import Commerce
package import Reports
internal import Timekeeping

/// How far each subscription of a pipeline is, and what holds its messages up, for people and
/// programs.
package struct SubscriptionListing: WrittenReport, Decodable, Sendable {
    /// Why messages do not go on.
    package enum Cause: String, Codable, Sendable {
        /// They failed, and wait for their next attempt.
        case waiting = "waiting-for-attempt"
        /// An earlier message of their ordering key is not settled.
        case key = "behind-ordering-key"
        /// The subscription is full, so that producers wait.
        case full = "subscription-full"
        /// A worker has them, and has not acknowledged them.
        case worker = "held-by-worker"
        /// The subscription is full, and sheds what comes.
        case shedding
        /// Nothing reads the subscription.
        case unread
    }

    /// Messages that wait for one thing.
    package struct HoldUp: Codable, Sendable {
        package var subscription: String
        package var cause: Cause
        package var messages: Int64
        /// RFC 3339; nil where that is not noted.
        package var since: String?
        /// The one that waits longest, or that the others wait for.
        package var position: Int64?
        /// What that is about, or its id.
        package var example: String?
        package var detail: String
        /// What lets them go on.
        package var frees: String
        /// Whether a worker has had them for longer than it may without saying so.
        package var isLong: Bool? = nil
    }

    /// A subscription; what is not known is nil.
    package struct Line: Codable, Sendable {
        package var subscription: String
        package var topic: String?
        package var stage: String?
        package var filter: String?
        package var published: Int64?
        package var backlog: Int64?
        package var outstanding: Int64?
        package var waiting: Int64?
        package var acked: Int64?
        package var deadLettered: Int64?
        package var expired: Int64?
        package var filtered: Int64?
        package var shed: Int64?
        /// Of ``acked``, those that a seek took for acked.
        package var skipped: Int64?
        /// How many a seek has brought back, again and again.
        package var replayed: Int64?
        /// When the oldest message that is not settled was published.
        package var oldestUnsettled: String?
        /// How many messages it may hold.
        package var mostMessages: Int64?
        /// Whether acked messages are kept, so that a seek can bring them back.
        package var retainsAcked: Bool?
        /// How far it is, where only that is known.
        package var progress: String?
    }

    package var schemaVersion = 1
    /// The run or the stores that were asked.
    package var place: String
    /// When a run that is under way was asked; nil for stores.
    package var asOf: String?
    package var subscriptions: [Line] = []
    package var holdUps: [HoldUp] = []
    /// What could not be asked.
    package var failures: [String] = []

    /// No subscription yet of the stores at `place`.
    init(at place: String, failures: [String]) {
        (self.place, self.failures) = (place, failures)
    }

    /// The subscriptions of the run at `place`, as they are at `moment`.
    package init(_ moment: LiveMoment, at place: String) {
        self.place = place
        asOf = moment.taken?.description
        for place in moment.subscribed {
            subscriptions.append(Line(place))
            let waiting = moment.topics.flatMap(\.waiting)
                .filter { $0.subscription == place.subscription.name }
            holdUps += HoldUp.all(at: place, waiting)
        }
    }
}

extension SubscriptionListing.Line {
    fileprivate init(_ place: LiveMoment.Subscribed) {
        let counts = place.standing.counts
        subscription = place.subscription.name
        topic = place.subscription.topic
        stage = place.subscription.stage
        filter = place.subscription.filter
        published = counts.published
        backlog = counts.backlog
        outstanding = counts.outstanding
        waiting = counts.waiting
        acked = counts.acked
        deadLettered = counts.deadLettered
        expired = counts.expired
        filtered = counts.filtered
        shed = counts.shed
        skipped = counts.stillSkipped
        replayed = counts.replayed
        oldestUnsettled = place.standing.runs.map(\.publication.publishTime).min()?.description
        mostMessages = Int64(place.standing.policy.maximumMessages)
        retainsAcked = place.standing.policy.retainsAcked
    }
}

extension SubscriptionListing.HoldUp {
    /// Everything that holds messages up at `place`, where publishers hold `waiting`.
    fileprivate static func all(
        at place: LiveMoment.Subscribed,
        _ waiting: [WaitingBatch<Batch>]
    ) -> [SubscriptionListing.HoldUp] {
        [
            full(at: place, waiting), shedding(at: place), held(at: place), inFlight(at: place),
            retried(at: place), unread(at: place),
        ].compactMap(\.self)
    }

    private static func full(
        at place: LiveMoment.Subscribed,
        _ waiting: [WaitingBatch<Batch>]
    ) -> SubscriptionListing.HoldUp? {
        guard let first = waiting.min(by: { $0.since < $1.since }) else { return nil }
        let (policy, counts) = (place.standing.policy, place.standing.counts)
        let batch = first.batch
        return .init(
            subscription: place.subscription.name,
            cause: .full,
            messages: waiting.reduce(0) { $0 + Int64($1.batch.count) },
            since: first.since.description,
            example: batch.attribute("subject", of: 0) ?? batch.idText(of: 0),
            detail: "producers wait: \(counts.unsettled) of at most \(policy.maximumMessages) "
                + "messages, \(place.standing.unsettledBytes) of at most \(policy.maximumBytes) "
                + "bytes",
            frees: "messages that \(place.subscription.stage ?? "a subscriber") settles"
        )
    }

    private static func shedding(
        at place: LiveMoment.Subscribed
    ) -> SubscriptionListing.HoldUp? {
        let (policy, counts) = (place.standing.policy, place.standing.counts)
        let isFull =
            counts.unsettled >= Int64(policy.maximumMessages)
            || place.standing.unsettledBytes >= policy.maximumBytes
        guard policy.whenFull == .shed, isFull else { return nil }
        return .init(
            subscription: place.subscription.name,
            cause: .shedding,
            messages: counts.unsettled,
            detail: "it is full, and drops what comes: \(ReportNumbers.count(counts.shed)) so far",
            frees: "messages that \(place.subscription.stage ?? "a subscriber") settles"
        )
    }

    private static func held(at place: LiveMoment.Subscribed) -> SubscriptionListing.HoldUp? {
        let standing = place.standing
        let held = standing.runs.filter { $0.place == .held }
        guard let first = held.first, let index = first.selection.first else { return nil }
        let blocker = standing.blocker(of: index, in: first)
        let count = held.reduce(0) { $0 + Int64($1.selection.count) }
        return .init(
            subscription: place.subscription.name,
            cause: .key,
            messages: count,
            since: (blocker?.run.since ?? first.publication.publishTime).description,
            position: blocker?.position ?? first.publication.position(at: index),
            example: (blocker?.run ?? first).name(
                at: blocker?.position ?? first.publication.position(at: index)
            ),
            detail: blocker.map { "the first is behind one that \($0.run.condition(in: place))" }
                ?? "behind earlier ones of their keys",
            frees: blocker.map { "the settlement of position \($0.position)" }
                ?? "the settlement of those before them"
        )
    }

    private static func inFlight(at place: LiveMoment.Subscribed) -> SubscriptionListing.HoldUp? {
        var longest: (run: SubscriptionStanding<Batch>.Run, since: Timestamp, end: Timestamp)?
        var count: Int64 = 0
        var isLong = false
        for run in place.standing.runs {
            guard case .inFlight(_, let since, let deadline, let extensions) = run.place
            else { continue }
            count += Int64(run.selection.count)
            isLong = isLong || extensions > 0
            if longest.map({ since < $0.since }) ?? true { longest = (run, since, deadline) }
        }
        guard let (run, since, deadline) = longest, let index = run.selection.first else {
            return nil
        }
        let position = run.publication.position(at: index)
        return .init(
            subscription: place.subscription.name,
            cause: .worker,
            messages: count,
            since: since.description,
            position: position,
            example: run.name(at: position),
            detail: "the first \(run.condition(in: place))",
            frees: "its acknowledgement, or at \(deadline) "
                + run.consequence(of: place.standing.policy),
            isLong: isLong ? true : nil
        )
    }

    private static func retried(at place: LiveMoment.Subscribed) -> SubscriptionListing.HoldUp? {
        var next: (run: SubscriptionStanding<Batch>.Run, until: Timestamp)?
        var count: Int64 = 0
        var since: Timestamp?
        for run in place.standing.runs {
            guard case .waiting(let until) = run.place else { continue }
            count += Int64(run.selection.count)
            since = [since, run.failure?.first].compactMap(\.self).min()
            if next.map({ until < $0.until }) ?? true { next = (run, until) }
        }
        guard let (run, until) = next, let index = run.selection.first else { return nil }
        let position = run.publication.position(at: index)
        let reason = run.failure?.reasons[index].map { " (\($0.label): \($0.detail))" } ?? ""
        return .init(
            subscription: place.subscription.name,
            cause: .waiting,
            messages: count,
            since: since?.description,
            position: position,
            example: run.name(at: position),
            detail: "the next one failed\(reason) and \(run.condition(in: place))",
            frees: "attempt \(run.failures + 1) at \(until)"
        )
    }

    private static func unread(at place: LiveMoment.Subscribed) -> SubscriptionListing.HoldUp? {
        guard place.subscription.stage == nil, let first = place.standing.runs.first,
            let index = first.selection.first
        else { return nil }
        let position = first.publication.position(at: index)
        return .init(
            subscription: place.subscription.name,
            cause: .unread,
            messages: place.standing.counts.unsettled,
            since: first.publication.publishTime.description,
            position: position,
            example: first.name(at: position),
            detail: "no stage reads the subscription",
            frees: "a subscriber"
        )
    }
}

extension SubscriptionListing {
    /// The listing, for any form.
    package var document: ReportDocument {
        var sections: [ReportDocument.Section] = []
        if !subscriptions.isEmpty {
            sections.append(.init(title: "Subscriptions", blocks: [.table(table)]))
        }
        if !holdUps.isEmpty {
            sections.append(.init(title: "What waits, and for what", blocks: [.table(waits)]))
        }
        if !failures.isEmpty {
            sections.append(
                .init(
                    title: "Unknown",
                    blocks: [.list(title: "could not be asked", items: failures, more: 0)]
                )
            )
        }
        let stopped = holdUps.filter { $0.cause != .worker || $0.isLong == true }
        let verdict: ReportDocument.Cell =
            asOf == nil
            ? .init("how far each is, as the stores have it")
            : stopped.isEmpty
                ? .init("nothing waits for anything but its turn", .good)
                : .init(
                    stopped.map(\.cause.rawValue).uniqued.joined(separator: ", "),
                    .warning
                )
        return ReportDocument(
            kind: "Subscriptions",
            title: "Subscriptions of \(place)",
            subject: asOf == nil ? "stores" : "run",
            verdict: verdict,
            facts: asOf.map { [.init("as of", .init($0))] } ?? [],
            sections: sections
        )
    }

    private var table: ReportDocument.Table {
        typealias Figure = (title: String, value: (Line) -> Int64?)
        let figures: [Figure] = [
            ("backlog", { $0.backlog }), ("in flight", { $0.outstanding }),
            ("waiting", { $0.waiting }), ("acked", { $0.acked }),
            ("dead letters", { $0.deadLettered }), ("expired", { $0.expired }),
            ("filtered", { $0.filtered }), ("shed", { $0.shed }), ("skipped", { $0.skipped }),
        ].filter { figure in
            // What no subscription has takes no column, but for what each may have.
            let always =
                asOf == nil
                ? ["backlog", "dead letters", "expired", "shed", "skipped"]
                : ["backlog", "in flight", "acked"]
            return always.contains(figure.0) || subscriptions.contains { figure.1($0) ?? 0 > 0 }
        }
        let hasProgress = subscriptions.contains { $0.progress != nil }
        return ReportDocument.Table(
            "in the order of the pipeline",
            [.text("subscription"), .text("topic"), .text("read by")]
                + figures.map { .number($0.title) }
                + (asOf != nil ? [.text("oldest unsettled")] : [])
                + (hasProgress ? [.text("how far it is")] : []),
            of: subscriptions
        ) { line in
            var row: [ReportDocument.Cell] = [
                .init(line.subscription), .init(line.topic), .init(line.stage),
            ]
            row += figures.map { figure in
                figure.value(line).map { .count($0) } ?? .init("unknown", .absent)
            }
            if asOf != nil { row.append(.init(line.oldestUnsettled)) }
            if hasProgress {
                row.append(line.progress.map { .init($0) } ?? .init("unknown", .absent))
            }
            return row
        }
    }

    private var waits: ReportDocument.Table {
        ReportDocument.Table(
            "a line a subscription and cause",
            [
                .text("subscription"), .text("because"), .number("messages"), .text("since"),
                .text("such as"), .text("what"), .text("goes on with"),
            ],
            of: holdUps
        ) { holdUp in
            let such = [holdUp.example, holdUp.position.map { "at \($0)" }].compactMap(\.self)
            return [
                .init(holdUp.subscription), .init(holdUp.cause.rawValue),
                .count(holdUp.messages), .init(holdUp.since),
                .init(such.isEmpty ? nil : such.joined(separator: " ")), .init(holdUp.detail),
                .init(holdUp.frees),
            ]
        }
    }
}

extension [String] {
    /// Each once, in their order.
    fileprivate var uniqued: [String] {
        reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
