/// A quantity over the run, as lines on one pair of axes.
package struct Plot: Sendable {
    /// A line; a point without value breaks it.
    package struct Series: Sendable {
        package var name: String
        /// How it looks; see ``Plot/Ink``.
        package var ink: Ink
        package var values: [Double?]
        /// The greatest value as it is written in the legend.
        package var peak: String

        package init(name: String, ink: Ink, values: [Double?], format: (Double) -> String) {
            self.name = name
            self.ink = ink
            self.values = values.map { value in value.flatMap { $0.isFinite ? max(0, $0) : nil } }
            peak = self.values.compactMap(\.self).max().map(format) ?? "no data"
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

    package var title: String
    package var caption: String
    package var series: [Series]
    /// Drawn as lines across the plot; what lies off its axis is not.
    package var marks: [Mark] = []
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
}
