package import Broker
package import Commerce
package import Storage
package import Timekeeping

/// A subscription as one worker receives from it, which takes note of how long the worker is busy:
/// from a receipt to the next call for more.
package struct TimedSubscription: Subscription {
    private let subscription: any Subscription<Batch>
    private let meter: StageMeter
    private let worker: Int
    private let timeline: any Timeline

    package init(
        _ subscription: any Subscription<Batch>,
        worker: Int,
        meter: StageMeter,
        timeline: any Timeline
    ) {
        self.subscription = subscription
        self.worker = worker
        self.meter = meter
        self.timeline = timeline
    }

    package var name: String { subscription.name }
    package var counts: SubscriptionCounts { subscription.counts }
    package var policy: SubscriptionPolicy { subscription.policy }

    package func receive(
        atMost limit: Int,
        until deadline: Timestamp?
    ) async throws(CancellationError) -> [Delivery<Batch>]? {
        meter.workEnds(of: worker, at: timeline.now)
        let deliveries = try await subscription.receive(atMost: limit, until: deadline)
        meter.workBegins(of: worker, at: timeline.now, with: deliveries ?? [])
        return deliveries
    }

    @discardableResult
    package func settle(_ delivery: Delivery<Batch>, _ settlement: Settlement) -> Bool {
        meter.settled(delivery, worker: worker)
        return subscription.settle(delivery, settlement)
    }

    package func extendDeadline(of delivery: Delivery<Batch>, by duration: Duration?) {
        subscription.extendDeadline(of: delivery, by: duration)
    }
}

/// Takes the time that a worker waits for its store off its own work.
package struct StoreWaiting: StoreLayer {
    private let meter: StageMeter
    private let worker: Int
    private let timeline: any Timeline

    package init(_ meter: StageMeter, worker: Int, timeline: any Timeline) {
        self.meter = meter
        self.worker = worker
        self.timeline = timeline
    }

    package func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        let began = timeline.now
        defer { meter.waited(timeline.now - began, worker: worker) }
        return try await next(&call)
    }
}
