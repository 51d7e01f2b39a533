package import Broker

/// Keeps every raw event once.
///
/// - Guarantees: when ``store(_:)`` returns, every event of the call is in the store, exactly
///   once by its `(source, id)`, whatever was stored before. A call that threw may be given
///   again as it was.
/// - Non-guarantees: the order of events of different calls made at the same time; that a call
///   that threw stored nothing.
package protocol RawStore: Sendable {
    /// The position after the highest one stored, from 1: where a volatile broker goes on.
    func nextPosition() async throws(StoreError) -> Int64

    /// Stores the selected events of `writes`.
    ///
    /// - Returns: How many were new, and how many were there already.
    func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome

    /// How many events the store holds.
    func count() async throws(StoreError) -> Int64

    /// Whether what is stored is gone with the store.
    var isVolatile: Bool { get }

    /// The connections the store uses now; nil where it has none, as a file has not.
    func connections() async -> StoreConnections?

    /// Releases files and connections; the store must not be used afterwards.
    func close() async throws(StoreError)
}

extension RawStore {
    package var isVolatile: Bool { false }

    package func connections() async -> StoreConnections? { nil }
}

/// The connections of a store to its server at one instant.
package struct StoreConnections: Hashable, Sendable {
    /// How many the server has of all its clients; nil where it does not say, or nobody could ask.
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
    package var publication: Publication
    package var selection: Selection

    package init(publication: Publication, selection: Selection) {
        self.publication = publication
        self.selection = selection
    }
}

/// What became of the events of one call.
package struct RawOutcome: Hashable, Sendable {
    package var stored: Int
    package var duplicates: Int

    package init(stored: Int, duplicates: Int) {
        self.stored = stored
        self.duplicates = duplicates
    }
}
