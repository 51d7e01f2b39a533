package import Timekeeping

/// The counts of one objective, from any source.
package struct RecordedHistory: Sendable {
    /// The width of a slice.
    package var slice: Duration
    /// The unit in which all of them are counted.
    package var scale: CountScale
    /// The slices of each component, by their starts.
    package var components: [[Slice]]
    /// The versions of the objective under which slices were counted, oldest first.
    package var revisions: [RecordedRevision]
    /// What its source could not read.
    package var faults: SliceDefects
    /// How the queries behind it were read, where that had to be assumed.
    package var assumptions: [String] = []

    /// More slices than this in a history are refused, so that memory is bounded.
    package static let mostSlices: Int64 = 5_000_000

    package init(
        slice: Duration,
        components: [[Slice]],
        revisions: [RecordedRevision] = [],
        faults: SliceDefects = SliceDefects()
    ) {
        self.slice = slice
        scale = .whole
        self.components = components.map(\.inOrder)
        self.revisions = revisions
        self.faults = faults
    }

    /// A history of what was gathered for each component, brought to one unit.
    package init(
        slice: Duration,
        gathered: [SliceGatherer],
        faults: SliceDefects = SliceDefects(),
        assumptions: [String] = []
    ) {
        var gathered = gathered
        let scale = SliceGatherer.align(&gathered)
        self.init(slice: slice, components: gathered.map(\.slices), faults: faults)
        self.scale = scale
        self.assumptions = assumptions
        let rounded = gathered.reduce(0) { $0 + $1.rounded }
        if rounded > 0 { self.faults.count(.rounded, times: rounded) }
    }

    /// A history of nothing, in slices that suit `objective`.
    package init(emptyFor objective: Objective) {
        self.init(
            slice: objective.budgeting.sliceWindow ?? .seconds(60),
            components: objective.components.map { _ in [] }
        )
    }

    /// From the start of the first slice to the end of the last one; nil without any.
    package var range: Range<Timestamp>? {
        let firsts = components.compactMap { $0.first?.start }
        let lasts = components.compactMap { $0.last?.start }
        guard let first = firsts.min(), let last = lasts.max() else { return nil }
        return first..<(last + slice)
    }

    /// What keeps the history from being followed for `objective` over `range`; nil if nothing
    /// does.
    package func obstacle(to objective: Objective, over range: Range<Timestamp>) -> String? {
        guard components.count == objective.components.count else {
            return "'\(objective.name)' has \(objective.components.count) indicators and the "
                + "history \(components.count); expected a history of each"
        }
        guard ObjectiveTracker.fits(slice: slice, objective) else {
            return "slices of \(slice.inSeconds) s do not make up the slice window of "
                + "'\(objective.name)'; expected slices that divide it"
        }
        if (range.upperBound - range.lowerBound) / slice > Double(RecordedHistory.mostSlices) {
            return "the history of '\(objective.name)' reaches from \(range.lowerBound) to "
                + "\(range.upperBound), more than \(RecordedHistory.mostSlices) slices of "
                + "\(slice.inSeconds) s; expected a shorter one, or wider slices"
        }
        return nil
    }
}

/// A version of an objective, and which part of a history was counted under it.
package struct RecordedRevision: Hashable, Sendable {
    package var component: String
    package var revision: Revision
    package var indicatorRevision: Revision
    /// From the start of the first slice to the end of the last one.
    package var range: Range<Timestamp>
    /// Whether the objective is still what it was then.
    package var isCurrent: Bool
    /// Whether the indicator is still what it was then, so that its slices are added up.
    package var isCounted: Bool
}

extension RecordedHistory {
    /// What `history` has of `objective` in `range`, under whatever version it was counted.
    ///
    /// Counts of another version of the objective are added up where the indicator is the same:
    /// another target, window or budgeting method counts the same events. Those of another
    /// indicator are left out, and ``revisions`` says so. Slices of several widths are followed in
    /// the least width that all of them divide.
    ///
    /// `extents` is what `history` says it has, so that it is asked once for all objectives.
    /// Throws what `history` throws.
    package static func read(
        _ objective: Objective,
        from history: any SLIHistory,
        extents: [SliceSeriesExtent],
        in range: Range<Timestamp>
    ) async throws -> RecordedHistory {
        var recorded = RecordedHistory(emptyFor: objective)
        let revision = objective.revision
        var width: Int64?
        for extent in extents where extent.series.objective == objective.name {
            let series = extent.series
            let index = objective.components.firstIndex { component in
                component.name == series.component
                    && component.indicator.revision == series.indicatorRevision
            }
            recorded.revisions.append(
                RecordedRevision(
                    component: series.component,
                    revision: series.revision,
                    indicatorRevision: series.indicatorRevision,
                    range: extent.range,
                    isCurrent: series.revision == revision,
                    isCounted: index != nil
                )
            )
            guard let index, extent.range.overlaps(range) else { continue }
            recorded.components[index] += try await history.slices(of: series, in: range)
            let own = series.slice.inNanoseconds
            width = try width.map { try leastCommonMultiple($0, own, of: objective) } ?? own
        }
        if let width {
            recorded.slice = .nanoseconds(width)
        }
        recorded.revisions.sort {
            ($0.range.lowerBound, $0.component) < ($1.range.lowerBound, $1.component)
        }
        recorded.components = recorded.components.map(\.inOrder)
        return recorded
    }

    /// The least width that both divide.
    ///
    /// - Throws: `RecordedHistoryError` if that is more than a year: no program of ours has
    ///   written both.
    private static func leastCommonMultiple(
        _ left: Int64,
        _ right: Int64,
        of objective: Objective
    ) throws(RecordedHistoryError) -> Int64 {
        var (larger, smaller) = (left, right)
        while smaller != 0 {
            (larger, smaller) = (smaller, larger % smaller)
        }
        let (multiple, overflow) = (left / larger).multipliedReportingOverflow(by: right)
        guard !overflow, multiple <= SliceSeries.widths.upperBound.inNanoseconds else {
            throw RecordedHistoryError(
                description: "\(objective.name): its history has slices of "
                    + "\(Duration.nanoseconds(left)) and of \(Duration.nanoseconds(right)), which "
                    + "have no width in common; restore the history, or delete those of one width"
            )
        }
        return multiple
    }
}

extension Objective {
    /// How far back before an instant anything is asked for: over the period and the one before,
    /// and over every window of an alert.
    package var historyReach: Duration {
        let windows = alertPolicies.flatMap(\.rules).compactMap { rule in
            if case .burnRate(let alert) = rule { alert.longWindow } else { nil }
        }
        // A month of a calendar is up to three days longer than its nominal length.
        let periods = timeWindow.nominalLength * 2 + .seconds(6 * 86_400)
        return max(periods, windows.max() ?? .zero)
    }
}
