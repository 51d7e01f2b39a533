internal import Broker
internal import Commerce
internal import SLO
internal import Stages
internal import Storage
internal import Synchronization
internal import Timekeeping

/// One run of a pipeline as a graph: a node for everything the pipeline names, which holds what
/// the file says of it, its meter, and the ports it works with.
struct PipelineGraph: Sendable {
    /// A producer and what it publishes.
    struct Producer: Sendable {
        let plan: PipelineDocument.Stage
        let topic: String
        let meter: ProducerMeter
        let stage: ProducerStage
        let source: any EventSource
        /// What is asked of it; nil where events are due when they are asked for.
        let load: LoadProfile?
        /// Publishes what is held back, once the source has ended.
        let flush: @Sendable () async throws -> Void
    }

    /// A subscription of the broker.
    struct Subscription: Sendable {
        let plan: PipelineDocument.Subscription
        let port: InProcessSubscription<Batch>
    }

    /// A stage that reads a subscription, with its workers.
    struct Stage: Sendable {
        let plan: PipelineDocument.Stage
        let meter: StageMeter
        let subscription: Subscription
        /// What hands out messages to a program of its own; nil for any other stage.
        var external: ExternalStage?
        var workers: [@Sendable () async throws -> Void] = []
    }

    /// A store as the stages see it, and the meter of what they ask of it.
    struct Store<Port: Sendable>: Sendable {
        let name: String
        let port: Port
        let meter: StoreMeter
        let connections = LastConnections()
    }

    let broker: InProcessBroker<Batch>
    private(set) var producers: [Producer] = []
    /// Nil where the run takes no requests.
    private(set) var collector: Collector?
    let subscriptions: [Subscription]
    private(set) var stages: [Stage] = []
    let rawStores: [Store<any RawStore>]
    let warehouses: [Store<any Warehouse>]
    let rawAccounts: [RawStoreAccount]
    let warehouseAccounts: [WarehouseAccount]
    let deadLetters: DeadLetterStage?
    let deadLetterMeter = DeadLetterMeter()
    let datasets: RunDatasets
    let input: RunReport.Input
    /// The position of the first message of the run.
    let firstPosition: Int64
    /// What the warehouses answered to the run's claims, by the name of the store.
    let terms: [String: CountingTerms]

    /// Opens the input, tells the catalogues what the datasets are, and puts the nodes of `run`
    /// together, between which and their ports `interceptors` stand.
    init(
        _ run: PipelineRun,
        began: Timestamp,
        _ interceptors: RunInterceptors
    ) async throws {
        firstPosition = try await run.stores.nextPosition()
        // One for all who publish: what is gathered for a commit is of one symbol table.
        let symbols = SymbolTable()
        let sources = try TrafficSource.all(
            of: run,
            began: began,
            eventsBefore: firstPosition - 1,
            interceptors,
            symbols: symbols
        )
        let collecting = try run.collecting(beside: sources.count)
        try run.checkExternals()
        let collectorStream = "/\(run.document.name)/\(collecting?.plan.name ?? "")@\(began)"
        input = RunReport.Input(
            sources.first?.source.description,
            collector: collecting == nil ? nil : collectorStream
        )
        broker = InProcessBroker(
            run.document,
            firstPosition: firstPosition,
            objectives: run.options.objectives,
            run.timeline
        )
        subscriptions = try run.document.subscriptions.map { [broker] plan in
            let port = broker.subscriptions.first { $0.name == plan.name }
            return Subscription(plan: plan, port: try found(port, plan.name))
        }
        datasets = try RunDatasets(run)
        (rawStores, rawAccounts) = PipelineGraph.nodes(of: run.stores.raw, run, interceptors) {
            RawStoreAccount($0.store, label: $0.label)
        } port: {
            LayeredRawStore($0, $1)
        }
        (warehouses, warehouseAccounts) = PipelineGraph.nodes(
            of: run.stores.warehouses,
            run,
            interceptors
        ) {
            WarehouseAccount($0.store, label: $0.label)
        } port: {
            LayeredWarehouse($0, $1)
        }
        deadLetters = warehouses.first.map { [broker, deadLetterMeter] warehouse in
            DeadLetterStage(
                broker: broker,
                warehouse: warehouse.port,
                timeline: run.timeline,
                meter: deadLetterMeter,
                logger: run.logger
            )
        }
        terms = try await run.stores.claim(for: run.document)
        for account in warehouseAccounts { try await account.begin() }
        try await datasets.begin()
        try addNodes(
            run,
            began: began,
            sources,
            collecting,
            collectorStream,
            symbols,
            interceptors
        )
    }

    /// Adds the nodes of the stages, by whether they publish alone or read a subscription.
    private mutating func addNodes(
        _ run: PipelineRun,
        began: Timestamp,
        _ sources: [(producer: PipelineDocument.Stage, source: TrafficSource)],
        _ collecting: (plan: PipelineDocument.Stage, journal: any CollectorJournal)?,
        _ collectorStream: String,
        _ symbols: SymbolTable,
        _ interceptors: RunInterceptors
    ) throws {
        for (plan, source) in sources {
            producers.append(try producer(plan, source, run, interceptors))
        }
        if let (plan, journal) = collecting {
            collector = try collector(
                plan,
                stream: collectorStream,
                symbols,
                journal,
                run,
                interceptors
            )
        }
        for plan in run.document.stages {
            guard let name = plan.subscription else { continue }
            var stage = Stage(
                plan: plan,
                meter: StageMeter(plan, run.options.objectives),
                subscription: try found(subscriptions.first { $0.plan.name == name }, name)
            )
            if let external = plan.external {
                try add(external, to: &stage, began: began, symbols, run, interceptors)
                stages.append(stage)
                continue
            }
            for number in 0..<plan.readers {
                stage.workers.append(try worker(number, of: stage, run, interceptors))
            }
            stages.append(stage)
        }
    }

    /// How many messages are in the subscriptions now.
    var backlog: Int64 { subscriptions.reduce(0) { $0 + $1.port.counts.unsettled } }

    /// For how long the oldest message in a subscription waits at `now`, since it should have been
    /// sent.
    func oldestAge(at now: Timestamp) -> Duration {
        subscriptions.compactMap(\.port.oldestDue).min().map { max(.zero, now - $0) } ?? .zero
    }

    /// Of the raw stores, then of the warehouses.
    var storeMeters: [StoreMeter] { rawStores.map(\.meter) + warehouses.map(\.meter) }

    /// How many events were published by what reads no subscription.
    var published: Int64 {
        producers.reduce(collector?.stage.meter.total.published ?? 0) {
            $0 + $1.meter.total.published
        }
    }

    /// How many publishers each topic has.
    var publishers: [String: Int] {
        (producers.map(\.topic) + [collector?.plan.topic].compactMap(\.self)
            + stages.flatMap { stage in stage.workers.map { _ in stage.plan.topic } }
            .compactMap(\.self)).reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    /// Reads back what the stores have confirmed to hold.
    ///
    /// - Throws: ``ReadBackFailure`` where one of them does not.
    func readBack() async throws(ReadBackFailure) {
        do throws(StoreError) {
            for account in rawAccounts { try await account.check(from: firstPosition) }
            for account in warehouseAccounts { try await account.check() }
        } catch {
            throw ReadBackFailure(cause: error)
        }
    }

    // MARK: - Nodes

    /// A node for each store, and the account of each place; stores in one place share one.
    ///
    /// What happens to a call on its way from a stage to a store, and to the answer on its way
    /// back, happens in one order, the outermost first:
    ///
    /// 1. the work of the worker itself before it writes, by the service time of its stage
    ///    (`intercept(_ worker:)`),
    /// 2. `StoreWaiting` and `StoreMeter`: the wait of the stage,
    /// 3. the witness: the decisions of the stages, with the answers as they got them,
    /// 4. the experiment: the store's service time and faults,
    /// 5. the account: what the store itself has confirmed, before faults change the answer,
    /// 6. what the run was given its stores behind: the ledger of a trial, and `StandingTime`
    ///    while a file or a server works.
    private static func nodes<Port, Account: StoreLayer>(
        of stores: [RunStores.Named<Port>],
        _ run: PipelineRun,
        _ interceptors: RunInterceptors,
        account: (RunStores.Named<Port>) -> Account,
        port: (Port, [any StoreLayer]) -> Port
    ) -> ([Store<Port>], [Account]) {
        var accounts: [String: Account] = [:]
        let nodes = stores.map { named in
            let own = named.twin.flatMap { accounts[$0] } ?? account(named)
            accounts[named.name] = own
            let meter = StoreMeter(name: named.name, timeline: run.timeline)
            let layers = [meter] + interceptors.layers(beforeStore: named.name) + [own]
            return Store(name: named.name, port: port(named.store, layers), meter: meter)
        }
        let alone = stores.filter { $0.twin == nil }
        return (nodes, alone.compactMap { accounts[$0.name] })
    }

    private func producer(
        _ plan: PipelineDocument.Stage,
        _ source: TrafficSource,
        _ run: PipelineRun,
        _ interceptors: RunInterceptors
    ) throws -> Producer {
        let topic = plan.topic ?? ""
        let meter = ProducerMeter(name: plan.name, onRejection: run.onRejection)
        var ports = ProducerPorts(stage: plan, topic: try found(broker.topic(topic), topic))
        interceptors.intercept(&ports)
        let stage = ProducerStage(
            topic: ports.topic,
            timeline: run.timeline,
            meter: meter,
            pace: source.pace,
            batchLimit: plan.batch
        )
        return Producer(
            plan: plan,
            topic: topic,
            meter: meter,
            stage: stage,
            source: source.source,
            load: source.load,
            flush: ports.flush
        )
    }

    /// One worker of `stage`, to be run to its end.
    private func worker(
        _ number: Int,
        of stage: Stage,
        _ run: PipelineRun,
        _ interceptors: RunInterceptors
    ) throws -> @Sendable () async throws -> Void {
        var ports = WorkerPorts(
            stage: stage.plan,
            number: number,
            subscription: stage.subscription.port
        )
        let place = stage.plan.store ?? stage.plan.topic ?? ""
        switch stage.plan.kind {
        case .producer, .collector, .external: break
        case .ingest: ports.rawStore = try found(rawStores.first { $0.name == place }, place).port
        case .analytics:
            ports.warehouse = try found(warehouses.first { $0.name == place }, place).port
        case .relay: ports.topic = try found(broker.topic(place), place)
        }
        let (meter, timeline) = (stage.meter, run.timeline)
        let waiting = StoreWaiting(meter, worker: number, timeline: timeline)
        ports.rawStore = ports.rawStore.map { LayeredRawStore($0, [waiting]) }
        ports.warehouse = ports.warehouse.map { LayeredWarehouse($0, [waiting]) }
        ports.onWork = { begins in
            if begins {
                meter.workBegins(of: number, at: timeline.now)
            } else {
                meter.workEnds(of: number, at: timeline.now)
            }
        }
        interceptors.intercept(&ports)
        ports.subscription = TimedSubscription(
            ports.subscription,
            worker: number,
            meter: meter,
            timeline: timeline
        )
        let body = body(of: ports, stage, run)
        return { [ports] in
            try await ports.live {
                defer { ports.onWork(false) }
                try await body()
            }
        }
    }

    private func body(
        of ports: WorkerPorts,
        _ stage: Stage,
        _ run: PipelineRun
    ) -> @Sendable () async throws -> Void {
        let rules = run.document.validation.rules
        if let store = ports.rawStore {
            let ingest = IngestStage(
                subscription: ports.subscription,
                store: store,
                rules: rules,
                timeline: run.timeline,
                meter: stage.meter,
                logger: run.logger,
                ledger: datasets.ledger(of: stage.plan.store ?? ""),
                patience: ports.patience,
                batchLimit: stage.plan.batch
            )
            return { try await ingest.run() }
        }
        if let warehouse = ports.warehouse, case .analytics(let plan) = stage.plan.kind {
            var options = run.options.windows(of: plan)
            options.workers = stage.plan.workers
            let analytics = AnalyticsStage(
                subscription: ports.subscription,
                warehouse: warehouse,
                options: options,
                rules: rules,
                timeline: run.timeline,
                meter: stage.meter,
                logger: run.logger,
                dataset: datasets.derivative(of: plan.subscription),
                predecessors: terms[plan.store]?.others ?? [],
                patience: ports.patience
            )
            return { try await analytics.run() }
        }
        guard let topic = ports.topic else { return {} }
        let relay = RelayStage(
            subscription: ports.subscription,
            topic: topic,
            timeline: run.timeline,
            meter: stage.meter
        )
        return { try await relay.run() }
    }
}

extension StageMeter {
    /// The meter of a stage, which holds it to what `objectives` ask.
    fileprivate convenience init(_ plan: PipelineDocument.Stage, _ objectives: [Objective]) {
        self.init(
            name: plan.name,
            jobLimits: PipelineMeters.limits(on: .jobsDuration, .work(plan.name), in: objectives),
            patience: PipelineMeters.patience(of: plan, in: objectives)
        )
    }
}

/// What a raw store said last of its connections.
final class LastConnections: Sendable {
    private let state = Mutex<StoreConnections?>(nil)

    /// Nil where it has none.
    var value: StoreConnections? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

extension RunOptions {
    /// What an analytics stage of a run computes.
    fileprivate func windows(of plan: PipelineDocument.Stage.Analytics) -> AnalyticsOptions {
        var options = plan.options
        if let log, log.speed == nil {
            // A log that is read at once has no clock to be late by: its windows stay open until
            // its end, in whatever order its lines are.
            options.allowedLateness = .nanoseconds(Int64.max)
        }
        return options
    }
}

extension InProcessBroker<Batch> {
    /// A broker with the topics and subscriptions of `document`.
    fileprivate convenience init(
        _ document: PipelineDocument,
        firstPosition: Int64,
        objectives: [Objective],
        _ timeline: any Timeline
    ) {
        func limits(of subscription: String) -> [DurationLimit] {
            let stages = document.stages.filter { $0.subscription == subscription }
            let limits = stages.flatMap {
                PipelineMeters.limits(on: .latency($0.name), in: objectives)
            }
            return limits.enumerated().filter { place, limit in
                limits.firstIndex(of: limit) == place
            }.map(\.element)
        }
        self.init(
            topics: document.topics.map(\.name),
            firstPosition: firstPosition,
            subscriptions: document.subscriptions.map { subscription in
                SubscriptionPlan(
                    name: subscription.name,
                    topic: subscription.topic,
                    policy: subscription.policy,
                    filter: subscription.filter,
                    delayLimits: limits(of: subscription.name)
                )
            },
            timeline: timeline
        )
    }
}

/// What the pipeline names so.
///
/// - Throws: ``RunError`` where this run does not have it.
func found<Value>(_ value: Value?, _ name: String) throws -> Value {
    guard let value else {
        throw RunError("the pipeline names \"\(name)\", which this run does not have")
    }
    return value
}

/// A run that cannot begin for a reason the user can mend.
package struct RunError: Error, CustomStringConvertible {
    /// What is wrong, and the remedy.
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
