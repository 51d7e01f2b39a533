package import Timekeeping

/// A raw store in which events are found by their keys.
///
/// - Guarantees: what a call finds is of one state of the store, in the order of positions. An
///   event that was stored before the call is found by each key that it has.
/// - Non-guarantees: that every key is found at once; ``warning(about:)`` says which are not.
/// - Failure and recovery: an event that cannot be read is noted as damaged, and left out.
package protocol RawEventLookup: Sendable {
    /// The events that `search` asks for, and how many more there are.
    func find(_ search: EventSearch) async throws(StoreError) -> FoundEvents

    /// What the store still has; nil where it is empty.
    func retained() async throws(StoreError) -> RetainedEvents?

    /// What a person should know of looking for `conditions` here; nil where there is nothing.
    func warning(about conditions: [EventCondition]) -> String?
}

extension RawEventLookup {
    /// What `search` finds; where it finds nothing, also what the store still has.
    ///
    /// Only then anybody asks, and some servers take their time over it.
    package func answer(
        _ search: EventSearch
    ) async throws(StoreError) -> (found: FoundEvents, retained: RetainedEvents?) {
        let found = try await find(search)
        return (found, found.events.isEmpty ? try await retained() : nil)
    }

    package func warning(about conditions: [EventCondition]) -> String? { nil }
}

/// Events that were found.
package struct FoundEvents: Hashable, Sendable {
    /// How many there are beside those that are given.
    package enum Others: Hashable, Sendable {
        case exactly(Int64)
        /// So many or a few less: an index names them, and they were not looked at.
        case about(Int64)
        /// They were not counted further.
        case atLeast(Int64)
    }

    package var events: [FoundEvent]
    package var others: Others

    package init(events: [FoundEvent], others: Others) {
        self.events = events
        self.others = others
    }
}

/// Which events a raw store has.
package struct RetainedEvents: Hashable, Sendable {
    /// The lowest position, and the highest.
    package var positions: ClosedRange<Int64>
    /// When the event at the lowest position happened; nil where that cannot be read.
    package var since: Timestamp?

    package init(positions: ClosedRange<Int64>, since: Timestamp?) {
        self.positions = positions
        self.since = since
    }
}
