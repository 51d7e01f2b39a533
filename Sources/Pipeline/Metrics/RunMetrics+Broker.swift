internal import Broker
internal import Prometheus
internal import SLO
internal import Stages
internal import Storage
internal import Timekeeping

extension RunMetrics {
    /// A subscription at the moment of the scrape.
    private struct Subscribed {
        var name: String
        var topic: String
        var counts: SubscriptionCounts
        var oldestUnacked: Timestamp?

        var labels: [Label] { [Label("subscription", name)] }
    }

    private func subscriptions() -> [Subscribed] {
        graph.subscriptions.map { subscription in
            Subscribed(
                name: subscription.plan.name,
                topic: subscription.plan.topic,
                counts: subscription.port.counts,
                oldestUnacked: subscription.port.oldestUnacked
            )
        }
    }

    /// Topics and subscriptions, by our names and by those that messaging has in common.
    var brokerFamilies: [MetricFamily] {
        let topics = graph.broker.topics.map { ($0.name, $0.published.messages) }
        let subscriptions = subscriptions()
        let published = family(
            "weir_topic_published_messages",
            .counter,
            help: "Messages that a topic has taken.",
            of: topics
        ) { ([Label("topic", $0)], $1) }
        return [published] + states(of: subscriptions) + happenings(in: subscriptions)
            + messaging(topics, subscriptions)
    }

    private func states(of subscriptions: [Subscribed]) -> [MetricFamily] {
        func gauge(
            _ name: String,
            _ help: String,
            _ value: (SubscriptionCounts) -> Int64
        ) -> MetricFamily {
            family("weir_subscription_\(name)_messages", .gauge, help: help, of: subscriptions) {
                ($0.labels, value($0.counts))
            }
        }
        let now = timeline.now
        let ages = subscriptions.map { subscription in
            let age = subscription.oldestUnacked.map { max(0, (now - $0).inSeconds) } ?? 0
            return Sample(subscription.labels, .number(age))
        }
        return [
            gauge("backlog", "Messages that are not delivered yet.", \.backlog),
            gauge("outstanding", "Messages that are delivered and not settled.", \.outstanding),
            gauge("waiting", "Messages that failed, and wait for their next attempt.", \.waiting),
            MetricFamily(
                "weir_subscription_oldest_unacked_age_seconds",
                .gauge,
                unit: "seconds",
                help: "How long ago the oldest message that is not acked was published.",
                samples: ages
            ),
        ]
    }

    private func happenings(in subscriptions: [Subscribed]) -> [MetricFamily] {
        func counter(
            _ name: String,
            _ help: String,
            _ value: (SubscriptionCounts) -> Int64
        ) -> MetricFamily {
            family("weir_subscription_\(name)", .counter, help: help, of: subscriptions) {
                ($0.labels, value($0.counts))
            }
        }
        return [
            counter("published_messages", "Messages of the topic.", \.published),
            counter("delivered_messages", "Deliveries of messages.", \.delivered),
            counter("acked_messages", "Messages settled as processed.", \.acked),
            counter("nacked_messages", "Deliveries settled as failed.", \.nacked),
            counter("redelivered_messages", "Deliveries after the first one.", \.redelivered),
            counter("dead_lettered_messages", "Messages given up.", \.deadLettered),
            counter("expired_messages", "Messages not acked within the retention.", \.expired),
            counter("filtered_messages", "Messages that the filter did not want.", \.filtered),
            counter("shed_messages", "Messages dropped because it was full.", \.shed),
            counter(
                "expired_deadlines",
                "Deliveries not settled within the ack deadline.",
                \.expiredDeadlines
            ),
        ]
    }

    /// OpenTelemetry, "Semantic conventions for messaging metrics".
    private func messaging(
        _ topics: [(name: String, published: Int64)],
        _ subscriptions: [Subscribed]
    ) -> [MetricFamily] {
        [
            family(
                "messaging_client_sent_messages",
                .counter,
                help: "Messages that producers sent.",
                of: topics
            ) { (RunMetrics.messagingLabels("send", topic: $0.name), $0.published) },
            family(
                "messaging_client_consumed_messages",
                .counter,
                help: "Messages that were delivered to consumers.",
                of: subscriptions
            ) {
                let place = Label("messaging_destination_subscription_name", $0.name)
                let labels = RunMetrics.messagingLabels("receive", topic: $0.topic)
                return (labels + [place], $0.counts.delivered)
            },
            histogram(
                "messaging_process_duration_seconds",
                help: "How long processing one set of deliveries took: a job.",
                of: graph.stages
            ) { subscriber in
                let (name, topic) = (
                    subscriber.plan.subscription ?? "", subscriber.subscription.plan.topic
                )
                let labels = RunMetrics.messagingLabels("process", topic: topic)
                return (
                    labels + [
                        Label("messaging_destination_subscription_name", name),
                        Label("messaging_consumer_group_name", subscriber.meter.name),
                    ],
                    subscriber.meter.total.jobs
                )
            },
        ]
    }

    private static func messagingLabels(_ operation: String, topic: String) -> [Label] {
        [
            Label("messaging_system", "weir"), Label("messaging_operation_name", operation),
            Label("messaging_destination_name", topic),
        ]
    }
}
