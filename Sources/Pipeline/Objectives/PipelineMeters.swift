internal import Broker
internal import Commerce
internal import SLO
internal import Stages
internal import Storage
internal import Synchronization
internal import Timekeeping

/// The meters of a run, read together.
final class PipelineMeters: Sendable {
    private let graph: PipelineGraph
    private let health: Mutex<ComponentHealth>

    init(_ graph: PipelineGraph) {
        self.graph = graph
        func readings(of kind: String) -> [ComponentHealth.Reading] {
            graph.stages.filter { $0.plan.kindName == kind }.map {
                ComponentHealth.Reading(
                    subscription: $0.subscription.port,
                    pause: $0.plan.pause
                )
            }
        }
        health = Mutex(
            ComponentHealth(
                readings: [
                    .ingest: readings(of: "ingest"), .analytics: readings(of: "analytics"),
                ],
                everySubscription: graph.subscriptions.map(\.port),
                stores: [
                    .rawStore: graph.rawStores.map(\.meter),
                    .warehouse: graph.warehouses.map(\.meter),
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
        repeat {
            await askForConnections()
        } while (try? await timeline.sleep(until: timeline.now + slice / 2)) != nil
    }

    /// Asks the raw stores for their connections.
    func askForConnections() async {
        for raw in graph.rawStores { raw.connections.value = await raw.port.connections() }
    }

    /// What all meters say at `now`; components are judged since the call before.
    func read(at now: Timestamp) -> MeterReading {
        var reading = MeterReading()
        for subscription in graph.subscriptions {
            let counts = subscription.port.counts
            reading.messagesSuccess += counts.acked
            reading.messagesTotal += counts.ended
        }
        for stage in graph.stages {
            let jobs = stage.meter.jobCounts
            reading.jobs += jobs.all
            for (limit, count) in zip(stage.meter.jobLimits, jobs.within) {
                reading.jobsWithin[limit, default: 0] += count
            }
        }
        let open = graph.rawStores.compactMap(\.connections.value).map { $0.server ?? $0.open }
        reading.connections = open.isEmpty ? nil : open.reduce(0, +)
        reading.isUp = health.withLock { $0.takeSlice(at: now) }
        return reading
    }
}
