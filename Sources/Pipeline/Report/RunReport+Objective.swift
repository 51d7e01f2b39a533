package import SLO
internal import Timekeeping

/// What a run says of its objectives and alerts, as written to JSON.
extension RunReport {
    /// How an objective stood at the end of the run, over its whole period.
    package struct Objective: Codable, Sendable {
        package var name: String
        /// The ``state`` of an objective about something that the pipeline does not have.
        package static let notApplicable = "not-applicable"

        /// `ok`, `at-risk`, `breached`, `partial`, `no-data` or `not-applicable`.
        package var state: String
        /// Why, in one sentence.
        package var reason: String
        package var target: String
        /// Events; nil for a composite, the events of whose parts are not of one kind.
        package var good: SLOReport.Count?
        package var total: SLOReport.Count?
        /// The good share of what was observed; nil where nothing was.
        package var sli: SLOReport.Figure?
        /// The part of the error budget that is left, below 0 where too much was spent.
        package var remainingRatio: SLOReport.Figure?
        /// The observed share of the period so far.
        package var coverage: SLOReport.Figure?
        /// Whether the good share of what was observed is at least the target, or nil.
        ///
        /// A short run may miss it and have spent little of a month's budget.
        package var meetsTarget: Bool?
        /// What this run alone counted; nil where that was nothing.
        package var run: RunShare? = nil
        /// How fast the budget was spent in the run, each over the hour before.
        package var burn: [BurnPoint]? = nil
        /// The burn rates at which its alerts fire.
        package var burnLimits: [BurnLimit]? = nil
        /// What `--gate` makes of it.
        package var gate: GateVerdict
    }

    /// How fast a budget was spent.
    package struct BurnPoint: Codable, Sendable {
        /// Since the start of the run.
        package var seconds: Double
        /// 1 spends all of the budget in just its period; nil where nothing was observed.
        package var rate: Double?
    }

    /// A burn rate at which an alert fires.
    package struct BurnLimit: Codable, Hashable, Sendable {
        package var factor: Double
        package var severity: String
    }

    /// What a run counted of an objective.
    package struct RunShare: Codable, Sendable {
        /// Events; nil for a composite.
        package var good: SLOReport.Count?
        package var total: SLOReport.Count?
        /// The good share of what was observed.
        ///
        /// Below 0 where the parts of a composite were bad at once so often that they add up to
        /// more than all.
        package var sli: SLOReport.Figure
        /// What each indicator of it counted, where it did; a composite has several.
        package var parts: [Part]? = nil
        /// The slices of time that were judged; nil where events are counted.
        package var slices: Slices? = nil
        /// Whether that is at least the target.
        package var meetsTarget: Bool
    }

    /// What one indicator of an objective counted.
    package struct Part: Codable, Sendable {
        package var name: String
        /// What it reads, such as `latency.ingest`; nil where that is no meter of the pipeline's.
        package var meter: String?
        /// What a measurement is held to, such as `<= 10`; nil where what is counted is good as
        /// such.
        package var bound: String?
        /// The same for a duration that may not be longer, in seconds.
        package var limitSeconds: Double?
        package var sli: SLOReport.Figure
    }

    /// Slices of time, each good or bad as a whole.
    package struct Slices: Codable, Sendable {
        package var seconds: Double
        package var total: Int64
        package var bad: Int64
    }

    /// One time that an alert fired.
    package struct Alert: Codable, Sendable {
        /// `objective/policy/rule`.
        package var alert: String
        package var severity: String
        package var start: String
        /// Nil where it was firing at the end of the run.
        package var end: String?
        /// Whom its policy notifies; nil in reports of before.
        package var notifies: [String]? = nil
    }
}

extension RunReport.Objective {
    /// An objective about something that the pipeline does not have.
    init(_ objective: Objective, lacking: String) {
        name = objective.name
        state = RunReport.Objective.notApplicable
        reason = "the pipeline has \(lacking)"
        target = objective.target.description
        gate = GateVerdict(outcome: .notJudged, reason: reason)
    }

    init(_ status: ObjectiveStatus, _ ofRun: WindowMeasurement) {
        name = status.objective.name
        state = status.state.rawValue
        reason = status.reason
        target = status.objective.target.description
        if !status.objective.isComposite {
            let measurement = status.measurement
            good = .init(measurement.scale.events(measurement.events.good))
            total = .init(measurement.scale.events(measurement.events.total))
        }
        sli = SLOReport.Figure(status.measurement.sli)
        remainingRatio = SLOReport.Figure(status.budget.remainingRatio)
        coverage = SLOReport.Figure(status.measurement.coverage)
        meetsTarget = status.isMeetingTarget
        run = RunReport.RunShare(status.objective, ofRun)
        gate = RunReport.Objective.gate(status, run)
    }
}

extension RunReport.RunShare {
    init?(_ objective: Objective, _ measurement: WindowMeasurement) {
        guard let sli = SLOReport.Figure(measurement.sli), let missed = measurement.errorRatio
        else { return nil }
        if !objective.isComposite {
            good = .init(measurement.scale.events(measurement.events.good))
            total = .init(measurement.scale.events(measurement.events.total))
        }
        self.sli = sli
        parts = zip(objective.components, measurement.components).filter { $1.total > 0 }
            .map { RunReport.Part($0, counted: $1) }
        if case .timeslices(let window, _) = objective.budgeting, let judged = measurement.judged {
            slices = RunReport.Slices(
                seconds: window.inSeconds,
                total: Int64(judged.judged),
                bad: Int64(judged.bad)
            )
        }
        meetsTarget = missed <= ExactRatio(objective.budget)
    }
}

extension RunReport.Part {
    fileprivate init(_ component: ObjectiveComponent, counted sum: EventSum) {
        name = component.name
        sli = .init(ExactRatio(sum.good, sum.total))
        meter = component.indicator.sources.first.flatMap(PipelineMeter.init)?.name
        if case .threshold(let threshold) = component.indicator {
            bound = "\(threshold.comparison.symbol) \(threshold.value)"
            if threshold.metric.isOfDurations, !threshold.comparison.isOfHighRates {
                limitSeconds = Double(threshold.value.description)
            }
        }
    }
}

extension MetricSource {
    /// Whether it is a meter of a pipeline that measures how long something takes, in seconds.
    fileprivate var isOfDurations: Bool {
        switch PipelineMeter(self) {
        case .jobsDuration, .latency, .freshness, .lag, .work: true
        default: false
        }
    }
}

extension RunReport.Alert {
    init(_ episode: AlertEpisode) {
        alert = episode.alert.description
        severity = episode.alert.severity
        start = episode.start.description
        end = episode.end?.description
    }
}
