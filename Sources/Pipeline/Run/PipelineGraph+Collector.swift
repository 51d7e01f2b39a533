internal import Broker
internal import Commerce
internal import Stages
internal import Timekeeping

extension PipelineGraph {
    /// What takes the requests of clients, and the plan of it.
    struct Collector: Sendable {
        let plan: PipelineDocument.Stage
        let stage: CollectorStage
    }

    /// The collector of `plan`, closed until it runs.
    func collector(
        _ plan: PipelineDocument.Stage,
        stream: String,
        _ symbols: SymbolTable,
        _ journal: any CollectorJournal,
        _ run: PipelineRun,
        _ interceptors: RunInterceptors
    ) throws -> Collector {
        let topic = plan.topic ?? ""
        var ports = ProducerPorts(stage: plan, topic: try found(broker.topic(topic), topic))
        interceptors.intercept(&ports)
        var limits = CollectorStage.Limits()
        // What sheds has room for a batch one day only where the batch is not larger than it.
        let smallest = self.subscriptions.filter { $0.plan.topic == topic }
            .map(\.plan.policy.maximumMessages).min()
        limits.batch = min(plan.batch, smallest ?? plan.batch)
        limits.patience = plan.collector?.publishTimeout ?? limits.patience
        let depths = run.document.topics(behind: topic)
        let subscriptions = depths.map { names in
            self.subscriptions.filter { names.contains($0.plan.topic) }.map(\.port)
        }
        // Clients have parameters of their own in GA4's events too; they are kept as they came.
        var events = run.document.validation.events
        events.unknownParameters = .keep
        let stage = CollectorStage(
            topic: ports.topic,
            stream: stream,
            symbols: symbols,
            events: events,
            journal: journal,
            limits: limits,
            meter: CollectorMeter(name: plan.name),
            timeline: run.timeline,
            logger: run.logger
        ) { [broker] in
            let lowest = subscriptions.map { $0.compactMap(\.firstUnsettled).min() }
            return JournalLedger.Standing(
                lowest: lowest,
                next: broker.topics.map(\.nextPosition).max() ?? 1,
                hasKeptGivenUp: broker.hasKeptGivenUp
            )
        }
        return Collector(plan: plan, stage: stage)
    }
}

extension PipelineRun {
    /// The collector that takes requests in this run, and its journal; nil where none does.
    ///
    /// - Throws: ``RunError`` where there is none although it is asked for, or where nothing else
    ///   publishes.
    func collecting(
        beside producers: Int
    ) throws(RunError) -> (plan: PipelineDocument.Stage, journal: any CollectorJournal)? {
        let plan = document.stages.first { $0.collector != nil }
        guard let journal = options.collecting else {
            guard let plan, producers == 0 else { return nil }
            throw RunError(
                "nothing publishes: the pipeline has only the collector \"\(plan.name)\", which "
                    + "takes what clients send under `weir run --collect`"
            )
        }
        guard let plan else {
            throw RunError("the pipeline has no collector; add a stage of the kind collector")
        }
        return (plan, journal)
    }
}

extension PipelineDocument {
    /// The topic `name`, then the topics that stages publish to that read it, then those behind
    /// them: each as far from it as can be.
    fileprivate func topics(behind name: String) -> [[String]] {
        var depths: [[String]] = [[name]]
        while let last = depths.last, depths.count <= topics.count {
            let next = stages.compactMap { stage -> String? in
                // What publishes before it settles: a relay, or a program of its own.
                guard let subscription = stage.subscription, let target = stage.topic,
                    let source = topic(of: subscription), last.contains(source)
                else { return nil }
                return target
            }
            if next.isEmpty { break }
            depths.append(next)
        }
        return depths
    }
}

extension RunReport.Input {
    /// What producers publish, as `model` says, beside what the stream `collector` takes.
    init(_ model: RunReport.Input?, collector: String?) {
        let requests = "the moment the last byte of a request has come"
        switch (model, collector) {
        case (let model?, nil): self = model
        case (var model?, _?):
            model.latencyFrom += "; of what a client sent, \(requests)"
            self = model
        case (nil, let stream?):
            self.init(
                kind: "collector",
                stream: stream,
                seed: nil,
                speed: nil,
                latencyFrom: requests
            )
        case (nil, nil):
            self.init(kind: "none", stream: "", seed: nil, speed: nil, latencyFrom: "")
        }
    }
}
