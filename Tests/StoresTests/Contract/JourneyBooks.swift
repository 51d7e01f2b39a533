import Broker
import Commerce
import Experiments
import Pipeline
import SLO
import Storage
import Synchronization
import Timekeeping

/// What truly happened to the messages of a run, as who stands at every port has seen it.
///
/// It is kept in plain sets, by the ids of the events, and shares nothing with what the stages and
/// stores keep for themselves.
final class JourneyBooks: Sendable {
    /// An event as it reached the topic.
    struct Fact: Sendable {
        var source: String
        var time: Timestamp
        var name: EventName
        var sequence: Int64
        var order: String?
        var user: String?
    }

    /// What one subscription did.
    struct Page: Sendable {
        /// What its stage got to see.
        var seen: Set<String> = []
        /// What its stage says that it has done.
        var done: Set<String> = []
        /// What the broker has handed out, by delivery: the event of each place.
        var handedOut: [DeliveryID: [Int: String]] = [:]
        /// What the broker believes is done, also of what never reached the stage.
        var settled: Set<String> = []
        /// How often each message was delivered that a letter was kept of, by event and position:
        /// an event that comes twice can be given up twice.
        var letters: [String: [Int64: Int]] = [:]
    }

    struct Entries: Sendable {
        var published: [String: Fact] = [:]
        var positions: [String: Set<Int64>] = [:]
        var pages: [String: Page] = [:]
        var stored: Set<String> = []
        /// The longest window that a late event is not in, as it was noted first.
        var late: [String: Grain] = [:]
        var commits = 0
        /// How many messages reached the topic; some of one event where a producer sends it twice.
        var messages = 0
    }

    private let state = Mutex(Entries())
    /// With this commit the warehouse breaks; nil for never.
    let lastCommit: Int?

    init(lastCommit: Int?) {
        self.lastCommit = lastCommit
    }

    var entries: Entries { state.withLock { $0 } }

    fileprivate func change(_ body: (inout Entries) -> Void) { state.withLock { body(&$0) } }

    /// Says whether the warehouse has broken by now.
    fileprivate func countCommit() -> Bool {
        state.withLock { entries in
            entries.commits += 1
            return lastCommit.map { entries.commits > $0 } ?? false
        }
    }
}

/// An experiment under the eyes of the books.
struct BookedExperiment: RunExperiment {
    let experiment: Experiment
    let books: JourneyBooks

    func interceptor(
        of document: PipelineDocument,
        _ options: RunOptions,
        began: Timestamp,
        timeline: any Timeline
    ) -> any RunInterceptor {
        BookedPorts(
            faults: experiment.interceptor(of: document, options, began: began, timeline: timeline),
            books: books
        )
    }
}

/// Stands on both sides of the faults.
private struct BookedPorts: RunInterceptor {
    let faults: any RunInterceptor
    let books: JourneyBooks

    func traffic(of producer: PipelineDocument.Stage) -> TrafficChange {
        faults.traffic(of: producer)
    }

    func layers(beforeStore name: String) -> [any StoreLayer] {
        faults.layers(beforeStore: name) + [BookedStore(books: books)]
    }

    func intercept(_ producer: inout ProducerPorts) {
        producer.topic = BookedTopic(topic: producer.topic, books: books)
        faults.intercept(&producer)
    }

    func intercept(_ worker: inout WorkerPorts) {
        worker.subscription = BookedSubscription(worker.subscription, books, isStage: false)
        faults.intercept(&worker)
        worker.subscription = BookedSubscription(worker.subscription, books, isStage: true)
    }

    func sliceEnded(at end: Timestamp, bad: [String], oldest: Duration) {
        faults.sliceEnded(at: end, bad: bad, oldest: oldest)
    }

    func finish(_ report: inout RunReport, _ episodes: [AlertEpisode]) {
        faults.finish(&report, episodes)
    }
}

private struct BookedTopic: Topic {
    let topic: any Topic<Batch>
    let books: JourneyBooks

    var name: String { topic.name }
    var published: (messages: Int64, bytes: Int64) { topic.published }

    func publish(_ batch: Batch, _ admission: Admission) async throws(CancellationError) {
        try await topic.publish(batch, admission)
        books.change { entries in
            entries.messages += batch.count
            for place in batch.events.indices {
                let event = batch.events[place]
                func text(_ symbol: Symbol, _ namespace: Namespace) -> String? {
                    symbol.isPresent ? batch.symbols.text(of: symbol, in: namespace) : nil
                }
                entries.published[event.id.uuid] = JourneyBooks.Fact(
                    source: text(event.source, .text) ?? "",
                    time: event.time,
                    name: event.name,
                    sequence: event.sequence,
                    order: text(event.transaction, .order),
                    user: text(event.user, .user)
                )
            }
        }
    }

    func close() { topic.close() }
}

private struct BookedSubscription: Subscription {
    private let subscription: any Subscription<Batch>
    private let books: JourneyBooks
    /// Whether it is what the stage sees, and not what the broker does.
    private let isStage: Bool

    init(_ subscription: any Subscription<Batch>, _ books: JourneyBooks, isStage: Bool) {
        self.subscription = subscription
        self.books = books
        self.isStage = isStage
    }

    var name: String { subscription.name }
    var counts: SubscriptionCounts { subscription.counts }
    var policy: SubscriptionPolicy { subscription.policy }

    func receive(
        atMost limit: Int,
        until deadline: Timestamp?
    ) async throws(CancellationError) -> [Delivery<Batch>]? {
        let deliveries = try await subscription.receive(atMost: limit, until: deadline)
        books.change { entries in
            for delivery in deliveries ?? [] {
                delivery.selection.forEach { place in
                    let id = delivery.batch.events[place].id.uuid
                    if isStage {
                        entries.pages[name, default: .init()].seen.insert(id)
                    } else {
                        entries.pages[name, default: .init()]
                            .handedOut[delivery.id, default: [:]][place] = id
                        let position = delivery.publication.position(at: place)
                        entries.positions[id, default: []].insert(position)
                    }
                }
            }
        }
        return deliveries
    }

    func settle(_ delivery: Delivery<Batch>, _ settlement: Settlement) -> Bool {
        let isSettled = subscription.settle(delivery, settlement)
        let failed: Set<Int>
        switch settlement {
        case .ack: failed = []
        case .ackExcept(let failures): failed = Set(failures.map(\.place))
        case .nack: return isSettled
        }
        books.change { entries in
            guard isStage else {
                let places = entries.pages[name]?.handedOut[delivery.id] ?? [:]
                let settled = places.filter { !failed.contains($0.key) }.values
                entries.pages[name]?.settled.formUnion(settled)
                return
            }
            delivery.selection.forEach { place in
                guard !failed.contains(place) else { return }
                let id = delivery.batch.events[place].id.uuid
                entries.pages[name, default: .init()].done.insert(id)
            }
        }
        return isSettled
    }

    func extendDeadline(of delivery: Delivery<Batch>, by duration: Duration?) {
        subscription.extendDeadline(of: delivery, by: duration)
    }
}

/// What the stores have taken, whatever the stages were told.
private struct BookedStore: StoreLayer {
    let books: JourneyBooks

    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        if case .commit = call.operation, books.countCommit() {
            throw StoreError(.corrupted, "the disk is full of bees")
        }
        let answer = try await next(&call)
        let operation = call.operation
        books.change { entries in
            switch operation {
            case .store(let writes):
                for write in writes {
                    write.selection.forEach { place in
                        entries.stored.insert(write.publication.batch.events[place].id.uuid)
                    }
                }
            case .commit(let commit):
                for late in commit.late {
                    let id = late.publication.batch.events[late.place].id.uuid
                    entries.late[id] = entries.late[id] ?? late.missed
                }
            case .storeDeadLetters(let letters):
                for letter in letters {
                    let id = letter.publication.batch.events[letter.place].id.uuid
                    let position = letter.publication.position(at: letter.place)
                    entries.pages[letter.subscription, default: .init()]
                        .letters[id, default: [:]][position] = letter.attempts
                }
            default: break
            }
        }
        return answer
    }
}
