import Broker
import Commerce
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

extension Shop {
    /// What `subscription` gives up when every event of `batch` fails for good at `time`.
    func deadLetters(
        of batch: Batch,
        at position: Int64 = 1,
        of subscription: String = "analytics",
        reason: String = "items-missing",
        detail: String = "as the test wants it",
        time: Timestamp = Shop.epoch
    ) -> [DeadLetter<Batch>] {
        var state = DeliveryState<Batch>(name: subscription, policy: SubscriptionPolicy())
        let delivered = state.deliver(batch.published(at: position), at: time)
        return delivered.flatMap { delivery -> [DeadLetter<Batch>] in
            let failures = delivery.selection.all.map { place in
                Settlement.Failure(
                    place: place,
                    reason: FailureReason(label: reason, detail: detail),
                    isPermanent: true
                )
            }
            let actions = state.handle(.settle(delivery.id, .ackExcept(failures)), at: time)
            return actions.compactMap { action -> DeadLetter<Batch>? in
                guard case .deadLetter(let letter) = action else { return nil }
                return letter
            }
        }
    }

    /// The commit that analytics makes of a view at ``epoch``, at offset 1, and then of `late`,
    /// whose events are late by then.
    func lateCommit(of late: Batch) throws -> WarehouseCommit {
        var state = AnalyticsState(
            subscription: "analytics",
            options: AnalyticsOptions(),
            rules: EventRules(earliest: .distantPast, aheadLimit: .seconds(1)),
            stored: []
        )
        var queue = DeliveryState<Batch>(name: "analytics", policy: SubscriptionPolicy())
        for batch in [views(1, from: 1_000_000), late] {
            let offset = batch.origin.firstOffset
            for delivery in queue.deliver(batch.published(at: offset), at: Shop.epoch) {
                _ = state.take(delivery, at: Shop.epoch)
            }
        }
        let commit = state.takeCommit(at: Timestamp(seconds: 0))
        return try #require(commit)
    }
}

extension DeliveryState<Batch> {
    /// What a subscription hands out of `publication`, which was just published.
    mutating func deliver(
        _ publication: Publication<Batch>,
        at now: Timestamp
    ) -> [Delivery<Batch>] {
        let count = publication.batch.count
        _ = handle(.publish(publication, .range(0..<count)), at: now)
        return handle(.pull(count), at: now).compactMap { action -> Delivery<Batch>? in
            guard case .deliver(let delivery) = action else { return nil }
            return delivery
        }
    }
}
