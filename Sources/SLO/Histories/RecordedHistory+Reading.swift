package import Timekeeping

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
