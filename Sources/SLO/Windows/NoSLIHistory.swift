package import Timekeeping

/// A history that keeps nothing: the trackers of a run remember what their windows need, and
/// nothing comes after it.
package struct NoSLIHistory: SLIHistory {
    package init() {}

    package func append(_ slices: [Slice], to series: SliceSeries, writer: String) async throws {}

    package func slices(
        of series: SliceSeries,
        in range: Range<Timestamp>
    ) async throws -> [Slice] { [] }

    package func extents() async throws -> [SliceSeriesExtent] { [] }
}
