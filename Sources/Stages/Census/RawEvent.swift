package import Commerce
package import Timekeeping

/// An event as a raw store holds it, as far as a census asks.
package struct RawEvent: Hashable, Sendable {
    /// What the event says.
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
    /// Nil where what is stored is no event any more.
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
/// - Guarantees: a page is in the order of positions; whoever asks on after its last one until a
///   page is empty has seen every event that was stored before, with bounded memory.
/// - Non-guarantees: that pages are of one state of the store; how full a page is.
package protocol RawEventScan: Sendable {
    /// Some events behind `position`, at most `limit`; none where there are no more.
    func events(after position: Int64, atMost limit: Int) async throws(StoreError) -> [RawEvent]

    /// Some identities that occur more than once although they lie under their own keys.
    func repeated(atMost limit: Int) async throws(StoreError) -> [(source: String, id: String)]
}
