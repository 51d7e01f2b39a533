import Pipeline
import Reports
import Testing

@Suite struct ReportPlotTests {
    // MARK: - Ticks

    @Test(
        arguments: [
            (0.0, ["0/s", "1/s"]), (4, ["0/s", "1/s", "2/s", "3/s", "4/s"]),
            (61_234, ["0/s", "20k/s", "40k/s", "60k/s", "80k/s"]),
            (0.3, ["0/s", "0.1/s", "0.2/s", "0.3/s"]),
        ] as [(Double, [String])]
    )
    func `a quantity has round ticks from zero to above its highest`(
        highest: Double,
        labels: [String]
    ) {
        let axis = PlotAxis.quantity(highest: highest, unit: "/s", whole: highest != 0.3)
        #expect(axis.ticks.map(\.label) == labels)
        #expect(axis.lower == 0 && axis.upper >= highest)
    }

    @Test(arguments: [1e-12, 1, 7e4, 1e15, 1e120, 1e300, .infinity, .nan, -3])
    func `any highest value gives a few increasing ticks`(highest: Double) {
        for whole in [true, false] {
            let axis = PlotAxis.quantity(highest: highest, unit: "", whole: whole)
            #expect((2...7).contains(axis.ticks.count))
            #expect(zip(axis.ticks, axis.ticks.dropFirst()).allSatisfy { $0.value < $1.value })
            #expect(Set(axis.ticks.map(\.label)).count == axis.ticks.count)
        }
    }

    @Test(
        arguments: [
            (0.05, ["0", "10 ms", "20 ms", "30 ms", "40 ms", "50 ms"]),
            (10, ["0", "2 s", "4 s", "6 s", "8 s", "10 s"]),
            (120.2, ["0", "30 s", "60 s", "90 s", "120 s"]),
            (600, ["0", "2 min", "4 min", "6 min", "8 min", "10 min"]),
            (2_592_000, ["0", "5 d", "10 d", "15 d", "20 d", "25 d", "30 d"]),
        ] as [(Double, [String])]
    )
    func `time is divided as clocks are`(end: Double, labels: [String]) {
        let axis = PlotAxis.time(end: end)
        let shown = axis.ticks.map { $0.value == 0 ? "0" : $0.label }
        #expect(shown == labels)
        #expect(axis.upper == end)
    }

    @Test func `latency spans whole decades`() {
        let axis = PlotAxis.latency(milliseconds: [0.042, 1043])
        #expect(
            axis.ticks.map(\.label) == [
                "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s",
            ]
        )
        #expect(abs(axis.position(of: 10) - 0.5) < 1e-9)
        #expect(axis.position(of: 0) == 0)
        #expect(axis.position(of: 1e9) == 1)
    }

    @Test(arguments: [[], [0], [.nan], [1], [10, 100], [1e-300, 1e300], [.infinity]])
    func `any latencies give a few increasing ticks`(values: [Double]) {
        let axis = PlotAxis.latency(milliseconds: values)
        #expect((2...9).contains(axis.ticks.count))
        #expect(zip(axis.ticks, axis.ticks.dropFirst()).allSatisfy { $0.value < $1.value })
        #expect(axis.lower < axis.upper)
    }

    // MARK: - Drawings

    @Test(arguments: [0, 1, 2, 1200])
    func `a run of any number of slices is drawn inside its frame`(count: Int) throws {
        let report = try ReportFixture.report(samples: count)
        let figure = report.timeline.figure()
        #expect(figure.isEmpty == (count == 0))
        expectInsideFrame(figure)
        #expect(figure.utf8.count < 80_000)
    }

    @Test func `slices are drawn in whole bins, the last of which is not a sliver`() throws {
        var report = try ReportFixture.report(samples: 200)
        // Acked in every second slice only, as by a stage that gathers before it commits.
        for index in report.samples.indices {
            report.samples[index].seconds = Double(index + 1) * 0.1
            report.samples[index].publishedRate = 1000
            report.samples[index].stages[0].rate = index % 2 == 1 ? 2000 : 0
        }
        report.samples.append(report.samples[199])
        report.samples[200].seconds += 0.0006
        report.samples[200].publishedRate = 5000
        let rate = try #require(report.timeline.plots.first)
        let acked = try #require(rate.series.first { $0.name == "acked by ingest" })
        #expect(acked.values.count == 40)
        #expect(acked.values.allSatisfy { abs(($0 ?? 0) - 1000) < 1 }, "\(acked.values)")
        #expect(rate.series[0].remark == "max 1,002/s")
        #expect(rate.times.last == 20.0006)
    }

    @Test func `where nothing is acked the age of the oldest message stands for its latency`()
        throws
    {
        var report = try ReportFixture.report(samples: 100)
        for index in report.samples.indices {
            report.samples[index].stages[0].p50Ms = index < 50 ? 5 : nil
            report.samples[index].stages[0].p99Ms = index < 50 ? 10 : nil
            report.samples[index].oldestAgeSeconds = ["ingest": Double(max(0, index - 49))]
        }
        #expect(report.timeline.plots.allSatisfy { !$0.figure().contains("objective") })
        report.stages[0].latencyLimitSeconds = 10
        let plots = report.timeline.plots
        #expect(plots.map(\.title) == ["Rate", "Oldest unacked message", "Latency", "Backlog"])
        let latency = plots[2].series[0]
        #expect(latency.values[10] == 10 && latency.floor[10] == 5)
        #expect(latency.values[99] == 50_000 && latency.floor[99] == nil)
        #expect(plots[1].limits.map(\.value) == [10])
        #expect(plots[1].figure().contains("objective 10.0 s"))
    }

    @Test func `a slice without latency leaves a gap`() throws {
        let report = try ReportFixture.report(samples: 100)
        let latency = try #require(report.timeline.plots.first { $0.title == "Latency" })
        #expect(latency.series[0].values.contains { $0 == nil })
        let line = try #require(
            latency.figure().split(separator: "\n").first { $0.hasPrefix("<path class=\"s0\"") }
        )
        #expect(line.count { $0 == "M" } == 3)
    }

    @Test func `a series of zeros lies on the axis`() throws {
        var report = try ReportFixture.report(samples: 3)
        for index in report.samples.indices {
            report.samples[index].publishedRate = 0
            report.samples[index].backlog = ["ingest": 0, "analytics": 0]
            for stage in report.samples[index].stages.indices {
                report.samples[index].stages[stage].rate = 0
                report.samples[index].stages[stage].p50Ms = 0
                report.samples[index].stages[stage].p99Ms = nil
                report.samples[index].stages[stage].maxMs = nil
            }
        }
        let figure = report.timeline.figure()
        #expect(figure.contains("max 0/s") && figure.contains("max 0<"))
        #expect(report.timeline.plots.map(\.title) == ["Rate", "Backlog"])
        expectInsideFrame(figure)
    }

    @Test func `values beyond any measure are drawn all the same`() throws {
        var report = try ReportFixture.report(samples: 5)
        report.samples[1].publishedRate = .greatestFiniteMagnitude
        report.samples[2].publishedRate = .infinity
        report.samples[3].publishedRate = .nan
        report.samples[1].backlog["ingest"] = .max
        report.samples[2].backlog["ingest"] = .min
        report.samples[1].stages[0].maxMs = 1e300
        report.samples[2].stages[0].p50Ms = -1
        report.samples[3].oldestAgeSeconds = ["ingest": .infinity, "analytics": 1e300]
        expectInsideFrame(report.timeline.figure())
        report.samples[4].seconds = 1e300
        expectInsideFrame(report.timeline.figure())
    }

    @Test func `a subscription that only the samples know is drawn too`() throws {
        var report = try ReportFixture.report(samples: 3)
        report.samples[1].backlog["zebra"] = 5
        report.samples[1].backlog["aside"] = 6
        let names = report.timeline.plots.last?.series.map(\.name)
        #expect(names == ["ingest", "analytics", "aside", "zebra"])
    }

    /// Every coordinate of every line is a number within the drawing.
    private func expectInsideFrame(_ figure: String) {
        for part in figure.pieces(between: " d=\"", and: "\"") {
            let separators: Set<Character> = ["M", "L", "H", "V", "Z", "h", " "]
            let numbers = part.split { separators.contains($0) }
            #expect(numbers.allSatisfy { (Double($0) ?? -1) >= 0 && (Double($0) ?? 9e9) <= 1000 })
        }
        #expect(!figure.contains("nan") && !figure.contains("inf"))
    }

    @Test func `what happened is drawn where it did, and nothing off the axis`() {
        var plot = Plot(
            title: "Rate",
            caption: "",
            series: [.init(name: "all", ink: .member(0), values: [1, 2]) { "\($0)" }],
            times: [0, 100],
            horizontal: .time(end: 100),
            vertical: .quantity(highest: 2, unit: "", whole: true)
        )
        #expect(!plot.figure().contains("class=\"mark\""))
        plot.marks = [
            .init(time: 50, label: "deployed <1.0>"), .init(time: 101, label: "later"),
            .init(time: .nan, label: "never"),
        ]
        plot.limits = [.init(value: 1, label: "half"), .init(value: 3, label: "too high")]
        let figure = plot.figure()
        #expect(figure.contains("<path class=\"mark\" d=\"M500 0V200\"/>"))
        #expect(
            figure.contains("<span class=\"mark\" style=\"left:50%\">deployed &lt;1.0&gt;</span>")
        )
        #expect(figure.contains("<path class=\"limit\" d=\"M0 100H1000\"/>"))
        #expect(figure.contains(">half</span>"))
        for other in ["later", "never", "too high"] { #expect(!figure.contains(other)) }
    }

    @Test func `a band is filled between its edges, and a lone point is a dot`() {
        let plot = Plot(
            title: "Latency",
            caption: "",
            series: [
                .init(name: "a", ink: .member(0), values: [2, 2, nil, 2], floor: [1, 1, nil, nil]) {
                    "\($0)"
                }
            ],
            times: [0, 25, 50, 100],
            horizontal: .time(end: 100),
            vertical: .quantity(highest: 2, unit: "", whole: true)
        )
        let figure = plot.figure()
        #expect(figure.contains("<path class=\"band s0\" d=\"M0 0L250 0L250 100L0 100Z\"/>"))
        #expect(figure.contains("<path class=\"s0\" d=\"M0 0L250 0M1000 0h0\"/>"))
    }

    @Test func `faults are shaded, and alerts and deployments lie in lanes on the same axis`()
        throws
    {
        var report = try ReportFixture.report(samples: 100)
        var fault = RunReport.Fault(
            name: "unavailable-1",
            kind: "unavailable",
            target: "raw",
            start: "2026-03-01T12:00:30Z",
            end: "2026-03-01T12:01:00Z"
        )
        fault.effects = 3
        fault.visible = "2026-03-01T12:00:40Z"
        report.faults = [fault]
        report.deployments = [.init(version: "1.4", marked: report.started, seconds: 60.107)]
        let figure = report.timeline.figure()
        // 30 s of 120.214 s on a drawing 1,000 wide.
        #expect(figure.contains("<path class=\"span\" d=\"M249.6 0H499.1V200H249.6Z\">"))
        #expect(figure.contains("<span>raw, unavailable</span>"))
        #expect(figure.contains("style=\"left:24.96%;width:24.96%\" title=\"unavailable-1\""))
        #expect(figure.contains("style=\"left:33.27%;width:66.73%\" title=\"seen until recovered"))
        #expect(figure.contains("<span>deployed: 1.4</span>"))
        #expect(
            figure.contains("<span class=\"start\" style=\"left:0%\">0 s<small>12:00:00</small>")
        )
    }

    @Test func `a balance has round ticks on both sides of zero`() {
        let axis = PlotAxis.balance(lowest: -131.5, highest: 100, unit: "%")
        #expect(axis.ticks.map(\.label) == ["-150%", "-100%", "-50%", "0%", "50%", "100%"])
        #expect(axis.position(of: -150) == 0 && axis.position(of: 100) == 1)
        #expect(PlotAxis.balance(lowest: 3, highest: 100, unit: "%").lower == 0)
    }
}
