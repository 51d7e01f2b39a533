internal import PrometheusStores
internal import SLO
internal import Timekeeping

/// An objective as its documents have it, and each way in which it is followed.
struct FollowedObjective: Sendable {
    var objective: Objective
    var variants: [Objective]
    /// How far back anything is asked for.
    var reach: Duration { variants.map(\.historyReach).max() ?? objective.historyReach }
}

extension HistorySource {
    /// Reads the histories one after the other, and follows each while the next ones are read.
    ///
    /// An objective is read as its documents have it, once, and followed as each of its variants;
    /// the burn-down of the one at a place has about as many steps as `points` says there. One
    /// that a server would have the history of, and does not give, has none: `unanswered` says
    /// why.
    func reviews(
        of objectives: [FollowedObjective],
        asOf: Timestamp,
        slice: Duration? = nil,
        points: [Int]
    ) async throws -> (reviews: [[ObjectiveReview]], unanswered: [String]) {
        try await withThrowingTaskGroup { group in
            for (number, followed) in objectives.enumerated() {
                group.addTask {
                    let objective = followed.objective
                    var history = RecordedHistory(emptyFor: objective)
                    var unanswered: String?
                    do {
                        history = try await read(
                            objective,
                            in: (asOf - followed.reach)..<asOf,
                            slice: slice
                        )
                    } catch let error as PrometheusError where error.code == .unavailable {
                        unanswered = "\(objective.name): \(error)"
                    }
                    var reviews: [ObjectiveReview] = []
                    for (variant, points) in zip(followed.variants, points) {
                        reviews.append(
                            try ObjectiveReview(
                                variant,
                                history: history,
                                asOf: asOf,
                                points: points
                            )
                        )
                    }
                    return (number, reviews, unanswered)
                }
            }
            var all: [(number: Int, reviews: [ObjectiveReview], unanswered: String?)] = []
            for try await one in group { all.append(one) }
            all.sort { $0.number < $1.number }
            return (all.map(\.reviews), all.compactMap(\.unanswered))
        }
    }
}
