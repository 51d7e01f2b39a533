internal import Broker
internal import Commerce
internal import Stages
internal import Timekeeping

extension PipelineGraph {
    /// Has `stage` hand out its messages to a program of its own, as `plan` says.
    func add(
        _ plan: PipelineDocument.Stage.External,
        to stage: inout Stage,
        began: Timestamp,
        _ symbols: SymbolTable,
        _ run: PipelineRun,
        _ interceptors: RunInterceptors
    ) throws {
        var ports = WorkerPorts(
            stage: stage.plan,
            number: 0,
            subscription: stage.subscription.port
        )
        ports.topic = try plan.topic.map { try found(broker.topic($0), $0) }
        interceptors.intercept(&ports)
        let external = ExternalStage(
            subscription: ports.subscription,
            topic: ports.topic,
            stream: "/\(run.document.name)/\(stage.plan.name)@\(began)",
            began: began,
            symbols: symbols,
            events: run.document.validation.events,
            meter: stage.meter,
            timeline: run.timeline
        )
        stage.external = external
        stage.workers = [{ [ports] in try await ports.live { try await external.run() } }]
    }
}

extension PipelineRun {
    /// - Throws: ``RunError`` where a stage is a program of its own, and none can take part.
    func checkExternals() throws(RunError) {
        guard !options.opensExternals,
            let stage = document.stages.first(where: { $0.external != nil })
        else { return }
        throw RunError(
            "the stage \"\(stage.name)\" is a program of its own, which takes its messages under "
                + "`weir run --pubsub` alone"
        )
    }

    /// Waits until the programs of `graph` that are stages have nothing left, so that what they
    /// send is still taken, at most for a while: clients may go on sending for ever.
    ///
    /// Each publishes before it settles, so none is looked at before those it reads from, by the
    /// order of the file.
    func waitForExternals(of graph: PipelineGraph) async {
        let last = timeline.now + PipelineRun.patienceWithExternals
        let subscriptions = graph.stages.filter { $0.external != nil }.map(\.subscription.port)
        while subscriptions.contains(where: { $0.counts.unsettled > 0 }), timeline.now < last {
            do {
                try await timeline.sleep(until: timeline.now + .milliseconds(20))
            } catch {
                return
            }
        }
    }

    private static var patienceWithExternals: Duration { .seconds(30) }
}
