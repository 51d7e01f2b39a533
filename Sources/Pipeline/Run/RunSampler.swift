internal import Broker
internal import Commerce
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
        var last = Counters()
    }

    /// What only grows, from the start of the run.
    fileprivate struct Counters {
        var published: Int64 = 0
        var storeRetries: Int64 = 0
        var deadLetters: [String: Int64] = [:]
        /// For how many seconds a worker of each stage was busy.
        var busy: [Double] = []

        init() {}

        init(_ graph: PipelineGraph, at now: Timestamp) {
            published = graph.published
            storeRetries = graph.stages.reduce(0) { $0 + $1.meter.storeRetries }
            busy = graph.stages.map { stage in
                stage.meter.busyTime(at: now).inSeconds / Double(max(1, stage.workers.count))
            }
            for reasons in graph.deadLetterMeter.total.values {
                deadLetters.merge(reasons, uniquingKeysWith: +)
            }
        }
    }

    private static let limit = 1200

    private let began: Timestamp
    private let timeline: any Timeline
    private let graph: PipelineGraph
    /// For how long the load is asked for; nil for as long as it lasts.
    private let duration: Duration?
    private let state: Mutex<State>

    /// A sampler that begins with slices as long as `options` say.
    init(_ graph: PipelineGraph, _ options: RunOptions, _ timeline: any Timeline) {
        self.timeline = timeline
        duration = options.duration
        self.graph = graph
        began = timeline.now
        state = Mutex(State(interval: options.sampleInterval, lastTime: began))
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
        let counters = Counters(graph, at: now)
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
                publishedRate: Double(counters.published - state.last.published),
                stages: stages,
                backlog: Dictionary(backlog, uniquingKeysWith: { first, _ in first }),
                oldestAgeSeconds: Dictionary(ages, uniquingKeysWith: { first, _ in first })
            )
            sample.note(counters, since: state.last)
            sample.askedRate = asked(from: state.lastTime, to: now).map {
                $0 * (now - state.lastTime).inSeconds
            }
            // The rest at the end of a run is not a slice of its own: divided by next to no
            // time, a handful of events would be a rate of millions.
            let isRemainder = now - state.lastTime < state.interval / 2
            if isRemainder, let last = state.samples.popLast() {
                sample.add(last, lasting: last.seconds - (state.samples.last?.seconds ?? 0))
            }
            sample.divide(by: sample.seconds - (state.samples.last?.seconds ?? 0))
            state.lastTime = now
            state.last = counters
            state.samples.append(sample)
            if state.samples.count >= RunSampler.limit {
                state.samples = RunSampler.joined(state.samples)
                state.interval *= 2
            }
            return sample
        }
    }

    /// The rate that the load profile asked for in the middle of a slice; 0 once what it was asked
    /// for is over.
    private func asked(from start: Timestamp, to end: Timestamp) -> Double? {
        let middle = start + (end - start) / 2 - began
        let loads = graph.producers.compactMap(\.load)
        guard !loads.isEmpty else { return nil }
        if let duration, middle >= duration { return 0 }
        return loads.reduce(0) { $0 + $1.rate(at: middle) }
    }

    /// Joins each pair of slices.
    private static func joined(_ samples: [RunReport.Sample]) -> [RunReport.Sample] {
        var start = 0.0
        return stride(from: 0, to: samples.count - 1, by: 2).map { index in
            let pair = samples[index...(index + 1)]
            defer { start = samples[index + 1].seconds }
            return RunReport.Sample(joining: pair, from: start) ?? samples[index + 1]
        }
    }
}

extension RunReport.Sample {
    /// Notes what has come to the counters in the slice.
    fileprivate mutating func note(
        _ now: RunSampler.Counters,
        since last: RunSampler.Counters
    ) {
        storeRetries = now.storeRetries - last.storeRetries
        for (place, busy) in now.busy.enumerated() where place < stages.count {
            stages[place].busy = busy - (place < last.busy.count ? last.busy[place] : 0)
        }
        deadLetters = now.deadLetters.merging(last.deadLetters, uniquingKeysWith: -)
            .filter { $0.value > 0 }
    }
}

/// Slices whose rates are counts for a moment, so that they can be added up.
extension RunReport.Sample {
    /// The slices, one after the other from `start` on, as one; nil where there are none.
    ///
    /// Of percentiles and ages the highest stays, their bound from above; the backlog is that at
    /// the end.
    package init?(joining slices: ArraySlice<RunReport.Sample>, from start: Double) {
        guard let last = slices.last else { return nil }
        self = last
        let places = Array(slices.indices)
        func begin(of place: Int) -> Double {
            place == slices.startIndex ? start : slices[place - 1].seconds
        }
        multiply(by: last.seconds - begin(of: slices.endIndex - 1))
        for place in places.dropLast().reversed() {
            add(slices[place], lasting: slices[place].seconds - begin(of: place))
        }
        divide(by: last.seconds - start)
    }

    fileprivate mutating func multiply(by seconds: Double) {
        publishedRate *= seconds
        askedRate = askedRate.map { $0 * seconds }
        for place in stages.indices {
            stages[place].rate *= seconds
            stages[place].busy = stages[place].busy.map { $0 * seconds }
        }
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
        askedRate = askedRate.map { $0 + (earlier.askedRate ?? 0) * seconds }
        oldestAgeSeconds?.merge(earlier.oldestAgeSeconds ?? [:]) { max($0, $1) }
        storeRetries = storeRetries.map { $0 + (earlier.storeRetries ?? 0) }
        deadLetters?.merge(earlier.deadLetters ?? [:], uniquingKeysWith: +)
        for (place, other) in earlier.stages.enumerated() where place < stages.count {
            stages[place].rate += other.rate * seconds
            stages[place].busy = stages[place].busy.map { $0 + (other.busy ?? 0) * seconds }
            stages[place].p50Ms = higher(stages[place].p50Ms, other.p50Ms)
            stages[place].p99Ms = higher(stages[place].p99Ms, other.p99Ms)
            stages[place].maxMs = higher(stages[place].maxMs, other.maxMs)
        }
    }
}
