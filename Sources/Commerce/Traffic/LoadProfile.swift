internal import Timekeeping

/// How many events arrive when: the load that a producer offers, whatever becomes of it.
package struct LoadProfile: Hashable, Sendable {
    /// The events per second that may be asked for, at every door.
    package static let rates = 1e-6...1e9

    /// How arrivals are spaced.
    package enum Arrivals: String, Sendable, CaseIterable {
        /// Evenly.
        case uniform
        /// Independently of one another, as shoppers come.
        case poisson
    }

    /// How the rate changes over the run.
    ///
    /// Rates are events per second, times are counted from the start of the run.
    package enum Shape: Hashable, Sendable {
        case constant(rate: Double)
        /// From one rate to another, linearly, and constant behind that.
        case ramp(from: Double, to: Double, over: Duration)
        /// Each rate from its time on; the first step begins at 0.
        case step([Step])
        /// `peak` during one interval, `base` else.
        case spike(base: Double, peak: Double, at: Duration, lasting: Duration)
        /// A sine of one `period` round `mean`, highest at `peakAt`; `amplitude` from 0 to 1.
        case diurnal(mean: Double, amplitude: Double, period: Duration, peakAt: Duration)
    }

    /// One step of ``Shape/step(_:)``.
    package struct Step: Hashable, Sendable {
        package var at: Duration
        package var rate: Double

        package init(at: Duration, rate: Double) {
            self.at = at
            self.rate = rate
        }
    }

    /// A time in which the load is a multiple of what the shape says.
    package struct Surge: Hashable, Sendable {
        /// Counted from the start of the run.
        package var range: Range<Duration>
        /// At least 0; where surges overlap, their factors are multiplied.
        package var factor: Double

        package init(range: Range<Duration>, factor: Double) {
            self.range = range
            self.factor = factor
        }
    }

    package var shape: Shape
    package var arrivals: Arrivals
    package var surges: [Surge] = []

    package init(shape: Shape, arrivals: Arrivals) {
        self.shape = shape
        self.arrivals = arrivals
    }
}

extension LoadProfile {
    /// What the shape is multiplied by, from each instant on; 1 before the first.
    ///
    /// Instants are nanoseconds from the start of the run, in ascending order.
    var factors: [(at: Int64, factor: Double)] {
        let edges = Set(
            surges.flatMap {
                [$0.range.lowerBound.inNanoseconds, $0.range.upperBound.inNanoseconds]
            }
        )
        return edges.sorted().map { edge in
            let active = surges.filter { $0.range.contains(.nanoseconds(edge)) }
            return (edge, active.reduce(1) { $0 * $1.factor })
        }
    }
}

extension LoadProfile {
    /// The highest rate of the shape, in events per second.
    package var peak: Double {
        switch shape {
        case .constant(let rate): rate
        case .ramp(let from, let to, _): max(from, to)
        case .step(let steps): steps.map(\.rate).max() ?? 0
        case .spike(let base, let peak, _, _): max(base, peak)
        case .diurnal(let mean, let amplitude, _, _): mean * (1 + amplitude)
        }
    }
}

extension LoadProfile: CustomStringConvertible {
    /// The shape and its rates in words.
    package var description: String {
        let surged = surges.isEmpty ? "" : ", with \(surges.count) surges"
        return shape.text + surged
    }
}

extension LoadProfile.Shape {
    fileprivate var text: String {
        switch self {
        case .constant(let rate): "constant \(rate)/s"
        case .ramp(let from, let to, let over): "ramp from \(from)/s to \(to)/s over \(over)"
        case .step(let steps):
            "steps of "
                + steps.map { "\($0.rate)/s from \($0.at) on" }.joined(separator: ", ")
        case .spike(let base, let peak, let at, let lasting):
            "\(base)/s, and \(peak)/s for \(lasting) from \(at) on"
        case .diurnal(let mean, let amplitude, let period, _):
            "a wave of \(period) round \(mean)/s, by \(amplitude) of it"
        }
    }
}
