internal import Broker
package import Prometheus
internal import SLO
internal import Storage
internal import Timekeeping

/// What a run tells a scraper of itself, read from its meters at that moment.
///
/// Reading takes copies of what the meters hold and works on those, so that no stage waits for a
/// scrape. All series exist, at 0, before the first event; there are as many as the pipeline has
/// topics, subscriptions, stages, stores and objectives, whatever flows through it.
package struct RunMetrics: Sendable {
    typealias Label = MetricFamily.Label
    typealias Sample = MetricFamily.Sample

    let graph: PipelineGraph
    let timeline: any Timeline
    private let progress: RunProgress
    private let objectives: ObjectiveRecorder

    init(
        _ graph: PipelineGraph,
        _ progress: RunProgress,
        _ objectives: ObjectiveRecorder,
        _ timeline: any Timeline
    ) {
        self.graph = graph
        self.progress = progress
        self.objectives = objectives
        self.timeline = timeline
    }

    /// Everything, in a fixed order.
    package var families: [MetricFamily] {
        brokerFamilies + stageFamilies + storeFamilies
            + ObjectiveMetrics(objectives.readings).families
    }

    /// How the run is doing.
    package var condition: PipelineCondition {
        PipelineCondition(
            isImpeded: !impediments.isEmpty,
            isBurning: objectives.statuses.contains(where: \.isPaging),
            backlog: graph.backlog
        )
    }

    /// Why the run is not doing what it is for, a sentence each; none where it is.
    package var impediments: [String] {
        let now = timeline.now
        var found = graph.storeMeters.compactMap { $0.impediment(at: now) }
        if progress.state.wasStopped {
            found.append("the run was stopped, and drains what is under way")
        }
        return found
    }

    /// A family with one sample for each of `rows`.
    func family<Row>(
        _ name: String,
        _ kind: MetricFamily.Kind,
        unit: String? = nil,
        help: String,
        of rows: [Row],
        _ sample: (Row) -> (labels: [Label], value: Int64)
    ) -> MetricFamily {
        let samples = rows.map { row in
            let (labels, value) = sample(row)
            return Sample(labels, .integer(value))
        }
        return MetricFamily(name, kind, unit: unit, help: help, samples: samples)
    }

    /// A histogram of seconds with one distribution for each of `rows`.
    func histogram<Row>(
        _ name: String,
        help: String,
        of rows: [Row],
        _ recorded: (Row) -> (labels: [Label], latencies: LatencyRecorder)
    ) -> MetricFamily {
        let samples = rows.flatMap { row in
            let (labels, latencies) = recorded(row)
            return latencies.histogramSamples(labels)
        }
        return MetricFamily(name, .histogram, unit: "seconds", help: help, samples: samples)
    }
}

extension StoreMeter {
    /// Why the store is taken to be down, or nil.
    fileprivate func impediment(at now: Timestamp) -> String? {
        if let failing {
            return "the store \(name) has failed for \(seconds(failing.since, now)) "
                + "(\(failing.reason))"
        }
        if let waitingSince, now - waitingSince > ComponentHealth.patience {
            return "the store \(name) has not answered for \(seconds(waitingSince, now))"
        }
        return nil
    }

    private func seconds(_ start: Timestamp, _ end: Timestamp) -> String {
        "\((end - start).components.seconds) s"
    }
}

extension LatencyRecorder {
    /// Bounds in nanoseconds: a millisecond to 10 s in steps of two to two and a half, as the
    /// conventions for messaging have them, with finer ones below and a minute above.
    private static let bounds: [Int64] = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000,
        50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000,
        5_000_000_000, 10_000_000_000, 60_000_000_000,
    ]

    fileprivate func histogramSamples(_ labels: [MetricFamily.Label]) -> [MetricFamily.Sample] {
        let bounds = LatencyRecorder.bounds
        let distribution = distribution(upTo: bounds)
        return HistogramSamples(
            buckets: zip(bounds, distribution.counts).map { (Double($0) / 1e9, $1) },
            count: distribution.count,
            sum: distribution.sum / 1e9
        ).samples(labels)
    }
}
