internal import Broker
internal import Commerce
internal import Timekeeping

extension Delivery {
    /// Splits the messages into those that satisfy `rules` and the failures of the others.
    func validated(
        by rules: EventRules,
        at now: Timestamp
    ) -> (sound: Selection, failures: [Settlement.Failure]) {
        let latest = now + rules.aheadLimit
        var failures: [Settlement.Failure] = []
        selection.forEach { place in
            if let flaw = rules.flaw(of: batch.events[place], in: batch, latest: latest) {
                let reason = FailureReason(label: flaw.label, detail: flaw.explanation)
                failures.append(.init(place: place, reason: reason, isPermanent: true))
            }
        }
        guard !failures.isEmpty else { return (selection, []) }
        let flawed = Set(failures.map(\.place))
        return (selection.partitioned { !flawed.contains($0) }.included, failures)
    }
}
