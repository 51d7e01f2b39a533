internal import Timekeeping

/// Draws ranks by Zipf's law without a table, however many ranks there are.
///
/// Rejection-inversion (Hörmann and Derflinger, 1996): a point under the curve that lies above
/// the law's bars is drawn by inverting its integral, and drawn again where it is over a bar.
struct ZipfInversion: Sendable {
    private let count: Double
    private let exponent: Double
    /// The integral from 1 to where the curve begins, and to where it ends.
    private let first: Double
    private let last: Double
    /// A point no further than this from its rank is under its bar for certain.
    private let certain: Double

    init(count: Int, exponent: Double) {
        self.count = Double(count)
        self.exponent = exponent
        first = ZipfInversion.integral(to: 1.5, exponent) - 1
        last = ZipfInversion.integral(to: Double(count) + 0.5, exponent)
        let second = ZipfInversion.integral(to: 2.5, exponent) - Double(2).portablePower(-exponent)
        certain = 2 - ZipfInversion.end(ofIntegral: second, exponent)
    }

    /// The rank, from 1, that `random`, 64 evenly distributed bits, stands for.
    func rank(_ random: UInt64) -> UInt64 {
        var bits = random
        while true {
            let area = last + Double(bits >> 11) * 0x1p-53 * (first - last)
            let place = min(ZipfInversion.end(ofIntegral: area, exponent), count)
            let rank = max(1, place.rounded())
            let bar = ZipfInversion.integral(to: rank + 0.5, exponent)
            if rank - place <= certain || area >= bar - rank.portablePower(-exponent) {
                return UInt64(rank)
            }
            bits = SplitMix64.mix(bits &+ 0x9e37_79b9_7f4a_7c15)
        }
    }

    /// The integral of x^-exponent from 1 to `end`.
    private static func integral(to end: Double, _ exponent: Double) -> Double {
        let logarithm = end.portableLogarithm
        let power = (1 - exponent) * logarithm
        // (e^power - 1) / power, whose difference cancels near 0.
        let slope =
            abs(power) > 1e-4
            ? (power.portableExponential - 1) / power
            : 1 + power / 2 * (1 + power / 3 * (1 + power / 4))
        return slope * logarithm
    }

    /// Where the integral from 1 is `area`.
    private static func end(ofIntegral area: Double, _ exponent: Double) -> Double {
        // No farther down than a rounding of 1 away: what lies there has no share that counts.
        let growth = max((1 - exponent) * area, -1 + 0x1p-52)
        let slope =
            abs(growth) > 1e-4
            ? (1 + growth).portableLogarithm / growth
            : 1 - growth * (1.0 / 2 - growth * (1.0 / 3 - growth / 4))
        return (slope * area).portableExponential
    }
}
