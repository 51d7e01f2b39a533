internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import OpeningStores
internal import Pipeline
internal import Storage

/// Which stores take the place of the pipeline's own.
struct StorePlaces: ParsableArguments {
    @Option(help: "Where raw events go: sqlite:<path>, mongodb://… or memory:.")
    var raw: String?

    @Option(help: "Where aggregates go: sqlite:<path>, postgresql://… or memory:.")
    var warehouse: String?

    /// Where a run keeps its aggregates unless something says otherwise.
    static let standardWarehouse = "sqlite:.weir/warehouse.sqlite"

    /// Opens every store of the command.
    static let opening = StoreOpening(notingIn: DamagedRows.all)

    /// The raw store that an option or the environment names.
    static func raw(_ option: String?) -> String? {
        option ?? ProcessInfo.processInfo.environment["WEIR_RAW_URL"]
    }

    /// The warehouse that an option or the environment names.
    static func warehouse(_ option: String?) -> String? {
        option ?? ProcessInfo.processInfo.environment["WEIR_WAREHOUSE_URL"]
    }

    /// Where a run of `document` would write to, each place once, as places beside those.
    func trialPlaces(of document: PipelineDocument) throws -> [String: TrialPlace] {
        let (raw, warehouse) = (StorePlaces.raw(raw), StorePlaces.warehouse(warehouse))
        let places = try document.stores.map { store in
            let url = (store.role == .raw ? raw : warehouse) ?? store.url
            return (
                url,
                store.role == .raw
                    ? try TrialPlace(besideRawStore: url) : try TrialPlace(besideWarehouse: url)
            )
        }
        return Dictionary(places, uniquingKeysWith: { first, _ in first })
    }

    /// Opens the stores of `document` in places of their own beside those that a run would write
    /// to.
    func open(
        _ document: PipelineDocument,
        in places: [String: TrialPlace]
    ) async throws -> RunStores {
        var document = document
        var own = self
        (own.raw, own.warehouse) = (nil, nil)
        let (raw, warehouse) = (StorePlaces.raw(raw), StorePlaces.warehouse(warehouse))
        for (place, store) in document.stores.enumerated() {
            let url = (store.role == .raw ? raw : warehouse) ?? store.url
            document.stores[place].url = places[url]?.url ?? url
        }
        return try await own.open(document, raw: nil, warehouse: nil)
    }

    /// Opens the stores of `document`; `raw` and `warehouse` are for what is not said.
    func open(
        _ document: PipelineDocument,
        raw: String?,
        warehouse: String?
    ) async throws -> RunStores {
        let (raw, warehouse) = (self.raw ?? raw, self.warehouse ?? warehouse)
        let opening = StorePlaces.opening
        var raws = StoresByPlace<any RawStore>()
        var warehouses = StoresByPlace<any Warehouse>()
        do {
            for store in document.stores {
                switch store.role {
                case .raw:
                    let keys = store.indexes.map(\.rawValue)
                    try await raws.add(store.name, at: raw ?? store.url) { url in
                        try await opening.rawStore(at: url, indexes: keys)
                    }
                case .warehouse:
                    try await warehouses.add(store.name, at: warehouse ?? store.url) { url in
                        try await opening.warehouse(at: url)
                    }
                }
            }
        } catch {
            _ = await RunStores(raw: raws.stores, warehouses: warehouses.stores).close()
            throw error
        }
        return RunStores(raw: raws.stores, warehouses: warehouses.stores)
    }
}

extension RunStores {
    /// The first warehouse that remembers deployments.
    var deployments: (any DeploymentLog)? {
        warehouses.lazy.compactMap(\.store.deploymentLog).first
    }

    /// The first warehouse that invariants can be held against.
    var invariants: (any InvariantStore)? {
        warehouses.lazy.compactMap(\.store.invariants).first
    }

    /// What `body` gives, and why stores could not be closed after it; where it fails, they are
    /// closed as well, so that the next run need not wait for what this one holds of them.
    func using<Value>(
        _ body: () async throws -> Value
    ) async throws -> (value: Value, unclosed: [StoreError]) {
        do {
            let value = try await body()
            return (value, await close())
        } catch {
            _ = await close()
            throw error
        }
    }

    /// Closes every store; says which could not be.
    fileprivate func close() async -> [StoreError] {
        var failures: [StoreError] = []
        for store in raw where store.twin == nil {
            do throws(StoreError) { try await store.store.close() } catch { failures.append(error) }
        }
        // order-free: a list
        for store in warehouses where store.twin == nil {
            do throws(StoreError) { try await store.store.close() } catch { failures.append(error) }
        }
        return failures
    }
}

/// The stores of one role.
///
/// What lies in one place is opened once: two openings would take each other for another run.
private struct StoresByPlace<Store: Sendable> {
    private(set) var stores: [RunStores.Named<Store>] = []
    private var first: [String: RunStores.Named<Store>] = [:]

    /// Adds the store at `url`, which the pipeline calls `name`.
    mutating func add(
        _ name: String,
        at url: String,
        _ open: (String) async throws -> StoreOpening.Opened<Store>
    ) async throws {
        let place = StoreOpening.place(of: url)
        if let twin = place.flatMap({ first[$0] }) {
            stores.append(
                .init(name: name, label: twin.label, store: twin.store, twin: twin.name)
            )
            return
        }
        let opened = try await open(url)
        for warning in opened.warnings { Terminal.message("warning: \(warning)") }
        let named = RunStores.Named(name: name, label: opened.label, store: opened.store)
        stores.append(named)
        if let place { first[place] = named }
    }
}
