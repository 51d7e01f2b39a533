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
    @inlinable
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

    @inlinable
    package static func == (left: Grain, right: Grain) -> Bool {
        left.order == right.order
    }

    @inlinable
    package func hash(into hasher: inout Hasher) {
        hasher.combine(order)
    }

    /// Shorter windows come first.
    @inlinable
    package static func < (left: Grain, right: Grain) -> Bool {
        left.order < right.order
    }
}
