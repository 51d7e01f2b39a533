internal import Broker
package import Prometheus
internal import SLO
package import Stages
internal import Storage
internal import Timekeeping

/// What a run tells a scraper of itself, read from its meters at that moment.
///
/// Reading takes copies of what the meters hold and works on those, so that no stage waits for a
/// scrape. All series exist, at 0, before the first event; there are as many as the pipeline has
/// topics, subscriptions, stages, stores and objectives, whatever flows through it.
package struct RunMetrics: Sendable {
    typealias Label = MetricFamily.Label
    typealias Sample = MetricFamily.Sample

    let graph: PipelineGraph
    let timeline: any Timeline
    private let progress: RunProgress
    private let objectives: ObjectiveRecorder

    init(
        _ graph: PipelineGraph,
        _ progress: RunProgress,
        _ objectives: ObjectiveRecorder,
        _ timeline: any Timeline
    ) {
        self.graph = graph
        self.progress = progress
        self.objectives = objectives
        self.timeline = timeline
    }

    /// What takes the requests of clients; nil where nothing does.
    package var collector: CollectorStage? { graph.collector?.stage }

    /// What hands out messages to programs of their own.
    package var externals: [ExternalStage] { graph.stages.compactMap(\.external) }

    /// Everything, in a fixed order.
    package var families: [MetricFamily] {
        brokerFamilies + stageFamilies + storeFamilies
            + ObjectiveMetrics(objectives.readings).families
    }

    /// How the run is doing.
    package var condition: PipelineCondition {
        PipelineCondition(
            isImpeded: !impediments.isEmpty,
            isBurning: objectives.statuses.contains(where: \.isPaging),
            backlog: graph.backlog
        )
    }

    /// Why the run is not doing what it is for, a sentence each; none where it is.
    package var impediments: [String] {
        let now = timeline.now
        var found = graph.storeMeters.compactMap { $0.impediment(at: now) }
        if progress.state.wasStopped {
            found.append("the run was stopped, and drains what is under way")
        }
        return found
    }

    /// A family with one sample for each of `rows`.
    func family<Row>(
        _ name: String,
        _ kind: MetricFamily.Kind,
        unit: String? = nil,
        help: String,
        of rows: [Row],
        _ sample: (Row) -> (labels: [Label], value: Int64)
    ) -> MetricFamily {
        let samples = rows.map { row in
            let (labels, value) = sample(row)
            return Sample(labels, .integer(value))
        }
        return MetricFamily(name, kind, unit: unit, help: help, samples: samples)
    }

    /// A histogram of seconds with one distribution for each of `rows`.
    func histogram<Row>(
        _ name: String,
        help: String,
        of rows: [Row],
        _ recorded: (Row) -> (labels: [Label], latencies: LatencyRecorder)
    ) -> MetricFamily {
        let samples = rows.flatMap { row in
            let (labels, latencies) = recorded(row)
            return latencies.histogramSamples(labels)
        }
        return MetricFamily(name, .histogram, unit: "seconds", help: help, samples: samples)
    }
}

extension StoreMeter {
    /// Why the store is taken to be down, or nil.
    fileprivate func impediment(at now: Timestamp) -> String? {
        if let failing {
            return "the store \(name) has failed for \(seconds(failing.since, now)) "
                + "(\(failing.reason))"
        }
        if let waitingSince, now - waitingSince > ComponentHealth.patience {
            return "the store \(name) has not answered for \(seconds(waitingSince, now))"
        }
        return nil
    }

    private func seconds(_ start: Timestamp, _ end: Timestamp) -> String {
        "\((end - start).components.seconds) s"
    }
}

extension LatencyRecorder {
    /// Bounds in nanoseconds: a millisecond to 10 s in steps of two to two and a half, as the
    /// conventions for messaging have them, with finer ones below and a minute above.
    private static let bounds: [Int64] = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000,
        50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000,
        5_000_000_000, 10_000_000_000, 60_000_000_000,
    ]

    fileprivate func histogramSamples(_ labels: [MetricFamily.Label]) -> [MetricFamily.Sample] {
        let bounds = LatencyRecorder.bounds
        let distribution = distribution(upTo: bounds)
        return HistogramSamples(
            buckets: zip(bounds, distribution.counts).map { (Double($0) / 1e9, $1) },
            count: distribution.count,
            sum: distribution.sum / 1e9
        ).samples(labels)
    }
}

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

extension RunMetrics {
    /// What producers and stages did.
    var stageFamilies: [MetricFamily] {
        let producers = graph.producers.map { (name: $0.plan.name, total: $0.meter.total) }
        let stages = graph.stages.map { (name: $0.plan.name, total: $0.meter.total) }
        func counter(
            _ name: String,
            _ help: String,
            _ value: (StageMeter.Counts) -> Int64
        ) -> MetricFamily {
            family("weir_stage_\(name)", .counter, help: help, of: stages) {
                ([Label("stage", $0.name)], value($0.total))
            }
        }
        return collectorFamilies + [
            family(
                "weir_producer_published_messages",
                .counter,
                help: "Messages that a producer has published.",
                of: producers
            ) { ([Label("producer", $0.name)], $0.total.published) },
            family(
                "weir_producer_rejected_records",
                .counter,
                help: "Records of a log that no event could be made of.",
                of: producers
            ) { ([Label("producer", $0.name)], $0.total.rejected.values.reduce(0, +)) },
            counter("received_messages", "Messages taken from the subscription.", \.received),
            counter("processed_messages", "Messages processed for the first time.", \.processed),
            counter("duplicate_messages", "Messages that had been processed before.", \.duplicates),
            counter(
                "repeated_order_messages",
                "Purchases of an order counted under another id.",
                \.repeatedOrders
            ),
            counter(
                "conflict_messages",
                "Messages whose id was counted with another content.",
                \.conflicts
            ),
            counter("late_messages", "Messages that came after their window was closed.", \.late),
            counter("failed_messages", "Messages that were refused or given up.") {
                $0.failures.values.reduce(0, +)
            },
            counter(
                "store_retries",
                "Calls to a store that failed and were tried again.",
                \.storeRetries
            ),
            histogram(
                "weir_stage_message_latency_seconds",
                help: "From the moment a message was due to be sent to its acknowledgement.",
                of: stages
            ) { ([Label("stage", $0.name)], $0.total.latency) },
        ]
    }

    /// What a collector did; none where the run takes no requests.
    private var collectorFamilies: [MetricFamily] {
        guard let meter = graph.collector?.stage.meter else { return [] }
        let total = meter.total
        func counter(_ name: String, _ help: String, _ value: Int64) -> MetricFamily {
            family("weir_collector_\(name)", .counter, help: help, of: [value]) {
                ([Label("collector", meter.name)], $0)
            }
        }
        // order-free: sums
        return [
            counter("requests", "Requests of clients to send events.", total.requests),
            counter(
                "refused_requests",
                "Requests of which nothing was taken.",
                total.refusedRequests.values.reduce(0, +)
            ),
            counter(
                "accepted_messages",
                "Events that were published and kept before they were answered.",
                total.accepted
            ),
            counter(
                "recovered_messages",
                "Events that an earlier run had accepted and this one published again.",
                total.recovered
            ),
            counter(
                "unconformed_messages",
                "Accepted events that could not be brought into form, and become dead letters.",
                total.unconformed.values.reduce(0, +)
            ),
            counter(
                "refused_messages",
                "Members of accepted requests that no event could be made of.",
                total.refusedEvents.values.reduce(0, +)
            ),
            counter(
                "ignored_messages",
                "Members of requests that are no events of a shop.",
                total.ignored.values.reduce(0, +)
            ),
        ]
    }

    /// What was asked of the stores, and what came of it.
    var storeFamilies: [MetricFamily] {
        let stores = graph.storeMeters.map { meter in
            (name: meter.name, total: meter.total, isUp: meter.failing == nil)
        }
        let reasons = stores.flatMap { store in
            // A run has stores, whose URLs were right.
            StoreError.Code.allCases.filter { $0 != .wrongURL }
                .map { (store.name, store.total, StoreError($0, "").label) }
        }
        let operations = stores.flatMap { store in
            StoreMeter.Operation.allCases.map { (store.name, store.total, $0) }
        }
        let families = [
            family(
                "weir_store_up",
                .gauge,
                help: "0 while the calls to a store fail, else 1.",
                of: stores
            ) { ([Label("store", $0.name)], $0.isUp ? 1 : 0) },
            family(
                "weir_store_failures",
                .counter,
                help: "Calls to a store that failed.",
                of: reasons
            ) { store, total, reason in
                ([Label("store", store), Label("reason", reason)], total.failures[reason] ?? 0)
            },
            histogram(
                "weir_store_operation_seconds",
                help: "How long the calls took that a store answered.",
                of: operations
            ) { store, total, operation in
                let labels = [Label("store", store), Label("operation", operation.rawValue)]
                return (labels, total.durations[operation] ?? LatencyRecorder())
            },
        ]
        return families + connectionFamilies
    }

    /// Nothing where no raw store has a server.
    private var connectionFamilies: [MetricFamily] {
        let samples = graph.rawStores.flatMap { raw -> [Sample] in
            guard let connections = raw.connections.value else { return [] }
            let states = [
                ("server", connections.server), ("open", connections.open),
                ("in_use", connections.inUse), ("limit", connections.limit),
            ]
            return states.map { state, count in
                Sample(
                    [Label("store", raw.name), Label("state", state)],
                    count.map { .integer(Int64($0)) } ?? .absent
                )
            }
        }
        guard !samples.isEmpty else { return [] }
        return [
            MetricFamily(
                "mongodb_connections",
                .gauge,
                help: "Connections to MongoDB: all that the server has, those that this program "
                    + "has open and uses, and how many it may open.",
                samples: samples
            )
        ]
    }
}
