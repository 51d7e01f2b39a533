package import Timekeeping

/// The counts of one slice of time.
package struct Slice: Hashable, Sendable {
    /// Lies on the grid of its series: a multiple of the slice's width since the epoch.
    package var start: Timestamp
    /// In events, or in the smaller unit that its history counts in (``CountScale``).
    package var good: Int128
    /// All events that count; bad are those that are not good.
    package var total: Int128

    package init(start: Timestamp, good: Int128, total: Int128) {
        self.start = start
        self.good = good
        self.total = total
    }

    /// A slice of whole counts.
    package init(start: Timestamp, good: some BinaryInteger, total: some BinaryInteger) {
        self.init(start: start, good: Int128(good), total: Int128(total))
    }

    package var bad: Int128 { total &- good }

    /// More events than this in one slice are not believed, so that no sum can overflow.
    package static let largestTotal: Int128 = 1_000_000_000_000

    /// What is wrong with the counts, or nil if they can be counts in units of `scale`.
    package func fault(in scale: CountScale = .whole) -> SliceDefect? {
        if good < 0 || total < 0 { return .negative }
        if good > total { return .goodExceedsTotal }
        return total > scale.largestTotal ? .implausible : nil
    }
}

/// Why a slice was not counted.
package enum SliceDefect: String, Hashable, Sendable, CaseIterable {
    /// A count below zero.
    case negative
    /// More good events than events: two sources that were asked at different times, or that do
    /// not measure the same thing.
    case goodExceedsTotal = "good-exceeds-total"
    /// More than ``Slice/largestTotal`` events.
    case implausible
    /// Not a number, or infinite.
    case unreadable
    /// Older than lateness allows.
    case tooLate = "too-late"
    /// Later than now.
    case ahead
    /// The clock that was handed in stepped back; nothing is lost by it.
    case clockStep = "clock-step"
    /// A counter went backwards and was taken to have begun anew; nothing is lost by it.
    case reset
    /// A sum of counters fell: one of them was reset or went away, and it is unknown what was
    /// counted meanwhile.
    case sumFell = "sum-fell"
    /// Finer than counts are kept, and rounded to the nearest unit; nothing is lost by it.
    case rounded
}

extension SliceDefect {
    /// Whether what it was met in is missing from the figures.
    package var losesSlice: Bool { ![.reset, .clockStep, .rounded].contains(self) }
}

/// How often each fault was met.
package struct SliceDefects: Hashable, Sendable {
    private var counts = [Int64](repeating: 0, count: SliceDefect.allCases.count)

    package init() {}

    /// How often this one was met.
    package subscript(fault: SliceDefect) -> Int64 {
        counts[SliceDefects.place(of: fault)]
    }

    package mutating func count(_ fault: SliceDefect, times: Int64 = 1) {
        counts[SliceDefects.place(of: fault)] += times
    }

    /// Adds what another source met.
    package mutating func add(_ others: SliceDefects) {
        for index in counts.indices {
            counts[index] += others.counts[index]
        }
    }

    /// Those that were met, in the order of their declaration.
    package var met: [(fault: SliceDefect, count: Int64)] {
        zip(SliceDefect.allCases, counts).filter { $0.1 > 0 }
            .map { (fault: $0.0, count: $0.1) }
    }

    private static func place(of fault: SliceDefect) -> Int {
        switch fault {
        case .negative: 0
        case .goodExceedsTotal: 1
        case .implausible: 2
        case .unreadable: 3
        case .tooLate: 4
        case .ahead: 5
        case .clockStep: 6
        case .reset: 7
        case .sumFell: 8
        case .rounded: 9
        }
    }
}
