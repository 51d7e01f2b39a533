internal import Broker
internal import Commerce
internal import Timekeeping

/// A subscription whose deliveries and settlements go into a digest.
struct WitnessedSubscription: Subscription {
    private let subscription: any Subscription<Batch>
    private let digest: RunDigest

    init(_ subscription: any Subscription<Batch>, _ digest: RunDigest) {
        self.subscription = subscription
        self.digest = digest
    }

    var name: String { subscription.name }

    var counts: SubscriptionCounts { subscription.counts }

    var policy: SubscriptionPolicy { subscription.policy }

    func receive(
        atMost limit: Int,
        until deadline: Timestamp?
    ) async throws(CancellationError) -> [Delivery<Batch>]? {
        let deliveries = try await subscription.receive(atMost: limit, until: deadline)
        digest.observer?.received(deliveries ?? [], from: name)
        digest.note(.received) { sum in
            sum.add(name)
            for delivery in deliveries ?? [] {
                sum.add(delivery.id.number)
                sum.add(delivery.publication.firstPosition)
                sum.add(delivery.selection)
                sum.add(delivery.attempt)
            }
        }
        return deliveries
    }

    func settle(_ delivery: Delivery<Batch>, _ settlement: Settlement) {
        subscription.settle(delivery, settlement)
        digest.observer?.settled(delivery, settlement, of: name)
        digest.note(.settled) { sum in
            sum.add(name)
            sum.add(delivery.id.number)
            sum.add(settlement)
        }
    }

    func extendDeadline(of delivery: Delivery<Batch>) {
        subscription.extendDeadline(of: delivery)
        digest.note(.extended) { sum in
            sum.add(name)
            sum.add(delivery.id.number)
        }
    }
}
