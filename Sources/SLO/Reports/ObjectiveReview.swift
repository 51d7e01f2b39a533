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
