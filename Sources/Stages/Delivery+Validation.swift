internal import Broker
internal import Commerce
internal import Timekeeping

extension Delivery<Batch> {
    /// Splits the messages into those that satisfy `rules` and the failures of the others.
    func validated(
        by rules: EventRules,
        at now: Timestamp
    ) -> (sound: Selection, failures: [Settlement.Failure]) {
        let latest = now + rules.aheadLimit
        let flaws: [(place: Int, flaw: EventFlaw)]
        switch selection {
        case .range(let range): flaws = rules.flaws(in: batch, range, latest: latest)
        case .places(let places):
            flaws = rules.flaws(in: batch, places.lazy.map(Int.init), latest: latest)
        }
        let failures = flaws.map { place, flaw in
            Settlement.Failure(
                place: place,
                reason: FailureReason(label: flaw.label, detail: flaw.explanation),
                isPermanent: true
            )
        }
        guard !failures.isEmpty else { return (selection, []) }
        let flawed = Set(failures.map(\.place))
        return (selection.partitioned { !flawed.contains($0) }.included, failures)
    }
}
