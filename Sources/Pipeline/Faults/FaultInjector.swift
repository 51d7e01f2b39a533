internal import Synchronization
package import Timekeeping

/// Tells the ports of a run which faults are there, and keeps what they did.
package final class FaultInjector: Sendable {
    /// What one occurrence has done.
    package struct Effect: Hashable, Sendable {
        /// Calls, deliveries, batches or events it changed.
        package var count: Int64 = 0
        package var first: Timestamp?
    }

    package let plan: FaultPlan
    let timeline: any Timeline
    private let state: Mutex<[Effect]>

    package init(_ plan: FaultPlan, timeline: any Timeline) {
        self.plan = plan
        self.timeline = timeline
        state = Mutex(plan.occurrences.map { _ in Effect() })
    }

    /// What each occurrence of the plan has done, in its order.
    package var effects: [Effect] { state.withLock { $0 } }

    /// Notes that `occurrence` changed something.
    func touch(_ occurrence: FaultPlan.Occurrence, count: Int = 1) {
        guard count > 0 else { return }
        let now = timeline.now
        state.withLock { effects in
            effects[occurrence.number].count += Int64(count)
            effects[occurrence.number].first = effects[occurrence.number].first ?? now
        }
    }

    /// The faults of the target that is called so at `place`.
    func faults(at place: FaultKind.Place, _ target: String) -> TargetFaults {
        TargetFaults(plan.occurrences(at: place, target), injector: self)
    }

    /// The faults of the store that is called so, whatever it holds.
    func faults(ofStore name: String) -> TargetFaults {
        let occurrences = plan.occurrences.filter {
            $0.fault.place.isStore && $0.fault.target == name
        }
        return TargetFaults(occurrences, injector: self)
    }
}

/// The faults of one thing in a pipeline.
struct TargetFaults: Sendable {
    let injector: FaultInjector
    private let occurrences: [FaultPlan.Occurrence]
    /// How far back an occurrence that is there now can have begun.
    private let longest: Duration

    init(_ occurrences: [FaultPlan.Occurrence], injector: FaultInjector) {
        self.occurrences = occurrences
        self.injector = injector
        longest =
            occurrences.map { $0.range.upperBound - $0.range.lowerBound }.max() ?? .zero
    }

    var isEmpty: Bool { occurrences.isEmpty }

    /// Those among `kinds`.
    func only(_ kinds: FaultKind...) -> TargetFaults {
        TargetFaults(occurrences.filter { kinds.contains($0.fault.kind) }, injector: injector)
    }

    /// Those that are there at `now`, earliest first.
    func active(at now: Timestamp) -> [FaultPlan.Occurrence] {
        guard let first = occurrences.first, first.range.lowerBound <= now else { return [] }
        var lower = occurrences.partitioningIndex { $0.range.lowerBound > now }
        var active: [FaultPlan.Occurrence] = []
        while lower > 0, now - occurrences[lower - 1].range.lowerBound < longest {
            lower -= 1
            if occurrences[lower].range.contains(now) { active.append(occurrences[lower]) }
        }
        return active.reversed()
    }

    /// The one of `kind` that is there at `now`.
    func active(_ kind: FaultKind, at now: Timestamp) -> FaultPlan.Occurrence? {
        active(at: now).first { $0.fault.kind == kind }
    }

    /// The next one after `now` that begins.
    func next(after now: Timestamp) -> FaultPlan.Occurrence? {
        occurrences.first { $0.range.lowerBound > now }
    }
}

extension FaultPlan.Occurrence {
    /// Whether the fault happens to what `key` names: the same thing each time it is asked.
    ///
    /// A hash of the key and the occurrence takes the place of a draw, so that what happens to
    /// one message does not hang on which others came before it.
    func hits(_ key: UInt64, seed: UInt64) -> Bool {
        if fault.share >= 1 { return true }
        let mixed = SplitMix64.mix(key ^ SplitMix64.mix(seed &+ UInt64(number) &+ 1))
        return Double(mixed >> 11) * 0x1p-53 < fault.share
    }
}
