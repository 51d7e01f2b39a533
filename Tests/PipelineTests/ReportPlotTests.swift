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
        let figures = report.plots.map { $0.figure() }
        #expect(figures.count == 4)
        for figure in figures {
            #expect(figure.contains("no data</p>") == (count == 0))
            #expect(figure.contains("<circle") == (count == 1))
            expectInsideFrame(figure)
        }
        #expect(figures.allSatisfy { $0.utf8.count < 80_000 })
    }

    @Test func `a slice without latency leaves a gap`() throws {
        let report = try ReportFixture.report(samples: 100)
        let median = report.plots[2].series[0]
        #expect(median.values.contains { $0 == nil })
        let figure = report.plots[2].figure()
        let line = try #require(
            figure.split(separator: "\n").first { $0.hasPrefix("<path class=\"d0\"") }
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
        let figures = report.plots.map { $0.figure() }
        #expect(figures[0].contains("max 0/s"))
        #expect(figures[1].contains("max 0<"))
        #expect(figures[2].contains("max no data"))
        for figure in figures {
            expectInsideFrame(figure)
        }
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
        report.samples[4].seconds = 1e300
        for plot in report.plots {
            expectInsideFrame(plot.figure())
        }
    }

    @Test func `a subscription that only the samples know is drawn too`() throws {
        var report = try ReportFixture.report(samples: 3)
        report.samples[1].backlog["zebra"] = 5
        report.samples[1].backlog["aside"] = 6
        let names = report.plots[1].series.map(\.name)
        #expect(names == ["ingest", "analytics", "aside", "zebra"])
    }

    /// Every coordinate of every line is a number within the drawing.
    private func expectInsideFrame(_ figure: String) {
        for part in figure.pieces(between: " d=\"", and: "\"") where !part.contains("v") {
            let separators: Set<Character> = ["M", "L", "H", "Z", " "]
            let numbers = part.split { separators.contains($0) }
            #expect(numbers.allSatisfy { (Double($0) ?? -1) >= 0 && (Double($0) ?? 999) <= 560 })
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
        let figure = plot.figure()
        #expect(figure.split(separator: "class=\"mark\"").count == 2)
        #expect(figure.contains("<title>deployed &lt;1.0&gt;</title><path d=\"M304 10V222\"/>"))
        #expect(!figure.contains("later") && !figure.contains("never"))
    }
}
