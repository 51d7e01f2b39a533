internal import Broker
package import Commerce
package import Logging
internal import SLO
internal import Stages
internal import Synchronization
package import Timekeeping

/// One run of a pipeline: assembles its stages over the ports and drives them to the end.
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
    /// What the run's decisions go into; nil where nobody asks.
    let digest: RunDigest?
    /// Hears of every record of a log that no event could be made of.
    let onRejection: @Sendable (Rejection) -> Void

    package init(
        document: PipelineDocument,
        options: RunOptions,
        stores: RunStores,
        timeline: any Timeline,
        logger: Logger,
        digest: RunDigest? = nil,
        onRejection: @escaping @Sendable (Rejection) -> Void = { _ in }
    ) {
        self.document = document
        self.options = options
        self.stores = stores
        self.timeline = timeline
        self.logger = logger
        self.digest = digest
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
        let faults = injector(from: began)
        let watch = Mutex(faults.map { FaultWatch($0.plan) })
        let assembly = try await Assembly.make(self, began: began, faults)
        let objectives = try await ObjectiveRecorder(
            options.objectives,
            history: stores.history,
            writer: "\(assembly.input.stream) at \(began)",
            slice: options.slice,
            timeline: timeline,
            logger: logger,
            onSlice: { end, isBad in
                let backlog = assembly.broker.subscriptions.reduce(0) { $0 + $1.counts.unsettled }
                watch.withLock { $0?.see(sliceEndingAt: end, isBad: isBad, backlog: backlog) }
            },
            read: assembly.meters.read
        )
        // So that their series are there from the start as well.
        await assembly.meters.askForConnections()
        onStart(RunMetrics(assembly, objectives))
        let failure = Mutex<(any Error)?>(nil)
        await withTaskGroup { group in
            group.addTask { await assembly.sampler.run(onSample: onSample) }
            group.addTask { await objectives.run() }
            group.addTask { await assembly.datasets.run() }
            group.addTask { await assembly.meters.watchConnections(every: options.slice, timeline) }
            do {
                try await drive(assembly, stop: stop)
            } catch {
                failure.withLock { $0 = error }
            }
            group.cancelAll()
        }
        assembly.sampler.take()
        await objectives.finish()
        var problem = failure.withLock { $0 }
        // After a failure the stores may not answer, and the next run records what is missing.
        if problem == nil {
            await assembly.datasets.finish()
            // No success is told that nobody has looked at.
            do { try await assembly.readBack() } catch { problem = error }
        }
        let outcome: RunReport.Outcome =
            problem != nil ? .failed : assembly.wasStopped ? .interrupted : .completed
        var report = await assembly.report(
            outcome: outcome,
            failure: problem,
            began: began,
            ended: timeline.now
        )
        digest?.note(objectives.episodes)
        report.objectives = objectives.statuses.map(RunReport.Objective.init)
        let episodes = objectives.episodes.filter { $0.start >= began }
        report.alerts = episodes.map(RunReport.Alert.init)
        if let faults, options.scenario != nil {
            let sights = watch.withLock { $0?.sights ?? [] }
            report.faults = zip(zip(faults.plan.occurrences, faults.effects), sights).map {
                RunReport.Fault($0.0, $0.1, $1, episodes: episodes)
            }
        }
        return Result(report: report, failure: problem)
    }

    /// What happens to the ports of the run; nil where nothing does.
    private func injector(from began: Timestamp) -> FaultInjector? {
        guard options.scenario != nil || options.takesServiceTimes else { return nil }
        let scenario = options.scenario ?? ScenarioDocument(name: "")
        return FaultInjector(
            FaultPlan(scenario, start: began, lasting: options.duration, seed: options.seed),
            timeline: timeline
        )
    }

    /// How long each store takes that says so, where that counts.
    var serviceTimesOfStores: [String: ServiceTime] {
        guard options.takesServiceTimes else { return [:] }
        return Dictionary(
            document.stores.compactMap { store in store.serviceTime.map { (store.name, $0) } },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Runs all stages; ends when the last message is settled, or with the first failure.
    private func drive(_ assembly: Assembly, stop: Signal) async throws {
        try await withThrowingTaskGroup { group in
            for subscriber in assembly.subscribers {
                group.addTask {
                    try await subscriber.run()
                    subscriber.publishesTo.map(assembly.ends.publisherEnded)
                    assembly.ends.subscriberEnded()
                }
            }
            if let deadLetters = assembly.deadLetters {
                group.addTask { try await deadLetters.run() }
            }
            group.addTask { await produce(assembly, stop: stop) }
            // Not waitForAll(), which goes on waiting for the others when one has failed: the
            // first failure leaves the group, and so cancels the rest.
            while try await group.next() != nil {}
        }
        // What was published before an input failed has been settled by now.
        if let failure = assembly.inputFailure {
            throw failure
        }
    }

    private enum ProducingEvent: Sendable {
        case producerEnded
        case stopped
        case timeIsUp
    }

    /// Runs the producers until their sources end, or until they are told to stop.
    private func produce(_ assembly: Assembly, stop: Signal) async {
        await withTaskGroup(of: ProducingEvent.self) { group in
            for producer in assembly.producers {
                group.addTask {
                    await assembly.run(producer)
                    return .producerEnded
                }
            }
            group.addTask {
                try? await stop.wait(since: 0)
                return .stopped
            }
            if let duration = options.duration, options.log != nil {
                let end = timeline.now + duration
                group.addTask {
                    try? await timeline.sleep(until: end)
                    return .timeIsUp
                }
            }
            var producing = assembly.producers.count
            while producing > 0, let event = await group.next() {
                switch event {
                case .producerEnded: producing -= 1
                case .stopped:
                    assembly.noteStopped()
                    group.cancelAll()
                case .timeIsUp: group.cancelAll()
                }
            }
            group.cancelAll()
        }
        assembly.noteProducingEnded(at: timeline.now)
    }
}
