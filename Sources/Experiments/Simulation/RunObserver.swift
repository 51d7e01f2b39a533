internal import Broker
internal import Commerce
package import Pipeline
package import SLO
package import Storage
internal import Timekeeping

/// A digest sees what the stages ask of the broker and the stores, and what came of it.
extension RunDigest: RunInterceptor {
    package func layers(beforeStore name: String) -> [any StoreLayer] {
        [StoreWitness(digest: self)]
    }

    package func intercept(_ producer: inout ProducerPorts) {
        producer.topic = WitnessedTopic(producer.topic, self)
    }

    package func intercept(_ worker: inout WorkerPorts) {
        worker.subscription = WitnessedSubscription(worker.subscription, self)
        worker.topic = worker.topic.map { WitnessedTopic($0, self) }
    }

    /// Folds in the alerts of a run.
    package func finish(_ report: inout RunReport, _ episodes: [AlertEpisode]) {
        for episode in episodes {
            note(.alerted) { sum in
                sum.add(episode.id)
                sum.add(episode.end?.nanoseconds ?? 0)
            }
        }
    }
}

/// Sees what the stages of a simulation publish, receive and settle, from where they stand.
protocol RunObserver: Sendable {
    /// `batch` was given to a topic, before anything goes wrong with it.
    func published(_ batch: Batch, on topic: String)

    /// A stage was handed `deliveries`.
    func received(_ deliveries: [Delivery<Batch>], from subscription: String)

    /// A stage says what became of `delivery`.
    func settled(_ delivery: Delivery<Batch>, _ settlement: Settlement, of subscription: String)
}

/// A topic whose publications go into a digest.
struct WitnessedTopic: Topic {
    private let topic: any Topic<Batch>
    private let digest: RunDigest

    init(_ topic: any Topic<Batch>, _ digest: RunDigest) {
        self.topic = topic
        self.digest = digest
    }

    var name: String { topic.name }

    var published: (messages: Int64, bytes: Int64) { topic.published }

    func publish(_ batch: Batch, _ admission: Admission) async throws(CancellationError) {
        digest.observer?.published(batch, on: name)
        try await topic.publish(batch, admission)
        digest.note(.published) { sum in
            sum.add(name)
            sum.add(batch)
        }
    }

    func close() {
        topic.close()
    }
}

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

    @discardableResult
    func settle(_ delivery: Delivery<Batch>, _ settlement: Settlement) -> Bool {
        let wasOut = subscription.settle(delivery, settlement)
        digest.observer?.settled(delivery, settlement, of: name)
        digest.note(.settled) { sum in
            sum.add(name)
            sum.add(delivery.id.number)
            sum.add(settlement)
        }
        return wasOut
    }

    func extendDeadline(of delivery: Delivery<Batch>, by duration: Duration?) {
        subscription.extendDeadline(of: delivery, by: duration)
        digest.note(.extended) { sum in
            sum.add(name)
            sum.add(delivery.id.number)
        }
    }
}
