internal import Timekeeping

// No traffic is not data, whether its slices are missing or say 0 of 0. What reports nothing is
// silent after a while that is the same for all; what reports that nothing happened is silent when
// it is quiet for longer than its traffic explains, for a service with few events has gaps.

extension ObjectiveTracker {
    /// So many times as long as events are apart on average is no longer chance.
    private static let unusualGap: Int128 = 10

    /// Why nothing can be said of now, though there was data before; nil if it can.
    ///
    /// `measurement` is of the whole period, `limit` how long nothing may have been reported.
    func silence(
        _ measurement: WindowMeasurement,
        asOf instant: Timestamp,
        limit: Duration
    ) -> String? {
        for (index, component) in objective.components.enumerated() {
            let of = objective.isComposite ? " of \(component.name)" : ""
            if let last = lastReports[index], instant - last > limit {
                return "nothing\(of) was observed since \(last)"
            }
            guard let last = lastEvents[index], instant - last > limit,
                isQuiet(index, measurement, for: instant - last)
            else { continue }
            return "no event\(of) was counted since \(last): 0 of 0 in every slice"
        }
        return nil
    }

    /// Whether a gap of `duration` is longer than the traffic of the period explains.
    private func isQuiet(
        _ index: Int,
        _ measurement: WindowMeasurement,
        for duration: Duration
    ) -> Bool {
        let sum = measurement.components[index]
        let gap = Int128(duration.inNanoseconds)
        guard sum.total > 0, gap > 0 else { return gap > 0 }
        let observed = Int128(sum.observed) * Int128(sliceLength)
        return ExactRatio(sum.total, scale.unitsPerEvent)
            > ExactRatio(observed * ObjectiveTracker.unusualGap, gap)
    }

    /// Whether a component has been silent for `duration` by `now`; nil before anything began.
    func isSilent(for duration: Duration, asOf now: Timestamp) -> Bool? {
        guard let began else { return nil }
        for (index, component) in objective.components.enumerated() {
            if now - (lastReports[index] ?? began) >= duration { return true }
            let quiet = now - (lastEvents[index] ?? began)
            guard quiet >= max(duration, component.indicator.averageOver) else { continue }
            if isQuiet(index, measure(currentSpan(asOf: now)), for: quiet) { return true }
        }
        return false
    }

    /// Since when the component that was silent longest has had no event.
    var silentSince: Timestamp? {
        guard let began else { return nil }
        return lastEvents.map { $0 ?? began }.min()
    }
}

extension Indicator {
    /// Over how long measurements are averaged before there is one to judge.
    fileprivate var averageOver: Duration {
        sources.compactMap { source in
            source.spec["averageOver"].flatMap { CalendarPeriod(shorthand: $0)?.nominalLength }
        }.max() ?? .zero
    }
}
