internal import Broker
internal import Commerce
internal import Stages
internal import Storage
internal import Timekeeping

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
