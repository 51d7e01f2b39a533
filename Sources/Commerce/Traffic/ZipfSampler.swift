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
