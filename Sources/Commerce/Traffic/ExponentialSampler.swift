internal import Timekeeping

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
                // Without memory: what lies behind the start of the tail is exponential again.
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
