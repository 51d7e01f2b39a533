internal import Broker
internal import Commerce
internal import Stages
internal import Timekeeping

/// The ports of a run as its stages see them: as they are where nothing goes wrong with them.
extension FaultInjector {
    func around(
        _ store: any RawStore,
        called name: String,
        taking time: ServiceTime? = nil
    ) -> any RawStore {
        guard let conditions = conditions(of: name, taking: time) else { return store }
        return ConditionedRawStore(store: store, conditions: conditions)
    }

    func around(
        _ warehouse: any Warehouse,
        called name: String,
        taking time: ServiceTime? = nil
    ) -> any Warehouse {
        guard let conditions = conditions(of: name, taking: time) else { return warehouse }
        return ConditionedWarehouse(warehouse: warehouse, conditions: conditions)
    }

    private func conditions(of store: String, taking time: ServiceTime?) -> StoreConditions? {
        let faults = faults(ofStore: store)
        guard !faults.isEmpty || time != nil else { return nil }
        return StoreConditions(faults, queue: queue(of: store, time), store: store)
    }

    /// The servers of what is called `name`, which draw their times from a stream of their own.
    private func queue(of name: String, _ time: ServiceTime?) -> ServiceQueue? {
        time.map { time in
            let seed = name.utf8.reduce(plan.seed) { SplitMix64.mix($0 &+ UInt64($1) &+ 1) }
            return ServiceQueue(time, seed: seed, timeline: timeline)
        }
    }

    /// `store` as a worker of the stage called `name` writes to it, whose own work takes `time`.
    func around(
        _ store: any RawStore,
        of name: String,
        worker: Int,
        taking time: ServiceTime?
    ) -> any RawStore {
        queue(of: "\(name)/\(worker)", time).map { WorkedRawStore(store: store, queue: $0) }
            ?? store
    }

    /// `warehouse` as a worker of the stage called `name` writes to it, whose own work takes
    /// `time`.
    func around(
        _ warehouse: any Warehouse,
        of name: String,
        worker: Int,
        taking time: ServiceTime?
    ) -> any Warehouse {
        queue(of: "\(name)/\(worker)", time)
            .map { WorkedWarehouse(warehouse: warehouse, queue: $0) } ?? warehouse
    }

    /// `topic` as the producer called `name` publishes to it; nil where nothing goes wrong there.
    func around(_ topic: any Topic<Batch>, of name: String) -> FaultyTopic? {
        let producer = faults(at: .producer, name)
        let partitions = faults(at: .topic, topic.name)
        guard !producer.isEmpty || !partitions.isEmpty else { return nil }
        return FaultyTopic(topic, producer: producer, partitions: partitions)
    }

    /// `subscription` as a worker of the stage called `name` receives from it; a relay, which
    /// writes to no store, has what it takes up for as long as `time` says.
    func around(
        _ subscription: any Subscription<Batch>,
        of name: String,
        worker: Int,
        taking time: ServiceTime? = nil,
        life: StageLife
    ) -> any Subscription<Batch> {
        let stage = faults(at: .stage, name)
        let partitions = faults(at: .subscription, subscription.name)
        guard !stage.isEmpty || !partitions.isEmpty || time != nil else { return subscription }
        return ConditionedSubscription(
            subscription,
            stage: stage,
            partitions: partitions,
            queue: queue(of: "\(name)/\(worker)", time),
            life: life
        )
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
        let longest = plan.occurrences.filter(\.fault.place.isStore)
            .map { $0.range.upperBound - $0.range.lowerBound }.max()
        patience.total += longest ?? .zero
        return patience
    }
}
