internal import Timekeeping

/// Draws ranks from 1 by Zipf's law: the probability of rank k is proportional to k^-exponent.
///
/// Takes eight bytes a rank, unless the exponent is 0 and all ranks are as likely.
package struct ZipfSampler: Sendable {
    /// How many ranks there are.
    package let count: UInt64
    /// Nil where every rank is as likely as any other.
    let table: AliasTable?

    /// A sampler of the ranks `1...count`.
    package init(count: Int, exponent: Double) {
        precondition(count > 0, "Zipf's law needs at least one rank")
        precondition(exponent.isFinite, "the exponent of Zipf's law must be a finite number")
        self.count = UInt64(count)
        guard exponent != 0 else {
            table = nil
            return
        }
        // A plain division is exact where the power would be an approximation, and quicker.
        let weights = (1...count).map { rank in
            exponent == 1 ? 1 / Double(rank) : Double(rank).portablePower(-exponent)
        }
        table = AliasTable(weights: weights)
    }

    /// The rank that `random`, 64 evenly distributed bits, stands for.
    @inline(__always)
    package func rank(_ random: UInt64) -> UInt64 {
        guard let table else { return random.multipliedFullWidth(by: count).high + 1 }
        return UInt64(table.outcome(random)) + 1
    }
}
