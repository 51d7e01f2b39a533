internal import OpeningStores
internal import Operations
internal import Pipeline
internal import Reports
internal import Storage

/// The stores of a pipeline that does not run, opened to be read; those that could not be opened
/// are left out.
struct ReadStores {
    private var raw: [String: any RawStore] = [:]
    private var warehouses: [String: any Warehouse] = [:]
    /// By name, where a store lies.
    private var places: [String: String] = [:]
    private(set) var failures: [any Error] = []

    /// Opens those of `document`, or those that `given` puts in their places.
    init(_ document: PipelineDocument, _ given: StorePlaces) async {
        var failed: Set<String> = []
        for store in document.stores {
            let named =
                store.role == .raw
                ? StorePlaces.raw(given.raw) : StorePlaces.warehouse(given.warehouse)
            let url = named ?? store.url
            let place = "\(store.role) \(StoreOpening.place(of: url) ?? store.name)"
            places[store.name] = place
            guard !failed.contains(place), raw[place] == nil, warehouses[place] == nil else {
                continue
            }
            do {
                switch store.role {
                case .raw:
                    raw[place] = try await StorePlaces.opening.rawStore(at: url, for: .reading)
                        .store
                case .warehouse:
                    warehouses[place] = try await StorePlaces.opening.warehouse(
                        at: url,
                        for: .reading
                    ).store
                }
            } catch {
                failed.insert(place)
                failures.append(error)
                Terminal.message("weir: \(error)")
            }
        }
    }

    /// `subscription` of `document`, with the stores that know of it.
    func standing(
        of subscription: PipelineDocument.Subscription,
        in document: PipelineDocument
    ) -> StoredSubscription {
        let stage = document.stages.first { $0.subscription == subscription.name }
        var reader = StoredSubscription.Reader.other
        var raw: (any RawStore)?
        let first = document.stores.first { $0.role == .warehouse }?.name
        var warehouse = first.flatMap { places[$0] }.flatMap { warehouses[$0] }
        switch stage?.kind {
        case .ingest(_, let name):
            reader = .ingest
            raw = places[name].flatMap { self.raw[$0] }
            // What is in it is not of this subscription alone.
            if writers(of: name, in: document).count > 1 { raw = nil }
        case .analytics(let plan):
            reader = .analytics
            raw = source(of: subscription.topic, in: document)
            warehouse = places[plan.store].flatMap { warehouses[$0] }
        case .producer, .relay, .collector, .external, nil: break
        }
        return StoredSubscription(
            name: subscription.name,
            topic: subscription.topic,
            stage: stage?.name,
            filter: subscription.filter,
            reader: reader,
            raw: raw,
            warehouse: warehouse
        )
    }

    /// The subscriptions that are stored where `store` is.
    private func writers(of store: String, in document: PipelineDocument) -> [String] {
        document.stages.compactMap { stage in
            guard case .ingest(let reader, let name) = stage.kind, places[name] == places[store]
            else { return nil }
            return reader
        }
    }

    /// The raw store that has the events of `topic`, and no others.
    private func source(
        of topic: String,
        in document: PipelineDocument
    ) -> (any RawStore)? {
        for stage in document.stages {
            guard case .ingest(let reader, let name) = stage.kind,
                document.topic(of: reader) == topic, let place = places[name],
                writers(of: name, in: document).allSatisfy({ document.topic(of: $0) == topic })
            else { continue }
            if let store = raw[place] { return store }
        }
        return nil
    }

    func close() async {
        // order-free: each by itself
        for store in raw.values { try? await store.close() }
        // order-free: each by itself
        for store in warehouses.values { try? await store.close() }
    }
}
