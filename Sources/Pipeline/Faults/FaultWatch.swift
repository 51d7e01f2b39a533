internal import Synchronization
internal import Timekeeping

/// Sees, slice by slice, from when to when the faults of a run show.
///
/// A fault is visible once an objective counts something bad after its start. It is recovered
/// from at the end of the first slice after its own end in which nothing was bad and no more
/// messages waited than before it began.
struct FaultWatch: Sendable {
    /// What was seen of one occurrence.
    struct Sight: Hashable, Sendable {
        /// How many messages waited when it began.
        var backlog: Int64?
        var visible: Timestamp?
        var recovered: Timestamp?
    }

    private let occurrences: [FaultPlan.Occurrence]
    private(set) var sights: [Sight]
    private var lastBacklog: Int64 = 0

    init(_ plan: FaultPlan) {
        occurrences = plan.occurrences
        sights = occurrences.map { _ in Sight() }
    }

    /// Takes note of the slice that ends at `end`: whether an objective counted something bad in
    /// it, and how many messages wait.
    mutating func see(sliceEndingAt end: Timestamp, isBad: Bool, backlog: Int64) {
        for (number, occurrence) in occurrences.enumerated() {
            // In the order of their starts.
            guard occurrence.range.lowerBound < end else { break }
            guard sights[number].recovered == nil else { continue }
            let before = sights[number].backlog ?? lastBacklog
            sights[number].backlog = before
            if isBad, sights[number].visible == nil { sights[number].visible = end }
            if !isBad, occurrence.range.upperBound <= end, backlog <= before {
                sights[number].recovered = end
            }
        }
        lastBacklog = backlog
    }
}
