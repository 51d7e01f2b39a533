internal import ArgumentParser
internal import Commerce
internal import Datasets
internal import OpeningStores
internal import Storage

/// `--warehouse`, for commands that read what a run has stored in one.
struct WarehouseOptions: ParsableArguments {
    @Option(
        help: """
            The warehouse: sqlite:<path> or postgresql://… (also WEIR_WAREHOUSE_URL; default: \
            sqlite:.weir/warehouse.sqlite).
            """
    )
    var warehouse: String?

    /// Whether none was named.
    var isStandard: Bool { StorePlaces.warehouse(warehouse) == nil }

    /// Opens the warehouse, which has to be there, for `access`, lets `body` use it, and closes it.
    ///
    /// `standard` takes the place of the usual place, where none was named.
    func open<Value>(
        for access: StoreAccess = .reading,
        standard: String? = nil,
        _ body: (OpenCatalogue) async throws -> Value
    ) async throws -> Value {
        let opened = try await OpenCatalogue(isStandard ? standard : warehouse, for: access)
        do {
            let value = try await body(opened)
            try await opened.warehouse.close()
            return value
        } catch {
            try? await opened.warehouse.close()
            throw error
        }
    }
}

/// A warehouse that was opened for its catalogue.
struct OpenCatalogue {
    let warehouse: any Warehouse
    let catalogue: any DatasetCatalogue
    let invariants: any InvariantStore
    let deployments: any DeploymentLog
    /// Its URL without any password.
    let label: String

    /// Opens the warehouse at `url`, or at the usual place, for `access`.
    ///
    /// - Throws: `InputError` where there is none, or `StoreError` where it cannot be opened.
    init(_ url: String?, for access: StoreAccess) async throws {
        let url = StorePlaces.warehouse(url) ?? StorePlaces.standardWarehouse
        let opened = try await StorePlaces.opening.warehouse(at: url, for: access)
        guard let catalogue = opened.store.catalogue, let invariants = opened.store.invariants,
            let deployments = opened.store.deploymentLog
        else {
            throw StoreError(.wrongURL, "\(opened.label) keeps no catalogue; name another one")
        }
        (warehouse, label) = (opened.store, opened.label)
        (self.catalogue, self.invariants, self.deployments) = (catalogue, invariants, deployments)
    }

    /// Opens the warehouse at `url`, or at the usual place; nil where none is there.
    init?(ifThereAt url: String?) async throws {
        guard StorePlaces.warehouse(url) != "memory:" else { return nil }
        do {
            // A refresh of its own that a console makes is written there.
            try await self.init(url, for: .changing)
        } catch let error as InputError where error.code == .notFound {
            return nil
        }
    }
}
