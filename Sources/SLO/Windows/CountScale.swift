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
