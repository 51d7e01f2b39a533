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
