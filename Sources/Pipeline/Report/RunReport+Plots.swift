package import Reports
internal import Timekeeping

/// The run over time: plots one above the other on one axis, and what happened meanwhile.
extension RunReport {
    /// Nothing where there are no slices.
    var timelineSections: [Section] {
        guard !samples.isEmpty else { return [] }
        let timeline = RunTimeline(self)
        let note =
            "elapsed time, with the time of the clock (UTC) beneath; each point is over "
            + "\(ReportNumbers.duration(seconds: timeline.width))"
            + (spansOfFaults.isEmpty
                ? ""
                : "; faults are shaded; below, a fault is dark from when an objective saw it until "
                    + "all was well again, and an alert is red while it fires")
        return [
            Section(
                title: "Over the run",
                blocks: [.timeline(timeline.stack), .note(Cell(note))]
            )
        ]
    }

    /// The plots of the page, which are those that have data.
    package var timeline: PlotStack { RunTimeline(self).stack }

    /// The seconds from the start of the run to `instant`.
    func elapsed(_ instant: String?) -> Double? {
        guard let instant, let from = Timestamp(rfc3339: started),
            let to = Timestamp(rfc3339: instant)
        else { return nil }
        return (to - from).inSeconds
    }

    var spansOfFaults: [Plot.Span] {
        (faults ?? []).compactMap { fault in
            guard let start = elapsed(fault.start), let end = elapsed(fault.end) else { return nil }
            return Plot.Span(from: start, to: end, label: fault.name)
        }
    }
}

/// Makes the plots of a report: of its slices in whole bins, so that a slice shorter than the pause
/// between two commits draws no comb.
private struct RunTimeline {
    private typealias Sample = RunReport.Sample
    private typealias StageSample = RunReport.StageSample

    /// About how many bins there are at most.
    private static let bins = 120.0
    private let report: RunReport
    private let bins: [Sample]
    private let horizontal: PlotAxis
    /// How long a bin is, in seconds.
    let width: Double
    /// What a message may take by the strictest objective on that, in seconds; nil where none is.
    private let patience: Double?

    init(_ report: RunReport) {
        self.report = report
        patience = report.stages.compactMap(\.latencyLimitSeconds).min()
        let end =
            report.samples.map(\.seconds).filter(\.isFinite).max() ?? report.durationSeconds
        horizontal = PlotAxis.time(end: end, clock: RunTimeline.clock(report, end: end))
        let least = max(end / RunTimeline.bins, min(1, end / 8))
        (bins, width) = RunTimeline.binned(report.samples, least: least)
    }

    /// The slices in bins of equally many, each of which is at least so long.
    private static func binned(_ samples: [Sample], least: Double) -> ([Sample], Double) {
        // All slices but the last are of one length.
        let length = samples.count > 1 ? samples[0].seconds : least
        let count = length > 0 ? max(1, Int(min(1e6, (least / length - 1e-6).rounded(.up)))) : 1
        var bins: [Sample] = []
        var start = 0.0
        var place = 0
        while place < samples.count {
            var end = min(place + count, samples.count)
            // Less than half a bin at the end is no bin of its own.
            if samples.count - end < (count + 1) / 2 { end = samples.count }
            let slices = samples[place..<end]
            if var bin = Sample(joining: slices, from: start) {
                for slice in slices { bin.backlog.merge(slice.backlog) { max($0, $1) } }
                bins.append(bin)
                start = bin.seconds
            }
            place = end
        }
        return (bins, length * Double(count))
    }

    private static func clock(_ report: RunReport, end: Double) -> (Double) -> String? {
        let start = Timestamp(rfc3339: report.started)
        return { seconds in
            guard let start, seconds.isFinite, seconds < 1e9 else { return nil }
            // 2026-01-01T00:10:00Z
            let text = (start + .seconds(seconds)).description
            switch end {
            case ..<600: return String(text.dropFirst(11).prefix(8))
            case ..<172_800: return String(text.dropFirst(11).prefix(5))
            default: return String(text.dropFirst(5).prefix(5))
            }
        }
    }

    var stack: PlotStack {
        PlotStack(
            [ratePlot, agePlot, latencyPlot, backlogPlot, troublePlot, burnPlot],
            lanes: lanes,
            horizontal: horizontal,
            spans: report.spansOfFaults,
            marks: []
        )
    }

    // MARK: - Plots

    /// Averages over a bin are level from its start to its end.
    private var edges: [Double] {
        var previous = 0.0
        return bins.flatMap { bin in
            defer { previous = bin.seconds }
            return [previous, bin.seconds]
        }
    }

    private func level(_ value: (Sample) -> Double?) -> [Double?] {
        bins.flatMap { bin in
            let value = value(bin)
            return [value, value]
        }
    }

    /// What belongs to a bin as a whole lies in its middle.
    private var middles: [Double] {
        var previous = 0.0
        return bins.map { bin in
            defer { previous = bin.seconds }
            return (previous + bin.seconds) / 2
        }
    }

    private func values(of name: String, _ value: (StageSample) -> Double?) -> [Double?] {
        bins.map { bin in bin.stages.first { $0.name == name }.flatMap(value) }
    }

    private var ratePlot: Plot {
        func series(
            _ name: String,
            _ ink: Plot.Ink,
            _ value: (Sample) -> Double?
        ) -> Plot.Series {
            Plot.Series(name: name, ink: ink, values: level(value), format: ReportNumbers.rate)
        }
        let isAsked = bins.contains { $0.askedRate != nil }
        // A load that was cut short asks for nothing any more.
        let until = report.rate.seconds ?? .infinity
        let asked = series("asked", .ground) { bin in
            bin.seconds <= until + width ? bin.askedRate : 0
        }
        let published = series("published", isAsked ? .degree(2) : .ground, \.publishedRate)
        let acked = report.stages.enumerated().map { index, stage in
            series("acked by \(stage.name)", .member(index)) { bin in
                bin.stages.first { $0.name == stage.name }?.rate
            }
        }
        let all = (isAsked ? [asked] : []) + [published] + acked
        return Plot(
            title: "Rate",
            caption: "events per second",
            series: all,
            times: edges,
            horizontal: horizontal,
            vertical: .quantity(highest: RunTimeline.highest(all), unit: "/s", whole: false)
        )
    }

    /// How long the oldest message waits: an outage is a ramp here.
    private var agePlot: Plot {
        let known = report.subscriptions.map(\.name)
        return subscriptionPlot(
            "Oldest unacked message",
            "its age by subscription",
            of: known,
            limit: patience,
            limitName: "objective",
            format: ReportNumbers.duration
        ) {
            $0.oldestAgeSeconds?[$1]
        } vertical: {
            .duration(seconds: $0)
        }
    }

    private var backlogPlot: Plot {
        let known = report.subscriptions.map(\.name)
        let others = Set(bins.flatMap(\.backlog.keys)).subtracting(known).sorted()
        return subscriptionPlot(
            "Backlog",
            "messages that are not settled, by subscription",
            of: known + others,
            limit: report.subscriptions.compactMap(\.maximumMessages).min().map(Double.init),
            limitName: "limit",
            format: RunTimeline.count
        ) {
            $0.backlog[$1].map(Double.init)
        } vertical: {
            .quantity(highest: $0, unit: "", whole: true)
        }
    }

    /// A plot with a line for each subscription, and the line of what it may reach.
    private func subscriptionPlot(
        _ title: String,
        _ caption: String,
        of names: [String],
        limit: Double?,
        limitName: String,
        format: (Double) -> String,
        value: (Sample, String) -> Double?,
        vertical: (Double) -> PlotAxis
    ) -> Plot {
        let series = names.enumerated().map { index, name in
            Plot.Series(
                name: name,
                ink: .member(index),
                values: bins.map { value($0, name) },
                format: format
            )
        }
        let (highest, limits, remark) = RunTimeline.limited(
            RunTimeline.highest(series),
            by: limit,
            "\(limitName) \(format(limit ?? 0))",
            format
        )
        var plot = Plot(
            title: title,
            caption: caption + remark,
            series: series,
            times: bins.map(\.seconds),
            horizontal: horizontal,
            vertical: vertical(highest)
        )
        plot.limits = limits
        return plot
    }

    /// From the middle of the messages to nearly the slowest; where nothing was acked, how long the
    /// oldest has waited.
    private var latencyPlot: Plot {
        let series = report.stages.enumerated().map { index, stage in
            let waiting = bins.map { bin in
                bin.oldestAgeSeconds?[stage.subscription].flatMap { $0 > 0 ? $0 * 1000 : nil }
            }
            return Plot.Series(
                name: "\(stage.name) p50 to p99",
                ink: .member(index),
                values: zip(values(of: stage.name) { $0.p99Ms }, waiting).map { $0 ?? $1 },
                floor: values(of: stage.name) { $0.p50Ms }
            ) {
                ReportNumbers.latency(milliseconds: $0)
            }
        }
        let all = series.flatMap { $0.values + $0.floor }.compactMap(\.self)
        var plot = Plot(
            title: "Latency",
            caption: "from \(report.input.latencyFrom) to acknowledgement; where nothing was "
                + "acked, the age of the oldest; logarithmic",
            series: series,
            times: middles,
            horizontal: horizontal,
            vertical: .latency(milliseconds: all)
        )
        if let patience {
            let length = ReportNumbers.duration(seconds: patience)
            plot.limits = [Plot.Limit(value: patience * 1000, label: "objective \(length)")]
        }
        return plot
    }

    /// What had to be done again, or was given up; nothing where that was nothing.
    private var troublePlot: Plot {
        let reasons = Set(bins.flatMap { ($0.deadLetters ?? [:]).keys }).sorted()
        var series: [Plot.Series] = []
        func add(_ name: String, _ value: (Sample) -> Int64?) {
            let values = level { value($0).map(Double.init) }
            guard values.contains(where: { ($0 ?? 0) > 0 }) else { return }
            series.append(
                Plot.Series(
                    name: name,
                    ink: .member(series.count),
                    values: values,
                    format: RunTimeline.count
                )
            )
        }
        add("retries of store calls") { $0.storeRetries }
        // order-free: sorted above
        for reason in reasons {
            add("dead letters: \(reason)") { $0.deadLetters.map { $0[reason] ?? 0 } }
        }
        return Plot(
            title: "Retries and dead letters",
            caption: "in each \(ReportNumbers.duration(seconds: width))",
            series: series,
            times: edges,
            horizontal: horizontal,
            vertical: .quantity(highest: RunTimeline.highest(series), unit: "", whole: true)
        )
    }

    /// How fast budgets were spent; nothing where none was.
    private var burnPlot: Plot {
        let spending = (report.objectives ?? []).filter { objective in
            (objective.burn ?? []).contains { ($0.rate ?? 0) > 0 }
        }
        // All objectives are followed slice by slice together.
        let times = (spending.first?.burn ?? []).map(\.seconds)
        let series = spending.filter { $0.burn?.count == times.count }.enumerated()
            .map { index, objective in
                Plot.Series(
                    name: objective.name,
                    ink: .member(index),
                    values: (objective.burn ?? []).map(\.rate)
                ) {
                    ReportNumbers.significant($0) + " ×"
                }
            }
        var plot = Plot(
            title: "Burn rate",
            caption: "over the hour before; at 1 × the budget lasts for just its period; "
                + "logarithmic",
            series: series,
            times: times,
            horizontal: horizontal,
            vertical: .factor(highest: RunTimeline.highest(series))
        )
        for limit in spending.flatMap({ $0.burnLimits ?? [] })
        where !plot.limits.contains(where: { $0.value == limit.factor }) {
            let factor = ReportNumbers.trimmed(limit.factor)
            plot.limits.append(
                Plot.Limit(value: limit.factor, label: "\(factor) \(limit.severity)")
            )
        }
        return plot
    }

    /// How high the axis of a quantity goes that has a limit, the line of it, and a remark where
    /// the limit is so far above that its line would press all else to the floor.
    private static func limited(
        _ highest: Double,
        by limit: Double?,
        _ label: String,
        _ format: (Double) -> String
    ) -> (highest: Double, [Plot.Limit], remark: String) {
        guard let limit, limit > 0 else { return (highest, [], "") }
        guard highest * 5 >= limit else {
            return (highest, [], "; the limit, \(format(limit)), is far above")
        }
        return (max(highest, limit), [Plot.Limit(value: limit, label: label)], "")
    }

    private static func count(_ value: Double) -> String {
        ReportNumbers.count(Int64(exactly: value.rounded()) ?? .max)
    }

    private static func highest(_ series: [Plot.Series]) -> Double {
        series.flatMap(\.values).compactMap(\.self).max() ?? 0
    }

    // MARK: - Lanes

    /// How many lanes of faults, and of alerts, there are at most.
    private static let lanes = 8

    private var lanes: [PlotStack.Lane] { faultLanes + alertLanes + deploymentLane }

    private var faultLanes: [PlotStack.Lane] {
        report.faultStories.prefix(RunTimeline.lanes).map { story in
            let bars = story.faults.flatMap { fault -> [PlotStack.Bar] in
                let (start, end) = (report.elapsed(fault.start), report.elapsed(fault.end))
                let seen = report.elapsed(fault.visible)
                let last = report.faults?.first { $0.name == fault.recoveredWith } ?? fault
                let recovered = report.elapsed(last.recovered) ?? horizontal.upper
                let there = bar(start, end, "\(fault.name)", .none)
                let after = bar(
                    seen,
                    max(recovered, seen ?? recovered),
                    "seen until recovered",
                    .warning
                )
                return [there, after].compactMap(\.self)
            }
            return PlotStack.Lane(name: story.laneName, bars: bars)
        }
    }

    private var alertLanes: [PlotStack.Lane] {
        let alerts = report.alerts ?? []
        var names: [String] = []
        for alert in alerts where !names.contains(alert.alert) { names.append(alert.alert) }
        return names.prefix(RunTimeline.lanes).map { name in
            let own = alerts.filter { $0.alert == name }
            let bars = own.compactMap { alert in
                bar(
                    report.elapsed(alert.start),
                    report.elapsed(alert.end) ?? horizontal.upper,
                    "\(alert.severity) from \(ReportNumbers.instant(alert.start))",
                    .bad
                )
            }
            let isFiring = own.contains { $0.end == nil } ? ", firing at the end" : ""
            let severity = own.first?.severity ?? "alert"
            return PlotStack.Lane(name: "\(severity): \(name)\(isFiring)", bars: bars)
        }
    }

    private var deploymentLane: [PlotStack.Lane] {
        let deployments = report.deployments ?? []
        let versions = deployments.map(\.version).joined(separator: ", ")
        return [
            PlotStack.Lane(
                name: "deployed: \(versions)",
                bars: deployments.compactMap {
                    PlotStack.Bar(from: $0.seconds, to: $0.seconds, label: $0.version, .good)
                }
            )
        ]
    }

    private func bar(
        _ start: Double?,
        _ end: Double?,
        _ label: String,
        _ mark: ReportDocument.Mark
    ) -> PlotStack.Bar? {
        guard let start, let end else { return nil }
        return PlotStack.Bar(from: start, to: end, label: label, mark)
    }
}
