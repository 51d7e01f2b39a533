package import Broker
package import Commerce
package import Stages

/// The nodes of a run that messages pass, for those who ask where a message is.
package struct RunNodes: Sendable {
    /// A subscription and who reads it.
    package struct Subscription: Sendable {
        package let plan: PipelineDocument.Subscription
        package let port: InProcessSubscription<Batch>
        /// None where nothing reads it.
        package let readers: [(plan: PipelineDocument.Stage, meter: StageMeter)]
    }

    package let topics: [InProcessTopic<Batch>]
    package let subscriptions: [Subscription]
    /// The position of the first message of the run.
    package let firstPosition: Int64
}

extension RunMetrics {
    /// The nodes that messages pass.
    package var nodes: RunNodes {
        RunNodes(
            topics: graph.broker.topics,
            subscriptions: graph.subscriptions.map { subscription in
                let readers = graph.stages.filter {
                    $0.subscription.plan.name == subscription.plan.name
                }
                return RunNodes.Subscription(
                    plan: subscription.plan,
                    port: subscription.port,
                    readers: readers.map { ($0.plan, $0.meter) }
                )
            },
            firstPosition: graph.firstPosition
        )
    }
}
