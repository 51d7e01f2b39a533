package import Broker
package import Commerce

/// Keeps every raw event once.
///
/// - Guarantees: when ``store(_:)`` returns, every event of the call is in the store, exactly
///   once by its `(source, id)`, whatever was stored before. A call that threw may be given
///   again as it was.
/// - Non-guarantees: the order of events of different calls made at the same time; that a call
///   that threw stored nothing.
package protocol RawStore: Sendable {
    /// Keeps every other run from writing here until the store is closed or this process has
    /// ended.
    ///
    /// - Throws: `StoreError` with the code `busy` if another run writes now; nothing has
    ///   changed then.
    func hold() async throws(StoreError)

    /// Says that the run which holds the store is still there: to be said every
    /// ``StoreHold/interval`` of real time, to a store that cannot see it.
    ///
    /// - Throws: `StoreError` with the code `busy` if another run has taken the store over.
    func renewHold() async throws(StoreError)

    /// The position after the highest one stored, from 1: where a volatile broker goes on.
    func nextPosition() async throws(StoreError) -> Int64

    /// Stores the selected events of `writes`.
    ///
    /// - Returns: How many were new, and how many were there already.
    func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome

    /// How many events from `position` on the store holds, as one sees who opens it now.
    ///
    /// Nothing that this process remembers of the store is trusted.
    ///
    /// - Throws: `StoreError` also if what is there is damaged, or is no longer what was
    ///   opened.
    func readBack(from position: Int64) async throws(StoreError) -> Int64

    /// How many events the store holds.
    func count() async throws(StoreError) -> Int64

    /// Whether what is stored is gone with the store.
    var isVolatile: Bool { get }

    /// Reads what is stored from the first event to the last; nil if only identities are kept.
    var scan: (any RawEventScan)? { get }

    /// Finds stored events by their keys; nil if only identities are kept.
    var lookup: (any RawEventLookup)? { get }

    /// Gives whole events back; nil if only identities are kept.
    var reading: (any WholeEventReading)? { get }

    /// Keeps the logs of the runs beside the events; nil if none are kept.
    var logs: (any LogStore)? { get }

    /// The connections the store uses now; nil if it has none, as a file has not.
    func connections() async -> StoreConnections?

    /// Releases files and connections; the store must not be used afterwards.
    func close() async throws(StoreError)
}

extension RawStore {
    package var isVolatile: Bool { false }

    package var scan: (any RawEventScan)? { nil }

    package var lookup: (any RawEventLookup)? { nil }

    package var reading: (any WholeEventReading)? { nil }

    package var logs: (any LogStore)? { nil }

    package func renewHold() async throws(StoreError) {}

    package func connections() async -> StoreConnections? { nil }
}

/// What a store is opened for.
package enum StoreAccess: Sendable {
    /// To write to it; it is made where it is missing.
    case making
    /// To write to what a run has made.
    case changing
    /// To read what a run has made, on a disk that may be read-only.
    case reading
}

/// How long a run may hold a store that cannot see whether the run is still there.
package enum StoreHold {
    /// How often the run says that it is.
    package static let interval = Duration.seconds(3)
    /// How long after the last word of it another run may take the store over.
    package static let lease = Duration.seconds(20)
}

/// The connections of a store to its server at one instant.
package struct StoreConnections: Hashable, Sendable {
    /// How many the server has of all its clients; nil if unknown.
    package var server: Int?
    /// How many this store has open for its work.
    package var open: Int
    /// How many of them do something.
    package var inUse: Int
    /// How many it may open.
    package var limit: Int

    package init(server: Int?, open: Int, inUse: Int, limit: Int) {
        self.server = server
        self.open = open
        self.inUse = inUse
        self.limit = limit
    }
}

/// Events of one batch that are to be stored.
package struct RawWrite: Sendable {
    package var publication: Publication<Batch>
    package var selection: Selection

    package init(publication: Publication<Batch>, selection: Selection) {
        self.publication = publication
        self.selection = selection
    }
}

/// The outcome of the events of one call.
package struct RawOutcome: Hashable, Sendable {
    package var stored: Int
    package var duplicates: Int

    package init(stored: Int, duplicates: Int) {
        self.stored = stored
        self.duplicates = duplicates
    }
}
