internal import Prometheus
internal import SLO
internal import Stages
internal import Storage

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
        return [
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

    /// What was asked of the stores, and what came of it.
    var storeFamilies: [MetricFamily] {
        let stores = graph.storeMeters.map { meter in
            (name: meter.name, total: meter.total, isUp: meter.failing == nil)
        }
        let reasons = stores.flatMap { store in
            StoreError.Code.allCases.map { (store.name, store.total, StoreError($0, "").label) }
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
