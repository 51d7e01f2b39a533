internal import Broker
internal import Commerce
internal import Storage
internal import Synchronization
internal import Timekeeping

/// The books of a trial: what went in and out of every port, message by message.
///
/// They are kept in plain sets and dictionaries, by the events' identities, and share nothing with
/// the ledgers, offsets and deltas that the stages and stores under trial keep for themselves.
final class TrialLedger: RunObserver {
    /// An event's identity: equal pairs of source and id are the same event.
    struct Key: Hashable {
        var source: UInt64
        var high: UInt64
        var low: UInt64

        init(_ event: Event) {
            source = event.source.bits
            high = event.id.high
            low = event.id.low
        }
    }

    /// What aggregates are made of.
    struct Fact: Hashable {
        var time: Timestamp
        var name: EventName
        var currency: Currency
        var value: Int64
        var units: Int64

        init(_ event: Event, _ items: [Item]) {
            time = event.time
            name = event.name
            currency = event.currency
            value = event.value
            units = items[event.itemRange].reduce(0) { $0 + Int64($1.quantity) }
        }
    }

    /// The pages of one subscription.
    struct Page {
        var received: [Key: Fact] = [:]
        /// Whether some event was received twice, with different facts: then nobody knows which
        /// of them counts.
        var isAmbiguous = false
        var acked: Set<Key> = []
        var deadLettered: Set<Key> = []
        /// The longest window that a late event is not in.
        var late: [Key: Grain] = [:]
    }

    /// Everything that was written down.
    struct Books {
        /// By topic.
        var published: [String: Set<Key>] = [:]
        /// By subscription.
        var pages: [String: Page] = [:]
        /// By raw store.
        var stored: [String: Set<Key>] = [:]
    }

    private let state = Mutex(Books())

    var books: Books { state.withLock { $0 } }

    func published(_ batch: Batch, on topic: String) {
        state.withLock { $0.published[topic, default: []].formUnion(batch.events.map(Key.init)) }
    }

    func received(_ deliveries: [Delivery<Batch>], from subscription: String) {
        state.withLock { books in
            for delivery in deliveries {
                delivery.selection.forEach { place in
                    let event = delivery.batch.events[place]
                    let fact = Fact(event, delivery.batch.items)
                    let before = books.pages[subscription, default: Page()].received
                        .updateValue(fact, forKey: Key(event))
                    if let before, before != fact {
                        books.pages[subscription]?.isAmbiguous = true
                    }
                }
            }
        }
    }

    func settled(_ delivery: Delivery<Batch>, _ settlement: Settlement, of subscription: String) {
        let failed: Set<Int>
        switch settlement {
        case .ack: failed = []
        case .ackExcept(let failures): failed = Set(failures.map(\.place))
        case .nack: return
        }
        state.withLock { books in
            delivery.selection.forEach { place in
                guard !failed.contains(place) else { return }
                let key = Key(delivery.batch.events[place])
                books.pages[subscription, default: Page()].acked.insert(key)
            }
        }
    }

    func stored(_ writes: [RawWrite], in store: String) {
        state.withLock { books in
            for write in writes {
                write.selection.forEach { place in
                    let key = Key(write.publication.batch.events[place])
                    books.stored[store, default: []].insert(key)
                }
            }
        }
    }

    func committed(_ late: [LateEvent], of subscription: String) {
        state.withLock { books in
            for late in late {
                let key = Key(late.publication.batch.events[late.place])
                books.pages[subscription, default: Page()].late[key] = late.missed
            }
        }
    }

    func kept(_ letters: [DeadLetter<Batch>]) {
        state.withLock { books in
            for letter in letters {
                let key = Key(letter.publication.batch.events[letter.place])
                books.pages[letter.subscription, default: Page()].deadLettered.insert(key)
            }
        }
    }
}

/// Enters into the ledger of a trial what one of its stores has stored.
struct TrialEntries: StoreLayer {
    let ledger: TrialLedger
    let store: String

    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        let answer = try await next(&call)
        switch call.operation {
        case .store(let writes): ledger.stored(writes, in: store)
        case .commit(let commit): ledger.committed(commit.late, of: commit.subscription)
        case .storeDeadLetters(let letters): ledger.kept(letters)
        default: break
        }
        return answer
    }
}
