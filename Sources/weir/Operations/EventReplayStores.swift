internal import ArgumentParser
internal import Commerce
internal import Documents
internal import Logging
internal import OpeningStores
internal import Operations
internal import Pipeline
internal import Reports
internal import Storage
internal import Timekeeping

/// The stores that a replay of stored events is about.
struct EventReplayStores {
    let document: PipelineDocument
    /// Those that are written to, and so are held.
    let stores: RunStores
    /// The stage that takes the events.
    let stage: PipelineDocument.Stage
    /// Has the events.
    let source: any RawStore
    let sourceLabel: String
    /// Whether it is the pipeline's own.
    let isOwnSource: Bool
    /// Whether the warehouse is the first one of the pipeline.
    private let isFirst: Bool

    var subscription: String { stage.subscription ?? "" }

    var filter: PipelineDocument.Subscription? {
        document.subscriptions.first { $0.name == subscription }
    }

    /// Opens them for `access`.
    ///
    /// A warehouse that is not there is made, and so is a raw store that is to take events of
    /// another one; where nothing may change, an empty one in memory stands for it.
    init(
        _ options: ReplayOptions,
        to subscription: String,
        from url: String?,
        with settings: [DocumentSetting],
        for access: StoreAccess
    ) async throws {
        document = try PipelineDocument.read(
            path: options.options.pipeline ?? "",
            with: settings
        )
        stage = try EventReplayStores.stage(that: subscription, in: document)
        var takers: [String] = []
        if case .ingest(_, let name) = stage.kind { takers = [name] }
        var raw: [RunStores.Named<any RawStore>] = []
        do {
            if let url {
                raw = try await EventReplayStores.takers(takers, options, document, access)
                let opened = try await StorePlaces.opening.rawStore(at: url, for: .reading)
                (source, sourceLabel, isOwnSource) = (opened.store, opened.label, false)
            } else {
                raw = try await options.openedRaws(document, for: access)
                let own = try EventReplayStores.source(for: stage, in: document, raw)
                (source, sourceLabel, isOwnSource) = (own.store, own.label, true)
            }
            let (warehouses, isFirst) = try await EventReplayStores.warehouses(
                options,
                stage,
                document,
                access
            )
            self.isFirst = isFirst
            stores = RunStores(raw: raw, warehouses: warehouses)
        } catch {
            for raw in raw where raw.twin == nil { try? await raw.store.close() }
            throw error
        }
    }

    func close() async throws {
        if !isOwnSource { try await source.close() }
        for raw in stores.raw where raw.twin == nil { try await raw.store.close() }
        for warehouse in stores.warehouses where warehouse.twin == nil {
            try await warehouse.store.close()
        }
    }

    /// The stage as the warehouse knows it.
    ///
    /// - Throws: Where the warehouse counts the topic for another subscription.
    func replayStage() async throws -> ReplayStage {
        guard let warehouse = stores.warehouses.first else { throw EventReplayStores.noWarehouse }
        let map = try await warehouse.store.journeys?.journeyMap() ?? JourneyMap()
        if case .analytics = stage.kind, let topic = document.topic(of: subscription),
            let owner = map.owners.first(where: { $0.topic == topic }),
            owner.subscription != subscription
        {
            throw StoreError(
                owned: CountingClaim(topic: topic, subscription: subscription, parts: []),
                by: owner.subscription,
                in: warehouse.label
            )
        }
        guard let replayStage = ReplayStage(stage, of: document, on: stores, map) else {
            throw EventReplayStores.noWarehouse
        }
        return replayStage
    }

    /// Tells a warehouse that knows nothing of the subscription who counts, as a run does when it
    /// begins.
    func claim(_ timeline: any Timeline) async throws {
        guard let warehouse = stores.warehouses.first else { throw EventReplayStores.noWarehouse }
        let map = try await warehouse.store.journeys?.journeyMap() ?? JourneyMap()
        guard !map.owners.contains(where: { $0.subscription == subscription }) else { return }
        try await PipelineRun(
            document: document,
            options: RunOptions(),
            stores: stores,
            timeline: timeline,
            logger: Logger(label: "replay")
        ).claimStores(hasRoots: isFirst)
    }

    private static let noWarehouse = ValidationError(
        "the pipeline has no warehouse that could keep what becomes of the events"
    )

    private static func stage(
        that subscription: String,
        in document: PipelineDocument
    ) throws -> PipelineDocument.Stage {
        let takers = document.stages.filter { stage in
            switch stage.kind {
            case .ingest, .analytics: true
            case .producer, .relay, .collector, .external: false
            }
        }
        if let stage = takers.first(where: { $0.subscription == subscription }) { return stage }
        let known = takers.compactMap(\.subscription).sorted()
        let list = known.isEmpty ? "none" : known.joined(separator: ", ")
        throw ValidationError(
            document.subscriptions.contains { $0.name == subscription }
                ? "the stage that reads \(subscription) neither stores nor counts events; events "
                    + "can go to: \(list)"
                : "there is no subscription \"\(subscription)\"; events can go to: \(list)"
                    + suggestion(for: subscription, in: known)
        )
    }

    /// The raw store that has the events of the topic that `stage` reads, and no others.
    private static func source(
        for stage: PipelineDocument.Stage,
        in document: PipelineDocument,
        _ raw: [RunStores.Named<any RawStore>]
    ) throws -> RunStores.Named<any RawStore> {
        func place(_ name: String) -> String? {
            raw.first { $0.name == name }.map { $0.twin ?? $0.name }
        }
        var topics: [String: Set<String>] = [:]
        for other in document.stages {
            guard case .ingest(let reader, let name) = other.kind, let place = place(name),
                let topic = document.topic(of: reader)
            else { continue }
            topics[place, default: []].insert(topic)
        }
        let topic = document.topic(of: stage.subscription ?? "") ?? ""
        // In the order of the file.
        let places = raw.filter { $0.twin == nil && topics[$0.name]?.contains(topic) == true }
        guard let first = places.first else {
            throw ValidationError(
                "no stage of the pipeline stores the events of the topic \(topic); name a raw "
                    + "store that has them with --from-raw"
            )
        }
        guard places.count == 1 else {
            throw ValidationError(
                "\(places.map(\.name).joined(separator: " and ")) both have events of the topic "
                    + "\(topic); name the one to read with --from-raw"
            )
        }
        guard topics[first.name]?.count == 1 else {
            throw ValidationError(
                "\(first.name) has events of several topics, and does not know which of them "
                    + "\(stage.subscription ?? "") reads; give each topic a raw store of its own"
            )
        }
        return first
    }

    /// The raw stores that take events, made where they are missing.
    private static func takers(
        _ names: [String],
        _ options: ReplayOptions,
        _ document: PipelineDocument,
        _ access: StoreAccess
    ) async throws -> [RunStores.Named<any RawStore>] {
        do {
            return try await options.openedRaws(
                document,
                for: access == .reading ? .reading : .making,
                names.contains
            )
        } catch let error as InputError where error.code == .notFound && access == .reading {
            return names.map { .init(name: $0, label: "(none yet)", store: MemoryRawStore()) }
        }
    }

    /// The warehouse that keeps what becomes of the events, under each name that it has; and
    /// whether it is the first one of the pipeline.
    private static func warehouses(
        _ options: ReplayOptions,
        _ stage: PipelineDocument.Stage,
        _ document: PipelineDocument,
        _ access: StoreAccess
    ) async throws -> (named: [RunStores.Named<any Warehouse>], isFirst: Bool) {
        let all = document.stores.filter { $0.role == .warehouse }
        var own = all.first
        if case .analytics(let plan) = stage.kind { own = all.first { $0.name == plan.store } }
        guard let own, let first = all.first else { throw noWarehouse }
        let named = StorePlaces.warehouse(options.options.store.warehouse)
        func place(_ store: PipelineDocument.Store) -> String {
            StoreOpening.place(of: named ?? store.url) ?? store.name
        }
        let opened = try await warehouse(at: named ?? own.url, access)
        var stores = [RunStores.Named(name: own.name, label: opened.label, store: opened.store)]
        for other in all where other.name != own.name && place(other) == place(own) {
            stores.append(
                .init(name: other.name, label: opened.label, store: opened.store, twin: own.name)
            )
        }
        return (stores, place(first) == place(own))
    }

    private static func warehouse(
        at url: String,
        _ access: StoreAccess
    ) async throws -> (store: any Warehouse, label: String) {
        do {
            let opened = try await StorePlaces.opening.warehouse(
                at: url,
                for: access == .reading ? .reading : .making
            )
            guard opened.store.letters != nil else {
                throw StoreError(
                    .wrongURL,
                    "a warehouse in memory: is gone with its run; name one with --warehouse"
                )
            }
            return (opened.store, opened.label)
        } catch let error as InputError where error.code == .notFound && access == .reading {
            let label = ReportText.printable(SecretText.masked(url))
            return (MemoryWarehouse(), "\(label) (none yet)")
        }
    }
}
