package import Documents
internal import Prometheus
package import SLO
internal import Timekeeping

/// Judgement on objectives that are allowed but will not do what somebody hopes.
package struct ObjectiveLint {
    /// What is known of the world in which the objectives are to hold.
    package struct World: Sendable {
        /// The names of the meters there are; nil where they are not known.
        ///
        /// What stands in angle brackets at the end of one is any name.
        package var meters: [String]?
        /// How many events an hour has, by the objective's name; takes precedence over what its
        /// document expects.
        package var eventsPerHour: [String: ExactDecimal]

        package init(meters: [String]? = nil, eventsPerHour: [String: ExactDecimal] = [:]) {
            self.meters = meters
            self.eventsPerHour = eventsPerHour
        }
    }

    private let world: World
    private var warnings: Set<Mistake> = []

    /// What is doubtful in `set`, in the order of the places.
    package static func warnings(for set: ObjectiveSet, in world: World = World()) -> [Mistake] {
        var lint = ObjectiveLint(world: world)
        lint.checkDataSources(set)
        for entry in set.entries {
            lint.checkBudget(entry)
            lint.checkMeters(entry)
            lint.checkQueries(entry)
            lint.checkPolicies(entry)
            for alert in entry.alerts {
                guard case .burnRate(let rule) = alert.rule else { continue }
                lint.check(rule, alert, entry)
                lint.checkTraffic(rule, alert, entry)
            }
        }
        return lint.warnings.sorted()
    }

    private init(world: World) {
        self.world = world
    }

    private mutating func warn(_ message: String, at site: OpenSLO.Site) {
        warnings.insert(site.mistake(message))
    }

    private mutating func checkBudget(_ entry: ObjectiveSet.Entry) {
        let objective = entry.objective
        let period = objective.timeWindow.nominalLength
        if objective.target == .zero {
            warn(
                "a target of 0 cannot be missed; expected a share that has to be good",
                at: entry.targetSite
            )
        }
        if period < .seconds(3600) {
            warn(
                "the window is \(DurationText.write(period)), shorter than an hour; 1M is a month, "
                    + "1m a minute",
                at: entry.windowSite
            )
        }
        let weights = objective.components.map(\.weight)
        // Weights that are not given are OpenSLO's default, 1 each.
        if weights.contains(where: { $0 != .one }), objective.isComposite,
            !objective.budgeting.isTimeslices,
            // Advice, so that binary fractions are good enough.
            weights.reduce(0, { $0 + $1.approximation }) > 1.000_001
        {
            warn(
                "the weights \(weights.map(\.description).joined(separator: ", ")) add up to more "
                    + "than 1, so that the SLI can be below 0; expected weights that add up to 1",
                at: entry.targetSite
            )
        }
        guard let slice = objective.budgeting.sliceWindow else { return }
        if slice > period {
            warn(
                "slices of \(DurationText.write(slice)) do not fit in a window of "
                    + "\(DurationText.write(period)); expected shorter ones",
                at: entry.windowSite
            )
        } else if case .timeslices = objective.budgeting {
            let slices = period.inSeconds / slice.inSeconds
            if objective.budget.approximation * slices < 1 {
                warn(
                    "the budget is less than one of \(Int64(slices)) slices, so that a single bad "
                        + "one breaks the objective; expected a lower target or shorter slices",
                    at: entry.targetSite
                )
            }
        }
    }

    /// Whether `meter` is what `name` names, which may end in angle brackets.
    private static func `is`(_ meter: String, named name: String) -> Bool {
        guard name.hasSuffix(">"), let open = name.firstIndex(of: "<") else { return meter == name }
        let kind = name[..<open]
        return meter.hasPrefix(kind) && meter.count > kind.count
    }

    private mutating func checkDataSources(_ set: ObjectiveSet) {
        for source in set.dataSources
        where source.kind == .prometheus && source.url == nil {
            warn(
                "the DataSource '\(source.name)' does not say where its Prometheus is, "
                    + "so no report can ask it; expected connectionDetails: {url: http://…}",
                at: source.site
            )
        }
    }

    private mutating func checkMeters(_ entry: ObjectiveSet.Entry) {
        guard let meters = world.meters else { return }
        for source in entry.sources {
            guard case .meter(let meter, _) = source.value.measure,
                !meters.contains(where: { ObjectiveLint.is(meter, named: $0) })
            else { continue }
            let near = nearestName(to: meter, in: meters).map { "did you mean '\($0)'? " } ?? ""
            warn(
                "no meter '\(shortened(meter))' feeds '\(entry.objective.name)'; \(near)there are "
                    + meters.joined(separator: ", "),
                at: source.site
            )
        }
    }

    /// Says how queries are read, where that has to be assumed, and what is wrong with them.
    private mutating func checkQueries(_ entry: ObjectiveSet.Entry) {
        // Unless --slice says otherwise.
        let slice = entry.objective.budgeting.sliceWindow ?? .seconds(60)
        for indicator in entry.objective.components.map(\.indicator) {
            for (source, reading) in zip(indicator.sources, indicator.readings(slice: slice)) {
                guard let site = entry.sources.first(where: { $0.value == source })?.site else {
                    continue
                }
                if let doubt = reading.doubt {
                    warn(doubt, at: site)
                } else if let assumption = reading.assumption {
                    let query = shortened(source.query ?? "")
                    warn("'\(query)' is read as \(assumption)", at: site)
                }
            }
        }
    }

    private mutating func checkPolicies(_ entry: ObjectiveSet.Entry) {
        if entry.objective.alertPolicies.isEmpty {
            warn(
                "there is no alert policy for '\(entry.objective.name)'; expected at least one, or "
                    + "nothing reports its budget",
                at: entry.site
            )
        }
        for policy in entry.objective.alertPolicies
        where !policy.alertWhenBreaching && !policy.alertWhenNoData {
            guard let alert = entry.alerts.first(where: { $0.policy == policy.name }) else {
                continue
            }
            warn(
                "the policy '\(policy.name)' does not alert on a breach; expected "
                    + "'alertWhenBreaching: true'",
                at: alert.site
            )
        }
    }

    private mutating func check(
        _ rule: BurnRateAlert,
        _ alert: ObjectiveSet.Alert,
        _ entry: ObjectiveSet.Entry
    ) {
        let objective = entry.objective
        let period = objective.timeWindow.nominalLength
        let long = DurationText.write(rule.longWindow)
        switch rule.comparison {
        case .lessThan, .lessThanOrEqual:
            warn(
                "the alert fires while the burn rate is low, \(rule.comparison.symbol) "
                    + "\(rule.factor); expected op gt or gte",
                at: alert.site
            )
            return
        case .greaterThan, .greaterThanOrEqual: break
        }
        // Each component of a composite may burn at the highest rate, and their weights add up.
        let isWeighted = objective.isComposite && !objective.budgeting.isTimeslices
        if !isWeighted, !rule.isReachable(target: objective.target) {
            let highest = 1 / objective.budget.approximation
            warn(
                "the threshold \(rule.factor) cannot be reached: with the target "
                    + "\(objective.target) the burn rate is at most \(rounded(highest)); expected "
                    + "a lower threshold",
                at: alert.site
            )
        }
        if rule.longWindow > period {
            warn(
                "the alert looks back \(long), longer than the window of "
                    + "'\(objective.name)', \(DurationText.write(period)); expected less",
                at: alert.windowSite
            )
        }
        if let slice = objective.budgeting.sliceWindow {
            for window in [rule.longWindow, rule.shortWindow].compactMap({ $0 })
            where window < slice {
                warn(
                    "the alert's window of \(DurationText.write(window)) holds no whole slice of "
                        + "'\(objective.name)', \(DurationText.write(slice)); expected a longer "
                        + "one",
                    at: alert.windowSite
                )
            }
        }
        if rule.tier != nil, rule.shortWindow == nil {
            warn(
                "the tier has no short window, so that the alert goes on for up to \(long) after "
                    + "its cause has ended; expected the annotation weir.dev/short-window",
                at: alert.windowSite
            )
        }
    }

    /// Few events make one failure a high ratio (SRE Workbook, chapter 5, "Low-Traffic Services").
    private mutating func checkTraffic(
        _ rule: BurnRateAlert,
        _ alert: ObjectiveSet.Alert,
        _ entry: ObjectiveSet.Entry
    ) {
        let objective = entry.objective
        guard objective.budgeting == .occurrences, !objective.isComposite,
            let rate = world.eventsPerHour[objective.name] ?? entry.expectedEventsPerHour
        else { return }
        // Advice about an estimate, so that binary fractions are good enough.
        let hours = rule.longWindow.inSeconds / 3600
        let events = rate.approximation * hours
        let burn = 1 / (max(events, 1) * objective.budget.approximation)
        let gate = Double(max(rule.minimumEvents, objective.minimumEvents))
        if gate > 0, events < Double(rule.minimumEvents) {
            warn(
                "at \(rate) events per hour the alert's window has \(rounded(events)) of them, "
                    + "fewer than its minimum, \(rule.minimumEvents): it never fires; expected a "
                    + "longer window or a lower minimum",
                at: alert.windowSite
            )
        } else if burn > rule.factor.approximation {
            let enough = (1 / (rule.factor.approximation * objective.budget.approximation))
                .rounded(.up)
            warn(
                "at \(rate) events per hour a single failure within "
                    + "\(DurationText.write(rule.longWindow)) is a burn rate of \(rounded(burn)) "
                    + "and fires this alert (\(rule.factor)); expected \(Int64(enough)) events in "
                    + "the window, or the annotation weir.dev/minimum-events, or Timeslices",
                at: alert.site
            )
        }
    }

    /// `value` for people: at most two digits behind the point.
    private func rounded(_ value: Double) -> String {
        let hundredths = Int64((min(value, 1e15) * 100).rounded())
        return ExactDecimal(digits: hundredths, scale: 2)?.description ?? "\(value)"
    }
}

extension BudgetingMethod {
    fileprivate var isTimeslices: Bool {
        if case .timeslices = self { true } else { false }
    }
}
