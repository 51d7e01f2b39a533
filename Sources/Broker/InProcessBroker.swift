package import Timekeeping

/// The broker inside this process: topics, subscriptions and the queue of dead letters.
///
/// - Guarantees: at least once to every subscription, in the order of publication while nothing
///   fails; conservation of messages at every transition.
/// - Non-guarantees: nothing outlives the process. What was published and not settled when it
///   ends is published again by the next run over the same input.
package final class InProcessBroker: PubSub {
    /// One subscription to be made.
    package struct SubscriptionPlan: Sendable {
        package var name: String
        package var topic: String
        package var policy: SubscriptionPolicy
        package var filter: AttributeFilter?

        package init(
            name: String,
            topic: String,
            policy: SubscriptionPolicy,
            filter: AttributeFilter? = nil
        ) {
            self.name = name
            self.topic = topic
            self.policy = policy
            self.filter = filter
        }
    }

    package let topics: [InProcessTopic]
    package let subscriptions: [InProcessSubscription]
    private let deadLetterQueue: DeadLetterQueue

    /// A broker with these topics and subscriptions, which stay as they are.
    ///
    /// - Parameters:
    ///   - topics: Their names.
    ///   - firstPosition: The position of the first message; a topic gives its messages
    ///     ascending ones, and no two topics give the same.
    ///   - plans: The subscriptions; each names one of the topics.
    ///   - timeline: The clock of publish times, deadlines and backoffs.
    package init(
        topics: [String],
        firstPosition: Int64,
        subscriptions plans: [SubscriptionPlan],
        timeline: any Timeline
    ) {
        let queue = DeadLetterQueue()
        let subscriptions = plans.map { plan in
            (plan.topic, InProcessSubscription(plan: plan, deadLetters: queue, timeline: timeline))
        }
        self.subscriptions = subscriptions.map(\.1)
        let positions = PositionNumbering(from: firstPosition)
        self.topics = topics.map { topic in
            InProcessTopic(
                name: topic,
                positions: positions,
                subscriptions: subscriptions.filter { $0.0 == topic }.map(\.1),
                timeline: timeline
            )
        }
        deadLetterQueue = queue
    }

    package func topic(_ name: String) -> (any Topic)? {
        topics.first { $0.name == name }
    }

    package func subscription(_ name: String) -> (any Subscription)? {
        subscriptions.first { $0.name == name }
    }

    package func deadLetters(
        atMost limit: Int
    ) async throws(CancellationError) -> [DeadLetter]? {
        try await deadLetterQueue.take(atMost: limit)
    }

    /// Says that nothing more will be given up: call it once every subscriber has ended.
    package func closeDeadLetters() {
        deadLetterQueue.close()
    }
}
