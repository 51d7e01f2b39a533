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
        /// From one rate to another, linearly, and constant after that.
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

extension LoadProfile {
    /// The events per second that it asks for at `instant`, counted from the start of the run.
    package func rate(at instant: Duration) -> Double {
        let pieces = RatePieces(shape)
        var now = max(0, instant.inNanoseconds)
        if let cycle = pieces.cycle { now %= cycle }
        guard let piece = pieces.pieces.last(where: { $0.start <= now }) else { return 0 }
        let rate = (piece.rate + piece.slope * Double(now - piece.start)) * 1e9
        let active = surges.filter { $0.range.contains(instant) }
        return max(0, active.reduce(rate) { $0 * $1.factor })
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

/// The rate of a load profile as pieces on each of which it is a straight line.
struct RatePieces: Sendable {
    /// A stretch of the run, counted in nanoseconds from its start (or that of the cycle).
    struct Piece: Sendable {
        var start: Int64
        var end: Int64
        /// Events per nanosecond at its start.
        var rate: Double
        /// How much the rate changes in a nanosecond.
        var slope: Double = 0
    }

    /// One after the other from 0; the last one has no end, unless they repeat.
    var pieces: [Piece]
    /// After how long the pieces repeat; nil if they do not.
    var cycle: Int64?
    /// How many events one cycle brings.
    var cycleArea = 0.0

    /// How many pieces follow a sine of one period: the rate is off by 1.2e-6 of the amplitude.
    private static var sinePieces: Int64 { 2048 }

    init(_ shape: LoadProfile.Shape) {
        switch shape {
        case .constant(let rate):
            self.init(levels: [(0, rate)])
        case .ramp(let from, let to, let over):
            let end = over.inNanoseconds
            self.init(levels: [(0, from), (max(0, end), to)])
            if end > 0 {
                let first = RatePieces.perNanosecond(from)
                let slope = (RatePieces.perNanosecond(to) - first) / Double(end)
                pieces[0] = Piece(start: 0, end: end, rate: first, slope: slope)
            }
        case .step(let steps):
            self.init(levels: steps.map { ($0.at.inNanoseconds, $0.rate) })
        case .spike(let base, let peak, let at, let lasting):
            let first = at.inNanoseconds
            let last = first + max(0, lasting.inNanoseconds)
            self.init(levels: [(min(0, first), base), (first, peak), (last, base)])
        case .diurnal(let mean, let amplitude, let period, let peakAt):
            self.init(
                mean: mean,
                amplitude: amplitude,
                period: period.inNanoseconds,
                peakAt: peakAt.inNanoseconds
            )
        }
    }

    /// Each rate from its time on, up to the next; 0 before the first.
    private init(levels: [(at: Int64, rate: Double)]) {
        pieces = [Piece(start: 0, end: .max, rate: 0)]
        // Sorted with the place as the tie-break: of two levels at one time the later one counts.
        let sorted = levels.enumerated().sorted { left, right in
            (left.element.at, left.offset) < (right.element.at, right.offset)
        }
        for (_, level) in sorted {
            let rate = RatePieces.perNanosecond(level.rate)
            let last = pieces.count - 1
            if level.at <= pieces[last].start {
                pieces[last].rate = rate
            } else {
                pieces[last].end = level.at
                pieces.append(Piece(start: level.at, end: .max, rate: rate))
            }
        }
    }

    private init(mean: Double, amplitude: Double, period: Int64, peakAt: Int64) {
        self.init(levels: [(0, mean)])
        // A shorter period is faster than anyone could tell from its mean.
        guard period >= RatePieces.sinePieces else { return }
        let count = RatePieces.sinePieces
        let peakPhase = Double(peakAt % period) / Double(period)
        let nodes = (0...count).map { node in
            // A quarter of a turn ahead, the sine is a cosine: highest at the peak.
            let phase = Double(node) / Double(count) - peakPhase + 0.25
            return RatePieces.perNanosecond(mean * (1 + amplitude * phase.portableSineOfTurns))
        }
        pieces = []
        for node in 0..<count {
            // The whole part and the rest apart, so that no product exceeds 64 bits.
            let start = period / count * node + period % count * node / count
            let end = period / count * (node + 1) + period % count * (node + 1) / count
            let rate = nodes[Int(node)]
            let slope = (nodes[Int(node) + 1] - rate) / Double(end - start)
            pieces.append(Piece(start: start, end: end, rate: rate, slope: slope))
            cycleArea += (rate + nodes[Int(node) + 1]) / 2 * Double(end - start)
        }
        cycle = period
    }

    /// A rate per second as one per nanosecond; what is not a possible rate counts as none.
    private static func perNanosecond(_ rate: Double) -> Double {
        rate.isFinite && rate > 0 ? rate * 1e-9 : 0
    }
}
