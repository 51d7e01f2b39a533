/// Quantities over the run, as lines and bands on one pair of axes.
package struct Plot: Sendable {
    /// A line, or the upper edge of a band; a point without value breaks it.
    package struct Series: Sendable {
        package var name: String
        /// How it looks; see ``Plot/Ink``.
        package var ink: Ink
        package var values: [Double?]
        /// The lower edge of a band; empty for a line.
        package var floor: [Double?]
        /// What the legend says beside the name, such as the greatest value.
        package var remark: String

        /// A line, whose greatest value the legend says as `format` writes it.
        package init(
            name: String,
            ink: Ink,
            values: [Double?],
            floor: [Double?] = [],
            format: (Double) -> String
        ) {
            self.name = name
            self.ink = ink
            self.values = Plot.finite(values)
            self.floor = Plot.finite(floor)
            let peak = self.values.compactMap(\.self).max()
            remark = peak.map { "max \(format($0))" } ?? "no data"
        }
    }

    /// The place of a series in a palette of the page's style sheet.
    package enum Ink: Sendable {
        /// One of several equals, counted from 0.
        case member(Int)
        /// What the others are compared with, filled down to the axis.
        case ground
        /// Degrees of one thing, from 0 (mild) to 2 (the worst).
        case degree(Int)

        /// The class in the style sheet; colours come round again dashed.
        var classes: String {
            switch self {
            case .member(let index): "s\(index % 6)" + (index % 12 >= 6 ? " dashed" : "")
            case .ground: "ground"
            case .degree(let index): "d\(index)"
            }
        }
    }

    /// A value that is not to be passed, drawn across the plot.
    package struct Limit: Sendable {
        package var value: Double
        package var label: String

        package init(value: Double, label: String) {
            self.value = value
            self.label = label
        }
    }

    /// Something that happened at a time, such as a deployment.
    package struct Mark: Sendable {
        /// In seconds, as ``Plot/times``.
        package var time: Double
        package var label: String

        package init(time: Double, label: String) {
            self.time = time
            self.label = label
        }
    }

    /// A time in which something was the case, such as a fault; the plot is shaded there.
    package struct Span: Sendable {
        /// In seconds, as ``Plot/times``.
        package var range: ClosedRange<Double>
        package var label: String

        /// Nil where the times are none, or out of order.
        package init?(from start: Double, to end: Double, label: String) {
            guard start.isFinite, end.isFinite, start <= end else { return nil }
            range = start...end
            self.label = label
        }
    }

    package var title: String
    package var caption: String
    package var series: [Series]
    /// Drawn as lines from left to right; what lies off its axis is not.
    package var limits: [Limit] = []
    /// Drawn as lines from top to bottom; what lies off its axis is not.
    package var marks: [Mark] = []
    package var spans: [Span] = []
    /// The time of each value, in seconds from the start of the run.
    package var times: [Double]
    package var horizontal: PlotAxis
    package var vertical: PlotAxis

    /// Whether there is anything to draw.
    package var hasData: Bool {
        series.contains { $0.values.contains { $0 != nil } }
    }

    package init(
        title: String,
        caption: String,
        series: [Series],
        times: [Double],
        horizontal: PlotAxis,
        vertical: PlotAxis
    ) {
        self.title = title
        self.caption = caption
        self.series = series
        self.times = times
        self.horizontal = horizontal
        self.vertical = vertical
    }

    private static func finite(_ values: [Double?]) -> [Double?] {
        values.map { value in value.flatMap { $0.isFinite ? $0 : nil } }
    }
}

/// Plots one above the other on one time axis, with what happened meanwhile in lanes beneath.
package struct PlotStack: Sendable {
    /// A row beneath the plots.
    package struct Lane: Sendable {
        package var name: String
        package var bars: [Bar]

        package init(name: String, bars: [Bar]) {
            self.name = name
            self.bars = bars
        }
    }

    /// How long something lasted.
    package struct Bar: Sendable {
        package var span: Plot.Span
        package var mark: ReportDocument.Mark

        /// Nil where the times are none, or out of order.
        package init?(
            from start: Double,
            to end: Double,
            label: String,
            _ mark: ReportDocument.Mark
        ) {
            guard let span = Plot.Span(from: start, to: end, label: label) else { return nil }
            self.span = span
            self.mark = mark
        }
    }

    package var plots: [Plot]
    package var lanes: [Lane]
    package var horizontal: PlotAxis

    /// The plots that have data, all on the axis `horizontal`, where `spans` are shaded.
    package init(
        _ plots: [Plot],
        lanes: [Lane],
        horizontal: PlotAxis,
        spans: [Plot.Span],
        marks: [Plot.Mark]
    ) {
        self.horizontal = horizontal
        self.lanes = lanes.filter { !$0.bars.isEmpty }
        self.plots = plots.filter(\.hasData).map { plot in
            var plot = plot
            plot.horizontal = horizontal
            plot.spans = spans
            plot.marks = marks
            return plot
        }
    }
}
