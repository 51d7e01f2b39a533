package import Timekeeping

/// An objective checked against its history: how it stands, what fired, and how the budget went.
package struct ObjectiveReview: Sendable {
    package var status: ObjectiveStatus
    /// Alerts that were firing at some time of the period, in the order of their starts.
    package var episodes: [AlertEpisode]
    /// The budget left, over the period.
    package var burnDown: [ObjectiveReplay.Point]
    package var revisions: [RecordedRevision]
    /// How the queries behind it were read, where that had to be assumed.
    package var assumptions: [String]
    /// The width of a slice.
    package var slice: Duration
    package var tracker: ObjectiveTracker

    /// Follows what `history` has of the periods that a report at `instant` speaks of.
    ///
    /// The burn-down has about as many steps as `points` says. Throws ``RecordedHistoryError``
    /// where the history cannot be followed.
    package init(
        _ objective: Objective,
        history: RecordedHistory,
        asOf instant: Timestamp,
        points: Int = 0
    ) throws(RecordedHistoryError) {
        let tracker: ObjectiveTracker
        let followed = ObjectiveReview.range(of: history, objective, asOf: instant)
        if let obstacle = history.obstacle(to: objective, over: followed) {
            throw RecordedHistoryError(description: obstacle)
        }
        if followed.isEmpty {
            var silent = ObjectiveTracker(
                objective,
                slice: history.slice,
                scale: history.scale,
                retention: .exact(history.slice)
            )
            silent.advance(to: instant)
            tracker = silent
            episodes = []
            burnDown = []
        } else {
            let replay = ObjectiveReplay(
                objective,
                history: history.components,
                slice: history.slice,
                scale: history.scale,
                range: followed,
                points: points
            )
            tracker = replay.tracker
            let period = tracker.period(at: instant)
            episodes = replay.episodes.filter { episode in
                episode.end.map { $0 > period.lowerBound } ?? true
            }
            burnDown = replay.burnDown.filter { $0.instant > period.lowerBound }
        }
        var noted = tracker
        noted.note(history.faults)
        guard let status = noted.status(asOf: instant) else {
            throw RecordedHistoryError(
                description: "'\(objective.name)' was followed to no instant; expected --as-of"
            )
        }
        self.status = status
        self.tracker = noted
        revisions = history.revisions
        assumptions = history.assumptions
        slice = history.slice
    }

    /// The part of a history that matters at an instant, in whole slices.
    private static func range(
        of history: RecordedHistory,
        _ objective: Objective,
        asOf instant: Timestamp
    ) -> Range<Timestamp> {
        let width = history.slice.inNanoseconds
        let end = Timestamp(nanoseconds: instant.nanoseconds.flooringQuotient(width) * width)
        let reach = instant - objective.historyReach
        let starts = history.components.compactMap { slices -> Timestamp? in
            let place = slices.place(of: reach)
            return place < slices.count ? slices[place].start : nil
        }
        guard let first = starts.min(), first < end else { return end..<end }
        return first..<end
    }
}

/// A history that an objective cannot be checked against.
package struct RecordedHistoryError: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) {
        self.description = description
    }
}

/// Follows a history from its first slice to its last: what would have fired and been spent.
///
/// The machines are those of a live run. Another target, window or policy is another objective.
package struct ObjectiveReplay: Sendable {
    /// The budget left at an instant, for a plot.
    package struct Point: Sendable {
        package var instant: Timestamp
        /// Nil where nothing was observed.
        package var remaining: ExactRatio?
        /// The burn rate since the point before; nil where nothing was observed since.
        package var burnRate: ExactRatio? = nil
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
                let length = Duration.nanoseconds(step * slice.inNanoseconds)
                burnDown.append(
                    Point(
                        instant: sliceEnd,
                        remaining: budget.remainingRatio,
                        burnRate: tracker.burnRate(last: length, asOf: sliceEnd).value
                    )
                )
            }
        }
        episodes += tracker.alerts.compactMap(\.episode)
        episodes.sort { ($0.start, $0.alert.description) < ($1.start, $1.alert.description) }
        self.tracker = tracker
    }
}
