package import SLO
internal import Timekeeping

/// A history as `slo_events_total` with timestamps, for `promtool tsdb create-blocks-from
/// openmetrics`.
///
/// The counters begin at 0 at the start of the first slice, and have a sample at the end of each
/// slice in which something reported; where nothing did there is none, so that Prometheus has no
/// data there either.
package struct HistoryExport: Sendable {
    private let trackers: [ObjectiveTracker]

    /// The histories that `trackers`, of objectives whose names differ, have followed.
    ///
    /// They have to have kept every slice (``ObjectiveTracker/Retention/exact(_:)``).
    package init(_ trackers: [ObjectiveTracker]) {
        self.trackers = trackers
    }

    /// Writes the export, a piece at a time so that a long history is never held as a whole text.
    package func write(to sink: (String) throws -> Void) rethrows {
        let family = MetricFamily.objectiveEvents()
        var text = ExpositionText(.openMetrics)
        text.begin(family)
        for tracker in trackers {
            let points = HistoryExport.points(of: tracker)
            for result in ["good", "bad"] {
                let labels = [
                    MetricFamily.Label("slo", tracker.objective.name),
                    MetricFamily.Label("result", result),
                ]
                for (index, point) in points.enumerated() {
                    let value = result == "good" ? point.good : point.bad
                    let sample = MetricFamily.Sample(labels, .ratio(value), at: point.instant)
                    text.append(sample, of: family)
                    if index % 10_000 == 9999 {
                        try sink(text.take())
                    }
                }
            }
        }
        text.end()
        try sink(text.take())
    }

    private struct Point {
        var instant: Timestamp
        var good: ExactRatio
        var bad: ExactRatio
    }

    private static func points(of tracker: ObjectiveTracker) -> [Point] {
        guard let began = tracker.began, let now = tracker.now else { return [] }
        let width = tracker.judgedLength ?? tracker.sliceLength
        let first = began.nanoseconds.flooringQuotient(width)
        let end = now.nanoseconds.flooringQuotient(width)
        let start = Timestamp(nanoseconds: first * width)
        var points = [Point(instant: start, good: .zero, bad: .zero)]
        guard first < end else { return points }
        for number in first..<end {
            let slice = Timestamp(nanoseconds: number * width)
            let sliceEnd = Timestamp(nanoseconds: (number + 1) * width)
            guard tracker.measure(period: slice..<sliceEnd, asOf: sliceEnd).hasData else {
                continue
            }
            let sum = tracker.measure(period: start..<sliceEnd, asOf: sliceEnd)
            let count = ObjectiveCount(sum)
            points.append(Point(instant: sliceEnd, good: count.good, bad: count.bad))
        }
        return points
    }

    /// The export of histories, each followed from its first slice to its last.
    ///
    /// - Throws: ``RecordedHistoryError`` where one cannot be followed.
    package init(
        following histories: [(objective: Objective, history: RecordedHistory)]
    ) throws(RecordedHistoryError) {
        var trackers: [ObjectiveTracker] = []
        for (objective, history) in histories {
            guard let range = history.range else { continue }
            if let obstacle = history.obstacle(to: objective, over: range) {
                throw RecordedHistoryError(description: obstacle)
            }
            // Alerts are not part of an export.
            var silent = objective
            silent.alertPolicies = []
            let replay = ObjectiveReplay(
                silent,
                history: history.components,
                slice: history.slice,
                scale: history.scale
            )
            trackers.append(replay.tracker)
        }
        self.init(trackers)
    }
}
