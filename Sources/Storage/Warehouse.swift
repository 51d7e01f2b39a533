package import Broker
package import Commerce
package import Datasets
package import SLO
package import Timekeeping

/// Keeps windowed aggregates, and how far analytics has come with making them.
///
/// - Guarantees: a commit's deltas and its progress are stored together or not at all. A key's
///   stored value is the sum of the deltas of all commits that returned.
/// - Non-guarantees: two writers of one subscription at the same time.
package protocol Warehouse: Sendable {
    /// Keeps every other run from writing here until the warehouse is closed or this process has
    /// ended.
    ///
    /// - Throws: `StoreError` with the code `busy` where another run writes now; nothing has
    ///   changed then.
    func hold() async throws(StoreError)

    /// Takes in what a run is about to count, all of it at once, before it counts anything:
    /// notes who counts which topic, and fills windows that are kept from now on from shorter
    /// ones.
    ///
    /// - Returns: What the run has to know of what was counted before.
    /// - Throws: `StoreError` where a topic is counted for another subscription; nothing has
    ///   changed then.
    func claim(_ claims: [CountingClaim]) async throws(StoreError) -> CountingTerms

    /// How many events the window over all time holds, as somebody finds it who opens the
    /// warehouse now and trusts nothing that this process remembers of it.
    ///
    /// - Throws: `StoreError` also where what is there is damaged, or is no longer what was
    ///   opened.
    func readBack() async throws(StoreError) -> Int64

    /// What `subscription` has consumed according to the commits so far.
    func progress(of subscription: String) async throws(StoreError) -> [StreamProgress]

    /// What `subscription` has counted, of the events and orders of logs in `question`, according
    /// to the commits so far.
    func alreadyCounted(
        _ question: CountedQuestion,
        by subscription: String
    ) async throws(StoreError) -> CountedAnswer

    /// The hashes stored for a distinct count, in any order, with or without repeats.
    func sketch(_ key: SketchText) async throws(StoreError) -> [UInt64]

    /// Adds the deltas to what is stored and remembers the progress.
    ///
    /// A commit that threw may be given again as it was, and is stored once.
    func commit(_ commit: WarehouseCommit) async throws(StoreError)

    /// Keeps messages that a subscription gave up; one that is there already is replaced, and is
    /// open again where it was discarded.
    func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError)

    /// Keeps which messages a subscription dropped; a run that is there already is replaced.
    func storeDropped(_ dropped: [DroppedMessages]) async throws(StoreError)

    /// The stored windows of `grain`, by start, category and currency; texts in the order of
    /// their code points.
    func windows(
        _ grain: Grain,
        categories: WindowCategories
    ) async throws(StoreError)
        -> [WindowRow]

    /// The products with the highest revenue of all windows, at most `limit`; those with the
    /// same one by name and currency.
    func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow]

    /// The custom events of all windows by name, in the order of their code points.
    func customEvents() async throws(StoreError) -> [CustomEventRow]

    /// How many late events and dead letters are kept.
    func exceptions() async throws(StoreError) -> WarehouseExceptions

    /// Whether what is stored is gone with the warehouse.
    var isVolatile: Bool { get }

    /// The datasets in it and their chains; nil if it keeps none, and so are all that follow.
    var catalogue: (any DatasetCatalogue)? { get }

    /// The slices of objectives.
    var history: (any SLIHistory)? { get }

    /// Which version was deployed when.
    var deploymentLog: (any DeploymentLog)? { get }

    /// Checks invariants, and keeps what they found.
    var invariants: (any InvariantStore)? { get }

    /// Refreshes the invariants by itself.
    var scheduler: (any RefreshScheduler)? { get }

    /// The totals of the raw events.
    var census: (any CensusStore)? { get }

    /// What subscriptions gave up, to be read and decided about.
    var letters: (any DeadLetterStore)? { get }

    /// Tells what became of single events.
    var journeys: (any JourneyStore)? { get }

    /// Releases files and connections; the warehouse must not be used afterwards.
    func close() async throws(StoreError)
}

extension Warehouse {
    package var isVolatile: Bool { false }
    package var catalogue: (any DatasetCatalogue)? { nil }
    package var history: (any SLIHistory)? { nil }
    package var deploymentLog: (any DeploymentLog)? { nil }
    package var invariants: (any InvariantStore)? { nil }
    package var scheduler: (any RefreshScheduler)? { nil }
    package var census: (any CensusStore)? { nil }
    package var letters: (any DeadLetterStore)? { nil }
    package var journeys: (any JourneyStore)? { nil }
}

/// Which rows of a window are asked for.
package enum WindowCategories: Hashable, Sendable {
    /// The totals over all categories.
    case total
    /// Each category.
    case each
}

/// How far a subscription has come with one stream.
package struct StreamProgress: Hashable, Sendable {
    /// The input's name.
    package var stream: String
    /// The offsets whose events the aggregates hold.
    package var consumed: IntervalSet
    /// The latest event time that was seen.
    package var watermark: Timestamp

    package init(stream: String, consumed: IntervalSet, watermark: Timestamp) {
        self.stream = stream
        self.consumed = consumed
        self.watermark = watermark
    }
}

/// A ``SketchKey`` with the text of its category, as it is stored.
package struct SketchText: Hashable, Sendable {
    package var grain: Grain
    package var start: Timestamp
    package var measure: Measure
    package var category: String

    package init(grain: Grain, start: Timestamp, measure: Measure, category: String) {
        self.grain = grain
        self.start = start
        self.measure = measure
        self.category = category
    }

    /// Whether the category is the same, byte by byte, as all else is.
    package static func == (left: SketchText, right: SketchText) -> Bool {
        left.grain == right.grain && left.start == right.start && left.measure == right.measure
            && left.category.utf8.elementsEqual(right.category.utf8)
    }

    /// Hashes the bytes of the category.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(grain)
        hasher.combine(start)
        hasher.combine(measure)
        var category = category
        category.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// What analytics stores in one transaction.
package struct WarehouseCommit: Sendable {
    package var subscription: String
    /// Counts the commits of one run from 1: a commit that is tried again has the same number.
    ///
    /// A server may store a commit and lose the answer; by this it knows the commit again.
    package var number: Int64
    /// What the symbols of the keys mean.
    package var symbols: SymbolTable
    package var cells: [(key: WindowKey, delta: WindowCell)] = []
    package var products: [(key: ProductKey, delta: ProductCell)] = []
    /// How many custom events of each name came in each window.
    package var custom: [(key: CustomEventKey, events: Int64)] = []
    /// Hashes that each sketch has not stored yet.
    package var sketches: [(key: SketchKey, added: [UInt64])] = []
    package var late: [LateEvent] = []
    package var progress: [StreamProgress] = []
    /// The events of logs that the deltas hold.
    package var counted: [CountedEvent] = []
    /// The orders of logs that the deltas hold.
    package var orders: [IdentityDigest] = []
    /// The events of logs that are kept, and add nothing.
    package var uncounted: [UncountedEvent] = []
    /// The dead letters that the deltas are a replay of, with their outcomes.
    package var replayed: [ReplayedLetter] = []
    /// The stored events that the deltas are a replay of, with their outcomes.
    package var replayedEvents: [ReplayedEvents] = []
    /// What the catalogue of the warehouse, where it has one, records of the commit.
    package var block: DataBlockDraft?

    package init(subscription: String, number: Int64, symbols: SymbolTable) {
        self.subscription = subscription
        self.number = number
        self.symbols = symbols
    }
}

extension WarehouseCommit {
    /// Whether it is the commit that was stored last, given again because its answer was lost.
    ///
    /// - Parameters:
    ///   - last: The number of the commit that was stored last for its subscription. Another run
    ///     on the same store counts from 1 again, so that the number alone does not tell.
    ///   - consumed: What is stored of how far the subscription has come with a stream.
    /// - Returns: False for a commit that brings anything new.
    package func isStored(last: Int64?, consumed: (_ stream: String) -> IntervalSet?) -> Bool {
        number == last && !progress.isEmpty
            && progress.allSatisfy { consumed($0.stream) == $0.consumed }
    }
}

/// An event that came after a window it belongs to was closed.
package struct LateEvent: Sendable {
    package var publication: Publication<Batch>
    /// Its place in the batch.
    package var place: Int
    /// The longest window that does not hold it; all shorter ones do not either.
    package var missed: Grain
    /// How far it was behind the watermark.
    package var lateness: Duration

    package init(publication: Publication<Batch>, place: Int, missed: Grain, lateness: Duration) {
        self.publication = publication
        self.place = place
        self.missed = missed
        self.lateness = lateness
    }
}

/// A stored window.
package struct WindowRow: Sendable {
    package var grain: Grain
    package var start: Timestamp
    /// The category's text; empty for the total.
    package var category: String
    package var currency: Currency
    package var cell: WindowCell
    /// Distinct counts by measure; without those that are not kept.
    package var distinct: [Measure: DistinctCount]
    /// Nil where no session viewed, or that is not kept.
    package var conversion: Conversion?

    package init(
        grain: Grain,
        start: Timestamp,
        category: String,
        currency: Currency,
        cell: WindowCell,
        distinct: [Measure: DistinctCount],
        conversion: Conversion? = nil
    ) {
        self.grain = grain
        self.start = start
        self.category = category
        self.currency = currency
        self.cell = cell
        self.distinct = distinct
        self.conversion = conversion
    }
}

/// A distinct count and whether it is exact.
package struct DistinctCount: Hashable, Sendable {
    package var count: Int64
    package var isExact: Bool

    /// The count that `sketch` gives.
    package init(_ sketch: DistinctSketch) {
        count = sketch.estimate
        isExact = sketch.isExact
    }
}

/// A product's sums over all windows.
package struct ProductRow: Hashable, Sendable {
    package var product: String
    package var currency: Currency
    package var cell: ProductCell

    package init(product: String, currency: Currency, cell: ProductCell) {
        self.product = product
        self.currency = currency
        self.cell = cell
    }
}

/// How many custom events of one name were counted.
package struct CustomEventRow: Hashable, Sendable {
    package var name: String
    package var events: Int64

    package init(name: String, events: Int64) {
        self.name = name
        self.events = events
    }
}

/// What a warehouse keeps one by one.
package struct WarehouseExceptions: Hashable, Sendable {
    package var late: Int64
    package var deadLetters: Int64
    /// Purchases whose order was counted under another id.
    package var repeatedOrders: Int64
    /// Events whose identity was counted with another content.
    package var conflicts: Int64

    package init(
        late: Int64,
        deadLetters: Int64,
        repeatedOrders: Int64 = 0,
        conflicts: Int64 = 0
    ) {
        self.late = late
        self.deadLetters = deadLetters
        self.repeatedOrders = repeatedOrders
        self.conflicts = conflicts
    }
}
