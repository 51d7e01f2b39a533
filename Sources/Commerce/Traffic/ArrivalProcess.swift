package import Timekeeping

/// When events arrive under a load profile: one instant after the other, never descending.
///
/// Arrivals of a unit-rate process (exponential gaps, or gaps of exactly 1) are carried over to
/// the profile's clock, on which the rate passes: exact wherever the rate is made of straight
/// lines, which only the diurnal shape is not quite.
package struct ArrivalProcess: Sendable {
    private let start: Int64
    private let isPoisson: Bool
    private let exponential = ExponentialSampler()
    private let shape: RatePieces
    /// By what all rates are multiplied from an instant on, counted from the start, in order.
    private let factors: [(at: Int64, factor: Double)]
    private var chance: Randomness

    /// The piece that the last arrival fell in, and what is precomputed of it.
    private var piece: RatePieces.Piece
    private var pieceIndex = 0
    private var cycleStart: Int64 = 0
    /// The factor that holds now, and where among ``factors`` the next one is.
    private var factor = 1.0
    private var nextFactor = 0
    /// Nanoseconds from one event to the next; 0 where that is not the same all over the piece.
    private var interval = 0.0
    /// Where the piece ends, or the time that a timestamp can name, counted from the start.
    private var pieceEnd: Int64 = 0

    /// The last arrival in whole nanoseconds since the start, and beyond that in 2^-32 of one:
    /// so a run of months is as exact as one of seconds.
    private var whole: Int64 = 0
    private var fraction: Int64 = 0
    /// Whether no arrival was made yet.
    private var isFirst = true
    /// The last instant that a timestamp can name, counted from the start.
    private let last: Int64

    /// The arrivals under `profile` of a run that begins at `start`.
    ///
    /// Evenly spaced ones begin half a gap after `start`, so that a time that should hold
    /// n of them holds exactly n, whichever way its ends are counted.
    package init(profile: LoadProfile, start: Timestamp, chance: Randomness) {
        self.start = start.nanoseconds
        isPoisson = profile.arrivals == .poisson
        shape = RatePieces(profile.shape)
        factors = profile.factors
        self.chance = chance
        piece = shape.pieces[0]
        last = start.nanoseconds >= 0 ? .max - start.nanoseconds : .max
        enterPiece(0)
    }

    /// The next arrival, or nil if the rate stays 0 for good.
    @inline(__always)
    package mutating func next() -> Timestamp? {
        let gap = isPoisson ? exponential.next(&chance) : evenGap()
        let step = gap * interval
        // A piece that is not level has no interval, and a gap of a second can take its time.
        if interval > 0, step < 0x1p30 {
            let sum = fraction &+ Int64(step * 0x1p32)
            let instant = whole &+ sum >> 32
            if instant < pieceEnd {
                whole = instant
                fraction = sum & 0xffff_ffff
                return Timestamp(nanoseconds: start &+ instant)
            }
        }
        return nextAcrossPieces(gap)
    }

    @inline(__always)
    private mutating func evenGap() -> Double {
        defer { isFirst = false }
        return isFirst ? 0.5 : 1
    }

    @inline(never)
    private mutating func nextAcrossPieces(_ gap: Double) -> Timestamp? {
        var need = gap
        while true {
            let beyond = Double(fraction) * 0x1p-32
            let change = nextFactor < factors.count ? factors[nextFactor].at : .max
            let (ending, overflow) = cycleStart.addingReportingOverflow(piece.end)
            let end = min(overflow ? .max : ending, change)
            let rest = Double(end - whole) - beyond
            let inPiece = Double(whole - cycleStart - piece.start) + beyond
            let (rate, slope) = (
                factor * (piece.rate + piece.slope * inPiece), factor * piece.slope
            )
            if let step = RatePieces.time(toCollect: need, from: rate, slope: slope),
                step < rest
            {
                return advance(by: step)
            }
            guard end != .max else { return nil }
            need = max(0, need - (rate + slope * rest / 2) * rest)
            whole = end
            fraction = 0
            if end == change {
                factor = factors[nextFactor].factor
                nextFactor += 1
                enterPiece(pieceIndex)
            } else if pieceIndex + 1 < shape.pieces.count {
                enterPiece(pieceIndex + 1)
            } else {
                guard enterCycle(&need) else { return nil }
            }
            guard whole <= last else { return nil }
        }
    }

    private mutating func advance(by step: Double) -> Timestamp? {
        guard step < 0x1p62 else { return nil }
        let passed = step.rounded(.down)
        let sum = fraction + Int64((step - passed) * 0x1p32)
        let (instant, overflow) = whole.addingReportingOverflow(Int64(passed) + sum >> 32)
        guard !overflow, instant <= last else { return nil }
        whole = instant
        fraction = sum & 0xffff_ffff
        return Timestamp(nanoseconds: start + whole)
    }

    /// Begins the next cycle, and passes over whole ones that are used up by `need`, so that a
    /// rate close to 0 takes no longer than any other.
    private mutating func enterCycle(_ need: inout Double) -> Bool {
        guard let cycle = shape.cycle, shape.cycleArea > 0 else { return false }
        let area = factor * shape.cycleArea
        var cycles = area > 0 ? (need / area).rounded(.down) : .infinity
        if nextFactor < factors.count {
            cycles = min(cycles, Double((factors[nextFactor].at - whole) / cycle))
        }
        guard cycles < Double(Int64.max / cycle / 2) else { return false }
        need = max(0, need - cycles * area)
        let (begin, overflow) = whole.addingReportingOverflow(Int64(cycles) * cycle)
        guard !overflow, begin < Int64.max - cycle else { return false }
        whole = begin
        cycleStart = begin
        enterPiece(0)
        return true
    }

    private mutating func enterPiece(_ index: Int) {
        pieceIndex = index
        piece = shape.pieces[index]
        let rate = factor * piece.rate
        interval = piece.slope == 0 && rate > 0 ? 1 / rate : 0
        let (end, overflow) = cycleStart.addingReportingOverflow(piece.end)
        pieceEnd = overflow ? last : min(end, last)
        if nextFactor < factors.count {
            pieceEnd = min(pieceEnd, factors[nextFactor].at)
        }
    }
}

extension RatePieces {
    /// How long it takes until `need` events have come, at a `rate` that changes with `slope`;
    /// nil if they never come.
    fileprivate static func time(
        toCollect need: Double,
        from rate: Double,
        slope: Double
    ) -> Double? {
        guard slope != 0 else { return rate > 0 ? need / rate : nil }
        // The root of rate·t + slope·t²/2 = need, in the form that does not cancel.
        let discriminant = rate * rate + 2 * slope * need
        guard discriminant >= 0 else { return nil }
        let divisor = rate + discriminant.squareRoot()
        return divisor > 0 ? 2 * need / divisor : nil
    }
}

/// Draws exponential variates of mean 1 without a logarithm in the usual case.
///
/// The ziggurat of Marsaglia and Tsang (2000) with 256 layers. The tables come from portable
/// arithmetic, so the variates are the same on every machine.
struct ExponentialSampler: Sendable {
    /// The right end of a layer of the density e^-x, and the density there.
    private struct Layer {
        var edge: Double
        var density: Double
    }

    /// Where the tail begins, and the area of each layer, for 256 layers (Marsaglia and Tsang).
    private static var tail: Double { 7.697_117_470_131_05 }
    private static var area: Double { 0.003_949_659_822_581_557 }

    /// From the widest layer, which stands for the tail too, to the empty one at the top.
    private let layers: [Layer]

    init() {
        let tail = ExponentialSampler.tail
        let area = ExponentialSampler.area
        let densityAtTail = (-tail).portableExponential
        var layers = [
            // The bottom layer is as wide as a rectangle of the same area would be.
            Layer(edge: area / densityAtTail, density: 0),
            Layer(edge: tail, density: densityAtTail),
        ]
        for _ in 2..<256 {
            let below = layers[layers.count - 1]
            let density = area / below.edge + below.density
            layers.append(Layer(edge: -density.portableLogarithm, density: density))
        }
        layers.append(Layer(edge: 0, density: 1))
        self.layers = layers
    }

    /// The next variate, from as many numbers of `chance` as it takes: mostly one.
    @inline(__always)
    func next(_ chance: inout Randomness) -> Double {
        let random = chance.next()
        let layer = Int(random & 0xff)
        // The lowest bits chose the layer; the highest 53 are left for the place in it.
        let place = Double(random >> 11) * 0x1p-53 * layers[layer].edge
        if place < layers[layer + 1].edge {
            return place
        }
        return nextAtEdge(layer, place, &chance)
    }

    /// The variate where `place` in `layer` is not certain to lie below the density.
    @inline(never)
    private func nextAtEdge(_ layer: Int, _ place: Double, _ chance: inout Randomness) -> Double {
        var layer = layer
        var place = place
        var beyond = 0.0
        while true {
            if layer == 0 {
                // Without memory: what lies after the start of the tail is exponential again.
                beyond += ExponentialSampler.tail
            } else {
                let low = layers[layer].density
                let high = layers[layer + 1].density
                if low + chance.unit() * (high - low) < (-place).portableExponential {
                    return beyond + place
                }
            }
            let random = chance.next()
            layer = Int(random & 0xff)
            place = Double(random >> 11) * 0x1p-53 * layers[layer].edge
            if place < layers[layer + 1].edge {
                return beyond + place
            }
        }
    }
}

/// When the next event of a traffic model is due.
struct Pacing: Sendable {
    /// Nil where events are due whenever they are asked for.
    private var arrivals: ArrivalProcess?
    /// The next arrival, kept until it is due; nil if there is none.
    private(set) var pending: Timestamp?
    /// The time of the last event that was due when asked for.
    private var latest = Timestamp.distantPast

    init(load: LoadProfile?, start: Timestamp, seed: UInt64) {
        guard let load else { return }
        arrivals = ArrivalProcess(
            profile: load,
            start: start,
            chance: Randomness(seed: seed, purpose: "arrivals")
        )
        pending = arrivals?.next()
    }

    /// Whether events have times of their own, and not the time they are asked for.
    var isPaced: Bool { arrivals != nil }

    /// The time of the next event if it is not after `horizon`; the one after it is then next.
    @inline(__always)
    mutating func take(by horizon: Timestamp) -> Timestamp? {
        guard let due = pending, due <= horizon else { return nil }
        pending = arrivals?.next()
        return due
    }

    /// The time of events that are due at `horizon`; never earlier than one before.
    mutating func unpacedTime(_ horizon: Timestamp) -> Timestamp {
        latest = max(latest, horizon)
        return latest
    }
}
