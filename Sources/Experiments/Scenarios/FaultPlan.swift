internal import Synchronization
package import Timekeeping

/// When each fault of a run comes and goes.
///
/// A pure function of the scenario, the seed and the start of the run.
package struct FaultPlan: Sendable {
    /// One time that a fault is there.
    package struct Occurrence: Hashable, Sendable {
        /// Its place in ``FaultPlan/occurrences``.
        package var number: Int
        package var fault: ScenarioDocument.Fault
        package var range: Range<Timestamp>
    }

    /// By their starts.
    package let occurrences: [Occurrence]
    package let seed: UInt64

    /// How long a run of unknown length is planned ahead.
    static let horizon = Duration.seconds(30 * 86_400)
    /// How often one fault may come, on average: all its times are held in memory.
    static let most = 10_000

    /// The plan of a run from `start` on, of a `length` that may be unknown.
    package init(
        _ scenario: ScenarioDocument,
        start: Timestamp,
        lasting length: Duration?,
        seed: UInt64
    ) {
        self.seed = seed
        let end = start + (length ?? FaultPlan.horizon)
        var found: [(fault: Int, range: Range<Timestamp>)] = []
        for (index, fault) in scenario.faults.enumerated() {
            switch fault.timing {
            case .once(let at, let lasting):
                found.append((index, (start + at)..<(start + at + lasting)))
            case .recurring(let meanGap, let lasting):
                // Each fault draws for itself: another one more leaves its times as they are.
                var chance = Randomness(seed: SplitMix64.mix(seed &+ UInt64(index) &+ 1))
                var next = start + meanGap * chance.exponential()
                while next < end {
                    found.append((index, next..<min(next + lasting, end)))
                    next = next + lasting + meanGap * chance.exponential()
                }
            }
        }
        found.sort { ($0.range.lowerBound, $0.fault) < ($1.range.lowerBound, $1.fault) }
        occurrences = found.enumerated().map { number, one in
            Occurrence(number: number, fault: scenario.faults[one.fault], range: one.range)
        }
    }

    /// The faults of one target, in the order of their starts.
    func occurrences(at place: FaultKind.Place, _ target: String) -> [Occurrence] {
        occurrences.filter { $0.fault.place == place && $0.fault.target == target }
    }
}

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
