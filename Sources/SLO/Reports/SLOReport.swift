internal import Reports
package import Timekeeping

/// The state of some objectives at an instant, as written to JSON (`schema_version` 1).
///
/// Instants are RFC 3339 texts in UTC. Keys are written in `snake_case`. What was not measured is
/// left out. Every ratio is given exactly; see ``Figure``.
package struct SLOReport: WrittenReport, Codable, Sendable {
    package var schemaVersion = 1
    package var asOf: String
    /// Where the history came from: a store or a file.
    package var source: String
    package var objectives: [Objective]
    /// The deployments that the store knows of; nil if there are none.
    package var deployments: [Deployment]? = nil

    /// A deployment, as `weir deploy mark` marks it.
    package struct Deployment: Codable, Hashable, Sendable {
        package var version: String
        /// RFC 3339.
        package var marked: String

        package init(version: String, marked: String) {
            self.version = version
            self.marked = marked
        }
    }

    /// An exact ratio.
    package struct Figure: Codable, Hashable, Sendable {
        /// The integer above the line, in digits, for it may have more than a JSON reader holds.
        package var numerator: String
        /// The integer below the line, above zero.
        package var denominator: String
        /// To 12 decimals, cut off and not rounded.
        package var decimal: String
        /// As nearly as a binary number has it.
        package var value: Double
    }

    /// An objective with every sum behind its figures.
    package struct Objective: Codable, Sendable {
        package var name: String
        package var displayName: String?
        package var service: String
        package var owner: String?
        package var description: String?
        /// `ok`, `at-risk`, `breached`, `partial` or `no-data`.
        package var state: String
        /// Why, in one sentence.
        package var reason: String
        /// The share that has to be good, as a decimal.
        package var target: String
        /// Whether the good share of what was observed is at least the target.
        package var meetsTarget: Bool?
        /// The verdict of `--gate`.
        package var gate: GateVerdict
        /// `Occurrences`, `Timeslices` or `RatioTimeslices`.
        package var budgetingMethod: String
        /// The good share that a slice has to have (`Timeslices`).
        package var sliceTarget: String?
        package var window: Window
        /// The changes for this report, such as `window=7d`.
        package var overrides: [String]
        /// Of the objective as it is in its documents now.
        package var revision: String
        /// The versions under which its history was counted, oldest first.
        package var revisions: [RevisionSeen]
        package var measured: Measured
        package var budget: Budget
        package var burnRates: [BurnRate]
        package var rules: [Rule]
        /// Whom its alerts notify, by their policies; nil where it has none.
        package var notices: [Notice]? = nil
        /// When nothing is left if it goes on as over ``projectionWindow``.
        ///
        /// Nil where that is not before the period ends, and where nothing is left already.
        package var projectedExhaustion: String?
        package var projectionWindow: String
        /// The days that spent most, most first.
        package var worstDays: [Day]
        /// Alerts that fired in the period.
        package var alerts: [Alert]
        /// The period before; nil if nothing was observed in it.
        package var previous: Previous?
        /// How its queries were read, where that had to be assumed; nil if it had not.
        package var assumptions: [String]?
        package var faults: [Fault]
        package var burnDown: [Point]
        /// Good and bad since the history's first slice, as `slo_events_total` has them.
        package var counted: Counted
    }

    /// Whom the alerts of a policy notify.
    package struct Notice: Codable, Sendable {
        /// An `AlertNotificationTarget`.
        package struct Target: Codable, Sendable {
            package var name: String
            /// Such as `slack`.
            package var target: String
        }

        package var policy: String
        package var targets: [Target]
    }

    /// The period of an objective.
    package struct Window: Codable, Sendable {
        /// `rolling` or `calendar`.
        package var kind: String
        /// Such as `30d`, or `1M` of a calendar.
        package var length: String
        package var seconds: Double
        /// Of a calendar, whose walls tell when it starts.
        package var timeZone: String?
        package var start: String
        /// Of a calendar period, it may lie ahead.
        package var end: String
    }

    /// A version of the objective in the history.
    package struct RevisionSeen: Codable, Sendable {
        package var component: String
        package var revision: String
        package var indicatorRevision: String
        package var start: String
        package var end: String
        package var isCurrent: Bool
        /// False where the indicator was another one, so that its counts are left out.
        package var isCounted: Bool
    }

    /// What an objective counted since its history began.
    package struct Counted: Codable, Sendable {
        package var good: Figure
        package var bad: Figure
    }

    /// Values of a source that were not taken, or taken with a doubt.
    package struct Fault: Codable, Sendable {
        /// Such as `good-exceeds-total`.
        package var fault: String
        package var count: Int64
    }
}

extension SLOReport.Figure {
    /// The figure of a ratio.
    package init(_ ratio: ExactRatio) {
        let reduced = ratio.reduced
        numerator = String(reduced.numerator)
        denominator = String(reduced.denominator)
        var text = reduced.decimal(12)
        while text.hasSuffix("0") {
            text.removeLast()
        }
        decimal = text.hasSuffix(".") ? String(text.dropLast()) : text
        value = reduced.approximation
    }

    /// The figure of a ratio that may be missing.
    package init?(_ ratio: ExactRatio?) {
        guard let ratio else { return nil }
        self.init(ratio)
    }

    /// Minutes of a duration.
    package init(minutesOf duration: Duration) {
        self.init(ExactRatio(Int128(duration.inNanoseconds), 60_000_000_000))
    }

    /// The ratio, exactly.
    package var ratio: ExactRatio? {
        guard let numerator = Int128(numerator), let denominator = Int128(denominator),
            denominator > 0
        else { return nil }
        return ExactRatio(numerator, denominator)
    }
}

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
            notices: SLOReport.Notice.all(of: objective),
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
                SLOReport.Point(
                    at: point.instant.description,
                    remainingRatio: point.remaining?.approximation,
                    burnRate: point.burnRate?.approximation
                )
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

extension SLOReport.Notice {
    fileprivate static func all(of objective: Objective) -> [SLOReport.Notice]? {
        let notices = objective.alertPolicies.map { policy in
            SLOReport.Notice(
                policy: policy.name,
                targets: policy.targets.map { Target(name: $0.name, target: $0.target) }
            )
        }
        return notices.isEmpty ? nil : notices
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
        self.init(
            date: day.date.description,
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

extension BudgetingMethod {
    /// The good share that a slice has to have, where slices have to.
    fileprivate var sliceTarget: ExactDecimal? {
        if case .timeslices(_, let target) = self { target } else { nil }
    }
}
