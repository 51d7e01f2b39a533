package import Timekeeping

/// How an objective stands at an instant, with the sums behind every figure.
package struct ObjectiveStatus: Sendable {
    package var objective: Objective
    package var revision: Revision
    package var asOf: Timestamp
    package var state: ObjectiveState
    /// Why the state is what it is, in one sentence.
    package var reason: String
    /// The whole period: of a calendar, its end may lie ahead.
    package var period: Range<Timestamp>
    package var measurement: WindowMeasurement
    /// The end of the last slice in which anything reported; nil if nothing ever has.
    package var lastReport: Timestamp?
    package var budget: ErrorBudget
    /// By window, shortest first.
    package var burnRates: [BurnRateReading]
    /// When nothing is left if it goes on like ``projectionWindow``.
    ///
    /// Nil where that is not before the calendar period ends, or not within one period, and where
    /// nothing is left already.
    package var projectedExhaustion: Timestamp?
    /// The window whose burn rate the projection goes on with.
    package var projectionWindow: Duration
    /// The days that spent most, most first.
    package var worstDays: [DaySpending]
    /// The period before this one, as it ended; nil if nothing was observed in it.
    package var previous: PreviousPeriod?
    package var faults: SliceDefects
    /// Alerts that are firing.
    package var firing: [AlertEpisode]

    /// Whether the good share of what was observed is at least the target.
    package var isMeetingTarget: Bool? {
        measurement.errorRatio.map { $0 <= ExactRatio(objective.budget) }
    }

    /// How much the SLI differs from that of the period before.
    package var sliChange: ExactRatio? {
        guard let sli = measurement.sli, let before = previous?.measurement.sli else { return nil }
        return sli - before
    }
}

/// The report's line on an objective.
package enum ObjectiveState: String, Hashable, Sendable, CaseIterable {
    case ok
    /// Little is left, or it is being spent fast.
    case atRisk = "at-risk"
    /// More is spent than there was.
    case breached
    /// Too little was observed to say more.
    case partial
    /// Nothing was observed, or nothing lately.
    case noData = "no-data"
}

/// The burn rate over one window.
package struct BurnRateReading: Sendable {
    /// As it was asked for; ``WindowMeasurement/window`` is in whole slices.
    package var window: Duration
    package var measurement: WindowMeasurement
    /// One less the target.
    package var budget: ExactDecimal

    /// How fast the budget is spent: 1 spends all of it in exactly one period.
    ///
    /// What was not observed has spent nothing. Nil where nothing was observed.
    package var value: ExactRatio? { measurement.spentShare?.divided(by: budget) }
}

/// The share of the budget spent on a day.
package struct DaySpending: Sendable {
    /// As the walls of the objective's zone have it.
    package var date: CivilDate
    package var measurement: WindowMeasurement
    /// The part of the period's whole budget that this day spent.
    package var spentRatio: ExactRatio
}

/// The period before.
package struct PreviousPeriod: Sendable {
    package var period: Range<Timestamp>
    package var measurement: WindowMeasurement
    package var budget: ErrorBudget
}

/// Where the lines between the states run.
package struct StatusPolicy: Sendable {
    /// Below this coverage of the elapsed period the state is `partial`.
    package var minimumCoverage: ExactRatio
    /// At this spent part of the budget the state is `at-risk`.
    package var riskAt: ExactDecimal
    /// After this long without a report the state is `no-data`, at least two slices.
    package var staleAfter: Duration

    /// 99% covered, three quarters spent, five minutes.
    package static let standard = StatusPolicy(
        minimumCoverage: ExactRatio(99, 100),
        riskAt: ExactDecimal(digits: 75, scale: 2) ?? .one,
        staleAfter: .seconds(300)
    )
}

extension ObjectiveStatus {
    /// Whether a paging alert fires.
    package var isPaging: Bool { firing.contains { $0.alert.severity == "page" } }
}

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

    package init(outcome: Outcome, reason: String) {
        self.outcome = outcome
        self.reason = reason
    }
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
