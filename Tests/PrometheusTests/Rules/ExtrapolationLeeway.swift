import ObjectiveSamples
import SLO
import Timekeeping

/// What extrapolation leaves open of one alert, followed from evaluation to evaluation.
///
/// Prometheus's `increase` goes beyond the first and the last sample of a window: to its edge
/// where that is no more than 1.1 of the mean distance between samples away, else by half of that
/// distance; not below a counter's 0. Each increase is so up to `factor` times what was counted
/// between the samples, and two of them may be drawn out differently: of good and bad events one,
/// and the observed seconds. Where a threshold lies between what these make of a share, an alert
/// may be decided either way, until both ways meet again.
struct ExtrapolationLeeway {
    let rule: AlertRule
    let budget: Double

    /// Whether the alert may fire, and whether it may be silent.
    private(set) var mayFire = false
    private(set) var mayBeSilent = true

    /// The bounds within which a figure lies.
    private struct Bounds {
        var lower: Double
        var upper: Double

        init(lower: Double, upper: Double) {
            self.lower = lower
            self.upper = upper
        }

        /// A share of which one of both parts may be drawn out, and the other not.
        init(_ share: Double, drawnOutBy factor: Double) {
            lower = share / (share + factor * (1 - share))
            upper = share * factor / (share * factor + 1 - share)
        }

        /// Whether it is above the limit; nil where it may be either.
        func exceeds(_ limit: Double, orEquals: Bool = false) -> Bool? {
            // The rules compare figures of twelve decimals.
            if lower > limit + 1e-11 || orEquals && lower >= limit - 1e-13 { return true }
            if upper < limit - 1e-11 || !orEquals && upper <= limit + 1e-13 { return false }
            return nil
        }
    }

    init(_ rule: AlertRule, budget: Double) {
        self.rule = rule
        self.budget = budget
    }

    /// Takes an evaluation; `isScraped` says of each one so far whether there was a sample.
    mutating func evaluate(
        _ tracker: ObjectiveTracker,
        at now: Timestamp,
        isScraped: [Bool],
        tick: Duration
    ) {
        var windows: [(long: Duration, limit: Double)] = []
        var isBudget = false
        switch rule {
        case .burnRate(let alert):
            let limit = alert.factor.approximation * budget
            windows = [alert.longWindow, alert.shortWindow].compactMap { $0 }.map { ($0, limit) }
        case .budgetExhausted:
            windows = [(SampleObjective.hour, budget)]
            isBudget = true
        case .noData: return
        }
        var fires: Bool? = true
        var holds: Bool? = true
        for window in windows {
            let measurement = tracker.measure(last: window.long, asOf: now)
            let ratio = measurement.errorRatio?.approximation
            guard let factor = Self.factor(of: isScraped, ticks: Int(window.long / tick)) else {
                // The engine may have seen the one slice before the first sample.
                fires = Self.both(fires, ratio ?? 0 > window.limit ? nil : false)
                continue
            }
            let share = Bounds(ratio ?? 0, drawnOutBy: factor)
            let seen = (measurement.coverage?.approximation ?? 0)
            let spent = Bounds(
                lower: share.lower * seen,
                upper: share.upper * min(1, seen * factor)
            )
            fires = Self.both(fires, spent.exceeds(window.limit, orEquals: isBudget))
            if ratio != nil { holds = Self.both(holds, share.exceeds(window.limit)) }
        }
        if isBudget { holds = fires }
        let fired = (mayFire && holds != false) || (mayBeSilent && fires != false)
        let silent = (mayFire && holds != true) || (mayBeSilent && fires != true)
        mayFire = fired
        mayBeSilent = silent
    }

    /// Both, where a nil is not known.
    private static func both(_ left: Bool?, _ right: Bool?) -> Bool? {
        if left == false || right == false { return false }
        return left == nil || right == nil ? nil : true
    }

    /// How far an increase over the last `ticks` is drawn out; nil where there are no two samples.
    private static func factor(of isScraped: [Bool], ticks: Int) -> Double? {
        let now = isScraped.count - 1
        let samples = (max(0, now - ticks)...now).filter { isScraped[$0] }
        guard let first = samples.first, let last = samples.last, first < last else { return nil }
        let sampled = Double(last - first)
        let distance = sampled / Double(samples.count - 1)
        let ends = [first - (now - ticks), now - last].map { missing in
            Double(missing) < 1.1 * distance ? Double(missing) : distance / 2
        }
        return (sampled + ends[0] + ends[1]) / sampled
    }
}
