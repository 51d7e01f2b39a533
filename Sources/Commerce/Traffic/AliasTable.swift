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
