package import Timekeeping

/// Sees, slice by slice, from when to when the faults of a run show.
///
/// A fault is visible once an objective counts something bad after its start. It is recovered from
/// at the end of the first slice after its own end in which nothing was bad, and at whose end no
/// message had waited for longer than the slice, or than one did in the worst calm slice: one in
/// which nothing was bad, and every fault that had begun was recovered from.
///
/// How many messages wait would not do: at the ends of slices that depends on whether the last
/// ones are published just before or just after, and so may be 0 before a fault and never again.
package struct FaultWatch: Sendable {
    /// What was seen of one occurrence.
    package struct Sight: Hashable, Sendable {
        package var visible: Timestamp?
        /// The objectives that counted something bad in the slice that ends then.
        package var seenBy: [String] = []
        package var recovered: Timestamp?
    }

    private let occurrences: [FaultPlan.Occurrence]
    /// By the numbers of the occurrences.
    package private(set) var sights: [Sight]
    /// The longest that a message had waited at the end of a calm slice.
    private var calmWait = Duration.zero
    /// The end of the last slice.
    private var lastEnd: Timestamp?

    /// Nothing was seen of `plan` yet.
    package init(_ plan: FaultPlan) {
        occurrences = plan.occurrences
        sights = occurrences.map { _ in Sight() }
    }

    /// The occurrence whose recovery is also that of `number`; nil where it has one of its own.
    ///
    /// While another one goes on, what is bad may be its work, so that only the last to end says
    /// how long the recovery took.
    func sharesRecovery(of number: Int, in plan: FaultPlan) -> FaultPlan.Occurrence? {
        guard let recovered = sights[number].recovered else { return nil }
        let own = plan.occurrences[number]
        // One from which nothing was to be recovered has nothing to share.
        guard recovered > own.range.upperBound || sights[number].visible != nil else { return nil }
        let last = plan.occurrences
            .filter { other in
                other.range.lowerBound < recovered && sights[other.number].recovered == recovered
                    && other.range.upperBound > own.range.lowerBound
            }
            .max { left, right in
                (left.range.upperBound, right.number) < (right.range.upperBound, left.number)
            }
        return last.flatMap { $0.number == number ? nil : $0 }
    }

    /// Takes note of the slice that ends at `end`: which objectives counted something bad in it,
    /// and for how long the oldest message has waited.
    package mutating func see(sliceEndingAt end: Timestamp, bad: [String], oldest: Duration) {
        let limit = max(calmWait, lastEnd.map { end - $0 } ?? .zero)
        lastEnd = end
        var isCalm = bad.isEmpty
        for (number, occurrence) in occurrences.enumerated() {
            // In the order of their starts.
            guard occurrence.range.lowerBound < end else { break }
            guard sights[number].recovered == nil else { continue }
            if !bad.isEmpty, sights[number].visible == nil {
                sights[number].visible = end
                sights[number].seenBy = bad
            }
            if bad.isEmpty, occurrence.range.upperBound <= end, oldest <= limit {
                sights[number].recovered = end
            } else {
                isCalm = false
            }
        }
        if isCalm { calmWait = max(calmWait, oldest) }
    }
}
