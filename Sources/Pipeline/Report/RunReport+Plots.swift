package import Reports

extension RunReport {
    /// The run over time: rate, backlog, and the latency of each stage.
    package var plots: [Plot] {
        let marks = (deployments ?? []).map {
            Plot.Mark(time: $0.seconds, label: "deployed \($0.version)")
        }
        return ([ratePlot, backlogPlot] + latencyPlots).map { plot in
            var plot = plot
            plot.marks = marks
            return plot
        }
    }

    private var timeAxis: PlotAxis {
        PlotAxis.time(end: samples.map(\.seconds).filter(\.isFinite).max() ?? durationSeconds)
    }

    /// Averages over a slice belong to its middle.
    private var middles: [Double] {
        var previous = 0.0
        return samples.map { sample in
            defer { previous = sample.seconds }
            return (previous + sample.seconds) / 2
        }
    }

    private func values(
        ofStage name: String,
        _ value: (StageSample) -> Double?
    ) -> [Double?] {
        samples.map { sample in
            sample.stages.first { $0.name == name }.flatMap(value)
        }
    }

    private var ratePlot: Plot {
        var series = [
            Plot.Series(
                name: "published",
                ink: .ground,
                values: samples.map(\.publishedRate),
                format: ReportNumbers.rate
            )
        ]
        series += stages.enumerated().map { index, stage in
            Plot.Series(
                name: "\(stage.name) acknowledged",
                ink: .member(index),
                values: values(ofStage: stage.name) { $0.rate },
                format: ReportNumbers.rate
            )
        }
        return Plot(
            title: "Rate",
            caption: "events per second",
            series: series,
            times: middles,
            horizontal: timeAxis,
            vertical: .quantity(highest: RunReport.highest(series), unit: "/s", whole: false)
        )
    }

    private var backlogPlot: Plot {
        let known = subscriptions.map(\.name)
        let others = Set(samples.flatMap(\.backlog.keys)).subtracting(known).sorted()
        let series = (known + others).enumerated().map { index, name in
            Plot.Series(
                name: name,
                ink: .member(index),
                values: samples.map { $0.backlog[name].map(Double.init) }
            ) {
                ReportNumbers.count(Int64(exactly: $0.rounded()) ?? .max)
            }
        }
        return Plot(
            title: "Backlog",
            caption: "unsettled messages by subscription",
            series: series,
            times: samples.map(\.seconds),
            horizontal: timeAxis,
            vertical: .quantity(highest: RunReport.highest(series), unit: "", whole: true)
        )
    }

    /// One plot a stage, all on the same scale so that stages compare at a glance.
    private var latencyPlots: [Plot] {
        let names = Set(stages.map(\.name))
        let all = samples.flatMap(\.stages).filter { names.contains($0.name) }
            .flatMap { [$0.p50Ms, $0.p99Ms, $0.maxMs].compactMap(\.self) }
        let axis = PlotAxis.latency(milliseconds: all)
        let degrees: [(String, (StageSample) -> Double?)] = [
            ("p50", { $0.p50Ms }), ("p99", { $0.p99Ms }), ("max", { $0.maxMs }),
        ]
        return stages.map { stage in
            Plot(
                title: "Latency of \(stage.name)",
                caption: "from \(input.latencyFrom) to acknowledgement, logarithmic",
                series: degrees.enumerated().map { index, degree in
                    Plot.Series(
                        name: degree.0,
                        ink: .degree(index),
                        values: values(ofStage: stage.name, degree.1)
                    ) {
                        ReportNumbers.latency(milliseconds: $0)
                    }
                },
                times: middles,
                horizontal: timeAxis,
                vertical: axis
            )
        }
    }

    private static func highest(_ series: [Plot.Series]) -> Double {
        series.flatMap(\.values).compactMap(\.self).max() ?? 0
    }
}
