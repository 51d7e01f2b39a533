package import Timekeeping

/// Follows a history from its first slice to its last: what would have fired and been spent.
///
/// The machines are those of a live run. Another target, window or policy is another objective.
package struct ObjectiveReplay: Sendable {
    /// The budget left at an instant, for a plot.
    package struct Point: Sendable {
        package var instant: Timestamp
        /// Nil where nothing was observed.
        package var remaining: ExactRatio?
    }

    /// In the order of their starts; those without an end were firing at the end.
    package var episodes: [AlertEpisode]
    package var burnDown: [Point]
    /// As it is at the end; asks it for ``ObjectiveTracker/status(asOf:policy:worstDays:)``.
    package var tracker: ObjectiveTracker

    /// Follows `history`: the slices of each component, in any order, counted in units of `scale`.
    ///
    /// Follows `range`, by default from the first slice to the end of the last; alerts are
    /// evaluated at the end of each slice in it, whether anything was observed or not. Every slice
    /// is kept, unless `retention` says otherwise, as for a tracker that goes on live. The
    /// burn-down is cut into about as many steps as `points` says.
    package init(
        _ objective: Objective,
        history: [[Slice]],
        slice: Duration,
        scale: CountScale = .whole,
        range: Range<Timestamp>? = nil,
        retention: ObjectiveTracker.Retention? = nil,
        points: Int = 0
    ) {
        precondition(history.count == objective.components.count, "a history for each component")
        let length = slice.inNanoseconds
        let ordered = history.map(\.inOrder)
        let starts = ordered.flatMap { [$0.first, $0.last].compactMap { $0?.start } }
        let lower = range?.lowerBound ?? starts.min()
        let upper = range?.upperBound ?? starts.max().map { $0 + slice }
        episodes = []
        burnDown = []
        guard let lower, let upper, lower < upper else {
            tracker = ObjectiveTracker(
                objective,
                slice: slice,
                scale: scale,
                retention: retention ?? .exact(slice)
            )
            return
        }
        let first = lower.nanoseconds.flooringQuotient(length)
        let end = (upper.nanoseconds + length - 1).flooringQuotient(length)
        let span = Duration.nanoseconds((end - first + 1) * length)
        var tracker = ObjectiveTracker(
            objective,
            slice: slice,
            scale: scale,
            retention: retention ?? .exact(span)
        )
        var next = ordered.map { $0.place(of: lower) }
        let step = points > 0 ? max(1, (end - first) / Int64(points)) : 0
        tracker.advance(to: Timestamp(nanoseconds: first * length))
        for number in first..<end {
            let sliceEnd = Timestamp(nanoseconds: (number + 1) * length)
            for (component, slices) in ordered.enumerated() {
                while next[component] < slices.count, slices[next[component]].start < sliceEnd {
                    tracker.record(slices[next[component]], of: component)
                    next[component] += 1
                }
            }
            tracker.advance(to: sliceEnd)
            for transition in tracker.evaluate() {
                if case .resolved(let episode) = transition { episodes.append(episode) }
            }
            if step > 0, (number + 1 - first) % step == 0 {
                let measurement = tracker.measure(tracker.currentSpan(asOf: sliceEnd))
                let budget = ErrorBudget(measurement, target: objective.target)
                burnDown.append(Point(instant: sliceEnd, remaining: budget.remainingRatio))
            }
        }
        episodes += tracker.alerts.compactMap(\.episode)
        episodes.sort { ($0.start, $0.alert.description) < ($1.start, $1.alert.description) }
        self.tracker = tracker
    }
}
