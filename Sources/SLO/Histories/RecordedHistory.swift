package import Timekeeping

/// The counts of one objective, from any source.
package struct RecordedHistory: Sendable {
    /// The width of a slice.
    package var slice: Duration
    /// The unit in which all of them are counted.
    package var scale: CountScale
    /// The slices of each component, by their starts.
    package var components: [[Slice]]
    /// The versions of the objective under which slices were counted, oldest first.
    package var revisions: [RecordedRevision]
    /// What its source could not read.
    package var faults: SliceDefects
    /// How the queries behind it were read, where that had to be assumed.
    package var assumptions: [String] = []

    /// More slices than this in a history are refused, so that memory is bounded.
    package static let mostSlices: Int64 = 5_000_000

    package init(
        slice: Duration,
        components: [[Slice]],
        revisions: [RecordedRevision] = [],
        faults: SliceDefects = SliceDefects()
    ) {
        self.slice = slice
        scale = .whole
        self.components = components.map(\.inOrder)
        self.revisions = revisions
        self.faults = faults
    }

    /// A history of what was gathered for each component, brought to one unit.
    package init(
        slice: Duration,
        gathered: [SliceGatherer],
        faults: SliceDefects = SliceDefects(),
        assumptions: [String] = []
    ) {
        var gathered = gathered
        let scale = SliceGatherer.align(&gathered)
        self.init(slice: slice, components: gathered.map(\.slices), faults: faults)
        self.scale = scale
        self.assumptions = assumptions
        let rounded = gathered.reduce(0) { $0 + $1.rounded }
        if rounded > 0 { self.faults.count(.rounded, times: rounded) }
    }

    /// A history of nothing, in slices that suit `objective`.
    package init(emptyFor objective: Objective) {
        self.init(
            slice: objective.budgeting.sliceWindow ?? .seconds(60),
            components: objective.components.map { _ in [] }
        )
    }

    /// From the start of the first slice to the end of the last one; nil without any.
    package var range: Range<Timestamp>? {
        let firsts = components.compactMap { $0.first?.start }
        let lasts = components.compactMap { $0.last?.start }
        guard let first = firsts.min(), let last = lasts.max() else { return nil }
        return first..<(last + slice)
    }

    /// What keeps the history from being followed for `objective` over `range`; nil if nothing
    /// does.
    package func obstacle(to objective: Objective, over range: Range<Timestamp>) -> String? {
        guard components.count == objective.components.count else {
            return "'\(objective.name)' has \(objective.components.count) indicators and the "
                + "history \(components.count); expected a history of each"
        }
        guard ObjectiveTracker.fits(slice: slice, objective) else {
            return "slices of \(slice.inSeconds) s do not make up the slice window of "
                + "'\(objective.name)'; expected slices that divide it"
        }
        if (range.upperBound - range.lowerBound) / slice > Double(RecordedHistory.mostSlices) {
            return "the history of '\(objective.name)' reaches from \(range.lowerBound) to "
                + "\(range.upperBound), more than \(RecordedHistory.mostSlices) slices of "
                + "\(slice.inSeconds) s; expected a shorter one, or wider slices"
        }
        return nil
    }
}

/// A version of an objective, and which part of a history was counted under it.
package struct RecordedRevision: Hashable, Sendable {
    package var component: String
    package var revision: Revision
    package var indicatorRevision: Revision
    /// From the start of the first slice to the end of the last one.
    package var range: Range<Timestamp>
    /// Whether the objective is still what it was then.
    package var isCurrent: Bool
    /// Whether the indicator is still what it was then, so that its slices are added up.
    package var isCounted: Bool

    package init(
        component: String,
        revision: Revision,
        indicatorRevision: Revision,
        range: Range<Timestamp>,
        isCurrent: Bool,
        isCounted: Bool
    ) {
        self.component = component
        self.revision = revision
        self.indicatorRevision = indicatorRevision
        self.range = range
        self.isCurrent = isCurrent
        self.isCounted = isCounted
    }
}
