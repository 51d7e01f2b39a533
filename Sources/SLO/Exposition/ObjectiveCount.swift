internal import Timekeeping

/// Good and bad as the budget counts them: events, or time slices by their bad share.
///
/// The events of a composite are those of all its components together, without their weights;
/// no sum of counts has its ratio.
package struct ObjectiveCount: Sendable {
    package var good: ExactRatio
    package var bad: ExactRatio
    /// Events, whatever the budget counts.
    package var events: ExactRatio
    /// The seconds in which something reported; of a composite, its least observed component.
    package var observedSeconds: ExactRatio
    /// The seconds under maintenance, of which nothing is counted.
    package var excludedSeconds: ExactRatio

    /// What was counted in a window.
    package init(_ measurement: WindowMeasurement) {
        func seconds(_ slices: Int64) -> ExactRatio {
            let width = Int128(measurement.sliceWidth.inNanoseconds)
            return ExactRatio(Int128(slices) * width, 1_000_000_000)
        }
        let unit = measurement.scale.unitsPerEvent
        events = ExactRatio(measurement.events.total, unit)
        observedSeconds = seconds(measurement.observed)
        excludedSeconds = seconds(measurement.excluded)
        if let judged = measurement.judged {
            let whole = Int128(judged.judged) * JudgedSum.unit
            // Weights above one can lose more than the slice.
            bad = ExactRatio(judged.badUnits, JudgedSum.unit)
            good = ExactRatio(max(0, whole - judged.badUnits), JudgedSum.unit)
        } else {
            good = ExactRatio(measurement.events.good, unit)
            bad = ExactRatio(measurement.events.bad, unit)
        }
    }

    /// Nothing counted.
    package static let zero = ObjectiveCount()

    private init() {
        good = .zero
        bad = .zero
        events = .zero
        observedSeconds = .zero
        excludedSeconds = .zero
    }
}

extension ObjectiveTracker {
    /// What was counted since the tracker began: what a counter says, at 0 before the first event.
    package var count: ObjectiveCount {
        guard let began, let now else { return .zero }
        // From the start of the slice in which it began, for that one counts as well.
        let width = judgedLength ?? sliceLength
        let first = Timestamp(nanoseconds: began.nanoseconds.flooringQuotient(width) * width)
        let end = Timestamp(nanoseconds: (now.nanoseconds.flooringQuotient(width) + 1) * width)
        return ObjectiveCount(measure(period: first..<end, asOf: end))
    }
}
