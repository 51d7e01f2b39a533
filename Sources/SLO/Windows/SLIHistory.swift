package import Timekeeping

/// What a series of slices counts, and for which version of which objective.
package struct SliceSeries: Hashable, Sendable, Comparable {
    package var objective: String
    package var component: String
    /// Of the objective, when the slices were counted.
    package var revision: Revision
    /// Of the indicator: only slices of one indicator revision may be added up.
    package var indicatorRevision: Revision
    /// Of every slice.
    package var slice: Duration

    /// No slice is narrower or wider.
    package static let widths = Duration.milliseconds(1)...Duration.seconds(366 * 86_400)

    package init(
        objective: String,
        component: String,
        revision: Revision,
        indicatorRevision: Revision,
        slice: Duration
    ) {
        self.objective = objective
        self.component = component
        self.revision = revision
        self.indicatorRevision = indicatorRevision
        self.slice = slice
    }

    /// The series that slices counted for an objective today belong to, one for each component.
    package static func all(of objective: Objective, slice: Duration) -> [SliceSeries] {
        let revision = objective.revision
        return objective.components.map { component in
            SliceSeries(
                objective: objective.name,
                component: component.name,
                revision: revision,
                indicatorRevision: component.indicator.revision,
                slice: slice
            )
        }
    }

    package static func < (left: SliceSeries, right: SliceSeries) -> Bool {
        left.order < right.order
    }

    private var order: (String, String, String, String, Duration) {
        (
            objective, component, revision.description, indicatorRevision.description, slice
        )
    }
}

/// A series and the time it covers.
package struct SliceSeriesExtent: Hashable, Sendable {
    package var series: SliceSeries
    /// From the start of the first slice to the end of the last one.
    package var range: Range<Timestamp>

    package init(series: SliceSeries, range: Range<Timestamp>) {
        self.series = series
        self.range = range
    }
}

/// Where slices are kept, so that reports work after a run and across runs.
package protocol SLIHistory: Sendable {
    /// Keeps slices, all of them or, where it throws, none.
    ///
    /// A slice that the same `writer` kept before is replaced, so that writing again what may have
    /// been written changes nothing. Slices of several writers, as of one run and the one that
    /// took over from it, add up.
    func append(_ slices: [Slice], to series: SliceSeries, writer: String) async throws

    /// The slices that start in `range`, in the order of their starts, writers added up.
    func slices(of series: SliceSeries, in range: Range<Timestamp>) async throws -> [Slice]

    /// Every series there is, in order.
    func extents() async throws -> [SliceSeriesExtent]
}
