/// A gate's verdict on an objective: whether a release, or a run, may go on.
package struct GateVerdict: Codable, Hashable, Sendable {
    /// How it ends.
    package enum Outcome: String, Codable, Hashable, Sendable {
        case passes
        case fails
        /// Too little is known to judge it, which is not a pass: where nothing at all can be
        /// judged, a gate fails.
        case notJudged = "not-judged"
    }

    package var outcome: Outcome
    /// Why, with the figures.
    package var reason: String
}

extension ObjectiveStatus {
    /// The verdict over the objective's whole period.
    ///
    /// It fails where the budget is overspent; where the SLI of what was observed misses
    /// the target, though a short outage may have spent little of a month's budget; and where
    /// what measured it has fallen silent. Not judged is what nothing has measured, not for a
    /// whole slice, or with fewer events than it asks for.
    package var gateVerdict: GateVerdict {
        let sli = FigureText.percent(SLOReport.Figure(measurement.sli))
        let target = FigureText.percent(target: objective.target.description)
        let figures = "SLI \(sli) of \(target) over \(objective.timeWindow.label)"
        // Something has reported in the period, but no slice that can be judged is over yet.
        let isTooYoung =
            !measurement.hasData && (lastReport.map { $0 > period.lowerBound } ?? false)
        switch state {
        case .noData where lastReport == nil:
            return objective.isQueried
                ? GateVerdict(outcome: .fails, reason: "no value of it was found")
                : GateVerdict(outcome: .notJudged, reason: "nothing has measured it")
        case .noData where isTooYoung:
            return GateVerdict(outcome: .notJudged, reason: reason)
        case .noData:
            return GateVerdict(outcome: .fails, reason: "no-data, \(reason)")
        case .partial where !measurement.hasEvents(objective.minimumEvents):
            return GateVerdict(outcome: .notJudged, reason: reason)
        case .breached:
            return GateVerdict(outcome: .fails, reason: "breached, \(figures); \(reason)")
        case .ok, .atRisk, .partial:
            return isMeetingTarget == false
                ? GateVerdict(outcome: .fails, reason: "\(state.rawValue), \(figures); \(reason)")
                : GateVerdict(outcome: .passes, reason: "\(state.rawValue), \(figures)")
        }
    }
}
