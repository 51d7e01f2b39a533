internal import Datasets
internal import Reports
internal import Stages
internal import Storage
internal import Timekeeping

/// The datasets that a run writes, where its warehouses have a catalogue of them.
///
/// The raw events of each topic that an ingest stage stores are a root, in the catalogue of the
/// first warehouse; what an analytics stage counts, windows, products and distinct counts, which
/// are committed together, is a derivative of its topic's roots, in the catalogue of its own
/// warehouse.
struct RunDatasets: Sendable {
    private struct Catalogue: Sendable {
        var catalogue: any DatasetCatalogue
        var definitions: [DatasetDefinition]
    }

    private let catalogues: [Catalogue]
    private let stages: [CatalogueStage]
    /// By the name of the raw store.
    private let ledgers: [String: IngestLedger]
    /// The names of raw stores that are the same as another one, with the name of that.
    private let twins: [String: String]
    /// By subscription.
    private let derivatives: [String: DatasetID]
    private let timeline: any Timeline

    /// The datasets of `run`; `hasRoots` says whether the raw events are among them.
    init(_ run: PipelineRun, hasRoots: Bool = true) throws {
        timeline = run.timeline
        var roots = try Self.roots(of: run)
        let transforms = try Self.transforms(of: run.document, roots.map(\.plan))
        if !hasRoots { roots = [] }
        var catalogues: [Catalogue] = []
        var derivatives: [String: DatasetID] = [:]
        for (index, warehouse) in run.stores.warehouses.enumerated() {
            // A warehouse in memory has none.
            guard let catalogue = warehouse.store.catalogue, warehouse.twin == nil else {
                continue
            }
            let names = run.stores.warehouses.filter { $0.twin == warehouse.name }.map(\.name)
            let own = transforms.filter { ([warehouse.name] + names).contains($0.store) }
            for transform in own {
                for name in transform.names { derivatives[name] = transform.definition.id }
            }
            catalogues.append(
                Catalogue(
                    catalogue: catalogue,
                    definitions: (index == 0 ? roots.map(\.plan.definition) : [])
                        + own.map(\.definition)
                )
            )
        }
        self.catalogues = catalogues
        self.derivatives = derivatives
        var ledgers: [String: IngestLedger] = [:]
        var stages: [CatalogueStage] = []
        let first = run.stores.warehouses.first?.store.catalogue
        for (plan, store) in roots {
            guard let first else { continue }
            let ledger = IngestLedger()
            ledgers[plan.store] = ledger
            stages.append(
                CatalogueStage(
                    dataset: plan.definition.id,
                    ledger: ledger,
                    store: store,
                    catalogue: first,
                    interval: run.options.slice,
                    timeline: run.timeline,
                    logger: run.logger
                )
            )
        }
        self.ledgers = ledgers
        self.stages = stages
        twins = Dictionary(
            run.stores.raw.compactMap { raw in raw.twin.map { (raw.name, $0) } },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Where ingest notes what `store` has taken; nil where nothing needs it.
    func ledger(of store: String) -> IngestLedger? { ledgers[twins[store] ?? store] }

    /// What the catalogue calls what `subscription` is counted into.
    func derivative(of subscription: String) -> DatasetID? { derivatives[subscription] }

    /// Makes the catalogues know the datasets, and what the stores hold already.
    ///
    /// - Throws: `StoreError` where a catalogue cannot be written, or is damaged.
    func begin() async throws {
        for entry in catalogues {
            try await entry.catalogue.register(entry.definitions, at: timeline.now)
        }
        for stage in stages { await stage.reconcile() }
    }

    /// Records what is stored, until the task is cancelled.
    func run() async {
        await withTaskGroup { group in
            for stage in stages {
                group.addTask { await stage.run() }
            }
        }
    }

    /// Records the rest, when nothing is stored any more.
    func finish() async {
        for stage in stages { await stage.reconcile() }
    }

    // MARK: - Definitions

    private struct Plan {
        var definition: DatasetDefinition
        /// The subscription, or for a root the topics that are kept in the store, the first one
        /// first.
        var names: [String]
        var store: String
    }

    private static func roots(
        of run: PipelineRun
    ) throws -> [(plan: Plan, store: any RawStore)] {
        let document = run.document
        var roots: [(plan: Plan, store: any RawStore)] = []
        for stage in document.stages {
            guard case .ingest(let name, let stored) = stage.kind,
                let named = run.stores.raw.first(where: { $0.name == stored }),
                // What is gone with its run is not a dataset.
                !named.store.isVolatile, let topic = document.topic(of: name)
            else { continue }
            let store = named.twin ?? stored
            // A store is one dataset, whatever topics are kept in it.
            if let known = roots.firstIndex(where: { $0.plan.store == store }) {
                roots[known].plan.names.append(topic)
                continue
            }
            let isFirst = !roots.contains { $0.plan.names.first == topic }
            let definition = DatasetDefinition(
                name: isFirst ? topic : "\(topic)@\(store)",
                kind: .root,
                owner: stage.owner ?? "",
                source: KeyEvent(
                    .addPushSource,
                    payload: try JSONText.line([
                        "topic": topic, "subscription": name, "store": store,
                    ])
                ),
                schema: "CloudEvents 1.0"
            )
            roots.append(
                (Plan(definition: definition, names: [topic], store: store), named.store)
            )
        }
        return roots
    }

    private static func transforms(
        of document: PipelineDocument,
        _ roots: [Plan]
    ) throws -> [Plan] {
        try document.stages.compactMap { stage -> Plan? in
            guard case .analytics(let plan) = stage.kind,
                let subscription = document.subscriptions.first(where: {
                    $0.name == plan.subscription
                })
            else { return nil }
            let topic = subscription.topic
            let stored = roots.filter { $0.names.contains(topic) }.map(\.definition.id)
            // Raw events that no stage stores are a dataset of another pipeline.
            let upstream = stored.isEmpty ? [DatasetID(.root, topic)] : stored
            let windows = plan.windows.map(\.rawValue).joined(separator: " ")
            let definition = DatasetDefinition(
                name: plan.subscription,
                kind: .derivative,
                owner: stage.owner ?? "",
                upstream: upstream,
                source: KeyEvent(
                    .setTransform,
                    payload: try JSONText.line(
                        [
                            "inputs": upstream.map(\.text).joined(separator: " "),
                            "windows": windows,
                            "allowed_lateness": "\(plan.allowedLateness)",
                        ].merging(subscription.filter.map { ["filter": "\($0)"] } ?? [:]) { $1 }
                    )
                ),
                schema: "window_aggregates, product_sales, distinct_hashes, late_events"
            )
            return Plan(definition: definition, names: [plan.subscription], store: plan.store)
        }
    }
}
