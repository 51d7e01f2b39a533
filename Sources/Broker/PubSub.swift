package import Timekeeping

/// The broker as the stages see it: named topics that are published to, and named subscriptions
/// that are received from.
///
/// `InProcessBroker` is one; a distributed one looks the same.
package protocol PubSub<Batch>: Sendable {
    associatedtype Batch: MessageBatch

    /// The topic called `name`, or nil if the broker has none.
    func topic(_ name: String) -> (any Topic<Batch>)?

    /// The subscription called `name`, or nil if the broker has none.
    func subscription(_ name: String) -> (any Subscription<Batch>)?

    /// What subscriptions gave up since the last call, at most `limit` of each kind; waits where
    /// there is nothing yet. Nil once the broker is closed and all was taken.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func givenUp(atMost limit: Int) async throws(CancellationError) -> GivenUp<Batch>?
}

/// Where a producer publishes to.
package protocol Topic<Batch>: Sendable {
    associatedtype Batch: MessageBatch

    var name: String { get }

    /// How many messages were published, and the bytes of them in memory.
    var published: (messages: Int64, bytes: Int64) { get }

    /// Hands `batch` to every subscription; waits while one of them is full and blocks, or, where
    /// `admission` is ``Admission/whole``, is full at all.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits; then nothing of
    ///   the batch was published.
    func publish(_ batch: Batch, _ admission: Admission) async throws(CancellationError)

    /// Says that nothing more will be published, so that subscribers can come to an end.
    func close()
}

extension Topic {
    /// Hands `batch` to every subscription; waits while a subscription that blocks is full.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits; then nothing of
    ///   the batch was published.
    package func publish(_ batch: Batch) async throws(CancellationError) {
        try await publish(batch, .byPolicy)
    }
}

/// How a batch is let into the subscriptions of a topic.
package enum Admission: Sendable {
    /// A full subscription blocks or sheds, as its policy says.
    case byPolicy
    /// Nothing is shed: the publisher waits for room in every subscription, since somebody asks
    /// whether the batch was taken.
    case whole
}

/// Where a subscriber receives from.
package protocol Subscription<Batch>: Sendable {
    associatedtype Batch: MessageBatch

    var name: String { get }
    var counts: SubscriptionCounts { get }
    var policy: SubscriptionPolicy { get }

    /// Deliveries of together at most `limit` messages; waits where there is nothing yet, at
    /// most until `deadline`, and then gives none. With a deadline it gives none at once where
    /// the topic is closed and all that is unsettled is delivered: nothing is to be waited for
    /// but what subscribers have in hand. Nil once the topic is closed and every message is
    /// settled.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func receive(
        atMost limit: Int,
        until deadline: Timestamp?
    ) async throws(CancellationError) -> [Delivery<Batch>]?

    /// Says what became of a delivery.
    ///
    /// One that is no longer out, because its deadline passed, changes nothing and is counted.
    ///
    /// - Returns: Whether it was out: false where its messages are another delivery's now.
    @discardableResult
    func settle(_ delivery: Delivery<Batch>, _ settlement: Settlement) -> Bool

    /// Starts the deadline of a delivery anew: it passes after `duration`, or where that is nil
    /// after the time of the policy.
    func extendDeadline(of delivery: Delivery<Batch>, by duration: Duration?)
}

extension Subscription {
    /// Starts the deadline of a delivery anew, with the time of the policy.
    package func extendDeadline(of delivery: Delivery<Batch>) {
        extendDeadline(of: delivery, by: nil)
    }
}
