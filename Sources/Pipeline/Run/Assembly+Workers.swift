internal import Broker
internal import Commerce
internal import Stages
internal import Timekeeping

extension Assembly {
    /// One worker of a stage, to be run to its end, and then again where it died.
    static func worker(
        _ number: Int,
        of stage: PipelineDocument.Stage,
        taking time: ServiceTime?,
        on subscription: any Subscription<Batch>,
        _ meter: StageMeter,
        _ broker: InProcessBroker<Batch>,
        _ run: PipelineRun,
        _ parts: Parts
    ) throws -> @Sendable () async throws -> Void {
        let rules = run.document.validation.rules
        let patience = parts.faults?.patience ?? StorePatience()
        switch stage.kind {
        case .producer: return {}
        case .ingest(_, let store):
            let raw = try found(parts.rawStores.first { $0.meter.name == store }, store)
            let ingest = IngestStage(
                subscription: subscription,
                store: parts.faults?.around(
                    raw.store,
                    of: stage.name,
                    worker: number,
                    taking: time
                ) ?? raw.store,
                rules: rules,
                timeline: run.timeline,
                meter: meter,
                logger: run.logger,
                ledger: parts.datasets.ledger(of: store),
                patience: patience,
                batchLimit: stage.batch
            )
            return { try await ingest.run() }
        case .analytics(let plan):
            let warehouse = try found(
                parts.warehouses.first { $0.meter.name == plan.store },
                plan.store
            )
            let analytics = AnalyticsStage(
                subscription: subscription,
                warehouse: parts.faults?.around(
                    warehouse.store,
                    of: stage.name,
                    worker: number,
                    taking: time
                ) ?? warehouse.store,
                options: options(of: plan, run),
                rules: rules,
                timeline: run.timeline,
                meter: meter,
                logger: run.logger,
                dataset: parts.datasets.derivative(of: plan.subscription),
                predecessors: parts.terms[plan.store]?.others ?? [],
                patience: patience
            )
            return { try await analytics.run() }
        case .relay(_, let topic):
            let relay = RelayStage(
                subscription: subscription,
                topic: run.witnessed(try found(broker.topic(topic), topic)),
                timeline: run.timeline,
                meter: meter
            )
            return { try await relay.run() }
        }
    }

    private static func options(
        of plan: PipelineDocument.Stage.Analytics,
        _ run: PipelineRun
    ) -> AnalyticsOptions {
        var options = plan.options
        if let log = run.options.log, log.speed == nil {
            // A log that is read at once has no clock to be late by: its windows stay open until
            // its end, in whatever order its lines are.
            options.allowedLateness = forever
        }
        return options
    }

    /// Longer than from any instant that can be named to another.
    private static let forever = Duration.nanoseconds(Int64.max)
}
