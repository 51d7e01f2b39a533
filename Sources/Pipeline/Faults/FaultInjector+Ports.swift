internal import Broker
internal import Commerce
internal import Stages
internal import Timekeeping

/// The ports of a run as its stages see them: as they are where nothing goes wrong with them.
extension FaultInjector {
    func around(_ store: any RawStore, called name: String) -> any RawStore {
        let faults = faults(at: .store, name)
        guard !faults.isEmpty else { return store }
        return FaultyRawStore(store: store, faults: StoreFaults(faults, store: name))
    }

    func around(_ warehouse: any Warehouse, called name: String) -> any Warehouse {
        let faults = faults(at: .store, name)
        guard !faults.isEmpty else { return warehouse }
        return FaultyWarehouse(warehouse: warehouse, faults: StoreFaults(faults, store: name))
    }

    /// `topic` as the producer called `name` publishes to it; nil where nothing goes wrong there.
    func around(_ topic: any Topic, of name: String) -> FaultyTopic? {
        let producer = faults(at: .producer, name)
        let partitions = faults(at: .topic, topic.name)
        guard !producer.isEmpty || !partitions.isEmpty else { return nil }
        return FaultyTopic(topic, producer: producer, partitions: partitions)
    }

    /// `subscription` as a worker of the stage called `name` receives from it.
    func around(
        _ subscription: any Subscription,
        of name: String,
        life: StageLife
    ) -> any Subscription {
        let stage = faults(at: .stage, name)
        let partitions = faults(at: .subscription, subscription.name)
        guard !stage.isEmpty || !partitions.isEmpty else { return subscription }
        return FaultySubscription(subscription, stage: stage, partitions: partitions, life: life)
    }

    /// `body` as a worker of the stage called `name` that may crash.
    func around(
        _ body: @escaping @Sendable () async throws -> Void,
        of name: String,
        life: StageLife
    ) -> @Sendable () async throws -> Void {
        let crashes = faults(at: .stage, name).only(.crash)
        guard !crashes.isEmpty else { return body }
        let stage = MortalStage(crashes, life: life, body: body)
        return { try await stage.run() }
    }

    /// What the load of the producer called `name` is multiplied by, for a run from `start` on.
    func surges(of name: String, from start: Timestamp) -> [LoadProfile.Surge] {
        plan.occurrences(at: .producer, name).filter(\.fault.kind.isTraffic).map { occurrence in
            let range =
                (occurrence.range.lowerBound - start)..<(occurrence.range.upperBound - start)
            return LoadProfile.Surge(range: range, factor: occurrence.fault.factor)
        }
    }

    /// How long a stage is to put up with a store: beyond the longest of its faults.
    var patience: StorePatience {
        var patience = StorePatience()
        let longest = plan.occurrences.filter { $0.fault.place == .store }
            .map { $0.range.upperBound - $0.range.lowerBound }.max()
        patience.total += longest ?? .zero
        return patience
    }
}
