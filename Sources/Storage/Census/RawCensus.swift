package import Commerce
package import Timekeeping

/// The totals of raw stores, for invariants to compare with a warehouse.
///
/// Raw events and aggregates lie in different databases, and 86 million events a day are too many
/// to be compared one by one in either: so the events are read once, and their sums are kept in
/// the warehouse beside what they must agree with.
package struct RawCensus: Sendable {
    /// Which hour of event time, and which currency.
    package struct HourKey: Hashable, Sendable {
        package var start: Timestamp
        package var currency: String
    }

    /// The events of one source.
    package struct Source: Hashable, Sendable {
        package var source: String
        package var events: Int64 = 0
        /// How many numbers of the source's sequence occur; nil if it does not number its
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
            /// The stored value is not an event.
            case unreadable
            /// It is where its subscription says that it gave it up for.
            case deadLetter = "dead-letter"
            /// It is counted, and not stored.
            case unstored
            /// It is stored, and no subscription that counts its stream has counted it.
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

    /// How many events are asked for at once.
    private static let pageLimit = 5000

    /// Reads every event of `stores`, and keeps what they add up to in `warehouse`.
    ///
    /// Where something was refunded, the events are read a second time for its purchases: to
    /// remember every purchase would take memory that grows with the stores.
    ///
    /// - Throws: `StoreError` if a store cannot be read; the census before is kept then.
    @discardableResult
    package static func take(
        of stores: [any RawEventScan],
        in warehouse: any Warehouse,
        at now: Timestamp
    ) async throws -> RawCensus {
        // What is counted first, then what is consumed, then what is stored: whatever happens
        // meanwhile shows as a count that has changed.
        guard let kept = warehouse.census else {
            throw StoreError(.refused, "the warehouse keeps no census of the raw events")
        }
        let basis = try await kept.censusBasis()
        var progress: [[StreamProgress]] = []
        for subscription in basis.subscriptions {
            progress.append(try await warehouse.progress(of: subscription))
        }
        var fold = CensusFold(basis, progress: progress)
        for store in stores {
            for identity in try await store.repeated(atMost: findingLimit) {
                fold.add(repeated: identity)
            }
            try await forEachPage(of: store) { page in
                let counted = try await alreadyCounted(fold.lookups(page), basis, warehouse)
                fold.add(page, counted: counted)
            }
        }
        if fold.hasRefunds {
            for store in stores {
                try await forEachPage(of: store) { page in
                    let asked = fold.purchaseLookups(page)
                    let counted = try await alreadyCounted(asked, basis, warehouse)
                    fold.addPurchases(among: page, counted: counted)
                }
            }
        }
        let census = fold.census(taken: now)
        try await kept.replaceCensus(by: census)
        return census
    }

    /// Which of `asked` each of the subscriptions of `basis` has counted.
    private static func alreadyCounted(
        _ asked: [IdentityDigest?],
        _ basis: CensusBasis,
        _ warehouse: any Warehouse
    ) async throws -> [Set<IdentityDigest>] {
        let question = CountedQuestion(events: asked.compactMap(\.self))
        var counted: [Set<IdentityDigest>] = []
        for subscription in basis.subscriptions where !question.events.isEmpty {
            let answer = try await warehouse.alreadyCounted(question, by: subscription)
            counted.append(Set(answer.events.keys))
        }
        return counted
    }

    private static func forEachPage(
        of store: any RawEventScan,
        _ body: ([RawEvent]) async throws -> Void
    ) async throws {
        var position = Int64.min
        while true {
            let page = try await store.events(after: position, atMost: pageLimit)
            // A store whose positions do not go on would be read without end.
            guard let last = page.last, last.position > position else { return }
            try await body(page)
            position = last.position
            try Task.checkCancellation()
        }
    }
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
    /// The positions of messages that those who count have dropped, and said so.
    package var dropped: IntervalSet

    package init(
        subscriptions: [String],
        letters: [Letter],
        counted: Int64,
        replayed: Int64,
        recorded: Int64,
        dropped: IntervalSet = IntervalSet()
    ) {
        self.dropped = dropped
        self.subscriptions = subscriptions
        self.letters = letters
        self.counted = counted
        self.replayed = replayed
        self.recorded = recorded
    }
}

/// Keeps the census of the raw events that a warehouse was made from.
///
/// - Guarantees: a census is replaced whole or not at all.
package protocol CensusStore: Sendable {
    /// The current contents of the warehouse.
    func censusBasis() async throws(StoreError) -> CensusBasis

    /// Keeps `census`, and forgets the one before.
    func replaceCensus(by census: RawCensus) async throws(StoreError)
}

/// An event as a raw store holds it, as far as a census asks.
package struct RawEvent: Hashable, Sendable {
    /// The content of the event.
    package struct Content: Hashable, Sendable {
        package var time: Timestamp
        /// From 1; 0 where the event has none.
        package var sequence: Int64
        package var name: EventName
        /// Empty where the event has none.
        package var transaction: String
        package var currency: Currency
        /// In minor units.
        package var value: Int64
        /// The pieces of all its items.
        package var units: Int64
        /// Whether it holds further lines of an order that another event opened.
        package var isOrderPart: Bool

        package init(
            time: Timestamp,
            sequence: Int64,
            name: EventName,
            transaction: String,
            currency: Currency,
            value: Int64,
            units: Int64,
            isOrderPart: Bool = false
        ) {
            self.time = time
            self.sequence = sequence
            self.name = name
            self.transaction = transaction
            self.currency = currency
            self.value = value
            self.units = units
            self.isOrderPart = isOrderPart
        }
    }

    /// No topic comes this far: 146,000 years of a million events a second.
    package static let endOfPositions: Int64 = 1 << 62

    package var position: Int64
    package var source: String
    package var id: String
    /// Whether it lies under a key that is not that of its `(source, id)`, so that the store
    /// cannot know that there is no other one.
    package var isMisfiled: Bool
    /// Nil where what is stored is not an event any more.
    package var content: Content?

    package init(
        position: Int64,
        source: String,
        id: String,
        isMisfiled: Bool = false,
        content: Content?
    ) {
        self.position = position
        self.source = source
        self.id = id
        self.isMisfiled = isMisfiled
        self.content = content
    }
}

/// A raw store whose events can be read from the first to the last.
///
/// - Guarantees: a page is in the order of positions; asking on after its last one until a
///   page is empty has seen every event that was stored before, with bounded memory.
/// - Non-guarantees: that pages are of one state of the store; how full a page is.
package protocol RawEventScan: Sendable {
    /// Some events after `position`, at most `limit`; none if there are no more.
    func events(after position: Int64, atMost limit: Int) async throws(StoreError) -> [RawEvent]

    /// Some identities that occur more than once although they lie under their own keys.
    func repeated(atMost limit: Int) async throws(StoreError) -> [(source: String, id: String)]
}
