internal import Broker
internal import Commerce
package import Pipeline
internal import SLO
internal import Stages
internal import Storage
internal import Synchronization
package import Timekeeping

/// What is done to a run: faults by a scenario, and the times that stores and stages take in
/// virtual time, where they take none by themselves.
package struct Experiment: RunExperiment {
    /// What goes wrong; nil for nothing.
    package var scenario: ScenarioDocument?
    /// Whether stores and stages take the times that the pipeline declares.
    package var takesServiceTimes: Bool

    package init(scenario: ScenarioDocument? = nil, takesServiceTimes: Bool = false) {
        self.scenario = scenario
        self.takesServiceTimes = takesServiceTimes
    }

    package func interceptor(
        of document: PipelineDocument,
        _ options: RunOptions,
        began: Timestamp,
        timeline: any Timeline
    ) -> any RunInterceptor {
        let plan = FaultPlan(
            scenario ?? ScenarioDocument(name: ""),
            start: began,
            lasting: options.duration,
            seed: options.seed
        )
        return FaultInjector(
            plan,
            self,
            serviceTimes: takesServiceTimes ? document.serviceTimesOfStores : [:],
            began: began,
            timeline: timeline
        )
    }
}

extension PipelineDocument {
    /// How long each store takes that says so.
    fileprivate var serviceTimesOfStores: [String: ServiceTime] {
        Dictionary(
            stores.compactMap { store in store.serviceTime.map { (store.name, $0) } },
            uniquingKeysWith: { first, _ in first }
        )
    }
}

/// Makes the faults of a plan happen to the ports of a run, and keeps what they did.
///
/// To what a worker takes up, this happens in this order: a partition of its subscription, a
/// hang, its service time, then what drops or alters the messages. A crash is round all of it.
final class FaultInjector: RunInterceptor {
    /// What one occurrence has done.
    struct Effect: Hashable, Sendable {
        /// Calls, deliveries, batches or events it changed.
        var count: Int64 = 0
        var first: Timestamp?
        /// The purchases among the messages that it took away.
        var orders = OrderTally()
    }

    private struct State {
        var effects: [Effect]
        var watch: FaultWatch
    }

    let plan: FaultPlan
    let timeline: any Timeline
    private let experiment: Experiment
    private let serviceTimes: [String: ServiceTime]
    private let began: Timestamp
    private let state: Mutex<State>

    init(
        _ plan: FaultPlan,
        _ experiment: Experiment,
        serviceTimes: [String: ServiceTime],
        began: Timestamp,
        timeline: any Timeline
    ) {
        self.plan = plan
        self.experiment = experiment
        self.serviceTimes = serviceTimes
        self.began = began
        self.timeline = timeline
        let effects = plan.occurrences.map { _ in Effect() }
        state = Mutex(State(effects: effects, watch: FaultWatch(plan)))
    }

    /// Notes that `occurrence` changed something.
    func touch(_ occurrence: FaultPlan.Occurrence, count: Int = 1) {
        guard count > 0 else { return }
        let now = timeline.now
        state.withLock { state in
            state.effects[occurrence.number].count += Int64(count)
            state.effects[occurrence.number].first = state.effects[occurrence.number].first ?? now
        }
    }

    /// Notes that `occurrence` took away the messages at `places` of `batch`.
    func take(_ occurrence: FaultPlan.Occurrence, _ batch: Batch, _ places: Selection) {
        touch(occurrence, count: places.count)
        state.withLock { state in
            places.forEach { state.effects[occurrence.number].orders.add(batch, $0) }
        }
    }

    // MARK: - The ports

    func traffic(of producer: PipelineDocument.Stage) -> TrafficChange {
        let surges = plan.occurrences(at: .producer, producer.name).filter(\.fault.kind.isTraffic)
        return TrafficChange(
            surges: surges.map { occurrence in
                let range =
                    (occurrence.range.lowerBound - began)..<(occurrence.range.upperBound - began)
                return LoadProfile.Surge(range: range, factor: occurrence.fault.factor)
            },
            causes: experiment.scenario?.faults.filter { $0.place == .producer } ?? []
        )
    }

    func layers(beforeStore name: String) -> [any StoreLayer] {
        let occurrences = plan.occurrences.filter {
            $0.fault.place.isStore && $0.fault.target == name
        }
        let time = serviceTimes[name]
        guard !occurrences.isEmpty || time != nil else { return [] }
        let faults = TargetFaults(occurrences, injector: self)
        return [StoreConditions(faults, queue: queue(of: name, time), store: name)]
    }

    func intercept(_ producer: inout ProducerPorts) {
        let faults = faults(at: .producer, producer.stage.name)
        let partitions = self.faults(at: .topic, producer.topic.name)
        guard !faults.isEmpty || !partitions.isEmpty else { return }
        let topic = FaultyTopic(producer.topic, producer: faults, partitions: partitions)
        producer.topic = topic
        producer.flush = { try await topic.flush() }
    }

    func intercept(_ worker: inout WorkerPorts) {
        let stage = worker.stage
        var time = experiment.takesServiceTimes ? stage.serviceTime : nil
        // Its workers share the events of each set.
        if case .analytics = stage.kind { time?.perEvent /= max(1, stage.workers) }
        let queue = queue(of: "\(stage.name)/\(worker.number)", time)
        worker.patience = patience
        if let work = queue.map(StageWork.init) {
            worker.rawStore = worker.rawStore.map { LayeredRawStore($0, [work]) }
            worker.warehouse = worker.warehouse.map { LayeredWarehouse($0, [work]) }
        }
        let faults = faults(at: .stage, stage.name)
        let partitions = self.faults(at: .subscription, worker.subscription.name)
        let life = StageLife()
        // A relay, which writes to no store, has what it takes up for as long as that.
        let ownQueue = stage.topic == nil ? nil : queue
        if !faults.isEmpty || !partitions.isEmpty || ownQueue != nil {
            worker.subscription = ConditionedSubscription(
                worker.subscription,
                stage: faults,
                partitions: partitions,
                queue: ownQueue,
                life: life,
                onWork: worker.onWork
            )
        }
        let crashes = faults.only(.crash)
        if !crashes.isEmpty {
            worker.live = { body in
                try await MortalStage(crashes, life: life, body: body).run()
            }
        }
    }

    /// How long a stage is to put up with a store: beyond the longest of its faults.
    private var patience: StorePatience {
        var patience = StorePatience()
        let longest = plan.occurrences.filter(\.fault.place.isStore)
            .map { $0.range.upperBound - $0.range.lowerBound }.max()
        patience.total += longest ?? .zero
        return patience
    }

    /// The servers of what is called `name`, which draw their times from a stream of their own.
    private func queue(of name: String, _ time: ServiceTime?) -> ServiceQueue? {
        time.map { time in
            let seed = name.utf8.reduce(plan.seed) { SplitMix64.mix($0 &+ UInt64($1) &+ 1) }
            return ServiceQueue(time, seed: seed, timeline: timeline)
        }
    }

    private func faults(at place: FaultKind.Place, _ target: String) -> TargetFaults {
        TargetFaults(plan.occurrences(at: place, target), injector: self)
    }

    // MARK: - What is seen of them

    func sliceEnded(at end: Timestamp, bad: [String], oldest: Duration) {
        state.withLock { $0.watch.see(sliceEndingAt: end, bad: bad, oldest: oldest) }
    }

    func finish(_ report: inout RunReport, _ episodes: [AlertEpisode]) {
        guard let scenario = experiment.scenario else { return }
        report.scenario = RunReport.Scenario(
            name: scenario.name,
            description: scenario.description
        )
        let state = state.withLock { $0 }
        let episodes = episodes.filter { $0.start >= began }
        report.faults = plan.occurrences.map { occurrence in
            RunReport.Fault(
                occurrence,
                state.effects[occurrence.number],
                state.watch.sights[occurrence.number],
                episodes: episodes,
                sharedWith: state.watch.sharesRecovery(of: occurrence.number, in: plan)
            )
        }
    }
}

/// The faults of one thing in a pipeline.
struct TargetFaults: Sendable {
    let injector: FaultInjector
    private let occurrences: [FaultPlan.Occurrence]
    /// How far back an occurrence that is there now can have begun.
    private let longest: Duration

    init(_ occurrences: [FaultPlan.Occurrence], injector: FaultInjector) {
        self.occurrences = occurrences
        self.injector = injector
        longest =
            occurrences.map { $0.range.upperBound - $0.range.lowerBound }.max() ?? .zero
    }

    var isEmpty: Bool { occurrences.isEmpty }

    /// Those among `kinds`.
    func only(_ kinds: FaultKind...) -> TargetFaults {
        TargetFaults(occurrences.filter { kinds.contains($0.fault.kind) }, injector: injector)
    }

    /// Those that are there at `now`, earliest first.
    func active(at now: Timestamp) -> [FaultPlan.Occurrence] {
        guard let first = occurrences.first, first.range.lowerBound <= now else { return [] }
        var lower = occurrences.partitioningIndex { $0.range.lowerBound > now }
        var active: [FaultPlan.Occurrence] = []
        while lower > 0, now - occurrences[lower - 1].range.lowerBound < longest {
            lower -= 1
            if occurrences[lower].range.contains(now) { active.append(occurrences[lower]) }
        }
        return active.reversed()
    }

    /// The one of `kind` that is there at `now`.
    func active(_ kind: FaultKind, at now: Timestamp) -> FaultPlan.Occurrence? {
        active(at: now).first { $0.fault.kind == kind }
    }

    /// The next one after `now` that begins.
    func next(after now: Timestamp) -> FaultPlan.Occurrence? {
        occurrences.first { $0.range.lowerBound > now }
    }
}

extension FaultPlan.Occurrence {
    /// Whether the fault happens to what `key` names: the same thing each time it is asked.
    ///
    /// A hash of the key and the occurrence takes the place of a draw, so that what happens to
    /// one message does not hang on which others came before it.
    func hits(_ key: UInt64, seed: UInt64) -> Bool {
        if fault.share >= 1 { return true }
        let mixed = SplitMix64.mix(key ^ SplitMix64.mix(seed &+ UInt64(number) &+ 1))
        return Double(mixed >> 11) * 0x1p-53 < fault.share
    }
}

extension RunReport.Fault {
    fileprivate init(
        _ occurrence: FaultPlan.Occurrence,
        _ effect: FaultInjector.Effect,
        _ sight: FaultWatch.Sight,
        episodes: [AlertEpisode],
        sharedWith other: FaultPlan.Occurrence?
    ) {
        let (start, fault) = (occurrence.range.lowerBound, occurrence.fault)
        let alert = episodes.first { episode in
            // Of what was silent before, the fault is not the cause.
            if case .silence(let since) = episode.evidence, since < start { return false }
            return episode.start >= start && episode.start <= sight.recovered ?? .distantFuture
        }
        self.init(
            name: fault.name,
            kind: fault.kind.rawValue,
            target: fault.target,
            start: start.description,
            end: occurrence.range.upperBound.description
        )
        let parameters = fault.kind.parameters.required + fault.kind.parameters.optional
        if parameters.contains(.by) { bySeconds = fault.by.inSeconds }
        if parameters.contains(.factor) { factor = fault.factor }
        if parameters.contains(.share) { share = fault.share }
        effects = effect.count
        firstEffect = effect.first?.description
        orders = RunReport.Orders(effect.orders)
        visible = sight.visible?.description
        seenBy = sight.seenBy.isEmpty ? nil : sight.seenBy
        self.alert = alert?.alert.description
        alerted = alert?.start.description
        if alert == nil {
            let firing = episodes.filter { $0.start < start && ($0.end ?? .distantFuture) > start }
            // A page rather than a ticket.
            alreadyFiring =
                (firing.first { $0.alert.severity == "page" } ?? firing.first)?.alert.description
        }
        guard !fault.kind.isLasting else {
            isLasting = true
            return
        }
        recovered = other == nil ? sight.recovered?.description : nil
        recoveredWith = other?.fault.name
    }
}
