internal import Broker
internal import Commerce
internal import Synchronization

/// Closes each topic once the last of its publishers has ended, and the dead letters once the
/// last subscriber has.
final class TopicCloser: Sendable {
    private struct State {
        var publishers: [String: Int]
        var subscribers: Int
    }

    private let broker: InProcessBroker<Batch>
    private let state: Mutex<State>

    /// - Parameters:
    ///   - broker: The broker whose topics are closed.
    ///   - publishers: How many publishers each topic has; one without any is closed at once.
    ///   - subscribers: How many subscribers there are in all.
    init(_ broker: InProcessBroker<Batch>, publishers: [String: Int], subscribers: Int) {
        self.broker = broker
        state = Mutex(State(publishers: publishers, subscribers: subscribers))
        for topic in broker.topics where publishers[topic.name] == nil {
            topic.close()
        }
        if subscribers == 0 {
            broker.closeDeadLetters()
        }
    }

    /// A publisher of `topic` has ended.
    func publisherEnded(_ topic: String) {
        let wasLast = state.withLock { state in
            state.publishers[topic, default: 0] -= 1
            return state.publishers[topic] == 0
        }
        if wasLast {
            broker.topic(topic)?.close()
        }
    }

    /// A subscriber has ended.
    func subscriberEnded() {
        let wasLast = state.withLock { state in
            state.subscribers -= 1
            return state.subscribers == 0
        }
        if wasLast {
            broker.closeDeadLetters()
        }
    }
}
