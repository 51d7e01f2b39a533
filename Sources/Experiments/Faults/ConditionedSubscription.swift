internal import Broker
internal import Commerce
internal import Synchronization
internal import Timekeeping

/// A subscription as a stage receives from it that takes its time, or goes wrong.
struct ConditionedSubscription: Subscription {
    private let subscription: any Subscription<Batch>
    private let stage: TargetFaults
    private let partitions: TargetFaults
    private let timeline: any Timeline
    private let alteration: BatchAlteration
    /// The service time of the worker; nil for none.
    private let queue: ServiceQueue?
    private let life: StageLife
    private let onWork: @Sendable (_ begins: Bool) -> Void

    init(
        _ subscription: any Subscription<Batch>,
        stage: TargetFaults,
        partitions: TargetFaults,
        queue: ServiceQueue?,
        life: StageLife,
        onWork: @escaping @Sendable (_ begins: Bool) -> Void
    ) {
        self.onWork = onWork
        self.subscription = subscription
        self.queue = queue
        self.life = life
        self.stage = stage
        self.partitions = partitions
        timeline = stage.injector.timeline
        alteration = BatchAlteration(injector: stage.injector)
    }

    var name: String { subscription.name }
    var counts: SubscriptionCounts { subscription.counts }
    var policy: SubscriptionPolicy { subscription.policy }

    func receive(
        atMost limit: Int,
        until deadline: Timestamp?
    ) async throws(CancellationError) -> [Delivery<Batch>]? {
        try await partitions.waitForEnd(of: .partition)
        guard let deliveries = try await subscription.receive(atMost: limit, until: deadline)
        else { return nil }
        if !deliveries.isEmpty {
            try await stage.waitForEnd(of: .hang)
            if let queue {
                onWork(true)
                defer { onWork(false) }
                try await queue.serve(events: deliveries.reduce(0) { $0 + $1.count })
            }
        }
        let active = stage.active(at: timeline.now)
        guard !active.isEmpty else { return deliveries }
        return deliveries.compactMap { delivery in
            active.reduce(delivery) { delivery, occurrence in
                delivery.flatMap { changed($0, by: occurrence) }
            }
        }
    }

    /// The part of a delivery that `occurrence` leaves; nil for nothing.
    private func changed(
        _ delivery: Delivery<Batch>,
        by occurrence: FaultPlan.Occurrence
    ) -> Delivery<Batch>? {
        switch occurrence.fault.kind {
        case .drop:
            let events = delivery.batch.events
            let seed = stage.injector.plan.seed
            let (dropped, kept) = delivery.selection.partitioned { place in
                occurrence.hits(events[place].id.low ^ events[place].id.high, seed: seed)
            }
            stage.injector.take(occurrence, delivery.batch, dropped)
            guard !kept.isEmpty else {
                subscription.settle(delivery, .ack)
                return nil
            }
            // It is settled whole, including what the stage never saw.
            return delivery.replacing(batch: delivery.batch, selection: kept)
        case .alter:
            let altered = alteration.alter(delivery.batch, occurrence)
            return delivery.replacing(batch: altered, selection: delivery.selection)
        default: return delivery
        }
    }

    @discardableResult
    func settle(_ delivery: Delivery<Batch>, _ settlement: Settlement) -> Bool {
        guard !life.isDead else { return false }
        return subscription.settle(delivery, settlement)
    }

    func extendDeadline(of delivery: Delivery<Batch>, by duration: Duration?) {
        guard !life.isDead else { return }
        subscription.extendDeadline(of: delivery, by: duration)
    }
}
