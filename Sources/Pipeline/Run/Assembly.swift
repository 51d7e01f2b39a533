internal import Broker
internal import Commerce
internal import Stages
internal import Synchronization
internal import Timekeeping

/// The parts of one run, put together over the ports.
final class Assembly: Sendable {
    /// A producer and what it publishes.
    struct Producer: Sendable {
        var stage: ProducerStage
        var topic: String
        var source: any EventSource
        /// The topic, where something goes wrong with what is published there.
        var faulty: FaultyTopic?
    }

    /// A stage that reads a subscription.
    struct Subscriber: Sendable {
        var run: @Sendable () async throws -> Void
        /// The topic that must stay open for it.
        var publishesTo: String?
    }

    private struct State {
        var wasStopped = false
        var inputFailure: (any Error)?
        var producingEnded: Timestamp?
    }

    let run: PipelineRun
    let broker: InProcessBroker<Batch>
    let producers: [Producer]
    let subscribers: [Subscriber]
    let deadLetters: DeadLetterStage?
    let producerMeters: [ProducerMeter]
    let stageMeters: [StageMeter]
    let deadLetterMeter: DeadLetterMeter
    let sampler: RunSampler
    let meters: PipelineMeters
    let ends: TopicCloser
    let input: RunReport.Input
    /// How long the run goes on although no event may be due; nil where the input ends it.
    private let end: Timestamp?
    let datasets: RunDatasets
    let rawAccounts: [RawStoreAccount]
    let warehouseAccounts: [WarehouseAccount]
    /// The position of the first message of the run.
    let firstPosition: Int64
    /// What the warehouses answered to the run's claims, by the name of the store.
    let terms: [String: CountingTerms]
    private let state = Mutex(State())

    private init(
        run: PipelineRun,
        broker: InProcessBroker<Batch>,
        parts: Parts,
        deadLetters: DeadLetterStage?,
        deadLetterMeter: DeadLetterMeter,
        firstPosition: Int64,
        input: RunReport.Input,
        end: Timestamp?
    ) {
        self.firstPosition = firstPosition
        rawAccounts = parts.rawAccounts.map(\.value)
        warehouseAccounts = parts.warehouseAccounts.map(\.value)
        terms = parts.terms
        self.run = run
        self.broker = broker
        self.deadLetters = deadLetters
        self.deadLetterMeter = deadLetterMeter
        self.input = input
        self.end = end
        datasets = parts.datasets
        producers = parts.producers
        subscribers = parts.subscribers
        producerMeters = parts.producerMeters
        stageMeters = parts.stageMeters
        sampler = RunSampler(
            interval: run.options.sampleInterval,
            timeline: run.timeline,
            producers: parts.producerMeters,
            stages: parts.stageMeters,
            subscriptions: broker.subscriptions
        )
        meters = PipelineMeters(
            subscribers: parts.metered,
            broker: broker,
            rawStores: parts.rawStores,
            warehouses: parts.warehouses
        )
        var publishers: [String: Int] = [:]
        for topic in parts.producers.map(\.topic) + parts.subscribers.compactMap(\.publishesTo) {
            publishers[topic, default: 0] += 1
        }
        ends = TopicCloser(broker, publishers: publishers, subscribers: parts.subscribers.count)
    }

    /// Whether the producers were told to stop.
    var wasStopped: Bool { state.withLock { $0.wasStopped } }

    /// Why an input could not be read to its end.
    var inputFailure: (any Error)? { state.withLock { $0.inputFailure } }

    /// When the last producer ended.
    var producingEnded: Timestamp? { state.withLock { $0.producingEnded } }

    func noteProducingEnded(at now: Timestamp) {
        state.withLock { $0.producingEnded = now }
    }

    func noteStopped() {
        state.withLock { $0.wasStopped = true }
    }

    /// Runs a producer to the end of its source, and of the time for which it is to publish;
    /// then its topic may close.
    func run(_ producer: Producer) async {
        do {
            try await producer.stage.run(producer.source)
            try await producer.faulty?.flush()
            if let end { try await run.timeline.sleep(until: end) }
        } catch is CancellationError {
            // It was told to stop; what it had published drains.
        } catch {
            state.withLock { $0.inputFailure = error }
        }
        ends.publisherEnded(producer.topic)
    }
}

extension Assembly {
    /// The stages of a pipeline and their meters, as they are made one by one.
    struct Parts {
        var producers: [Producer] = []
        var subscribers: [Subscriber] = []
        var producerMeters: [ProducerMeter] = []
        var stageMeters: [StageMeter] = []
        var metered: [PipelineMeters.Subscriber] = []
        var rawStores: [PipelineMeters.Store<any RawStore>] = []
        var warehouses: [PipelineMeters.Store<any Warehouse>] = []
        var rawAccounts: [(key: String, value: RawStoreAccount)] = []
        var warehouseAccounts: [(key: String, value: WarehouseAccount)] = []
        /// What each warehouse has answered to the claims of the run, by its name.
        var terms: [String: CountingTerms] = [:]
        var jobLimits: [StageMeter.Limit] = []
        let faults: FaultInjector?
        let datasets: RunDatasets

        /// The parts of `run` before there are any stages: its stores, with a meter each.
        init(_ run: PipelineRun, _ faults: FaultInjector?) throws {
            self.faults = faults
            let times = run.serviceTimesOfStores
            datasets = try RunDatasets(run)
            // The accounts stand right before the stores: what faults make of an answer on its
            // way is no word of the store's.
            var rawAccounts: [(key: String, value: RawStoreAccount)] = []
            rawStores = run.stores.raw.map { named in
                let meter = StoreMeter(name: named.name, timeline: run.timeline)
                let twin = named.twin.flatMap { twin in rawAccounts.first { $0.key == twin } }
                let account = twin?.value ?? RawStoreAccount(named.store, label: named.label)
                if twin == nil { rawAccounts.append((named.name, account)) }
                let store =
                    faults?.around(account, called: named.name, taking: times[named.name])
                    ?? account
                return .init(
                    store: MeteredRawStore(run.witnessed(store), meter: meter),
                    meter: meter
                )
            }
            var warehouseAccounts: [(key: String, value: WarehouseAccount)] = []
            warehouses = run.stores.warehouses.map { named in
                let meter = StoreMeter(name: named.name, timeline: run.timeline)
                let twin = named.twin.flatMap { twin in
                    warehouseAccounts.first { $0.key == twin }
                }
                let account = twin?.value ?? WarehouseAccount(named.store, label: named.label)
                if twin == nil { warehouseAccounts.append((named.name, account)) }
                let store =
                    faults?.around(account, called: named.name, taking: times[named.name])
                    ?? account
                return .init(
                    store: MeteredWarehouse(run.witnessed(store), meter: meter),
                    meter: meter
                )
            }
            self.rawAccounts = rawAccounts
            self.warehouseAccounts = warehouseAccounts
            jobLimits = PipelineMeters.jobLimits(of: run.options.objectives)
        }
    }

    /// Opens the input, tells the catalogues what the datasets are, and puts the stages of `run`
    /// together, round which `faults` happen.
    static func make(
        _ run: PipelineRun,
        began: Timestamp,
        _ faults: FaultInjector?
    ) async throws -> Assembly {
        let symbols = SymbolTable()
        let sources = try sources(of: run, began: began, symbols: symbols, faults)
        var firstPosition: Int64 = 1
        for raw in run.stores.raw {
            firstPosition = max(firstPosition, try await raw.store.nextPosition())
        }
        let broker = InProcessBroker<Batch>(
            topics: run.document.topics.map(\.name),
            firstPosition: firstPosition,
            subscriptions: run.document.subscriptions.map { subscription in
                SubscriptionPlan(
                    name: subscription.name,
                    topic: subscription.topic,
                    policy: subscription.policy,
                    filter: subscription.filter
                )
            },
            timeline: run.timeline
        )
        var parts = try Parts(run, faults)
        try await parts.claim(for: run)
        try await parts.datasets.begin()
        var remaining = sources[...]
        for stage in run.document.stages {
            if case .producer(let topic) = stage.kind, let source = remaining.popFirst() {
                try add(producer: stage, topic, source, broker, run, to: &parts)
            } else {
                try add(subscriber: stage, broker, run, to: &parts)
            }
        }
        let deadLetterMeter = DeadLetterMeter()
        let deadLetters = parts.warehouses.first.map { warehouse in
            DeadLetterStage(
                broker: broker,
                warehouse: warehouse.store,
                timeline: run.timeline,
                meter: deadLetterMeter,
                logger: run.logger
            )
        }
        return Assembly(
            run: run,
            broker: broker,
            parts: parts,
            deadLetters: deadLetters,
            deadLetterMeter: deadLetterMeter,
            firstPosition: firstPosition,
            input: sources.first?.description
                ?? RunReport.Input(
                    kind: "none",
                    stream: "",
                    seed: nil,
                    speed: nil,
                    latencyFrom: ""
                ),
            end: run.options.endsByTime ? run.options.duration.map { began + $0 } : nil
        )
    }

    /// One source for each producer, in their order.
    private static func sources(
        of run: PipelineRun,
        began: Timestamp,
        symbols: SymbolTable,
        _ faults: FaultInjector?
    ) throws -> [TrafficSource] {
        let producers = run.document.stages.filter(\.isProducer)
        if let log = run.options.log {
            guard producers.count == 1 else {
                throw RunError(
                    "the pipeline has \(producers.count) producers; "
                        + "a log can be replayed by a pipeline with exactly one"
                )
            }
            return [
                try TrafficSource.log(
                    log,
                    events: run.options.events,
                    document: run.document,
                    began: began,
                    symbols: symbols
                )
            ]
        }
        return producers.enumerated().map { index, stage in
            TrafficSource.model(
                run.document,
                producer: stage.name,
                index: index,
                of: producers.count,
                options: run.options,
                surges: faults?.surges(of: stage.name, from: began) ?? [],
                start: began,
                tick: run.timeline.tick,
                symbols: symbols
            )
        }
    }

    private static func add(
        producer stage: PipelineDocument.Stage,
        _ topic: String,
        _ source: TrafficSource,
        _ broker: InProcessBroker<Batch>,
        _ run: PipelineRun,
        to parts: inout Parts
    ) throws {
        let meter = ProducerMeter(name: stage.name, onRejection: run.onRejection)
        let port = try found(broker.topic(topic), topic)
        let faulty = parts.faults?.around(port, of: stage.name)
        let producer = ProducerStage(
            topic: run.witnessed(faulty ?? port),
            timeline: run.timeline,
            meter: meter,
            pace: source.pace,
            batchLimit: stage.batch
        )
        parts.producerMeters.append(meter)
        parts.producers.append(
            Producer(stage: producer, topic: topic, source: source.source, faulty: faulty)
        )
    }

    private static func add(
        subscriber stage: PipelineDocument.Stage,
        _ broker: InProcessBroker<Batch>,
        _ run: PipelineRun,
        to parts: inout Parts
    ) throws {
        guard let name = stage.subscription else { return }
        let subscription = try found(broker.subscriptions.first { $0.name == name }, name)
        let meter = StageMeter(name: stage.name, jobLimits: parts.jobLimits)
        parts.stageMeters.append(meter)
        parts.metered.append(.init(stage: stage, meter: meter, subscription: subscription))
        for number in 0..<stage.workers {
            let life = StageLife()
            let time = run.options.takesServiceTimes ? stage.serviceTime : nil
            let port = parts.faults?.around(
                subscription,
                of: stage.name,
                worker: number,
                taking: stage.topic == nil ? nil : time,
                life: life
            )
            let body = try worker(
                number,
                of: stage,
                taking: time,
                on: run.witnessed(port ?? subscription),
                meter,
                broker,
                run,
                parts
            )
            parts.subscribers.append(
                Subscriber(
                    run: parts.faults?.around(body, of: stage.name, life: life) ?? body,
                    publishesTo: stage.topic
                )
            )
        }
    }

    static func found<Value>(_ value: Value?, _ name: String) throws -> Value {
        guard let value else {
            throw RunError("the pipeline names \"\(name)\", which this run does not have")
        }
        return value
    }
}

/// A run that cannot begin for a reason the user can mend.
package struct RunError: Error, CustomStringConvertible {
    /// What is wrong, and the remedy.
    package var description: String

    init(_ description: String) {
        self.description = description
    }
}
