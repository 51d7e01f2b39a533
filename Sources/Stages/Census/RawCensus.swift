internal import Commerce
package import Timekeeping

/// What raw stores hold, summed up so that invariants can hold a warehouse to it.
///
/// Raw events and aggregates lie in different databases, and 86 million events a day are too many
/// to be compared one by one in either: so the events are read once, and their sums are kept in
/// the warehouse beside what they must agree with.
package struct RawCensus: Sendable {
    /// Which hour of event time, and which currency.
    package struct HourKey: Hashable, Sendable {
        package var start: Timestamp
        package var currency: String

        package init(start: Timestamp, currency: String) {
            self.start = start
            self.currency = currency
        }
    }

    /// The events of one source.
    package struct Source: Hashable, Sendable {
        package var source: String
        package var events: Int64 = 0
        /// How many numbers of the source's sequence occur; nil where it does not number its
        /// events without gaps, as a log does not.
        package var sequences: Int64?
        package var lastSequence: Int64?
        /// The least number from 1 that does not occur.
        package var firstGap: Int64?
        /// How many of its events are dead letters of those who store raw events.
        package var refused: Int64 = 0
        package var latest: Timestamp = .distantPast
    }

    /// An order of which something was refunded; amounts in minor units.
    package struct Refund: Hashable, Sendable {
        package var source: String
        package var transaction: String
        package var currency: String
        package var purchases: Int64 = 0
        package var purchased: Int64 = 0
        package var refunded: Int64 = 0
        package var latest: Timestamp = .distantPast
    }

    /// Something that is wrong with a single event, or a stream.
    package struct Finding: Hashable, Sendable {
        /// What is wrong.
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            /// The store may hold it twice.
            case repeated
            /// What is stored is no event.
            case unreadable
            /// It is where its subscription says that it gave it up for.
            case deadLetter = "dead-letter"
            /// It is counted, and not stored.
            case unstored
            /// It is stored, and nobody who counts its stream has counted it.
            case uncounted
        }

        package var kind: Kind
        package var subject: String
        package var detail: String
    }

    /// As many findings of a kind as are kept one by one.
    package static let findingLimit = 10_000
    /// How far behind the watermark everything that lives has been stored and counted.
    package static let margin = Duration.seconds(600)

    /// When it was begun.
    package var taken: Timestamp
    /// How many events the raw stores hold.
    package var events: Int64
    /// How many the catalogue's blocks said that they hold, before the first was read.
    package var recorded: Int64
    /// How many events the aggregates held, before the first was read.
    package var counted: Int64
    /// How many events are counted and not stored.
    package var unstored: Int64
    /// The event time before which nothing is under way any more, even while a run goes on.
    package var settled: Timestamp
    /// The sums of those events that the aggregates say they hold.
    package var hours: [(key: HourKey, sum: WindowCell)]
    package var sources: [Source]
    package var refunds: [Refund]
    package var findings: [Finding]
}

/// What a warehouse says before a census begins.
package struct CensusBasis: Sendable {
    /// A message that a subscription gave up.
    package struct Letter: Hashable, Sendable {
        package var subscription: String
        package var source: String
        package var id: String

        package init(subscription: String, source: String, id: String) {
            self.subscription = subscription
            self.source = source
            self.id = id
        }
    }

    /// The subscriptions that count.
    package var subscriptions: [String]
    package var letters: [Letter]
    /// How many events all windows hold.
    package var counted: Int64
    /// How many events of logs are counted, one by one.
    package var replayed: Int64
    /// How many records the blocks of root datasets say there are.
    package var recorded: Int64

    package init(
        subscriptions: [String],
        letters: [Letter],
        counted: Int64,
        replayed: Int64,
        recorded: Int64
    ) {
        self.subscriptions = subscriptions
        self.letters = letters
        self.counted = counted
        self.replayed = replayed
        self.recorded = recorded
    }
}

/// A warehouse that keeps the census of the raw events it was made from.
///
/// - Guarantees: a census is replaced whole or not at all.
package protocol CensusStore: Warehouse {
    /// What the warehouse says now.
    func censusBasis() async throws(StoreError) -> CensusBasis

    /// Keeps `census`, and forgets the one before.
    func replaceCensus(by census: RawCensus) async throws(StoreError)
}
