internal import Reports
internal import Timekeeping

/// How an objective went, over what was observed of its period.
extension SLOReport.Objective {
    /// The budget and the burn rate on one time axis, with the alerts beneath; nil where fewer
    /// than two steps were observed.
    func timeline(marking deployments: [SLOReport.Deployment] = []) -> PlotStack? {
        ObjectiveTimeline(self, deployments)?.stack
    }
}

/// Makes the plots of an objective.
private struct ObjectiveTimeline {
    private let objective: SLOReport.Objective
    private let deployments: [SLOReport.Deployment]
    private let points: [SLOReport.Point]
    private let times: [Double]
    private let start: Timestamp
    private let horizontal: PlotAxis

    /// Nil where there is no line to draw.
    init?(_ objective: SLOReport.Objective, _ deployments: [SLOReport.Deployment]) {
        let observed = objective.burnDown.filter { $0.remainingRatio != nil }
        guard observed.count > 1, let first = observed.first,
            let place = objective.burnDown.firstIndex(where: { $0.at == first.at })
        else { return nil }
        // Up to the last step that saw anything: after it the budget is as it was.
        let last = objective.burnDown.lastIndex { $0.burnRate != nil } ?? objective.burnDown.count
        let end = min(max(last, place + 1), objective.burnDown.count - 1)
        let points = Array(objective.burnDown[place...end])
        let instants = points.compactMap { Timestamp(rfc3339: $0.at) }
        guard instants.count == points.count, let origin = instants.first else { return nil }
        self.objective = objective
        self.deployments = deployments
        self.points = points
        start = origin
        times = instants.map { ($0 - origin).inSeconds }
        let length = times.last ?? 1
        horizontal = .time(end: length) { seconds in
            let text = (origin + .seconds(seconds)).description
            return String(text.dropFirst(length < 172_800 ? 11 : 5).prefix(5))
        }
    }

    var stack: PlotStack {
        PlotStack(
            [budget, burn],
            lanes: [observed] + alerts,
            horizontal: horizontal,
            spans: [],
            marks: deployments.compactMap { deployment in
                seconds(deployment.marked).map {
                    Plot.Mark(time: $0, label: "deployed \(deployment.version)")
                }
            }
        )
    }

    private func seconds(_ instant: String?) -> Double? {
        guard let instant, let at = Timestamp(rfc3339: instant) else { return nil }
        return (at - start).inSeconds
    }

    private var step: String {
        ReportNumbers.duration(seconds: times.count > 1 ? times[1] - times[0] : 0)
    }

    private var budget: Plot {
        let values = points.map { $0.remainingRatio.map { $0 * 100 } }
        var series = Plot.Series(name: "left", ink: .member(0), values: values) { _ in "" }
        let known = values.compactMap(\.self)
        series.remark = known.last.map { "\(ReportNumbers.fixed($0, 1))% at the end" } ?? ""
        return Plot(
            title: "Error budget",
            caption: "per cent that is left of \(objective.window.length); "
                + "below 0 it is overspent",
            series: [series],
            times: times,
            horizontal: horizontal,
            vertical: .balance(lowest: known.min() ?? 0, highest: 100, unit: "%")
        )
    }

    private var burn: Plot {
        let series = Plot.Series(
            name: "burn rate",
            ink: .member(1),
            values: points.map(\.burnRate)
        ) {
            ReportNumbers.significant($0) + " ×"
        }
        var plot = Plot(
            title: "Burn rate",
            caption: "over each \(step); at 1 × the budget lasts for just the period; logarithmic",
            series: [series],
            times: times,
            horizontal: horizontal,
            vertical: .factor(highest: series.values.compactMap(\.self).max() ?? 1)
        )
        plot.limits = limits
        return plot
    }

    /// The factors at which its alerts fire, each once.
    private var limits: [Plot.Limit] {
        var limits: [Plot.Limit] = []
        for rule in objective.rules {
            guard let factor = Double(rule.factor),
                !limits.contains(where: { $0.value == factor })
            else { continue }
            limits.append(Plot.Limit(value: factor, label: "\(rule.factor) \(rule.severity)"))
        }
        return limits
    }

    /// When something was observed, and whether all of it was good; gaps are where nothing was.
    private var observed: PlotStack.Lane {
        var bars: [PlotStack.Bar] = []
        for place in points.indices.dropFirst() {
            guard let burn = points[place].burnRate else { continue }
            let mark: ReportDocument.Mark = burn <= 0 ? .good : burn <= 1 ? .warning : .bad
            let (from, to) = (times[place - 1], times[place])
            if let last = bars.last, last.mark == mark, last.span.range.upperBound == from,
                let longer = PlotStack.Bar(
                    from: last.span.range.lowerBound,
                    to: to,
                    label: last.span.label,
                    mark
                )
            {
                bars[bars.count - 1] = longer
            } else if let bar = PlotStack.Bar(
                from: from,
                to: to,
                label: burn <= 0 ? "all good" : "spending",
                mark
            ) {
                bars.append(bar)
            }
        }
        return PlotStack.Lane(
            name: "observed: all good, spending, spending faster than the budget lasts",
            bars: bars
        )
    }

    private var alerts: [PlotStack.Lane] {
        let bars = objective.episodes.compactMap { episode -> PlotStack.Bar? in
            guard let from = seconds(episode.start) else { return nil }
            return PlotStack.Bar(
                from: max(0, from),
                to: max(0, from, seconds(episode.end) ?? horizontal.upper),
                label: "\(episode.severity) from \(ReportNumbers.instant(episode.start))",
                episode.severity == "page" ? .bad : .warning
            )
        }
        return [PlotStack.Lane(name: "alerts fired: page, ticket", bars: bars)]
    }
}

extension SLOReport.Objective {
    /// Alerts that fired at the same time, as one: they have one cause.
    struct Episode {
        var start: String
        /// Nil while one of them is firing.
        var end: String?
        /// Of the worst of them.
        var severity: String
        /// The alerts, each once.
        var alerts: [String]
        /// About the part of the budget that was spent meanwhile; nil where that is not known.
        var spent: Double?

        var seconds: Double? {
            guard let end, let from = Timestamp(rfc3339: start), let to = Timestamp(rfc3339: end)
            else { return nil }
            return (to - from).inSeconds
        }
    }

    /// The alerts that fired, those that overlap as one, in the order of their starts.
    var episodes: [Episode] {
        var episodes: [Episode] = []
        let sorted = alerts.compactMap { alert in
            Timestamp(rfc3339: alert.start).map { (alert, $0) }
        }.sorted { ($0.1, $0.0.alert) < ($1.1, $1.0.alert) }
        for (alert, start) in sorted {
            let isOver =
                episodes.last.map { episode in
                    episode.end.flatMap { Timestamp(rfc3339: $0) }.map { $0 < start } ?? false
                } ?? true
            if isOver {
                episodes.append(
                    Episode(
                        start: alert.start,
                        end: alert.end,
                        severity: alert.severity,
                        alerts: [alert.alert]
                    )
                )
            } else {
                episodes[episodes.count - 1].add(alert)
            }
        }
        return episodes.map { episode in
            var episode = episode
            episode.spent = spent(from: episode.start, to: episode.end)
            return episode
        }
    }

    /// By the steps of the burn-down that lie nearest.
    private func spent(from start: String, to end: String?) -> Double? {
        guard let from = Timestamp(rfc3339: start) else { return nil }
        let to = end.flatMap { Timestamp(rfc3339: $0) }
        let steps = burnDown.compactMap { point in
            Timestamp(rfc3339: point.at).flatMap { at in point.remainingRatio.map { (at, $0) } }
        }
        let before = steps.last { $0.0 <= from }?.1 ?? (steps.isEmpty ? nil : 1)
        let after = to.map { to in steps.first { $0.0 >= to }?.1 ?? steps.last?.1 } ?? steps.last?.1
        guard let before, let after else { return nil }
        return before - after
    }
}

extension SLOReport.Objective.Episode {
    fileprivate mutating func add(_ alert: SLOReport.Alert) {
        if let own = end, let other = alert.end {
            let (left, right) = (Timestamp(rfc3339: own), Timestamp(rfc3339: other))
            if let left, let right, left < right { end = other }
        } else {
            end = nil
        }
        if alert.severity == "page" { severity = "page" }
        if !alerts.contains(alert.alert) { alerts.append(alert.alert) }
    }
}
