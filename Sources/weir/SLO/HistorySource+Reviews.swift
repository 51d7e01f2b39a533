internal import PrometheusStores
internal import SLO
internal import Timekeeping

extension HistorySource {
    /// Reads the histories one after the other, and follows each while the next ones are read.
    ///
    /// An objective is read as its documents have it and followed as it was changed. One that a
    /// server would have the history of, and does not give, has none: `unanswered` says why.
    func reviews(
        of objectives: [(objective: Objective, changed: Objective)],
        asOf: Timestamp,
        slice: Duration? = nil,
        points: Int = 0
    ) async throws -> (reviews: [ObjectiveReview], unanswered: [String]) {
        try await withThrowingTaskGroup { group in
            for (number, (objective, changed)) in objectives.enumerated() {
                group.addTask {
                    var history = RecordedHistory(emptyFor: objective)
                    var unanswered: String?
                    do {
                        history = try await read(
                            objective,
                            in: (asOf - changed.historyReach)..<asOf,
                            slice: slice
                        )
                    } catch let error as PrometheusError where error.code == .unavailable {
                        unanswered = "\(objective.name): \(error)"
                    }
                    let review = try ObjectiveReview(
                        changed,
                        history: history,
                        asOf: asOf,
                        points: points
                    )
                    return (number, review, unanswered)
                }
            }
            var all: [(number: Int, review: ObjectiveReview, unanswered: String?)] = []
            for try await one in group { all.append(one) }
            all.sort { $0.number < $1.number }
            return (all.map(\.review), all.compactMap(\.unanswered))
        }
    }
}
