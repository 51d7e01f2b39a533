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

/// The meters of a running pipeline that an indicator may name.
package enum PipelineMeter: Hashable, Sendable {
    /// Messages that a subscription settled as processed.
    case messagesSuccess
    /// Messages that came to an end in a subscription: processed, given up, expired or shed.
    case messagesTotal
    /// How long each job took, in seconds.
    case jobsDuration
    /// The open connections of the raw store's server.
    case rawStoreConnections
    /// 1 where a component worked throughout a slice, else 0.
    case availability(PipelineComponent)

    /// All there are, in the order of this list.
    package static let all: [PipelineMeter] =
        [.messagesSuccess, .messagesTotal, .jobsDuration, .rawStoreConnections]
        + PipelineComponent.allCases.map { .availability($0) }

    /// Its name in indicators.
    package var name: String {
        switch self {
        case .messagesSuccess: "messages.success"
        case .messagesTotal: "messages.total"
        case .jobsDuration: "jobs.duration"
        case .rawStoreConnections: "raw-store.connections"
        case .availability(let component): "availability.\(component.rawValue)"
        }
    }

    /// The meter that `source` names, or nil if it is not one of a pipeline's.
    init?(_ source: MetricSource) {
        guard case .meter(let name, _) = source.measure,
            let meter = PipelineMeter.all.first(where: { $0.name == name })
        else { return nil }
        self = meter
    }
}

/// The parts of a pipeline that are up or down.
package enum PipelineComponent: String, Hashable, Sendable, CaseIterable {
    case broker
    case ingest
    case analytics
    case rawStore = "raw-store"
    case warehouse
}

/// Whether the parts of a pipeline worked, slice by slice.
///
/// - The raw store or the warehouse was down where a call to it failed in the slice, or one is
///   still unanswered after ``patience``.
/// - Ingest or analytics was down where it settled nothing in the slice although a message has
///   waited for longer than ``patience`` and the pause between commits that the pipeline asks for.
/// - The broker was down where it could not account for every message.
struct ComponentHealth {
    /// What a call or a message may wait.
    static let patience = Duration.seconds(10)

    /// What a stage reads, and how long it gathers before it settles, because it was asked to.
    struct Reading {
        var subscription: InProcessSubscription<Batch>
        var pause: Duration
    }

    let readings: [PipelineComponent: [Reading]]
    let everySubscription: [InProcessSubscription<Batch>]
    let stores: [PipelineComponent: [StoreMeter]]
    private(set) var settled: [PipelineComponent: Int64] = [:]
    private(set) var failed: [PipelineComponent: Int64] = [:]

    /// Which components worked since the last call; without those that the pipeline lacks.
    mutating func takeSlice(at now: Timestamp) -> [PipelineComponent: Bool] {
        var isUp: [PipelineComponent: Bool] = [
            .broker: everySubscription.allSatisfy(\.counts.isConserved)
        ]
        for component in PipelineComponent.allCases {
            if let meters = stores[component], !meters.isEmpty {
                isUp[component] = takeStore(component, meters, now)
            }
            if let readings = readings[component], !readings.isEmpty {
                isUp[component] = takeStage(component, readings, now)
            }
        }
        return isUp
    }

    private mutating func takeStore(
        _ component: PipelineComponent,
        _ meters: [StoreMeter],
        _ now: Timestamp
    ) -> Bool {
        let total = meters.reduce(Int64(0)) { $0 + $1.total.failed }
        let before = failed.updateValue(total, forKey: component) ?? 0
        let waiting = meters.compactMap(\.waitingSince).min()
        return total == before && !ComponentHealth.isTooLong(waiting, now)
    }

    private mutating func takeStage(
        _ component: PipelineComponent,
        _ readings: [Reading],
        _ now: Timestamp
    ) -> Bool {
        let total = readings.reduce(Int64(0)) { $0 + $1.subscription.counts.ended }
        let before = settled.updateValue(total, forKey: component) ?? 0
        return total != before
            || !readings.contains {
                ComponentHealth.isTooLong($0.subscription.oldestUnacked, now, pause: $0.pause)
            }
    }

    private static func isTooLong(
        _ since: Timestamp?,
        _ now: Timestamp,
        pause: Duration = .zero
    ) -> Bool {
        since.map { now - $0 > patience + pause } ?? false
    }
}

extension SubscriptionCounts {
    /// Messages that came to an end, well or badly.
    var ended: Int64 { acked + deadLettered + expired + shed }
}
