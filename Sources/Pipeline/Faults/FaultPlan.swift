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
