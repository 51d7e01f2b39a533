package import Timekeeping

/// How a pipeline is doing at an instant.
package struct PipelineCondition: Hashable, Sendable {
    /// Whether a store fails or does not answer, or the pipeline is about to end.
    package var isImpeded: Bool
    /// Whether a paging alert fires.
    package var isBurning: Bool
    /// Messages that are not settled.
    package var backlog: Int64

    package init(isImpeded: Bool, isBurning: Bool, backlog: Int64) {
        self.isImpeded = isImpeded
        self.isBurning = isBurning
        self.backlog = backlog
    }
}

/// Since when a pipeline has been stable; a pure value.
///
/// Stable means: no store fails, no one is paged, and the backlog has not grown at each of the last
/// ``growthLimit`` looks. What has not begun is not stable, so that after a restart time runs anew.
package struct Stability: Hashable, Sendable {
    /// That many checks in a row with more backlog each are a trend.
    package static let growthLimit = 6

    /// Nil while it is not.
    package private(set) var since: Timestamp?
    private var backlog: Int64 = 0
    private var growths = 0

    package init() {}

    /// Sees `condition` at `now`; nil before the pipeline has begun.
    package mutating func see(_ condition: PipelineCondition?, at now: Timestamp) {
        guard let condition else {
            self = Stability()
            return
        }
        growths = condition.backlog > backlog ? growths + 1 : 0
        backlog = condition.backlog
        if condition.isImpeded || condition.isBurning || growths >= Self.growthLimit {
            since = nil
        } else if since == nil {
            since = now
        }
    }
}
