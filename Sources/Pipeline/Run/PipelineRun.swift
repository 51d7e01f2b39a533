internal import Broker
package import Commerce
package import Logging
internal import SLO
internal import Stages
internal import Storage
internal import Synchronization
package import Timekeeping

/// One run of a pipeline: makes its graph over the ports and drives it to the end.
package struct PipelineRun: Sendable {
    /// What came of a run.
    package struct Result: Sendable {
        package var report: RunReport
        /// Why the run failed: a `StoreError`, an `InputError`, or something unforeseen.
        package var failure: (any Error)?
    }

    let document: PipelineDocument
    let options: RunOptions
    let stores: RunStores
    let timeline: any Timeline
    let logger: Logger
    /// Sees what the stages ask of broker and stores; nil where nothing needs it.
    let witness: (any RunInterceptor)?
    /// Hears of every record of a log that no event could be made of.
    let onRejection: @Sendable (Rejection) -> Void

    package init(
        document: PipelineDocument,
        options: RunOptions,
        stores: RunStores,
        timeline: any Timeline,
        logger: Logger,
        witness: (any RunInterceptor)? = nil,
        onRejection: @escaping @Sendable (Rejection) -> Void = { _ in }
    ) {
        self.document = document
        self.options = options
        self.stores = stores
        self.timeline = timeline
        self.logger = logger
        self.witness = witness
        self.onRejection = onRejection
    }

    /// Runs until the input ends, or `stop` is raised, and everything published is settled.
    ///
    /// - Parameters:
    ///   - stop: Raised once, the producers stop and the rest drains.
    ///   - onStart: Is handed the meters of the run, all at zero, before the first event.
    ///   - onSample: Sees a slice of the run at short intervals.
    /// - Returns: The report, and why the run failed where it did.
    /// - Throws: `InputError` or `StoreError` where the run cannot even begin.
    package func run(
        stop: Signal,
        onStart: @Sendable (RunMetrics) -> Void = { _ in },
        onSample: @escaping @Sendable (RunReport.Sample) -> Void = { _ in }
    ) async throws -> Result {
        try await stores.hold()
        let began = timeline.now
        let experiment = options.experiment?.interceptor(
            of: document,
            options,
            began: began,
            timeline: timeline
        )
        let interceptors = RunInterceptors([experiment, witness])
        let graph = try await PipelineGraph(self, began: began, interceptors)
        let meters = PipelineMeters(graph, began: began)
        // So that their series are there from the start as well, and it is known whether there are
        // any.
        await meters.askForConnections()
        let sampler = RunSampler(graph, options, timeline)
        let progress = RunProgress()
        let lacking = options.objectives.map(meters.lacking)
        let objectives = try await ObjectiveRecorder(
            zip(options.objectives, lacking).filter { $0.1 == nil }.map(\.0),
            history: stores.history ?? MemorySLIHistory(),
            writer: "\(graph.input.stream) at \(began)",
            slice: options.slice,
            slicesPerFlush: options.slicesPerFlush,
            timeline: timeline,
            logger: logger,
            onSlice: { interceptors.sliceEnded(at: $0, bad: $1, oldest: graph.oldestAge(at: $0)) },
            read: meters.read
        )
        onStart(RunMetrics(graph, progress, objectives, timeline))
        await withTaskGroup { group in
            group.addTask { await sampler.run(onSample: onSample) }
            group.addTask { await objectives.run() }
            group.addTask { await graph.datasets.run() }
            group.addTask { await meters.watchConnections(every: options.slice, timeline) }
            do {
                try await drive(graph, progress, began: began, stop: stop)
            } catch {
                progress.note { $0.failure = error }
            }
            group.cancelAll()
        }
        sampler.take()
        await objectives.finish()
        var failure = progress.state.failure
        // After a failure the stores may not answer, and the next run records what is missing.
        if failure == nil {
            await graph.collector?.stage.finish()
            await graph.datasets.finish()
            // A run is not called a success before its stores were read back.
            do { try await graph.readBack() } catch { failure = error }
        }
        let builder = RunReportBuilder(
            run: self,
            graph: graph,
            state: progress.state,
            failure: failure,
            began: began,
            ended: timeline.now,
            lacking: lacking
        )
        var report = await builder.report(sampler.samples, objectives)
        interceptors.finish(&report, objectives.episodes)
        report.verdict = report.judged
        return Result(report: report, failure: failure)
    }

    /// Runs all stages; ends when the last message is settled, or with the first failure.
    private func drive(
        _ graph: PipelineGraph,
        _ progress: RunProgress,
        began: Timestamp,
        stop: Signal
    ) async throws {
        let closer = TopicCloser(graph)
        try await withThrowingTaskGroup { group in
            for stage in graph.stages {
                for worker in stage.workers {
                    group.addTask {
                        try await worker()
                        let ended = timeline.now
                        progress.note { $0.stageEnded[stage.plan.name] = ended }
                        stage.plan.topic.map(closer.publisherEnded)
                        closer.subscriberEnded()
                    }
                }
            }
            if let deadLetters = graph.deadLetters {
                group.addTask { try await deadLetters.run() }
            }
            group.addTask {
                await produce(graph, progress, began: began, stop: stop, closer)
            }
            // Not waitForAll(), which goes on waiting for the others when one has failed: the
            // first failure leaves the group, and so cancels the rest.
            while try await group.next() != nil {}
        }
        // What was published before an input failed has been settled by now.
        if let failure = progress.state.inputFailure { throw failure }
    }

    private enum ProducingEvent: Sendable {
        case producerEnded
        case collectorEnded
        case stopped
        case timeIsUp
        /// The wait for one of these was given up, since another one has come.
        case waitEnded
    }

    /// Runs the producers and the collector until their sources end, or until they are asked to
    /// stop.
    ///
    /// The collector goes on a little: programs of their own send what they have to say of the
    /// last messages before they settle them.
    private func produce(
        _ graph: PipelineGraph,
        _ progress: RunProgress,
        began: Timestamp,
        stop: Signal,
        _ closer: TopicCloser
    ) async {
        let collectorEnded = Signal()
        await withTaskGroup { group in
            if let collector = graph.collector {
                group.addTask {
                    await run(collector.stage, progress)
                    collectorEnded.raise()
                    closer.publisherEnded(collector.plan.topic ?? "")
                }
            }
            await produce(
                graph,
                progress,
                began: began,
                stop: stop,
                collectorEnded: collectorEnded,
                closer
            )
            if graph.collector != nil { await waitForExternals(of: graph) }
            group.cancelAll()
        }
    }

    /// Runs the producers until their sources end and the collector has ended, or until they are
    /// asked to stop.
    private func produce(
        _ graph: PipelineGraph,
        _ progress: RunProgress,
        began: Timestamp,
        stop: Signal,
        collectorEnded: Signal,
        _ closer: TopicCloser
    ) async {
        await withTaskGroup(of: ProducingEvent.self) { group in
            for producer in graph.producers {
                group.addTask {
                    await run(producer, progress, began: began)
                    closer.publisherEnded(producer.topic)
                    return .producerEnded
                }
            }
            for (signal, event) in [
                (stop, ProducingEvent.stopped), (collectorEnded, .collectorEnded),
            ] {
                group.addTask {
                    do {
                        try await signal.wait(since: 0)
                        return event
                    } catch {
                        return .waitEnded
                    }
                }
            }
            if let duration = options.duration, options.log != nil || graph.collector != nil {
                let end = timeline.now + duration
                group.addTask {
                    do {
                        try await timeline.sleep(until: end)
                        return .timeIsUp
                    } catch {
                        return .waitEnded
                    }
                }
            }
            var producing = graph.producers.count + (graph.collector == nil ? 0 : 1)
            while producing > 0, let event = await group.next() {
                switch event {
                case .producerEnded: producing -= 1
                case .collectorEnded:
                    producing -= 1
                    // It ends by itself only where it cannot go on.
                    if progress.state.inputFailure != nil { group.cancelAll() }
                case .stopped:
                    progress.note { $0.wasStopped = true }
                    group.cancelAll()
                case .timeIsUp: group.cancelAll()
                case .waitEnded: break
                }
            }
            group.cancelAll()
        }
        let now = timeline.now
        let worked = graph.stages.map { ($0.plan.name, $0.meter.busyTime(at: now)) }
        progress.note { state in
            state.producingEnded = now
            state.worked = Dictionary(worked, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Takes requests until it is asked to stop.
    private func run(_ collector: CollectorStage, _ progress: RunProgress) async {
        do {
            try await collector.run()
        } catch is CancellationError {
        } catch {
            progress.note { $0.inputFailure = error }
        }
    }

    /// Runs a producer to the end of its source, and of the time for which it is to publish.
    private func run(
        _ producer: PipelineGraph.Producer,
        _ progress: RunProgress,
        began: Timestamp
    ) async {
        do {
            try await producer.stage.run(producer.source)
            try await producer.flush()
            if options.endsByTime, let duration = options.duration {
                try await timeline.sleep(until: began + duration)
            }
        } catch is CancellationError {
            // It was asked to stop; what it had published drains.
        } catch {
            progress.note { $0.inputFailure = error }
        }
    }
}

/// How far a run is.
final class RunProgress: Sendable {
    struct State: Sendable {
        /// Whether the producers were asked to stop.
        var wasStopped = false
        /// Why an input could not be read to its end.
        var inputFailure: (any Error)?
        /// When the last producer ended.
        var producingEnded: Timestamp?
        /// How long the workers of each stage had been busy by then.
        var worked: [String: Duration] = [:]
        /// When the last worker of each stage ended, having settled all.
        var stageEnded: [String: Timestamp] = [:]
        /// Why the run failed.
        var failure: (any Error)?
    }

    private let mutex = Mutex(State())

    var state: State { mutex.withLock { $0 } }

    func note(_ change: (inout State) -> Void) { mutex.withLock { change(&$0) } }
}

/// Closes each topic once the last of its publishers has ended, and the dead letters once the
/// last subscriber has.
final class TopicCloser: Sendable {
    private struct State {
        var publishers: [String: Int]
        var subscribers: Int
    }

    private let broker: InProcessBroker<Batch>
    private let state: Mutex<State>

    /// Closes at once each topic of `graph` that nothing publishes to.
    init(_ graph: PipelineGraph) {
        broker = graph.broker
        let publishers = graph.publishers
        let subscribers = graph.stages.reduce(0) { $0 + $1.workers.count }
        state = Mutex(State(publishers: publishers, subscribers: subscribers))
        for topic in broker.topics where publishers[topic.name] == nil { topic.close() }
        if subscribers == 0 { broker.closeGivenUp() }
    }

    /// A publisher of `topic` has ended.
    func publisherEnded(_ topic: String) {
        let wasLast = state.withLock { state in
            state.publishers[topic, default: 0] -= 1
            return state.publishers[topic] == 0
        }
        if wasLast { broker.topic(topic)?.close() }
    }

    /// A subscriber has ended.
    func subscriberEnded() {
        let wasLast = state.withLock { state in
            state.subscribers -= 1
            return state.subscribers == 0
        }
        if wasLast { broker.closeGivenUp() }
    }
}
