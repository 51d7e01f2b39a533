internal import Documents
package import Timekeeping

extension SLOReport {
    /// The report on some objectives.
    ///
    /// `source` is where the history came from, without any password; `overrides` is what was
    /// changed in every objective for this report; `revisionOf` has the revisions that objectives
    /// have in their documents, by their names.
    package init(
        _ reviews: [ObjectiveReview],
        asOf instant: Timestamp,
        source: String,
        overrides: [String] = [],
        revisionOf: [String: Revision] = [:]
    ) {
        asOf = instant.description
        self.source = source
        objectives = reviews.map { review in
            let revision = revisionOf[review.status.objective.name] ?? review.status.revision
            return Objective(review, overrides: overrides, revision: revision)
        }
    }
}

extension SLOReport.Objective {
    init(_ review: ObjectiveReview, overrides: [String], revision: Revision) {
        let status = review.status
        let objective = status.objective
        let count = review.tracker.count
        self.init(
            name: objective.name,
            displayName: objective.displayName,
            service: objective.service,
            owner: objective.owner,
            description: objective.description,
            state: status.state.rawValue,
            reason: status.reason,
            target: objective.target.description,
            meetsTarget: status.isMeetingTarget,
            gate: status.gateVerdict,
            budgetingMethod: objective.budgeting.name,
            sliceTarget: objective.budgeting.sliceTarget?.description,
            window: .init(objective.timeWindow, status.period),
            overrides: overrides,
            revision: revision.description,
            revisions: review.revisions.map { SLOReport.RevisionSeen($0) },
            measured: .init(status.measurement, of: objective),
            budget: .init(status.budget),
            burnRates: status.burnRates.map { reading in
                SLOReport.BurnRate(
                    window: DurationText.write(reading.window),
                    value: .init(reading.value),
                    measured: .init(reading.measurement, of: objective)
                )
            },
            rules: SLOReport.Rule.all(of: status),
            projectedExhaustion: status.projectedExhaustion?.description,
            projectionWindow: DurationText.write(status.projectionWindow),
            worstDays: status.worstDays.map { SLOReport.Day($0, of: objective) },
            alerts: review.episodes.map { SLOReport.Alert($0, of: objective) },
            previous: status.previous.map { previous in
                SLOReport.Previous(
                    start: previous.period.lowerBound.description,
                    end: previous.period.upperBound.description,
                    sli: .init(previous.measurement.sli),
                    spentRatio: .init(previous.budget.spentRatio),
                    remainingRatio: .init(previous.budget.remainingRatio),
                    coverage: .init(previous.measurement.coverage),
                    sliChange: .init(status.sliChange)
                )
            },
            assumptions: review.assumptions.isEmpty ? nil : review.assumptions,
            faults: status.faults.met.map { .init(fault: $0.fault.rawValue, count: $0.count) },
            burnDown: review.burnDown.map { point in
                .init(at: point.instant.description, remainingRatio: point.remaining?.approximation)
            },
            counted: .init(good: .init(count.good), bad: .init(count.bad))
        )
    }
}

extension SLOReport.Window {
    fileprivate init(_ window: TimeWindow, _ period: Range<Timestamp>) {
        var kind = "rolling"
        var zone: String?
        if case .calendar(let calendar) = window {
            kind = "calendar"
            zone = calendar.zone.identifier
        }
        self.init(
            kind: kind,
            length: window.label,
            seconds: (period.upperBound - period.lowerBound).inSeconds,
            timeZone: zone,
            start: period.lowerBound.description,
            end: period.upperBound.description
        )
    }
}

extension SLOReport.RevisionSeen {
    fileprivate init(_ revision: RecordedRevision) {
        self.init(
            component: revision.component,
            revision: revision.revision.description,
            indicatorRevision: revision.indicatorRevision.description,
            start: revision.range.lowerBound.description,
            end: revision.range.upperBound.description,
            isCurrent: revision.isCurrent,
            isCounted: revision.isCounted
        )
    }
}

extension SLOReport.Rule {
    fileprivate static func all(of status: ObjectiveStatus) -> [SLOReport.Rule] {
        AlertMachine.machines(of: status.objective, revision: status.revision).compactMap {
            guard case .burnRate(let rule) = $0.rule else { return nil }
            let identity = $0.identity
            return SLOReport.Rule(
                alert: identity.description,
                severity: identity.severity,
                tier: identity.tier?.rawValue,
                factor: rule.factor.description,
                comparison: rule.comparison.symbol,
                longWindow: DurationText.write(rule.longWindow),
                shortWindow: rule.shortWindow.map(DurationText.write),
                minimumEvents: rule.minimumEvents,
                isFiring: status.firing.contains { $0.alert == identity }
            )
        }
    }
}

extension SLOReport.Day {
    fileprivate init(_ day: DaySpending, of objective: Objective) {
        let instant = Timestamp(midnightOf: day.date) ?? .distantPast
        self.init(
            date: String(instant.description.prefix(10)),
            measured: .init(day.measurement, of: objective),
            spentRatio: .init(day.spentRatio)
        )
    }
}

extension SLOReport.Alert {
    init(_ episode: AlertEpisode, of objective: Objective) {
        self.init(
            id: episode.id,
            alert: episode.alert.description,
            severity: episode.alert.severity,
            tier: episode.alert.tier?.rawValue,
            start: episode.start.description,
            end: episode.end?.description,
            because: episode.evidence.text(of: objective),
            endedBecause: episode.endEvidence?.text(of: objective)
        )
    }
}

extension AlertEvidence {
    /// The sums in words: `burn rate 15.2 over 1h (152 of 10,000 events bad) against > 14.4`.
    package func text(of objective: Objective) -> String {
        let badText = { SLOReport.Measured($0, of: objective).badText }
        switch self {
        case .burnRate(let long, let short, let rule):
            let parts = [long, short].compactMap { $0 }.map { reading -> String in
                let value = reading.value.map { FigureText.number($0, digits: 4) } ?? "unknown"
                return "\(value) over \(DurationText.write(reading.window)) "
                    + "(\(badText(reading.measurement)))"
            }
            return "burn rate \(parts.joined(separator: " and ")) against "
                + "\(rule.comparison.symbol) \(rule.factor)"
        case .budget(let measurement, let budget):
            let spent = FigureText.percent(SLOReport.Figure(budget.spentRatio))
            return "\(spent) of the budget spent (\(badText(measurement)))"
        case .silence(let since):
            return "nothing observed since \(since)"
        }
    }
}

extension BudgetingMethod {
    /// The good share that a slice has to have, where slices have to.
    fileprivate var sliceTarget: ExactDecimal? {
        if case .timeslices(_, let target) = self { target } else { nil }
    }
}
