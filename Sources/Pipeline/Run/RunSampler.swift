internal import Broker
internal import Stages
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
        var lastProcessed: [Int64]
    }

    private static let limit = 1200

    private let began: Timestamp
    private let timeline: any Timeline
    private let producers: [ProducerMeter]
    private let stages: [StageMeter]
    private let subscriptions: [InProcessSubscription]
    private let state: Mutex<State>

    /// A sampler that begins with slices as long as `interval`.
    init(
        interval: Duration,
        timeline: any Timeline,
        producers: [ProducerMeter],
        stages: [StageMeter],
        subscriptions: [InProcessSubscription]
    ) {
        self.timeline = timeline
        self.producers = producers
        self.stages = stages
        self.subscriptions = subscriptions
        began = timeline.now
        state = Mutex(
            State(
                interval: interval,
                lastTime: began,
                lastProcessed: Array(repeating: 0, count: stages.count)
            )
        )
    }

    /// The slices so far.
    var samples: [RunReport.Sample] { state.withLock { $0.samples } }

    /// Takes slices until the task is cancelled; `onSample` sees each.
    func run(onSample: @Sendable (RunReport.Sample) -> Void) async {
        var next = began
        while !Task.isCancelled {
            next = next + state.withLock { $0.interval }
            do {
                try await timeline.sleep(until: next)
            } catch {
                break
            }
            onSample(take())
        }
    }

    /// Takes the slice from the last one to now.
    @discardableResult
    func take() -> RunReport.Sample {
        let now = timeline.now
        let published = producers.reduce(0) { $0 + $1.total.published }
        let slices = stages.map { $0.takeSlice() }
        let backlog = subscriptions.map { ($0.name, $0.counts.unsettled) }
        return state.withLock { state in
            let seconds = max((now - state.lastTime).inSeconds, 1e-9)
            let stageSamples = stages.indices.map { index in
                let slice = slices[index]
                let latency = RunReport.Latency(slice)
                return RunReport.StageSample(
                    name: stages[index].name,
                    rate: Double(slice.count) / seconds,
                    p50Ms: latency.p50Ms,
                    p99Ms: latency.p99Ms,
                    maxMs: latency.maxMs
                )
            }
            let sample = RunReport.Sample(
                seconds: (now - began).inSeconds,
                publishedRate: Double(published - state.lastPublished) / seconds,
                stages: stageSamples,
                backlog: Dictionary(backlog, uniquingKeysWith: { first, _ in first })
            )
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

    /// Joins each pair of slices: rates by their lengths, percentiles by the higher one, which
    /// is their bound from above.
    private static func joined(_ samples: [RunReport.Sample]) -> [RunReport.Sample] {
        var start = 0.0
        return stride(from: 0, to: samples.count - 1, by: 2).map { index in
            let (first, second) = (samples[index], samples[index + 1])
            let (one, two) = (first.seconds - start, second.seconds - first.seconds)
            start = second.seconds
            func mean(_ left: Double, _ right: Double) -> Double {
                (left * one + right * two) / max(one + two, 1e-9)
            }
            func higher(_ left: Double?, _ right: Double?) -> Double? {
                [left, right].compactMap(\.self).max()
            }
            var joined = second
            joined.publishedRate = mean(first.publishedRate, second.publishedRate)
            for place in joined.stages.indices {
                let (left, right) = (first.stages[place], second.stages[place])
                joined.stages[place].rate = mean(left.rate, right.rate)
                joined.stages[place].p50Ms = higher(left.p50Ms, right.p50Ms)
                joined.stages[place].p99Ms = higher(left.p99Ms, right.p99Ms)
                joined.stages[place].maxMs = higher(left.maxMs, right.maxMs)
            }
            return joined
        }
    }
}
