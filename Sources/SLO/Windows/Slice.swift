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

    /// A slice of an indicator that counts bad events.
    package init(start: Timestamp, bad: some BinaryInteger, total: some BinaryInteger) {
        // More bad events than events leave fewer than none good, which is a fault of its own.
        self.init(start: start, good: Int128(total) &- Int128(bad), total: Int128(total))
    }

    /// A slice of a threshold indicator: each measurement is an event, good where it holds.
    package init(
        start: Timestamp,
        measurements: some Collection<ExactDecimal>,
        of indicator: ThresholdIndicator
    ) {
        let good = measurements.count { indicator.isGood($0) }
        self.init(start: start, good: good, total: measurements.count)
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
        SliceDefect.allCases.firstIndex(of: fault) ?? 0
    }
}

/// The unit in which counts are kept: 10^-`places` of an event.
///
/// Most counts are whole, and then the unit is an event. What a query or a file has counted in
/// fractions is kept in the unit that its finest fraction needs, so that sums are integers and
/// exact; a ratio of two counts is the same in every unit.
package struct CountScale: Hashable, Sendable {
    /// From 0 to ``MeasuredNumber/finestScale``.
    package let places: Int

    /// Whole events.
    package static let whole = CountScale(places: 0)

    package init(places: Int) {
        precondition((0...MeasuredNumber.finestScale).contains(places), "a unit of counts")
        self.places = places
    }

    /// How many units make an event.
    package var unitsPerEvent: Int128 { .powerOfTen(places) }

    /// The most units that a slice may have.
    ///
    /// A million million events at most, and 10^24 units at most: five million slices of that,
    /// times their number, are below what 127 bits hold.
    package var largestTotal: Int128 {
        places >= 12 ? .powerOfTen(24) : Slice.largestTotal * .powerOfTen(places)
    }

    /// The events that some units are.
    package func events(_ units: Int128) -> MeasuredNumber {
        MeasuredNumber(digits: units, scale: places)
    }
}

/// Derives increments from a counter that is only ever read.
///
/// A value below the one before is a reset: the process was restarted, and what it has
/// counted since is the increment. The first value is not an increment, since it is unknown when
/// those events were (Prometheus's `increase` takes it so too); a counter that is exposed at 0
/// before its first event loses none that way.
///
/// Where the counter is a sum of others, a fall is not a reset of it: one of them was reset or
/// went away. What was counted meanwhile is not known then, and there is no increment.
package struct CounterReader: Hashable, Sendable {
    /// The last value of the counter.
    package private(set) var last: MeasuredNumber?
    package private(set) var faults = SliceDefects()
    private let isSum: Bool

    /// Begins after `last`, or with the next value where that is nil.
    package init(last: MeasuredNumber? = nil, ofSum isSum: Bool = false) {
        self.last = last
        self.isSum = isSum
    }

    /// The events since the value before, or nil if this is the first one or is refused.
    package mutating func increment(to value: MeasuredNumber) -> MeasuredNumber? {
        guard value >= .zero else {
            faults.count(.negative)
            return nil
        }
        defer { last = value }
        guard let last else { return nil }
        if value < last {
            faults.count(isSum ? .sumFell : .reset)
            return isSum ? nil : value
        }
        return value.subtracting(last)
    }

    /// The same for a value as a data source writes it: `12`, `1.2e+01`, `0.5`.
    ///
    /// What is not a number is refused and counted, and does not become the last value.
    package mutating func increment(to text: some StringProtocol) -> MeasuredNumber? {
        guard let value = MeasuredNumber(text)?.counted else {
            faults.count(.unreadable)
            return nil
        }
        return increment(to: value)
    }
}

/// Gathers the slices of a component, in the coarsest unit that has none of them rounded.
package struct SliceGatherer: Sendable {
    /// In the order in which they were given.
    package private(set) var slices: [Slice] = []
    /// The unit in which they are counted.
    package private(set) var scale = CountScale.whole
    /// How many counts had to be rounded, since no unit suits the smallest and the largest.
    package private(set) var rounded: Int64 = 0
    private var largest = MeasuredNumber.zero

    package init() {}

    /// Takes the counts of a slice.
    ///
    /// - Returns: what is wrong with them, in which case they are not taken.
    package mutating func append(
        start: Timestamp,
        good: MeasuredNumber,
        total: MeasuredNumber
    ) -> SliceDefect? {
        if good.scale == 0, total.scale == 0, scale == .whole {
            let slice = Slice(start: start, good: good.digits, total: total.digits)
            if let fault = slice.fault() { return fault }
            largest = max(largest, total)
            slices.append(slice)
            return nil
        }
        if good < .zero || total < .zero { return .negative }
        if good > total { return .goodExceedsTotal }
        if total > MeasuredNumber(Slice.largestTotal) { return .implausible }
        largest = max(largest, total)
        let finest = min(max(good.scale, total.scale, scale.places), MeasuredNumber.finestScale)
        move(to: SliceGatherer.scale(finest, holding: largest))
        let (goodUnits, isGoodRounded) = good.units(at: scale.places)
        let (totalUnits, isTotalRounded) = total.units(at: scale.places)
        if isGoodRounded || isTotalRounded { rounded += 1 }
        slices.append(Slice(start: start, good: goodUnits, total: totalUnits))
        return nil
    }

    /// The finest unit, down to 10^-`places`, in which a slice may count so many events.
    private static func scale(_ places: Int, holding largest: MeasuredNumber) -> CountScale {
        var scale = CountScale(places: places)
        while scale.places > 0, scale.events(scale.largestTotal) < largest {
            scale = CountScale(places: scale.places - 1)
        }
        return scale
    }

    private mutating func move(to other: CountScale) {
        guard other != scale else { return }
        for index in slices.indices {
            let (good, isGoodRounded) = scale.events(slices[index].good).units(at: other.places)
            let (total, isTotalRounded) = scale.events(slices[index].total).units(at: other.places)
            if isGoodRounded || isTotalRounded { rounded += 1 }
            slices[index].good = good
            slices[index].total = total
        }
        scale = other
    }

    /// Brings the slices of several components to one unit.
    package static func align(_ components: inout [SliceGatherer]) -> CountScale {
        let finest = components.map(\.scale.places).max() ?? 0
        let largest = components.map(\.largest).max() ?? .zero
        let scale = scale(finest, holding: largest)
        for index in components.indices { components[index].move(to: scale) }
        return scale
    }

    /// Keeps only the slices for which `isKept` returns true.
    package mutating func keep(where isKept: (Int, Slice) -> Bool) {
        var next = 0
        for (place, slice) in slices.enumerated() where isKept(place, slice) {
            slices[next] = slice
            next += 1
        }
        slices.removeLast(slices.count - next)
    }

    /// Puts them in the order of these places.
    package mutating func arrange(_ places: [Int]) {
        slices = places.map { slices[$0] }
    }
}

extension [Slice] {
    /// Those in the order of their starts: themselves where they are in it.
    var inOrder: [Slice] {
        let isSorted = zip(self, dropFirst()).allSatisfy { $0.start <= $1.start }
        return isSorted ? self : sorted { $0.start < $1.start }
    }

    /// The place of the first one that starts at `instant` or later; they are in order.
    func place(of instant: Timestamp) -> Int {
        partitioningIndex { $0.start >= instant }
    }
}
