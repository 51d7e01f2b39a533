internal import Timekeeping

/// Draws ranks from 1 by Zipf's law: the probability of rank k is proportional to k^-exponent.
///
/// Takes eight bytes a rank, up to ``tableLimit`` ranks; more need none, and a little more time.
package struct ZipfSampler: Sendable {
    /// How many ranks there are.
    package let count: UInt64
    /// So many ranks are drawn by a table: 8 MiB of it.
    package static let tableLimit = 1 << 20

    /// Nil where every rank is as likely as any other, or there are too many for a table.
    let table: AliasTable?
    /// Nil where there is a table, or no need of one.
    private let inversion: ZipfInversion?

    /// A sampler of the ranks `1...count`, by a table where there are at most `tableLimit`.
    package init(count: Int, exponent: Double, tableLimit: Int = ZipfSampler.tableLimit) {
        precondition(count > 0, "Zipf's law needs at least one rank")
        precondition(exponent.isFinite, "the exponent of Zipf's law must be a finite number")
        self.count = UInt64(count)
        guard exponent != 0, count <= tableLimit else {
            table = nil
            inversion = exponent == 0 ? nil : ZipfInversion(count: count, exponent: exponent)
            return
        }
        inversion = nil
        // A plain division is exact where the power would be an approximation, and quicker.
        let weights = (1...count).map { rank in
            exponent == 1 ? 1 / Double(rank) : Double(rank).portablePower(-exponent)
        }
        table = AliasTable(weights: weights)
    }

    /// The rank that `random`, 64 evenly distributed bits, stands for.
    @inline(__always)
    package func rank(_ random: UInt64) -> UInt64 {
        guard let table else {
            return inversion?.rank(random) ?? random.multipliedFullWidth(by: count).high + 1
        }
        return UInt64(table.outcome(random)) + 1
    }
}

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

/// Draws one of several outcomes in given proportions from a single random number.
///
/// The alias method of Walker (1977), built as Vose (1991) does it: one multiplication, one
/// look-up and one comparison a draw, however many outcomes there are.
package struct AliasTable: Sendable {
    /// An outcome keeps its own share of a draw below `threshold`, and passes the rest on.
    struct Entry: Sendable {
        var threshold: UInt32
        var alias: UInt32
    }

    var entries: [Entry]

    /// A table of the outcomes `0..<weights.count`, each as likely as its weight.
    ///
    /// The weights must be finite, none of them negative and not all of them 0. A probability
    /// is kept to within 2^-32 of an outcome's even share.
    package init(weights: [Double]) {
        let sum = weights.reduce(0, +)
        precondition(
            sum > 0 && sum.isFinite && weights.allSatisfy { $0 >= 0 },
            "an alias table needs weights of which none is negative and one is positive"
        )
        precondition(weights.count <= Int(UInt32.max), "an alias table has 2^32 entries at most")
        var shares = weights.map { $0 / sum * Double(weights.count) }
        var poor: [UInt32] = []
        var rich: [UInt32] = []
        for (index, share) in shares.enumerated() {
            if share < 1 {
                poor.append(UInt32(index))
            } else {
                rich.append(UInt32(index))
            }
        }
        // What is left over by rounding keeps its whole entry, which an alias to itself says.
        entries = weights.indices.map { Entry(threshold: .max, alias: UInt32($0)) }
        while let receiver = poor.last, let giver = rich.last {
            poor.removeLast()
            let share = shares[Int(receiver)]
            entries[Int(receiver)] = Entry(threshold: UInt32(share * 0x1p32), alias: giver)
            shares[Int(giver)] -= 1 - share
            if shares[Int(giver)] < 1 {
                rich.removeLast()
                poor.append(giver)
            }
        }
    }

    /// The outcome that `random`, 64 evenly distributed bits, stands for.
    @inline(__always)
    package func outcome(_ random: UInt64) -> Int {
        // The high word chooses the entry; what the multiplication leaves is as good as new.
        let (index, rest) = random.multipliedFullWidth(by: UInt64(entries.count))
        let entry = entries[Int(index)]
        return UInt32(truncatingIfNeeded: rest >> 32) < entry.threshold
            ? Int(index) : Int(entry.alias)
    }
}
