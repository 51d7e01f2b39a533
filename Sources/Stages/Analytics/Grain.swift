internal import Commerce
package import Timekeeping

/// The length of an event-time window.
package enum Grain: String, Hashable, Sendable, CaseIterable, Comparable {
    case second = "1s"
    case minute = "1m"
    case hour = "1h"
    case day = "1d"
    /// A calendar month in UTC.
    case month = "1mo"
    /// One window over everything.
    case all

    /// The start of the window that `time` falls in.
    package func start(of time: Timestamp) -> Timestamp {
        guard let length = fixedLength else {
            if self == .all { return Timestamp(nanoseconds: 0) }
            let date = time.date
            let first = CivilDate(year: date.year, month: date.month, day: 1)
            return Timestamp(midnightOf: first) ?? .distantPast
        }
        let (start, overflow) = time.nanoseconds.flooringQuotient(length)
            .multipliedReportingOverflow(by: length)
        return overflow ? .distantPast : Timestamp(nanoseconds: start)
    }

    /// The end (exclusive) of the window that starts at `start`.
    package func end(of start: Timestamp) -> Timestamp {
        guard let length = fixedLength else {
            if self == .all { return .distantFuture }
            let date = start.date
            let next = CivilDate(
                year: date.month == 12 ? date.year + 1 : date.year,
                month: date.month == 12 ? 1 : date.month + 1,
                day: 1
            )
            return Timestamp(midnightOf: next) ?? .distantFuture
        }
        let (end, overflow) = start.nanoseconds.addingReportingOverflow(length)
        return overflow ? .distantFuture : Timestamp(nanoseconds: end)
    }

    /// Where the window of this length round a shorter one begins, as SQL over the `start_ns` of
    /// that one; `month` is the same for a calendar month, which each database says otherwise.
    package func startSQL(month: String) -> String {
        guard let length = fixedLength else { return self == .all ? "0" : month }
        return "start_ns - (start_ns % \(length) + \(length)) % \(length)"
    }

    /// Nanoseconds; nil where windows differ in length.
    private var fixedLength: Int64? {
        switch self {
        case .second: 1_000_000_000
        case .minute: 60_000_000_000
        case .hour: 3_600_000_000_000
        case .day: 86_400_000_000_000
        case .month, .all: nil
        }
    }

    /// How many distinct shoppers a window of this length counts exactly; see ``DistinctSketch``.
    package var sketchCapacity: Int {
        switch self {
        case .second: 1 << 10
        case .minute: 1 << 12
        case .hour: 1 << 13
        case .day, .month, .all: 1 << 15
        }
    }

    /// Its place in ``allCases``.
    package var order: UInt8 {
        switch self {
        case .second: 0
        case .minute: 1
        case .hour: 2
        case .day: 3
        case .month: 4
        case .all: 5
        }
    }

    // What raw values bring along compares and hashes their texts.

    package static func == (left: Grain, right: Grain) -> Bool {
        left.order == right.order
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(order)
    }

    /// Shorter windows come first.
    package static func < (left: Grain, right: Grain) -> Bool {
        left.order < right.order
    }
}

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
