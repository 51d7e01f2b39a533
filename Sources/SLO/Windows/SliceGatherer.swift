package import Timekeeping

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
