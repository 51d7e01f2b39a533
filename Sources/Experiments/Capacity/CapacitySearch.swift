internal import Timekeeping

/// Looks for the highest rate that holds: doubles until one fails, halves the distance, and
/// confirms.
///
/// A run near the limit holds one time and fails the next. So a rate is the answer only when it
/// held as often as was asked for, and one that fails on the way is a limit from above.
package struct CapacitySearch: Sendable {
    /// What to do next.
    package enum Step: Hashable, Sendable {
        case probe(rate: Double)
        /// The same rate again.
        case confirm(rate: Double)
        /// The highest rate that holds; nil if not even the lowest does.
        case done(rate: Double?)

        /// What is to be tried; nil if nothing is any more.
        package var rate: Double? {
            switch self {
            case .probe(let rate), .confirm(let rate): rate
            case .done: nil
            }
        }
    }

    /// Between these no pipeline's capacity is missed.
    package static let limits = 1.0...100_000_000.0
    /// A search that has not ended by then ends with what it knows.
    private static let mostProbes = 40

    private let precision: Double
    private let confirmations: Int
    private let first: Double
    private let highest: Double
    /// The highest rate that held and that none below failed after.
    private var lower: Double?
    private var upper: Double?
    private var confirmed = 0
    private var probes = 0

    /// A search that begins at the rate `first`, in events per second.
    ///
    /// - Parameters:
    ///   - first: Where it begins.
    ///   - precision: How far apart, as a share, the highest rate that holds and the lowest that
    ///     fails may be in the end.
    ///   - confirmations: How often more a rate has to hold to be the answer.
    ///   - highest: Where it ends, although that holds.
    package init(
        from first: Double,
        precision: Double = 0.1,
        confirmations: Int = 2,
        highest: Double = CapacitySearch.limits.upperBound
    ) {
        self.first = CapacitySearch.rounded(first)
        self.highest = highest
        self.precision = max(precision, 0.01)
        self.confirmations = confirmations
    }

    package var next: Step {
        guard probes < CapacitySearch.mostProbes else { return .done(rate: lower) }
        switch (lower, upper) {
        case (nil, nil): return .probe(rate: first)
        case (let lower?, nil):
            guard lower < highest else { return .done(rate: lower) }
            return .probe(rate: lower * 2)
        case (nil, let upper?):
            guard upper / 2 >= CapacitySearch.limits.lowerBound else { return .done(rate: nil) }
            return .probe(rate: CapacitySearch.rounded(upper / 2))
        case (let lower?, let upper?):
            let middle = CapacitySearch.rounded((lower * upper).squareRoot())
            if upper / lower > 1 + precision, middle > lower, middle < upper {
                return .probe(rate: middle)
            }
            return confirmed < confirmations ? .confirm(rate: lower) : .done(rate: lower)
        }
    }

    /// The highest rate that holds, once the search is done; nil if none does.
    package var capacity: Double? {
        if case .done(let rate) = next { rate } else { nil }
    }

    /// The lowest rate that did not hold, of those above the highest that does; nil if none failed.
    package var failing: Double? { upper }

    /// Takes note of whether the rate of ``next`` held.
    package mutating func record(holds: Bool) {
        probes += 1
        switch (next(counting: probes - 1), holds) {
        case (.probe(let rate), true):
            lower = rate
            confirmed = 0
        case (.probe(let rate), false): upper = rate
        case (.confirm, true): confirmed += 1
        case (.confirm(let rate), false):
            upper = rate
            confirmed = 0
            let below = CapacitySearch.rounded(rate / (1 + precision))
            lower = below >= CapacitySearch.limits.lowerBound && below < rate ? below : nil
        case (.done, _): break
        }
    }

    private func next(counting probes: Int) -> Step {
        var before = self
        before.probes = probes
        return before.next
    }

    /// To three digits, which is more than anybody can measure.
    private static func rounded(_ rate: Double) -> Double {
        var scale = 1.0
        while rate / scale >= 1000 { scale *= 10 }
        return (rate / scale).rounded() * scale
    }
}
