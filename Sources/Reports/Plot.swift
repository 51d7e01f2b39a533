internal import Timekeeping

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

/// An axis: its range and where its round ticks are.
package struct PlotAxis: Sendable {
    /// A labelled place on an axis.
    package struct Tick: Sendable, Equatable {
        package var value: Double
        package var label: String
    }

    package let lower: Double
    package let upper: Double
    package let ticks: [Tick]
    /// Values are placed by their logarithm.
    package let isLogarithmic: Bool

    /// From 0 to the round number at or above `highest`, for quantities.
    ///
    /// With `whole` the values are counts, so that a tick below 1 would mean nothing.
    package static func quantity(highest: Double, unit: String, whole: Bool) -> PlotAxis {
        let top = highest.isFinite && highest > 0 ? min(highest, 1e300) : 1
        let step = max(roundStep(top / 5), whole ? 1 : 0)
        let count = max(1, Int((top / step - 1e-9).rounded(.up)))
        let ticks = (0...count).map { index in
            let value = step * Double(index)
            return Tick(value: value, label: short(value, step: step) + unit)
        }
        return PlotAxis(lower: 0, upper: step * Double(count), ticks: ticks, isLogarithmic: false)
    }

    /// From 0 to `end` seconds exactly: a run ends where it ends.
    package static func time(end: Double) -> PlotAxis {
        let end = end.isFinite && end > 0 ? end : 1
        let step = timeStep(end / 6)
        let ticks = (0...Int((end / step + 1e-9).rounded(.down))).map { index in
            let value = step * Double(index)
            return Tick(value: value, label: timeLabel(value, step: step))
        }
        return PlotAxis(lower: 0, upper: end, ticks: ticks, isLogarithmic: false)
    }

    /// Whole decades round all positive `values`, in milliseconds; without any, 1 ms to 10 ms.
    package static func latency(milliseconds values: some Sequence<Double>) -> PlotAxis {
        var lowest = Double.infinity
        var highest = 0.0
        for value in values where value.isFinite && value > 0 {
            lowest = min(lowest, value)
            highest = max(highest, value)
        }
        let any = highest > 0
        // Below a nanosecond and above thousands of years there is nothing to show.
        let first = any ? ReportNumbers.decade(of: min(max(lowest, 1e-6), 1e14)) : 0
        let last = any ? ReportNumbers.decade(of: min(max(highest, 1e-6), 1e14)) : 0
        let isRound = highest == ReportNumbers.powerOfTen(last) && last > first
        let needed = isRound ? last : last + 1
        let every = (needed - first) / 9 + 1
        // The topmost tick closes the frame.
        let end = first + (needed - first + every - 1) / every * every
        let ticks = stride(from: first, through: end, by: every).map { exponent in
            Tick(
                value: ReportNumbers.powerOfTen(exponent),
                label: latencyLabel(exponent: exponent)
            )
        }
        return PlotAxis(
            lower: ReportNumbers.powerOfTen(first),
            upper: ReportNumbers.powerOfTen(end),
            ticks: ticks,
            isLogarithmic: true
        )
    }

    /// Where `value` lies between ``lower`` (0) and ``upper`` (1); held within them.
    package func position(of value: Double) -> Double {
        guard value > lower else { return 0 }
        guard value < upper else { return 1 }
        guard isLogarithmic else { return (value - lower) / (upper - lower) }
        let bottom = lower.portableLogarithm
        return (value.portableLogarithm - bottom) / (upper.portableLogarithm - bottom)
    }

    // MARK: - Round numbers

    /// The least of 1, 2 and 5 times a power of ten that is at least `raw`.
    package static func roundStep(_ raw: Double) -> Double {
        let exponent = ReportNumbers.decade(of: max(raw, 1e-300))
        for factor in [1.0, 2, 5, 10] {
            // Parsed rather than multiplied: 3 × 0.1 is not the nearest double to 0.3.
            let step = Double("\(Int(factor))e\(exponent)") ?? raw
            if step >= raw * (1 - 1e-9) { return step }
        }
        return raw
    }

    private static func timeStep(_ raw: Double) -> Double {
        guard raw > 1 else { return roundStep(raw) }
        let steps: [Double] = [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600,
            43_200, 86_400,
        ]
        return steps.first { $0 >= raw * (1 - 1e-9) } ?? 86_400 * roundStep(raw / 86_400)
    }

    // MARK: - Labels

    /// `value` with a letter for thousands, with as many decimals as `step` needs.
    package static func short(_ value: Double, step: Double) -> String {
        guard value != 0 else { return "0" }
        let letters: [(exponent: Int, letter: String)] = [
            (12, "T"), (9, "G"), (6, "M"), (3, "k"),
        ]
        guard value < 1e15, step >= 1e-6 else {
            let exponent = ReportNumbers.decade(of: value)
            let digits = trimmed(value / ReportNumbers.powerOfTen(exponent), decimals: 2)
            return "\(digits)e\(exponent)"
        }
        for (exponent, letter) in letters where value >= ReportNumbers.powerOfTen(exponent) {
            return trimmed(value / ReportNumbers.powerOfTen(exponent), decimals: 3) + letter
        }
        let decimals = step < 1 ? -ReportNumbers.decade(of: step) : 0
        return ReportNumbers.fixed(value, decimals)
    }

    private static func trimmed(_ value: Double, decimals: Int) -> String {
        var text = ReportNumbers.fixed(value, decimals)
        while text.contains("."), text.hasSuffix("0") || text.hasSuffix(".") {
            text.removeLast()
        }
        return text
    }

    private static func timeLabel(_ seconds: Double, step: Double) -> String {
        switch step {
        case ..<0.001: trimmed(seconds * 1e6, decimals: 3) + " µs"
        case ..<0.1: trimmed(seconds * 1000, decimals: 3) + " ms"
        case ..<60: trimmed(seconds, decimals: 1) + " s"
        case ..<3600: trimmed(seconds / 60, decimals: 1) + " min"
        case ..<86_400: trimmed(seconds / 3600, decimals: 1) + " h"
        default: trimmed(seconds / 86_400, decimals: 1) + " d"
        }
    }

    private static func latencyLabel(exponent: Int) -> String {
        let nanoseconds = exponent + 6
        let units = ["ns", "µs", "ms", "s"]
        let unit = min(max(nanoseconds, 0) / 3, units.count - 1)
        return ReportNumbers.fixed(ReportNumbers.powerOfTen(nanoseconds - 3 * unit), 0) + " "
            + units[unit]
    }
}

extension Plot {
    private static let width = 560.0
    private static let height = 250.0
    private static let left = 62.0
    private static let right = 14.0
    private static let top = 10.0
    private static let bottom = 28.0

    /// The plot as a figure: caption, legend and an SVG drawing that needs no script.
    package func figure() -> String {
        let body = hasData ? legend() + svg() : "<p class=\"absent\">no data</p>\n"
        return """
            <figure>
            <figcaption><strong>\(HTMLText.escaped(title))</strong> \
            <span>\(HTMLText.escaped(caption))</span></figcaption>
            \(body)</figure>

            """
    }

    private func legend() -> String {
        let items = series.map { series in
            "<li><svg class=\"key\" viewBox=\"0 0 22 10\" aria-hidden=\"true\">"
                + "<path class=\"\(series.ink.classes)\" d=\"M1 5H21\"/></svg>"
                + "\(HTMLText.escaped(series.name)) "
                + "<span>max \(HTMLText.escaped(series.peak))</span></li>"
        }
        return "<ul class=\"legend\">\(items.joined())</ul>\n"
    }

    private func svg() -> String {
        let peaks = series.map { "\($0.name): at most \($0.peak)" }.joined(separator: "; ")
        var parts = [
            "<svg class=\"plot\" viewBox=\"0 0 \(number(Plot.width)) \(number(Plot.height))\" "
                + "role=\"img\" aria-label=\"\(HTMLText.escaped("\(title). \(peaks)"))\">"
        ]
        parts += grid() + marks.flatMap(drawing(of:))
        for series in series {
            parts += drawing(of: series)
        }
        parts.append("</svg>")
        return parts.joined(separator: "\n") + "\n"
    }

    // MARK: - Axes

    private func grid() -> [String] {
        var parts: [String] = []
        let floor = Plot.height - Plot.bottom
        for tick in vertical.ticks {
            let y = number(y(of: tick.value))
            parts.append(
                "<path class=\"grid\" d=\"M\(number(Plot.left)) \(y)"
                    + "H\(number(Plot.width - Plot.right))\"/>"
                    + "<text class=\"tick y\" x=\"\(number(Plot.left - 8))\" y=\"\(y)\">"
                    + "\(HTMLText.escaped(tick.label))</text>"
            )
        }
        parts.append(
            "<path class=\"axis\" d=\"M\(number(Plot.left)) \(number(floor))"
                + "H\(number(Plot.width - Plot.right))\"/>"
        )
        for tick in horizontal.ticks {
            let x = x(of: tick.value)
            // A label in the middle of the right edge would be cut off.
            let anchor = x > Plot.width - 2 * Plot.right ? " end" : ""
            parts.append(
                "<path class=\"axis\" d=\"M\(number(x)) \(number(floor))v4\"/>"
                    + "<text class=\"tick x\(anchor)\" x=\"\(number(x))\" "
                    + "y=\"\(number(floor + 18))\">\(HTMLText.escaped(tick.label))</text>"
            )
        }
        return parts
    }

    private func drawing(of mark: Mark) -> [String] {
        guard mark.time >= horizontal.lower, mark.time <= horizontal.upper else { return [] }
        let x = x(of: mark.time)
        // Towards the side on which there is room.
        let anchor = x > Plot.width / 2 ? " end" : ""
        let label = HTMLText.escaped(mark.label)
        return [
            "<g class=\"mark\"><title>\(label)</title>"
                + "<path d=\"M\(number(x)) \(number(Plot.top))"
                + "V\(number(Plot.height - Plot.bottom))\"/>"
                + "<text class=\"tick\(anchor)\" x=\"\(number(x + (anchor.isEmpty ? 4 : -4)))\" "
                + "y=\"\(number(Plot.top + 8))\">\(label)</text></g>"
        ]
    }

    // MARK: - Lines

    private func drawing(of series: Series) -> [String] {
        var line = ""
        var area = ""
        var dots: [String] = []
        let floor = number(Plot.height - Plot.bottom)
        for run in runs(of: series) {
            let points = run.map { "\(number($0.x)) \(number($0.y))" }
            guard let first = run.first, let last = run.last else { continue }
            if run.count == 1 {
                dots.append(
                    "<circle class=\"\(series.ink.classes)\" cx=\"\(number(first.x))\" "
                        + "cy=\"\(number(first.y))\" r=\"2.5\"/>"
                )
                continue
            }
            line += "M" + points.joined(separator: "L")
            area +=
                "M\(number(first.x)) \(floor)L\(points.joined(separator: "L"))"
                + "L\(number(last.x)) \(floor)Z"
        }
        var parts: [String] = []
        if case .ground = series.ink, !area.isEmpty {
            parts.append("<path class=\"fill\" d=\"\(area)\"/>")
        }
        if !line.isEmpty {
            parts.append("<path class=\"\(series.ink.classes)\" d=\"\(line)\"/>")
        }
        return parts + dots
    }

    /// The stretches without a gap.
    private func runs(of series: Series) -> [[(x: Double, y: Double)]] {
        var runs: [[(x: Double, y: Double)]] = []
        var open = false
        for (time, value) in zip(times, series.values) {
            guard let value, time.isFinite else {
                open = false
                continue
            }
            let point = (x: x(of: time), y: y(of: value))
            if open {
                runs[runs.count - 1].append(point)
            } else {
                runs.append([point])
                open = true
            }
        }
        return runs
    }

    private func x(of time: Double) -> Double {
        Plot.left + horizontal.position(of: time) * (Plot.width - Plot.left - Plot.right)
    }

    private func y(of value: Double) -> Double {
        let depth = Plot.height - Plot.top - Plot.bottom
        return Plot.height - Plot.bottom - vertical.position(of: value) * depth
    }

    /// A tenth of a unit is finer than a screen shows.
    private func number(_ value: Double) -> String {
        let text = ReportNumbers.fixed(value, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
