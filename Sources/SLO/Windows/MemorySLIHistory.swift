internal import Synchronization
package import Timekeeping

/// A history that lasts as long as the process.
package final class MemorySLIHistory: SLIHistory {
    private struct Key: Hashable {
        var start: Timestamp
        var writer: String
    }

    private let kept = Mutex<[SliceSeries: [Key: Slice]]>([:])

    /// An empty history.
    package init() {}

    package func append(
        _ slices: [Slice],
        to series: SliceSeries,
        writer: String
    ) async throws {
        kept.withLock { kept in
            for slice in slices {
                kept[series, default: [:]][Key(start: slice.start, writer: writer)] = slice
            }
        }
    }

    package func slices(
        of series: SliceSeries,
        in range: Range<Timestamp>
    ) async throws -> [Slice] {
        kept.withLock { kept in
            var sums: [Timestamp: Slice] = [:]
            // order-free: sums do not depend on it
            for slice in (kept[series] ?? [:]).values where range.contains(slice.start) {
                var sum = sums[slice.start] ?? Slice(start: slice.start, good: 0, total: 0)
                sum.good += slice.good
                sum.total += slice.total
                sums[slice.start] = sum
            }
            return sums.values.sorted { $0.start < $1.start }
        }
    }

    package func extents() async throws -> [SliceSeriesExtent] {
        kept.withLock { kept in
            kept.keys.sorted().compactMap { series in
                let starts = (kept[series] ?? [:]).keys.map(\.start)
                guard let first = starts.min(), let last = starts.max() else { return nil }
                return SliceSeriesExtent(series: series, range: first..<(last + series.slice))
            }
        }
    }
}
