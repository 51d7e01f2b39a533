internal import Commerce
internal import DequeModule

/// The key that messages are kept in order by: the CloudEvents `subject`.
///
/// By a hash that is the same in every symbol table, since a log goes through several; should two
/// subjects have one in common, they wait for each other, and nothing else.
struct OrderingKey: Hashable, Sendable {
    private var subject: UInt64
    private var namespace: Namespace

    init(_ batch: Batch, _ place: Int) {
        let event = batch.events[place]
        subject = batch.symbols.stableHash(of: event.subject)
        namespace = event.subjectNamespace
    }
}

/// Which ordering keys are busy, and what is held back behind them.
struct OrderingState: Sendable {
    typealias Parcel = DeliveryState.Parcel

    /// Keys with a message that is outstanding, waiting to retry, or ready to be delivered.
    private var busy: Set<OrderingKey> = []
    private var held: [OrderingKey: Deque<Parcel>] = [:]

    /// The messages of `parcel` whose keys are free, which makes their keys busy; the others are
    /// held back.
    ///
    /// Nil where all are.
    mutating func claim(_ parcel: Parcel) -> Parcel? {
        let batch = parcel.publication.batch
        let (free, blocked) = parcel.selection.partitioned { place in
            !busy.contains(OrderingKey(batch, place))
        }
        free.forEach { busy.insert(OrderingKey(batch, $0)) }
        blocked.forEach { place in
            var single = parcel
            single.selection = .places([Int32(place)])
            held[OrderingKey(batch, place), default: []].append(single)
        }
        guard !free.isEmpty else { return nil }
        var claimed = parcel
        claimed.selection = free
        return claimed
    }

    /// The messages of `key` were settled: the key passes to the next one held back, or is free.
    mutating func release(_ key: OrderingKey) -> Parcel? {
        guard let next = held[key]?.popFirst() else {
            held[key] = nil
            busy.remove(key)
            return nil
        }
        return next
    }

    /// Everything that is held back.
    // order-free: counted, or sorted by position, by those who ask.
    var heldParcels: [Parcel] { held.values.flatMap { $0 } }
}

extension DeliveryState {
    /// After a settlement, the keys of `parcel` go on to what was held back behind them, except
    /// those that `kept` messages still need.
    mutating func releaseKeys(of parcel: Parcel, keeping kept: Selection) {
        guard policy.isOrdered else { return }
        let batch = parcel.publication.batch
        var keptKeys: Set<OrderingKey> = []
        kept.forEach { keptKeys.insert(OrderingKey(batch, $0)) }
        var seen: Set<OrderingKey> = []
        parcel.selection.forEach { place in
            let key = OrderingKey(batch, place)
            guard !keptKeys.contains(key), seen.insert(key).inserted else { return }
            if let next = ordering.release(key) {
                ready.append(next)
            }
        }
    }

    /// Splits what was acked into the messages that must come again, because an earlier one of
    /// their key is retried, and those that are done.
    func withLaterOfSameKey(
        _ parcel: Parcel,
        retried: Selection,
        acked: Selection
    ) -> (again: Selection, done: Selection) {
        guard policy.isOrdered, !retried.isEmpty, !acked.isEmpty else { return (retried, acked) }
        let batch = parcel.publication.batch
        var firstRetried: [OrderingKey: Int] = [:]
        retried.forEach { place in
            let key = OrderingKey(batch, place)
            firstRetried[key] = min(firstRetried[key] ?? place, place)
        }
        let (later, done) = acked.partitioned { place in
            firstRetried[OrderingKey(batch, place)].map { $0 < place } ?? false
        }
        var places: [Int32] = []
        retried.forEach { places.append(Int32($0)) }
        later.forEach { places.append(Int32($0)) }
        return (.places(places.sorted()), done)
    }
}
