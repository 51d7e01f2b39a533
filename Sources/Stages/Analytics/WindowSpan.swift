internal import Commerce
internal import Timekeeping

/// What was summed up from one instant to the end of the window round it.
struct WindowSpan: Sendable {
    private struct Row: Sendable {
        var category: Symbol
        var currency: Currency
        var cell: WindowCell

        func sortsBefore(_ other: Row) -> Bool {
            (category.bits, currency.bits) < (other.category.bits, other.currency.bits)
        }

        func isOfSame(_ other: Row) -> Bool {
            category == other.category && currency == other.currency
        }
    }

    private var start: Timestamp
    /// By category and currency, each pair once.
    private var rows: [Row]

    /// The spans of `windows`, by their starts.
    static func all(of windows: [WindowSums.Window]) -> [WindowSpan] {
        windows.map { window in
            var rows = [Row(category: .none, currency: window.currency, cell: window.total)]
            for (category, cell) in zip(window.categories, window.cells)
            // What has no category is in the total alone, whose row it would be else.
            where category.isPresent {
                rows.append(Row(category: category, currency: window.currency, cell: cell))
            }
            rows.sort { $0.sortsBefore($1) }
            return WindowSpan(start: window.start, rows: rows)
        }
        .sorted { $0.start < $1.start }
    }

    /// The spans of `grain` that `spans`, which are shorter and in order, add up to.
    static func joined(_ spans: [WindowSpan], into grain: Grain) -> [WindowSpan] {
        var joined: [WindowSpan] = []
        var next = 0
        while next < spans.count {
            var whole = spans[next]
            whole.start = grain.start(of: whole.start)
            let end = grain.end(of: whole.start)
            let first = next
            next += 1
            while next < spans.count, spans[next].start < end { next += 1 }
            if next > first + 1 {
                whole.rows = summed(spans[first..<next].flatMap(\.rows))
            }
            joined.append(whole)
        }
        return joined
    }

    private static func summed(_ rows: [Row]) -> [Row] {
        var sums: [Row] = []
        for row in rows.sorted(by: { $0.sortsBefore($1) }) {
            if let last = sums.last, last.isOfSame(row) {
                sums[sums.count - 1].cell += row.cell
            } else {
                sums.append(row)
            }
        }
        return sums
    }

    /// Appends the cells of the span, which is a window of `grain`, in a fixed order.
    func append(to cells: inout [(key: WindowKey, delta: WindowCell)], _ grain: Grain) {
        for row in rows {
            let key = WindowKey(
                grain: grain,
                start: start,
                category: row.category,
                currency: row.currency
            )
            cells.append((key, row.cell))
        }
    }
}
