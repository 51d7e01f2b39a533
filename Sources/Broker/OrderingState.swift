internal import DequeModule

/// Which ordering keys are busy, and what is held back behind them.
struct OrderingState<Batch: MessageBatch>: Sendable {
    typealias Parcel = DeliveryState<Batch>.Parcel

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
            batch.orderingKey(of: place).map { !busy.contains($0) } ?? true
        }
        free.forEach { place in
            if let key = batch.orderingKey(of: place) { busy.insert(key) }
        }
        blocked.forEach { place in
            guard let key = batch.orderingKey(of: place) else { return }
            var single = parcel
            single.selection = .places([Int32(place)])
            held[key, default: []].append(single)
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
        kept.forEach { place in
            if let key = batch.orderingKey(of: place) { keptKeys.insert(key) }
        }
        var seen: Set<OrderingKey> = []
        parcel.selection.forEach { place in
            guard let key = batch.orderingKey(of: place), !keptKeys.contains(key),
                seen.insert(key).inserted
            else { return }
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
            guard let key = batch.orderingKey(of: place) else { return }
            firstRetried[key] = min(firstRetried[key] ?? place, place)
        }
        let (later, done) = acked.partitioned { place in
            batch.orderingKey(of: place).flatMap { firstRetried[$0] }.map { $0 < place } ?? false
        }
        var places: [Int32] = []
        retried.forEach { places.append(Int32($0)) }
        later.forEach { places.append(Int32($0)) }
        return (.places(places.sorted()), done)
    }
}
