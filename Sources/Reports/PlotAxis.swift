internal import Timekeeping

/// An axis: its range and where its round ticks are.
package struct PlotAxis: Sendable {
    /// A labelled place on an axis.
    package struct Tick: Sendable, Equatable {
        package var value: Double
        package var label: String
        /// What stands under the label, such as the time of a clock.
        package var remark: String? = nil
    }

    package let lower: Double
    package let upper: Double
    package internal(set) var ticks: [Tick]
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

    /// From the round number at or below `lowest` to the one at or above `highest`, which are
    /// on two sides of 0, for a quantity that can be overspent.
    package static func balance(lowest: Double, highest: Double, unit: String) -> PlotAxis {
        let upper = highest.isFinite ? max(highest, 0) : 1
        let lower = lowest.isFinite ? min(lowest, 0) : 0
        guard lower < 0 else { return quantity(highest: upper, unit: unit, whole: false) }
        let step = roundStep((upper - lower) / 5)
        let first = Int((lower / step + 1e-9).rounded(.down))
        let last = Int((upper / step + 1e-9).rounded(.down))
        func tick(_ value: Double) -> Tick {
            let label = (value < 0 ? "-" : "") + short(abs(value), step: step) + unit
            return Tick(value: value, label: label)
        }
        var ticks = (first...max(first, last)).map { tick(step * Double($0)) }
        // The most there can be closes the frame, where it is on no round number.
        if upper - step * Double(last) > step * 0.4 { ticks.append(tick(upper)) }
        return PlotAxis(
            lower: step * Double(first),
            upper: max(upper, step * Double(first + 1)),
            ticks: ticks,
            isLogarithmic: false
        )
    }

    /// From 0 to `end` seconds exactly: a run ends where it ends.
    ///
    /// `clock` tells what a clock said so many seconds after the start.
    package static func time(
        from start: Double = 0,
        end: Double,
        clock: (Double) -> String? = { _ in nil }
    ) -> PlotAxis {
        let start = start > 0 && start < 1e12 ? start : 0
        let end = end.isFinite && end > start ? end : start + 1
        let step = timeStep((end - start) / 6)
        let first = Int((start / step - 1e-9).rounded(.up))
        let ticks = (first...max(first, Int((end / step + 1e-9).rounded(.down)))).map { index in
            let value = step * Double(index)
            return Tick(
                value: value,
                label: timeLabel(value, step: step),
                remark: clock(value)
            )
        }
        return PlotAxis(lower: start, upper: end, ticks: ticks, isLogarithmic: false)
    }

    /// From 0 to the time, round on a clock, at or above `highest` seconds.
    package static func duration(seconds highest: Double) -> PlotAxis {
        let top = highest.isFinite && highest > 0 ? min(highest, 1e12) : 1
        let step = timeStep(top / 4)
        let count = max(1, Int((top / step - 1e-9).rounded(.up)))
        let ticks = (0...count).map { index in
            let value = step * Double(index)
            return Tick(value: value, label: value == 0 ? "0" : timeLabel(value, step: step))
        }
        return PlotAxis(
            lower: 0,
            upper: step * Double(count),
            ticks: ticks,
            isLogarithmic: false
        )
    }

    /// Whole decades round all positive `values`, in milliseconds; without any, 1 ms to 10 ms.
    package static func latency(milliseconds values: some Sequence<Double>) -> PlotAxis {
        decades(round: values, label: latencyLabel)
    }

    /// Whole decades from a tenth up to `highest`, for how many times something is what it may be.
    package static func factor(highest: Double) -> PlotAxis {
        decades(round: [0.1, max(highest, 20)]) { exponent in
            ReportNumbers.fixed(ReportNumbers.powerOfTen(exponent), max(0, -exponent)) + " ×"
        }
    }

    private static func decades(
        round values: some Sequence<Double>,
        label: (Int) -> String
    ) -> PlotAxis {
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
            Tick(value: ReportNumbers.powerOfTen(exponent), label: label(exponent))
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
