internal import Broker
internal import Commerce
package import Documents
internal import Pipeline
internal import Storage
internal import Synchronization
internal import Timekeeping

/// One short run with everything that is drawn for it: settings of the pipeline, load, faults.
package struct Trial: Hashable, Sendable {
    package var seed: UInt64
    /// Of the pipeline file.
    package var settings: [DocumentSetting]
    /// Events per second.
    package var rate: Double
    package var tick: Duration
    /// Draws which task goes on next; nil for the one that has waited longest.
    package var interleaving: UInt64?
    /// How long events are published, a quiet time after the last fault included.
    package var length: Duration
    /// All of them once.
    package var scenario: ScenarioDocument

    /// How long nothing goes wrong at the end, in which the pipeline has to recover.
    static let quiet = Duration.seconds(40)
    /// The instant after which no fault is there any more.
    private static let lastFault = Duration.seconds(35)

    /// The trial that `seed` names for the pipeline that `text` describes.
    ///
    /// - Throws: `DocumentError` where the text describes none.
    package init(seed: UInt64, of text: String, file: String) throws(DocumentError) {
        let plain = try PipelineDocument.parse(text: text, file: file)
        self.seed = seed
        var chance = Randomness(seed: seed, purpose: "trial")
        settings = []
        for setting in Trial.smallShop + Trial.settings(of: plain, &chance) {
            // One that does not suit this pipeline is left out.
            let more = settings + [setting]
            if (try? PipelineDocument.parse(text: text, file: file, with: more)) != nil {
                settings = more
            }
        }
        let document = try PipelineDocument.parse(text: text, file: file, with: settings)
        rate = chance.pick([1, 5, 20])
        tick = chance.pick([.milliseconds(100), .milliseconds(300), .seconds(1)])
        interleaving = chance.below(2) == 0 ? chance.below(1 << 32) : nil
        scenario = ScenarioDocument(name: "seed-\(seed)")
        for _ in 0..<chance.below(5) {
            if let fault = Trial.fault(of: document, after: scenario.faults, &chance) {
                scenario.faults.append(fault)
            }
        }
        length = .zero
        length = quietEnd(of: document)
    }

    /// When a run of `document` with these faults may end.
    ///
    /// What a stage had in hand when it died is delivered again only after its deadline.
    func quietEnd(of document: PipelineDocument) -> Duration {
        let last = scenario.faults.map { fault in
            if case .once(let at, let lasting) = fault.timing {
                at + lasting
            } else {
                Duration.zero
            }
        }
        let deadline = document.subscriptions.map(\.policy.ackDeadline).max() ?? .zero
        return (last.max() ?? .zero) + deadline + Trial.quiet
    }

    // MARK: - Settings

    /// A shop that is made in no time.
    private static var smallShop: [DocumentSetting] {
        [("users", "200"), ("products", "50"), ("categories", "5")].map { key, value in
            DocumentSetting(path: ["spec", "traffic", key], value: value)
        }
    }

    private static func settings(
        of document: PipelineDocument,
        _ chance: inout Randomness
    ) -> [DocumentSetting] {
        var settings: [DocumentSetting] = []
        func draw(_ path: String..., from values: [String]) {
            guard chance.below(3) == 0 else { return }
            settings.append(DocumentSetting(path: ["spec"] + path, value: chance.pick(values)))
        }
        for subscription in document.subscriptions {
            let path = subscription.name
            // Always, since the quiet time is as long as the longest of them.
            let deadline = chance.pick(["10", "15", "20"])
            settings.append(
                DocumentSetting(
                    path: ["spec", "subscriptions", path, "ackDeadlineSeconds"],
                    value: deadline
                )
            )
            draw(
                "subscriptions",
                path,
                "flowControl",
                "maxOutstandingMessages",
                from: ["50", "1000", "100000"]
            )
            draw("subscriptions", path, "enableMessageOrdering", from: ["true", "false"])
            draw(
                "subscriptions",
                path,
                "retryPolicy",
                from: ["{minimumBackoff: 0s}", "{minimumBackoff: 0.1s, maximumBackoff: 1s}"]
            )
        }
        for stage in document.stages where !stage.isProducer {
            draw("stages", stage.name, "batch", from: ["1", "7", "64", "4096"])
            draw("stages", stage.name, "workers", from: ["1", "2", "3"])
            draw("stages", stage.name, "commitInterval", from: ["0s", "50ms", "1s", "3s"])
            draw("stages", stage.name, "allowedLateness", from: ["0s", "1s", "1h"])
        }
        for store in document.stores {
            draw(
                "stores",
                store.name,
                "serviceTime",
                from: [
                    "{distribution: constant, time: 1ms}",
                    "{distribution: exponential, mean: 5ms}",
                    "{distribution: lognormal, median: 3ms, sigma: 1, servers: 2}",
                ]
            )
        }
        return settings
    }

    // MARK: - Faults

    /// A fault that does not meet one of `others`; nil where the pipeline has no place for it.
    private static func fault(
        of document: PipelineDocument,
        after others: [ScenarioDocument.Fault],
        _ chance: inout Randomness
    ) -> ScenarioDocument.Fault? {
        let kind = chance.pick(FaultKind.allCases)
        let places = kind.places.flatMap { place in
            document.names(of: place).map { (name: $0, place: place) }
        }
        guard !places.isEmpty else { return nil }
        let (target, place) = chance.pick(places)
        let at = Duration.seconds(Int64(2 + chance.below(25)))
        let lasting = Duration.seconds(Int64(1 + chance.below(20)))
        var fault = ScenarioDocument.Fault(
            name: "\(kind.rawValue)-\(others.count + 1)",
            kind: kind,
            target: target,
            place: place,
            timing: .once(at: at, lasting: min(lasting, lastFault - at))
        )
        let (required, optional) = kind.parameters
        for parameter in required + optional {
            switch parameter {
            case .share: fault.share = chance.pick([0.05, 0.3, 0.5, 1])
            case .by:
                fault.by = chance.pick([.milliseconds(100), .seconds(2), .seconds(5)])
            case .factor: fault.factor = kind == .drought ? 0.1 : chance.pick([2, 5])
            case .limit: fault.limit = chance.pick([1, 20, 200])
            case .every:
                fault.every = chance.pick([nil, .seconds(2), .seconds(5)])
            }
        }
        let meets = others.contains { $0.kind == kind && $0.target == target }
        return meets ? nil : fault
    }
}

extension Randomness {
    /// One of `values`, each as likely; there is at least one.
    fileprivate mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int(below(UInt64(values.count)))]
    }
}

/// The books of a trial: what went in and out of every port, message by message.
///
/// They are kept in plain sets and dictionaries, by the events' identities, and share nothing with
/// the ledgers, offsets and deltas that the stages and stores under trial keep for themselves.
final class TrialLedger: RunObserver {
    /// An event's identity: equal pairs of source and id are the same event.
    struct Key: Hashable {
        var source: UInt64
        var high: UInt64
        var low: UInt64

        init(_ event: Event) {
            source = event.source.bits
            high = event.id.high
            low = event.id.low
        }
    }

    /// What aggregates are made of.
    struct Fact: Hashable {
        var time: Timestamp
        var name: EventName
        var currency: Currency
        var value: Int64
        var units: Int64

        init(_ event: Event, _ items: [Item]) {
            time = event.time
            name = event.name
            currency = event.currency
            value = event.value
            units = items[event.itemRange].reduce(0) { $0 + Int64($1.quantity) }
        }
    }

    /// The pages of one subscription.
    struct Page {
        var received: [Key: Fact] = [:]
        /// Whether some event was received twice, with different facts: then it is not known which
        /// of them counts.
        var isAmbiguous = false
        var acked: Set<Key> = []
        var deadLettered: Set<Key> = []
        /// The longest window that a late event is not in.
        var late: [Key: Grain] = [:]
    }

    /// Everything that was written down.
    struct Books {
        /// By topic.
        var published: [String: Set<Key>] = [:]
        /// By subscription.
        var pages: [String: Page] = [:]
        /// By raw store.
        var stored: [String: Set<Key>] = [:]
    }

    private let state = Mutex(Books())

    var books: Books { state.withLock { $0 } }

    func published(_ batch: Batch, on topic: String) {
        state.withLock { $0.published[topic, default: []].formUnion(batch.events.map(Key.init)) }
    }

    func received(_ deliveries: [Delivery<Batch>], from subscription: String) {
        state.withLock { books in
            for delivery in deliveries {
                delivery.selection.forEach { place in
                    let event = delivery.batch.events[place]
                    let fact = Fact(event, delivery.batch.items)
                    let before = books.pages[subscription, default: Page()].received
                        .updateValue(fact, forKey: Key(event))
                    if let before, before != fact {
                        books.pages[subscription]?.isAmbiguous = true
                    }
                }
            }
        }
    }

    func settled(_ delivery: Delivery<Batch>, _ settlement: Settlement, of subscription: String) {
        let failed: Set<Int>
        switch settlement {
        case .ack: failed = []
        case .ackExcept(let failures): failed = Set(failures.map(\.place))
        case .nack: return
        }
        state.withLock { books in
            delivery.selection.forEach { place in
                guard !failed.contains(place) else { return }
                let key = Key(delivery.batch.events[place])
                books.pages[subscription, default: Page()].acked.insert(key)
            }
        }
    }

    func stored(_ writes: [RawWrite], in store: String) {
        state.withLock { books in
            for write in writes {
                write.selection.forEach { place in
                    let key = Key(write.publication.batch.events[place])
                    books.stored[store, default: []].insert(key)
                }
            }
        }
    }

    func committed(_ late: [LateEvent], of subscription: String) {
        state.withLock { books in
            for late in late {
                let key = Key(late.publication.batch.events[late.place])
                books.pages[subscription, default: Page()].late[key] = late.missed
            }
        }
    }

    func kept(_ letters: [DeadLetter<Batch>]) {
        state.withLock { books in
            for letter in letters {
                let key = Key(letter.publication.batch.events[letter.place])
                books.pages[letter.subscription, default: Page()].deadLettered.insert(key)
            }
        }
    }
}

/// Enters into the ledger of a trial what one of its stores has stored.
struct TrialEntries: StoreLayer {
    let ledger: TrialLedger
    let store: String

    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        let answer = try await next(&call)
        switch call.operation {
        case .store(let writes): ledger.stored(writes, in: store)
        case .commit(let commit): ledger.committed(commit.late, of: commit.subscription)
        case .storeDeadLetters(let letters): ledger.kept(letters)
        default: break
        }
        return answer
    }
}
