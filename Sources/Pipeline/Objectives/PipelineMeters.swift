internal import Broker
internal import Commerce
internal import SLO
internal import Stages
internal import Storage
internal import Synchronization
internal import Timekeeping

/// The meters of a run, read together.
final class PipelineMeters: Sendable {
    /// What a slice is compared with.
    private struct Past {
        var health: ComponentHealth
        var read: Timestamp
        /// How long the workers of each stage had worked by then.
        var busy: [String: Duration] = [:]
    }

    private let graph: PipelineGraph
    private let began: Timestamp
    private let past: Mutex<Past>

    /// The meters of a run that began at `began`.
    init(_ graph: PipelineGraph, began: Timestamp) {
        self.graph = graph
        self.began = began
        func readings(of kind: String) -> [ComponentHealth.Reading] {
            graph.stages.filter { $0.plan.kindName == kind }.map {
                ComponentHealth.Reading(
                    subscription: $0.subscription.port,
                    pause: $0.plan.pause
                )
            }
        }
        let health = ComponentHealth(
            readings: [
                .ingest: readings(of: "ingest"), .analytics: readings(of: "analytics"),
            ],
            everySubscription: graph.subscriptions.map(\.port),
            stores: [
                .rawStore: graph.rawStores.map(\.meter),
                .warehouse: graph.warehouses.map(\.meter),
            ]
        )
        past = Mutex(Past(health: health, read: began))
    }

    /// The bounds on what `meters` measure that `objectives` ask about, each once.
    static func limits(on meters: PipelineMeter..., in objectives: [Objective]) -> [DurationLimit] {
        var limits: [DurationLimit] = []
        for component in objectives.flatMap(\.components) {
            if let asked = IndicatorProbe.limit(of: component.indicator),
                meters.contains(asked.meter), !limits.contains(asked.limit)
            {
                limits.append(asked.limit)
            }
        }
        return limits
    }

    /// What a message of `stage` may take at most by the strictest of `objectives`; nil where none
    /// asks.
    static func patience(
        of stage: PipelineDocument.Stage,
        in objectives: [Objective]
    ) -> DurationLimit? {
        limits(on: .latency(stage.name), in: objectives).min { $0.nanoseconds < $1.nanoseconds }
    }

    /// Asks the raw stores for their connections, a little more often than slices are cut, until
    /// the task is cancelled.
    func watchConnections(every slice: Duration, _ timeline: any Timeline) async {
        // A store that has none, such as a file, will have none later.
        guard graph.rawStores.contains(where: { $0.connections.value != nil }) else { return }
        repeat {
            await askForConnections()
        } while (try? await timeline.sleep(until: timeline.now + slice / 2)) != nil
    }

    /// Asks the raw stores for their connections.
    func askForConnections() async {
        for raw in graph.rawStores { raw.connections.value = await raw.port.connections() }
    }

    /// What the pipeline lacks of what `objective` is about, as "no MongoDB"; nil where it lacks
    /// nothing.
    ///
    /// Known once the raw stores were asked for their connections.
    func lacking(_ objective: Objective) -> String? {
        let sources = objective.components.flatMap(\.indicator.sources)
        return sources.compactMap(PipelineMeter.init).lazy.compactMap(self.lacking).first
    }

    private func lacking(_ meter: PipelineMeter) -> String? {
        func stage(_ name: String) -> String? {
            graph.stages.contains { $0.plan.name == name } ? nil : "no stage '\(name)'"
        }
        switch meter {
        case .messagesSuccess, .messagesTotal, .jobsDuration, .availability(.broker): return nil
        case .rawStoreConnections:
            return graph.rawStores.contains { $0.connections.value != nil }
                ? nil : "no raw store with connections, such as MongoDB"
        case .availability(.rawStore): return graph.rawStores.isEmpty ? "no raw store" : nil
        case .availability(.warehouse): return graph.warehouses.isEmpty ? "no warehouse" : nil
        case .availability(let component):
            let kind = component.rawValue
            return graph.stages.contains { $0.plan.kindName == kind }
                ? nil : "no stage of the kind \(kind)"
        case .latency(let name), .busy(let name), .success(let name), .total(let name),
            .work(let name):
            return stage(name)
        case .lag(let name):
            let isAnalytics = graph.stages.contains {
                $0.plan.name == name && $0.plan.kindName == "analytics"
            }
            return isAnalytics ? nil : "no analytics stage '\(name)'"
        case .freshness(let name):
            return graph.subscriptions.contains { $0.plan.name == name }
                ? nil : "no subscription '\(name)'"
        }
    }

    /// What all meters say at `now`; components and workers are judged since the call before.
    func read(at now: Timestamp) -> MeterReading {
        var reading = MeterReading()
        var (success, total) = (Int64(0), Int64(0))
        for subscription in graph.subscriptions {
            let counts = subscription.port.counts
            success += counts.acked
            total += counts.ended
            let age = subscription.port.oldestDue.map { max(0, (now - $0).inNanoseconds) }
            reading.gauges[.freshness(subscription.plan.name)] = age ?? 0
        }
        reading.counters = [.messagesSuccess: success, .messagesTotal: total]
        var jobs: [DurationLimit: MeterReading.Durations] = [:]
        for stage in graph.stages {
            let name = stage.plan.name
            let counts = stage.meter.jobCounts
            var own: [DurationLimit: MeterReading.Durations] = [:]
            for (limit, within) in zip(stage.meter.jobLimits, counts.within) {
                own[limit] = MeterReading.Durations(within: within, total: counts.all)
                jobs[limit, default: .init()].within += within
                jobs[limit, default: .init()].total += counts.all
            }
            reading.durations[.work(name)] = own
            let settled = stage.subscription.port.counts
            reading.counters[.success(name)] = settled.acked
            reading.counters[.total(name)] = settled.ended
            reading.durations[.latency(name)] = stage.subscription.port.delays(at: now).mapValues {
                MeterReading.Durations(within: $0.within, total: $0.within + $0.beyond)
            }
            if stage.plan.kindName == "analytics" {
                let since = stage.meter.watermark ?? began
                reading.gauges[.lag(name)] = max(0, (now - since).inNanoseconds)
            }
        }
        reading.durations[.jobsDuration] = jobs
        let open = graph.rawStores.compactMap(\.connections.value).map { $0.server ?? $0.open }
        if !open.isEmpty {
            reading.gauges[.rawStoreConnections] = Int64(open.reduce(0, +)) * MeterReading.unit
        }
        past.withLock { past in
            // order-free: by key
            for (component, isUp) in past.health.takeSlice(at: now) {
                reading.gauges[.availability(component)] = isUp ? MeterReading.unit : 0
            }
            for stage in graph.stages {
                let worked = stage.meter.busyTime(at: now)
                let before = past.busy.updateValue(worked, forKey: stage.plan.name) ?? .zero
                let most = Int128((now - past.read).inNanoseconds) * Int128(stage.workers.count)
                guard most > 0 else { continue }
                let share =
                    Int128((worked - before).inNanoseconds) * Int128(MeterReading.unit) / most
                reading.gauges[.busy(stage.plan.name)] = Int64(share)
            }
            past.read = now
        }
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
    /// How long each message of a stage took from its intended send to its acknowledgement, in
    /// seconds; one that still waits counts once it is beyond the limit.
    case latency(String)
    /// Messages that a stage has processed.
    case success(String)
    /// Messages of a stage that came to an end: processed, given up, expired or shed.
    case total(String)
    /// How long each job of a stage took, from a delivery to its settlement, in seconds.
    case work(String)
    /// How long ago the oldest message should have been sent that a subscription has not settled,
    /// in seconds.
    case freshness(String)
    /// How far what an analytics stage has counted is behind now, by the events' own time, in
    /// seconds.
    case lag(String)
    /// The share of a slice for which the workers of a stage were busy.
    case busy(String)

    /// The names of all there are, in the order of this list; what stands in angle brackets is a
    /// name of the pipeline's.
    package static let names =
        [PipelineMeter.messagesSuccess, .messagesTotal, .jobsDuration, .rawStoreConnections]
        .map(\.name) + PipelineComponent.allCases.map { PipelineMeter.availability($0).name }
        + [
            PipelineMeter.latency("<stage>").name, PipelineMeter.freshness("<subscription>").name,
            PipelineMeter.lag("<stage>").name, PipelineMeter.busy("<stage>").name,
            PipelineMeter.success("<stage>").name, PipelineMeter.total("<stage>").name,
            PipelineMeter.work("<stage>").name,
        ]

    /// Its name in indicators.
    package var name: String {
        switch self {
        case .messagesSuccess: "messages.success"
        case .messagesTotal: "messages.total"
        case .jobsDuration: "jobs.duration"
        case .rawStoreConnections: "raw-store.connections"
        case .availability(let component): "availability.\(component.rawValue)"
        case .latency(let stage): "latency.\(stage)"
        case .freshness(let subscription): "freshness.\(subscription)"
        case .lag(let stage): "lag.\(stage)"
        case .success(let stage): "success.\(stage)"
        case .total(let stage): "total.\(stage)"
        case .work(let stage): "work.\(stage)"
        case .busy(let stage): "busy.\(stage)"
        }
    }

    /// The meter that `source` names, or nil if it is not one of a pipeline's.
    init?(_ source: MetricSource) {
        guard case .meter(let name, _) = source.measure else { return nil }
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch (parts[0], parts[1]) {
        case ("messages", "success"): self = .messagesSuccess
        case ("messages", "total"): self = .messagesTotal
        case ("jobs", "duration"): self = .jobsDuration
        case ("raw-store", "connections"): self = .rawStoreConnections
        case ("availability", let component):
            guard let component = PipelineComponent(rawValue: component) else { return nil }
            self = .availability(component)
        case ("latency", let stage): self = .latency(stage)
        case ("freshness", let subscription): self = .freshness(subscription)
        case ("lag", let stage): self = .lag(stage)
        case ("busy", let stage): self = .busy(stage)
        case ("success", let stage): self = .success(stage)
        case ("total", let stage): self = .total(stage)
        case ("work", let stage): self = .work(stage)
        default: return nil
        }
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
            .broker: everySubscription.allSatisfy { $0.counts.isConserved }
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
