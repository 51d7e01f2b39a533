internal import Broker
internal import Commerce
internal import SLO
internal import Stages
internal import Synchronization
internal import Timekeeping

/// The meters of a run, read together.
final class PipelineMeters: Sendable {
    /// A stage that reads a subscription.
    struct Subscriber: Sendable {
        var stage: PipelineDocument.Stage
        var meter: StageMeter
        var subscription: InProcessSubscription<Batch>
    }

    /// A store as the stages see it, and the meter of what they ask of it.
    struct Store<Port: Sendable>: Sendable {
        var store: Port
        var meter: StoreMeter
    }

    let rawStores: [Store<any RawStore>]
    let warehouses: [Store<any Warehouse>]
    let subscribers: [Subscriber]
    private let broker: InProcessBroker<Batch>
    private let health: Mutex<ComponentHealth>
    /// What each raw store said last of its connections, in their order; nil where it has none.
    private let lastConnections: Mutex<[StoreConnections?]>

    init(
        subscribers: [Subscriber],
        broker: InProcessBroker<Batch>,
        rawStores: [Store<any RawStore>],
        warehouses: [Store<any Warehouse>]
    ) {
        self.subscribers = subscribers
        self.broker = broker
        self.rawStores = rawStores
        self.warehouses = warehouses
        lastConnections = Mutex(rawStores.map { _ in nil })
        func readings(of kind: String) -> [ComponentHealth.Reading] {
            subscribers.filter { $0.stage.kindName == kind }.map {
                ComponentHealth.Reading(subscription: $0.subscription, pause: $0.stage.pause)
            }
        }
        health = Mutex(
            ComponentHealth(
                readings: [
                    .ingest: readings(of: "ingest"), .analytics: readings(of: "analytics"),
                ],
                everySubscription: broker.subscriptions,
                stores: [
                    .rawStore: rawStores.map(\.meter), .warehouse: warehouses.map(\.meter),
                ]
            )
        )
    }

    /// The bounds on jobs that `objectives` ask about, each once.
    static func jobLimits(of objectives: [Objective]) -> [StageMeter.Limit] {
        var limits: [StageMeter.Limit] = []
        for component in objectives.flatMap(\.components) {
            if let limit = IndicatorProbe.jobLimit(of: component.indicator),
                !limits.contains(limit)
            {
                limits.append(limit)
            }
        }
        return limits
    }

    /// Asks the raw stores for their connections, a little more often than slices are cut, until
    /// the task is cancelled.
    func watchConnections(every slice: Duration, _ timeline: any Timeline) async {
        while !Task.isCancelled {
            await askForConnections()
            do {
                try await timeline.sleep(until: timeline.now + slice / 2)
            } catch {
                return
            }
        }
    }

    /// Asks the raw stores for their connections.
    func askForConnections() async {
        for (place, raw) in rawStores.enumerated() {
            let answer = await raw.store.connections()
            lastConnections.withLock { $0[place] = answer }
        }
    }

    /// What each raw store said last of its connections, in their order; nil where it has none.
    var connections: [StoreConnections?] { lastConnections.withLock { $0 } }

    /// What all meters say at `now`; components are judged since the call before.
    func read(at now: Timestamp) -> MeterReading {
        var reading = MeterReading()
        for subscription in broker.subscriptions {
            let counts = subscription.counts
            reading.messagesSuccess += counts.acked
            reading.messagesTotal += counts.ended
        }
        for subscriber in subscribers {
            let jobs = subscriber.meter.jobCounts
            reading.jobs += jobs.all
            for (limit, count) in zip(subscriber.meter.jobLimits, jobs.within) {
                reading.jobsWithin[limit, default: 0] += count
            }
        }
        let open = connections.compactMap { $0.map { $0.server ?? $0.open } }
        reading.connections = open.isEmpty ? nil : open.reduce(0, +)
        reading.isUp = health.withLock { $0.takeSlice(at: now) }
        return reading
    }
}
