package import Broker
package import Commerce
internal import DequeModule

/// Which events were seen, by their CloudEvents identity `(source, id)`; a pure value.
///
/// Ids that ascend within their source, as UUIDv7 do, cost one comparison and one append each: an
/// id above the highest seen is new without a look-up. The others go through a hash set. The
/// ledger remembers the last `horizon` ascending ids a source and the last `horizon` others, so
/// its memory is bounded; it is exact within that distance.
package struct IdentityLedger: Sendable {
    private struct Identity: Hashable {
        var source: Symbol
        var id: EventID
    }

    private struct Run {
        var source: Symbol
        /// Ascending, the last one highest.
        var ids: Deque<EventID> = []
    }

    private let horizon: Int
    /// One a source; few, so a scan finds the right one, which comes first as a rule.
    private var runs: [Run] = []
    private var stragglers: Set<Identity> = []
    private var stragglerOrder: Deque<Identity> = []

    /// An empty ledger that remembers `horizon` ids.
    package init(horizon: Int) {
        self.horizon = horizon
    }

    /// The selected events of `batch` that were not seen before, which now are.
    package mutating func admit(_ batch: Batch, _ selection: Selection) -> Selection {
        if case .range(let range) = selection, admitAscending(batch.events, range) {
            return selection
        }
        return selection.partitioned { place in
            let event = batch.events[place]
            return admit(event.source, event.id)
        }.included
    }

    /// Whether the event was not seen before, which it now is.
    package mutating func admit(_ source: Symbol, _ id: EventID) -> Bool {
        let run = runIndex(of: source)
        guard let last = runs[run].ids.last, id <= last else {
            append(id, to: run)
            return true
        }
        if contains(id, in: runs[run].ids) { return false }
        let identity = Identity(source: source, id: id)
        guard stragglers.insert(identity).inserted else { return false }
        stragglerOrder.append(identity)
        if stragglerOrder.count > horizon {
            stragglers.remove(stragglerOrder.removeFirst())
        }
        return true
    }

    /// Admits a range at once if all of it is of one source and ascends above what was seen.
    private mutating func admitAscending(_ events: [Event], _ range: Range<Int>) -> Bool {
        guard let first = range.first else { return true }
        let source = events[first].source
        let run = runIndex(of: source)
        let highest = runs[run].ids.last ?? EventID(high: 0, low: 0)
        let ascends = events.withUnsafeBufferPointer { events in
            var last = highest
            for place in range {
                guard events[place].source == source, last < events[place].id else {
                    return false
                }
                last = events[place].id
            }
            return true
        }
        guard ascends else { return false }
        runs[run].ids.append(contentsOf: events[range].lazy.map { $0.id })
        trim(run)
        return true
    }

    private mutating func append(_ id: EventID, to run: Int) {
        runs[run].ids.append(id)
        trim(run)
    }

    private mutating func trim(_ run: Int) {
        let excess = runs[run].ids.count - horizon
        // In large steps, so that trimming costs nothing an event.
        if excess > horizon / 8 {
            runs[run].ids.removeFirst(excess)
        }
    }

    private mutating func runIndex(of source: Symbol) -> Int {
        if let index = runs.firstIndex(where: { $0.source == source }) {
            return index
        }
        runs.append(Run(source: source))
        return runs.count - 1
    }

    private func contains(_ id: EventID, in ids: Deque<EventID>) -> Bool {
        var (low, high) = (0, ids.count)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < ids.count && ids[low] == id
    }
}
