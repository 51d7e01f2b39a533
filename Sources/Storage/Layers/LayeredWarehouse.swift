package import Broker
package import Commerce
package import Datasets
package import SLO
internal import Timekeeping

/// A warehouse behind layers, through which every call goes.
package struct LayeredWarehouse: Warehouse {
    private let warehouse: any Warehouse
    private let layers: StoreLayers

    /// `warehouse` behind `layers`, the outermost first.
    package init(_ warehouse: any Warehouse, _ layers: [any StoreLayer]) {
        self.warehouse = warehouse
        self.layers = StoreLayers(layers: layers)
    }

    package func hold() async throws(StoreError) {
        try await layers.pass(.hold, await warehouse.hold())
    }

    package func claim(_ claims: [CountingClaim]) async throws(StoreError) -> CountingTerms {
        try await layers.pass(.claim, await warehouse.claim(claims))
    }

    package func readBack() async throws(StoreError) -> Int64 {
        try await layers.pass(.readBack, await warehouse.readBack())
    }

    package func progress(of subscription: String) async throws(StoreError) -> [StreamProgress] {
        try await layers.pass(.progress, await warehouse.progress(of: subscription))
    }

    package func alreadyCounted(
        _ question: CountedQuestion,
        by subscription: String
    ) async throws(StoreError) -> CountedAnswer {
        try await layers.pass(
            .alreadyCounted,
            await warehouse.alreadyCounted(question, by: subscription)
        )
    }

    package func sketch(_ key: SketchText) async throws(StoreError) -> [UInt64] {
        try await layers.pass(.sketch, await warehouse.sketch(key))
    }

    package func commit(_ commit: WarehouseCommit) async throws(StoreError) {
        try await layers.pass(.commit(commit)) { call async throws(StoreError) in
            // A layer may have changed it.
            guard case .commit(let commit) = call.operation else { return }
            try await warehouse.commit(commit)
        }
    }

    package func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError) {
        try await layers.pass(.storeDeadLetters(letters), await warehouse.storeDeadLetters(letters))
    }

    package func storeDropped(_ dropped: [DroppedMessages]) async throws(StoreError) {
        try await layers.pass(.storeDropped(dropped), await warehouse.storeDropped(dropped))
    }

    package func windows(
        _ grain: Grain,
        categories: WindowCategories
    ) async throws(StoreError) -> [WindowRow] {
        try await layers.pass(.windows, await warehouse.windows(grain, categories: categories))
    }

    package func customEvents() async throws(StoreError) -> [CustomEventRow] {
        try await layers.pass(.customEvents, await warehouse.customEvents())
    }

    package func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow] {
        try await layers.pass(.topProducts, await warehouse.topProducts(atMost: limit))
    }

    package func exceptions() async throws(StoreError) -> WarehouseExceptions {
        try await layers.pass(.exceptions, await warehouse.exceptions())
    }

    package func close() async throws(StoreError) {
        try await layers.pass(.close, await warehouse.close())
    }

    package var isVolatile: Bool { warehouse.isVolatile }
    package var catalogue: (any DatasetCatalogue)? { layered(warehouse.catalogue) }
    package var history: (any SLIHistory)? { layered(warehouse.history) }
    package var deploymentLog: (any DeploymentLog)? { layered(warehouse.deploymentLog) }
    package var invariants: (any InvariantStore)? { layered(warehouse.invariants) }
    package var scheduler: (any RefreshScheduler)? { layered(warehouse.scheduler) }
    package var census: (any CensusStore)? { layered(warehouse.census) }
    package var letters: (any DeadLetterStore)? { layered(warehouse.letters) }
    package var journeys: (any JourneyStore)? { layered(warehouse.journeys) }

    private func layered<Part>(_ part: Part?) -> LayeredPart<Part>? {
        part.map { LayeredPart(part: $0, layers: layers) }
    }
}

/// A part of a warehouse behind the layers of the whole.
private struct LayeredPart<Part: Sendable>: Sendable {
    let part: Part
    let layers: StoreLayers

    /// What `body` gives, whose errors are no layer's business.
    func call<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        let result = try await layers.pass(.part) {
            _ async throws(StoreError) -> Result<Answer, any Error> in
            do { return .success(try await body()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

extension LayeredPart: DatasetCatalogue where Part == any DatasetCatalogue {
    func register(_ definitions: [DatasetDefinition], at now: Timestamp) async throws {
        try await call { try await part.register(definitions, at: now) }
    }

    func append(_ draft: DataBlockDraft) async throws {
        try await call { try await part.append(draft) }
    }

    func datasets() async throws -> [DatasetRecord] {
        try await call { try await part.datasets() }
    }

    func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int
    ) async throws -> [MetadataBlock] {
        try await call { try await part.blocks(of: dataset, from: sequence, atMost: limit) }
    }
}

extension LayeredPart: SLIHistory where Part == any SLIHistory {
    func append(_ slices: [Slice], to series: SliceSeries, writer: String) async throws {
        try await call { try await part.append(slices, to: series, writer: writer) }
    }

    func slices(of series: SliceSeries, in range: Range<Timestamp>) async throws -> [Slice] {
        try await call { try await part.slices(of: series, in: range) }
    }

    func extents() async throws -> [SliceSeriesExtent] {
        try await call { try await part.extents() }
    }
}

extension LayeredPart: DeploymentLog where Part == any DeploymentLog {
    func deployments() async throws -> [Deployment] {
        try await call { try await part.deployments() }
    }

    func mark(_ deployment: Deployment) async throws {
        try await call { try await part.mark(deployment) }
    }

    func judge(deploymentMarkedAt marked: Timestamp, at instant: Timestamp) async throws {
        try await call { try await part.judge(deploymentMarkedAt: marked, at: instant) }
    }
}

extension LayeredPart: InvariantStore where Part == any InvariantStore {
    var dialect: SQLDialect { part.dialect }

    func evaluate(
        _ invariants: [Invariant],
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> [InvariantFinding] {
        try await call {
            try await part.evaluate(invariants, timeout: timeout, timeline: timeline)
        }
    }

    func refresh(
        _ set: InvariantSet,
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> (before: InvariantSnapshot, after: InvariantSnapshot) {
        try await call { try await part.refresh(set, timeout: timeout, timeline: timeline) }
    }

    func standings() async throws -> [InvariantSnapshot.Standing] {
        try await call { try await part.standings() }
    }

    func censusTime() async throws -> Timestamp? {
        try await call { try await part.censusTime() }
    }

    func snapshot() async throws -> InvariantSnapshot {
        try await call { try await part.snapshot() }
    }

    func warning() async throws -> String? {
        try await call { try await part.warning() }
    }
}

extension LayeredPart: RefreshScheduler where Part == any RefreshScheduler {
    func refreshSchedule() async throws -> RefreshSchedule? {
        try await call { try await part.refreshSchedule() }
    }

    func scheduleRefresh(every interval: Duration) async throws {
        try await call { try await part.scheduleRefresh(every: interval) }
    }

    func unscheduleRefresh() async throws -> Bool {
        try await call { try await part.unscheduleRefresh() }
    }
}

extension LayeredPart: CensusStore where Part == any CensusStore {
    func censusBasis() async throws(StoreError) -> CensusBasis {
        try await layers.pass(.part, await part.censusBasis())
    }

    func replaceCensus(by census: RawCensus) async throws(StoreError) {
        try await layers.pass(.part, await part.replaceCensus(by: census))
    }
}

extension LayeredPart: DeadLetterStore where Part == any DeadLetterStore {
    func beginReplay(_ replay: LetterReplay) async throws(StoreError) {
        try await layers.pass(.part, await part.beginReplay(replay))
    }

    func noteReplayed(_ letters: [ReplayedLetter]) async throws(StoreError) {
        try await layers.pass(.part, await part.noteReplayed(letters))
    }

    func noteReplayed(_ events: [ReplayedEvents]) async throws(StoreError) {
        try await layers.pass(.part, await part.noteReplayed(events))
    }

    func replayedEvents(ofReplay name: String) async throws(StoreError) -> [ReplayedEvents] {
        try await layers.pass(.part, await part.replayedEvents(ofReplay: name))
    }

    func replayedEvents(
        at position: Int64
    ) async throws(StoreError) -> [(subscription: String, events: ReplayedEvents)] {
        try await layers.pass(.part, await part.replayedEvents(at: position))
    }

    func endReplay(named name: String, at now: Timestamp) async throws(StoreError) {
        try await layers.pass(.part, await part.endReplay(named: name, at: now))
    }

    func replays() async throws(StoreError) -> [LetterReplay] {
        try await layers.pass(.part, await part.replays())
    }

    func outcomes(
        ofReplay name: String
    ) async throws(StoreError) -> [ReplayedLetter.Outcome: Int64] {
        try await layers.pass(.part, await part.outcomes(ofReplay: name))
    }

    func letterGroups(parts: Int) async throws(StoreError) -> [LetterGroup] {
        try await layers.pass(.part, await part.letterGroups(parts: parts))
    }

    func latestLetters(
        of subscription: String,
        reason: String,
        atMost limit: Int
    ) async throws(StoreError) -> [KeptLetter] {
        try await layers.pass(
            .part,
            await part.latestLetters(of: subscription, reason: reason, atMost: limit)
        )
    }

    func letters(
        _ filter: LetterFilter,
        after name: LetterName?,
        atMost limit: Int
    ) async throws(StoreError) -> [KeptLetter] {
        try await layers.pass(.part, await part.letters(filter, after: name, atMost: limit))
    }

    func keepSuccessor(
        _ successor: KeptLetter,
        _ edit: LetterEdit
    ) async throws(StoreError) {
        try await layers.pass(.part, await part.keepSuccessor(successor, edit))
    }

    func discardLetters(
        _ names: [LetterName],
        _ decision: LetterDecision
    ) async throws(StoreError) -> Int {
        try await layers.pass(.part, await part.discardLetters(names, decision))
    }
}

extension LayeredPart: JourneyStore where Part == any JourneyStore {
    func lastDropped() async throws(StoreError) -> Int64? {
        try await layers.pass(.part, await part.lastDropped())
    }

    func dropped(at position: Int64) async throws(StoreError) -> [DroppedMessages] {
        try await layers.pass(.part, await part.dropped(at: position))
    }

    func journeyMap() async throws(StoreError) -> JourneyMap {
        try await layers.pass(.part, await part.journeyMap())
    }

    func exceptions(
        of source: String,
        id: String
    ) async throws(StoreError) -> [EventException] {
        try await layers.pass(.part, await part.exceptions(of: source, id: id))
    }
}
