internal import Broker
internal import Commerce
internal import Storage
internal import Timekeeping

/// A warehouse whose commits and dead letters go into a digest.
struct WitnessedWarehouse: ForwardingWarehouse {
    let warehouse: any Warehouse
    private let digest: RunDigest

    init(_ warehouse: any Warehouse, _ digest: RunDigest) {
        self.warehouse = warehouse
        self.digest = digest
    }

    func commit(_ commit: WarehouseCommit) async throws(StoreError) {
        try await digest.following { () async throws(StoreError) in
            try await warehouse.commit(commit)
        }
        digest.note(.committed) { $0.add(commit) }
    }

    func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError) {
        try await digest.following { () async throws(StoreError) in
            try await warehouse.storeDeadLetters(letters)
        }
        digest.note(.deadLettersKept) { sum in
            for letter in letters {
                sum.add(letter.subscription)
                sum.add(letter.publication.position(at: letter.place))
                sum.add(letter.attempts)
                sum.add(letter.reason.label)
            }
        }
    }
}

extension DigestSum {
    /// Adds a commit; its rows come in a fixed order.
    fileprivate mutating func add(_ commit: WarehouseCommit) {
        add(commit.subscription)
        add(commit.number)
        for (key, delta) in commit.cells {
            add(key.category.bits ^ UInt64(key.currency.bits) << 32)
            add(key.start.nanoseconds ^ Int64(key.grain.order) << 56)
            add(delta.total &+ delta.units &* 3 &+ delta.orderParts &* 5)
            add(delta.revenue &- delta.refunded &* 3)
        }
        for (key, delta) in commit.products {
            add(key.product.bits ^ UInt64(key.currency.bits) << 32)
            add(key.start.nanoseconds)
            add(delta.views &+ delta.orders &* 3 &+ delta.units &* 5)
            add(delta.revenue)
        }
        for (key, added) in commit.sketches {
            add(key.category.bits ^ UInt64(key.measure.place) << 56)
            add(key.start.nanoseconds ^ Int64(key.grain.order) << 56)
            add(added.count)
            add(added.reduce(0, &+))
        }
        for late in commit.late {
            add(late.publication.position(at: late.place))
        }
        for event in commit.counted {
            add(event.identity.high)
            add(event.identity.low ^ event.content)
        }
        for order in commit.orders {
            add(order.high)
            add(order.low)
        }
        for event in commit.uncounted {
            add(event.publication.position(at: event.place))
            add(event.reason.rawValue)
        }
        for progress in commit.progress {
            add(progress.stream)
            add(progress.consumed.count)
            add(progress.watermark.nanoseconds)
        }
    }
}
