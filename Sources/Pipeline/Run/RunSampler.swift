internal import Broker
internal import Stages
internal import Storage
internal import Synchronization
internal import Timekeeping

/// Looks at the meters at even intervals: the run over time.
///
/// The first slices are short, so that a run of a second has a curve too; each time there are
/// too many, pairs of them are joined and the interval doubles, so memory is bounded.
final class RunSampler: Sendable {
    private struct State {
        var samples: [RunReport.Sample] = []
        var interval: Duration
        var lastTime: Timestamp
        var lastPublished: Int64 = 0
    }

    private static let limit = 1200

    private let began: Timestamp
    private let timeline: any Timeline
    private let graph: PipelineGraph
    private let state: Mutex<State>

    /// A sampler that begins with slices as long as `interval`.
    init(_ graph: PipelineGraph, every interval: Duration, _ timeline: any Timeline) {
        self.timeline = timeline
        self.graph = graph
        began = timeline.now
        state = Mutex(State(interval: interval, lastTime: began))
    }

    /// The slices so far.
    var samples: [RunReport.Sample] { state.withLock { $0.samples } }

    /// Takes slices until the task is cancelled; `onSample` sees each.
    func run(onSample: @Sendable (RunReport.Sample) -> Void) async {
        var next = began + state.withLock { $0.interval }
        while (try? await timeline.sleep(until: next)) != nil {
            onSample(take())
            next = next + state.withLock { $0.interval }
        }
    }

    /// Takes the slice from the last one to now.
    @discardableResult
    func take() -> RunReport.Sample {
        let now = timeline.now
        let published = graph.producers.reduce(0) { $0 + $1.meter.total.published }
        let stages = graph.stages.map { stage in
            let slice = stage.meter.takeSlice()
            let latency = RunReport.Latency(slice)
            return RunReport.StageSample(
                name: stage.plan.name,
                rate: Double(slice.count),
                p50Ms: latency.p50Ms,
                p99Ms: latency.p99Ms,
                maxMs: latency.maxMs
            )
        }
        let backlog = graph.subscriptions.map { ($0.plan.name, $0.port.counts.unsettled) }
        let ages = graph.subscriptions.map { subscription in
            let due = subscription.port.oldestDue
            return (subscription.plan.name, due.map { max(0, (now - $0).inSeconds) } ?? 0)
        }
        return state.withLock { state in
            var sample = RunReport.Sample(
                seconds: (now - began).inSeconds,
                publishedRate: Double(published - state.lastPublished),
                stages: stages,
                backlog: Dictionary(backlog, uniquingKeysWith: { first, _ in first }),
                oldestAgeSeconds: Dictionary(ages, uniquingKeysWith: { first, _ in first })
            )
            // The rest at the end of a run is not a slice of its own: divided by next to no
            // time, a handful of events would be a rate of millions.
            let isRemainder = now - state.lastTime < state.interval / 2
            if isRemainder, let last = state.samples.popLast() {
                sample.add(last, lasting: last.seconds - (state.samples.last?.seconds ?? 0))
            }
            sample.divide(by: sample.seconds - (state.samples.last?.seconds ?? 0))
            state.lastTime = now
            state.lastPublished = published
            state.samples.append(sample)
            if state.samples.count >= RunSampler.limit {
                state.samples = RunSampler.joined(state.samples)
                state.interval *= 2
            }
            return sample
        }
    }

    /// Joins each pair of slices.
    private static func joined(_ samples: [RunReport.Sample]) -> [RunReport.Sample] {
        var start = 0.0
        return stride(from: 0, to: samples.count - 1, by: 2).map { index in
            let (first, second) = (samples[index], samples[index + 1])
            var joined = second
            joined.multiply(by: second.seconds - first.seconds)
            joined.add(first, lasting: first.seconds - start)
            joined.divide(by: second.seconds - start)
            start = second.seconds
            return joined
        }
    }
}

/// Slices whose rates are counts for a moment, so that they can be added up.
extension RunReport.Sample {
    fileprivate mutating func multiply(by seconds: Double) {
        publishedRate *= seconds
        for place in stages.indices { stages[place].rate *= seconds }
    }

    /// Makes rates of counts; what took no time counts as a millisecond.
    fileprivate mutating func divide(by seconds: Double) {
        multiply(by: 1 / max(seconds, 0.001))
    }

    /// Adds the counts of the slice before, which lasted `seconds`; of the percentiles the higher
    /// one stays, their bound from above.
    fileprivate mutating func add(_ earlier: RunReport.Sample, lasting seconds: Double) {
        func higher(_ left: Double?, _ right: Double?) -> Double? {
            [left, right].compactMap(\.self).max()
        }
        publishedRate += earlier.publishedRate * seconds
        oldestAgeSeconds?.merge(earlier.oldestAgeSeconds ?? [:]) { max($0, $1) }
        for (place, other) in earlier.stages.enumerated() {
            stages[place].rate += other.rate * seconds
            stages[place].p50Ms = higher(stages[place].p50Ms, other.p50Ms)
            stages[place].p99Ms = higher(stages[place].p99Ms, other.p99Ms)
            stages[place].maxMs = higher(stages[place].maxMs, other.maxMs)
        }
    }
}
