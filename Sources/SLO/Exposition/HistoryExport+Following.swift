extension HistoryExport {
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
            // What fires is no part of an export.
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
