package import Broker
package import Commerce
package import Storage
package import Timekeeping

/// A run that is under way, as those see it who ask where events are.
package struct LiveRun: Sendable {
    /// What the stage that reads a subscription does with its messages.
    package enum Work: Hashable, Sendable {
        case stores
        case counts
        case forwards
        /// Nothing reads it.
        case nothing
    }

    /// A subscription of the run.
    package struct Subscription: Sendable {
        package let name: String
        package let topic: String
        /// Who reads it; nil for nobody.
        package let stage: String?
        package let workers: Int
        package let work: Work
        /// Nil where it takes every message.
        package let filter: String?
        package let port: InProcessSubscription<Batch>
        /// The position that the topic gives next.
        package let nextPosition: @Sendable () -> Int64
        /// The worker that took a delivery, from 0; nil where that is not known.
        package let worker: @Sendable (DeliveryID) -> Int?

        package init(
            name: String,
            topic: String,
            stage: String?,
            workers: Int,
            work: Work,
            filter: String?,
            port: InProcessSubscription<Batch>,
            nextPosition: @escaping @Sendable () -> Int64,
            worker: @escaping @Sendable (DeliveryID) -> Int?
        ) {
            self.name = name
            self.topic = topic
            self.stage = stage
            self.workers = workers
            self.work = work
            self.filter = filter
            self.port = port
            self.nextPosition = nextPosition
            self.worker = worker
        }
    }

    package let topics: [InProcessTopic<Batch>]
    package let subscriptions: [Subscription]
    /// The position of the first message of the run.
    package let firstPosition: Int64

    package init(
        topics: [InProcessTopic<Batch>],
        subscriptions: [Subscription],
        firstPosition: Int64
    ) {
        self.topics = topics
        self.subscriptions = subscriptions
        self.firstPosition = firstPosition
    }

    /// Where every message is now.
    package var moment: LiveMoment { LiveMoment(self) }
}

/// Where the messages of a run were at one moment.
///
/// What is published while it is looked at may be missing, and is never in two places.
package struct LiveMoment: Sendable {
    /// A topic.
    struct Topic: Sendable {
        var name: String
        /// All messages of the topic before it are in its subscriptions.
        var nextPosition: Int64
        /// What its publishers hold.
        var waiting: [WaitingBatch<Batch>]
    }

    /// A subscription.
    struct Subscribed: Sendable {
        var subscription: LiveRun.Subscription
        var standing: SubscriptionStanding<Batch>
    }

    let topics: [Topic]
    let subscribed: [Subscribed]
    let firstPosition: Int64

    init(_ run: LiveRun) {
        firstPosition = run.firstPosition
        // In the direction in which messages go, so that none is passed by.
        topics = run.topics.map { topic in
            let waiting = topic.waiting
            return Topic(name: topic.name, nextPosition: topic.nextPosition, waiting: waiting)
        }
        subscribed = run.subscriptions.map {
            Subscribed(subscription: $0, standing: $0.port.standing)
        }
    }

    /// When it was.
    package var taken: Timestamp? { subscribed.map(\.standing.taken).max() }

    /// The events that meet all `conditions` and are not settled everywhere, in the order of their
    /// positions, those without one last; and how many more there are.
    package func find(
        _ conditions: [EventCondition],
        limit: Int
    ) -> (events: [FoundEvent], more: Int64) {
        var found: [Int64: (Publication<Batch>, Int)] = [:]
        for place in subscribed {
            for run in place.standing.runs {
                let publication = run.publication
                run.selection.forEach { place in
                    let position = publication.position(at: place)
                    guard found[position] == nil,
                        conditions.allSatisfy({ $0.isMet(by: publication, place) })
                    else { return }
                    found[position] = (publication, place)
                }
            }
        }
        // order-free: sorted by position.
        var events = found.sorted { $0.key < $1.key }.prefix(limit).map {
            FoundEvent($0.value.0, $0.value.1)
        }
        var count = Int64(found.count)
        let known = Set(found.values.map { ObjectIdentifier($0.0.batch) })
        for waiting in topics.flatMap(\.waiting)
        where !known.contains(ObjectIdentifier(waiting.batch)) {
            let unplaced = Publication(
                batch: waiting.batch,
                firstPosition: 0,
                publishTime: waiting.since
            )
            for place in waiting.batch.events.indices
            where conditions.allSatisfy({ $0.key != .message && $0.isMet(by: unplaced, place) }) {
                count += 1
                guard events.count < limit else { continue }
                var event = FoundEvent(unplaced, place)
                event.position = 0
                events.append(event)
            }
        }
        return (events, count - Int64(events.count))
    }

    /// The batch that holds `event` before it is published; nil where none does.
    func waiting(for event: FoundEvent) -> (topic: String, batch: WaitingBatch<Batch>)? {
        for topic in topics {
            for waiting in topic.waiting {
                let batch = waiting.batch
                let isThere = batch.events.indices.contains { place in
                    batch.idText(of: place) == event.id
                        && batch.symbols.text(of: batch.events[place].source, in: .text)
                            == event.source
                }
                if isThere { return (topic.name, waiting) }
            }
        }
        return nil
    }

    /// The topic of the message at `position`; nil where that is not kept.
    func topic(of position: Int64) -> String? {
        if topics.count == 1 { return topics.first?.name }
        return subscribed.first { $0.standing.run(of: position) != nil }?.subscription.topic
    }
}

extension EventCondition {
    /// Whether the event at `place` of what was published meets it.
    ///
    /// As ``FoundEvent/meets(_:)``, without making one, since many are looked at.
    fileprivate func isMet(by publication: Publication<Batch>, _ place: Int) -> Bool {
        let batch = publication.batch
        let event = batch.events[place]
        func isValue(_ symbol: Symbol, _ namespace: Namespace) -> Bool {
            symbol.isPresent
                && batch.symbols.text(of: symbol, in: namespace).utf8.elementsEqual(value.utf8)
        }
        return switch key {
        case .order: isValue(event.transaction, .order)
        case .user: isValue(event.user, .user)
        case .session: isValue(event.session, .session)
        case .product: batch.items[event.itemRange].contains { isValue($0.product, .product) }
        case .id: batch.idText(of: place).utf8.elementsEqual(value.utf8)
        case .message: value == "\(publication.position(at: place))"
        case .trace: FoundEvent(publication, place).meets(self)
        }
    }
}
