package import Timekeeping

/// A history that keeps its own time: on a virtual timeline, time stands still while it works.
package struct OutsideSLIHistory: SLIHistory {
    private let history: any SLIHistory
    private let timeline: any Timeline

    /// `history`, as seen from `timeline`.
    package init(_ history: any SLIHistory, timeline: any Timeline) {
        self.history = history
        self.timeline = timeline
    }

    package func append(_ slices: [Slice], to series: SliceSeries, writer: String) async throws {
        try await timeline.outside {
            try await history.append(slices, to: series, writer: writer)
        }
    }

    package func slices(
        of series: SliceSeries,
        in range: Range<Timestamp>
    ) async throws -> [Slice] {
        try await timeline.outside { try await history.slices(of: series, in: range) }
    }

    package func extents() async throws -> [SliceSeriesExtent] {
        try await timeline.outside { try await history.extents() }
    }
}
