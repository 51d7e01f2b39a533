/// Plots as figures of a page, drawn without a script.
///
/// Lines are stretched to the width of the page; letters stand beside them as text of the page, so
/// that they are of one size in every plot and on every screen.
extension Plot {
    private static let width = 1000.0
    private static let height = 200.0

    /// The plot as a figure of its own.
    package func figure() -> String {
        let body = hasData ? axes(showsTime: true) : "<p class=\"absent\">no data</p>\n"
        return "<figure>\n\(heading)\(body)</figure>\n"
    }

    /// Caption and legend.
    fileprivate var heading: String {
        let caption = caption.isEmpty ? "" : " <span>\(HTMLText.escaped(caption))</span>"
        let items = series.map { series in
            "<li><svg class=\"key\" viewBox=\"0 0 22 10\" aria-hidden=\"true\">"
                + "<path class=\"\(series.ink.classes)\" d=\"M1 5H21\"/></svg>"
                + "\(HTMLText.escaped(series.name)) "
                + "<span>\(HTMLText.escaped(series.remark))</span></li>"
        }
        let legend = hasData ? "<ul class=\"legend\">\(items.joined())</ul>\n" : ""
        return """
            <figcaption><strong>\(HTMLText.escaped(title))</strong>\(caption)</figcaption>
            \(legend)
            """
    }

    /// The drawing with the labels of its axes.
    fileprivate func axes(showsTime: Bool) -> String {
        let said = series.map { "\($0.name): \($0.remark)" }.joined(separator: "; ")
        let labels = vertical.ticks.map { tick in
            "<span style=\"top:\(HTMLText.percent(1 - vertical.position(of: tick.value)))\">"
                + "\(HTMLText.escaped(tick.label))</span>"
        }
        return """
            <div class="axes" role="img" aria-label="\(HTMLText.escaped("\(title). \(said)"))">
            <div class="ys">\(labels.joined())</div>
            <div class="area">\(svg())\(limitLabels.joined())\(markLabels.joined())</div>
            \(showsTime ? horizontal.labels : "")</div>

            """
    }

    private func svg() -> String {
        var parts = [
            "<svg viewBox=\"0 0 \(number(Plot.width)) \(number(Plot.height))\" "
                + "preserveAspectRatio=\"none\" aria-hidden=\"true\">"
        ]
        parts += spans.compactMap(drawing(of:))
        parts += vertical.ticks.map { tick in
            path(tick.value == 0 ? "axis" : "grid", across: tick.value)
        }
        parts += visibleMarks.map { mark in
            "<path class=\"mark\" d=\"M\(number(x(of: mark.time))) 0V\(number(Plot.height))\"/>"
        }
        parts += series.flatMap(drawing(of:))
        parts += visibleLimits.map { path("limit", across: $0.value) }
        parts.append("</svg>")
        return parts.joined(separator: "\n") + "\n"
    }

    // MARK: - Limits, marks and spans

    private var visibleLimits: [Limit] {
        limits.filter { $0.value >= vertical.lower && $0.value <= vertical.upper }
    }

    private var limitLabels: [String] {
        visibleLimits.enumerated().map { index, limit in
            let place = vertical.position(of: limit.value)
            // Under its line where there is no room above; several stand side by side, since
            // their lines may be near each other.
            let side = place > 0.85 ? " under" : ""
            return "<span class=\"limit\(side)\" style=\"top:\(HTMLText.percent(1 - place))"
                + ";right:\(index * 68 + 2)px\">"
                + "\(HTMLText.escaped(limit.label))</span>"
        }
    }

    private var visibleMarks: [Mark] {
        marks.filter { $0.time >= horizontal.lower && $0.time <= horizontal.upper }
    }

    private var markLabels: [String] {
        visibleMarks.map { mark in
            let place = horizontal.position(of: mark.time)
            // Towards the side on which there is room.
            let side = place > 0.5 ? " left" : ""
            return "<span class=\"mark\(side)\" style=\"left:\(HTMLText.percent(place))\">"
                + "\(HTMLText.escaped(mark.label))</span>"
        }
    }

    private func drawing(of span: Span) -> String? {
        guard span.range.upperBound >= horizontal.lower, span.range.lowerBound <= horizontal.upper
        else { return nil }
        let (left, right) = (x(of: span.range.lowerBound), x(of: span.range.upperBound))
        return "<path class=\"span\" d=\"M\(number(left)) 0H\(number(max(right, left + 1)))"
            + "V\(number(Plot.height))H\(number(left))Z\"><title>\(HTMLText.escaped(span.label))"
            + "</title></path>"
    }

    private func path(_ name: String, across value: Double) -> String {
        "<path class=\"\(name)\" d=\"M0 \(number(y(of: value)))H\(number(Plot.width))\"/>"
    }

    // MARK: - Lines

    private func drawing(of series: Series) -> [String] {
        var line = ""
        var area = ""
        for run in runs(of: series) {
            guard let first = run.first, let last = run.last else { continue }
            let points = run.map { "\(number($0.x)) \(number($0.y))" }
            // A lone point is a line of no length, which the style sheet gives round ends.
            line += "M" + points.joined(separator: "L") + (run.count == 1 ? "h0" : "")
            if case .ground = series.ink {
                let floor = number(y(of: max(0, vertical.lower)))
                area +=
                    "M\(number(first.x)) \(floor)L\(points.joined(separator: "L"))"
                    + "L\(number(last.x)) \(floor)Z"
            }
            for stretch in run.split(whereSeparator: { $0.floor == nil }) where stretch.count > 1 {
                let upper = stretch.map { "\(number($0.x)) \(number($0.y))" }
                let lower = stretch.reversed().compactMap { point in
                    point.floor.map { "\(number(point.x)) \(number($0))" }
                }
                area += "M\((upper + lower).joined(separator: "L"))Z"
            }
        }
        let kind = series.floor.isEmpty ? "fill" : "band \(series.ink.classes)"
        return [(kind, area), (series.ink.classes, line)].compactMap { classes, path in
            path.isEmpty ? nil : "<path class=\"\(classes)\" d=\"\(path)\"/>"
        }
    }

    private struct Point {
        var x: Double
        var y: Double
        var floor: Double?
    }

    /// The stretches without a gap.
    private func runs(of series: Series) -> [[Point]] {
        var runs: [[Point]] = []
        var open = false
        for (place, (time, value)) in zip(times, series.values).enumerated() {
            guard let value, time.isFinite else {
                open = false
                continue
            }
            let floor = place < series.floor.count ? series.floor[place] : nil
            let point = Point(x: x(of: time), y: y(of: value), floor: floor.map(y(of:)))
            if open {
                runs[runs.count - 1].append(point)
            } else {
                runs.append([point])
                open = true
            }
        }
        return runs
    }

    private func x(of time: Double) -> Double { horizontal.position(of: time) * Plot.width }

    private func y(of value: Double) -> Double {
        (1 - vertical.position(of: value)) * Plot.height
    }

    /// A tenth of a unit is finer than a screen shows.
    private func number(_ value: Double) -> String {
        let text = ReportNumbers.plain(value, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension PlotAxis {
    /// The labels under a drawing.
    fileprivate var labels: String {
        let labels = ticks.map { tick in
            let place = position(of: tick.value)
            // A label in the middle of an edge would be cut off.
            let side = place > 0.97 ? " class=\"end\"" : place < 0.03 ? " class=\"start\"" : ""
            let remark = tick.remark.map { "<small>\(HTMLText.escaped($0))</small>" } ?? ""
            return "<span\(side) style=\"left:\(HTMLText.percent(place))\">"
                + "\(HTMLText.escaped(tick.label))\(remark)</span>"
        }
        let isTall = ticks.contains { $0.remark != nil }
        return "<div class=\"xs\(isTall ? " tall" : "")\">\(labels.joined())</div>\n"
    }
}

extension PlotStack {
    /// The plots and lanes as one figure.
    package func figure() -> String {
        guard !plots.isEmpty || !lanes.isEmpty else { return "" }
        let panels = plots.map { plot in
            "<div class=\"panel\">\n\(plot.heading)\(plot.axes(showsTime: false))</div>\n"
        }
        return """
            <figure class="stack">
            \(panels.joined())<div class="axes">
            \(horizontal.labels)\(lanes.map(html).joined())</div>
            </figure>

            """
    }

    private func html(_ lane: Lane) -> String {
        let bars = lane.bars.filter {
            $0.span.range.upperBound >= horizontal.lower
                && $0.span.range.lowerBound <= horizontal.upper
        }.map { bar in
            let left = horizontal.position(of: bar.span.range.lowerBound)
            let width = horizontal.position(of: bar.span.range.upperBound) - left
            return "<i class=\"\(HTMLText.name(bar.mark))\" style=\"left:"
                + "\(HTMLText.percent(left));width:\(HTMLText.percent(width))\" "
                + "title=\"\(HTMLText.escaped(bar.span.label))\"></i>"
        }
        return "<div class=\"lane\"><span>\(HTMLText.escaped(lane.name))</span>"
            + "<div class=\"track\">\(bars.joined())</div></div>\n"
    }
}
