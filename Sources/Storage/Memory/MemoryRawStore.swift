internal import Broker
internal import Commerce
internal import Synchronization

/// A raw store that keeps the identities of its events, and no documents.
///
/// An event that its own stream numbers, as those of the shopper model are, is known by its
/// number, so that a simulated month takes a few intervals; of all others the identity is
/// remembered, some 30 bytes an event.
package final class MemoryRawStore: RawStore {
    private struct State {
        /// Which numbers of each stream are stored.
        var streams: [String: IntervalSet] = [:]
        /// The events that no stream numbers.
        var identities: Set<IdentityDigest> = []
        var stored: Int64 = 0
        var nextPosition: Int64 = 1
        /// How many events were stored when the next position was asked for, by that.
        var marks: [Int64: Int64] = [:]
    }

    private let state = Mutex(State())

    /// An empty store.
    package init() {}

    package var isVolatile: Bool { true }

    /// No other process can reach it.
    package func hold() {}

    package func nextPosition() -> Int64 {
        state.withLock { state in
            state.marks[state.nextPosition] = state.stored
            return state.nextPosition
        }
    }

    package func readBack(from position: Int64) -> Int64 {
        state.withLock { state in
            // Behind a position that was asked for, everything that was stored then is before.
            let asked = state.marks.keys.filter { $0 <= position }.max()
            return state.stored - (asked.flatMap { state.marks[$0] } ?? 0)
        }
    }

    package func store(_ writes: [RawWrite]) -> RawOutcome {
        state.withLock { state in
            var outcome = RawOutcome(stored: 0, duplicates: 0)
            for write in writes {
                let new = admit(write, to: &state)
                outcome.stored += new.count
                outcome.duplicates += write.selection.count - new.count
                if let last = new.last {
                    let position = write.publication.position(at: last)
                    state.nextPosition = max(state.nextPosition, position + 1)
                }
            }
            state.stored += Int64(outcome.stored)
            return outcome
        }
    }

    private func admit(_ write: RawWrite, to state: inout State) -> Selection {
        let batch = write.publication.batch
        let stream = batch.symbols.text(of: batch.origin.stream, in: .text)
        // Taken out and put back, so that they are changed in place.
        var numbers = state.streams.removeValue(forKey: stream) ?? IntervalSet()
        defer { if !numbers.intervals.isEmpty { state.streams[stream] = numbers } }
        if let range = batch.numbers(of: write.selection), !numbers.intersects(range) {
            numbers.insert(range)
            return write.selection
        }
        return write.selection.partitioned { place in
            guard let number = batch.number(at: place) else {
                return state.identities.insert(batch.identity(of: place)).inserted
            }
            if numbers.contains(number) { return false }
            numbers.insert(number...number)
            return true
        }.included
    }

    package func count() -> Int64 {
        state.withLock { $0.stored }
    }

    package func close() {}
}

extension Batch {
    /// The number that its stream has given the event at `place`; nil if that is not its
    /// source, or numbers nothing.
    fileprivate func number(at place: Int) -> Int64? {
        let event = events[place]
        return !origin.isReplayed && event.source == origin.stream && event.sequence > 0
            ? event.sequence : nil
    }

    /// The numbers of the selected events, where they follow one another.
    fileprivate func numbers(of selection: Selection) -> ClosedRange<Int64>? {
        guard case .range(let range) = selection, let first = range.first,
            let start = number(at: first)
        else { return nil }
        for place in range where number(at: place) != start + Int64(place - first) { return nil }
        return start...(start + Int64(range.count) - 1)
    }
}

extension Selection {
    fileprivate var last: Int? {
        switch self {
        case .range(let range): range.last
        case .places(let places): places.last.map(Int.init)
        }
    }
}
