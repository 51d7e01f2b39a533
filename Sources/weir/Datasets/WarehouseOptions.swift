internal import ArgumentParser
internal import Commerce
internal import Datasets
internal import Foundation
internal import PostgreSQLStores
internal import SQLiteStores
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

    /// Where the warehouse is, if somebody has said it.
    private var said: String? {
        warehouse ?? ProcessInfo.processInfo.environment["WEIR_WAREHOUSE_URL"]
    }

    /// Whether nobody has said which.
    var isStandard: Bool { said == nil }

    /// Opens the warehouse, which has to be there, for `access`, lets `body` use it, and closes it.
    func open<Value>(
        for access: SQLiteAccess = .reading,
        _ body: (OpenCatalogue) async throws -> Value
    ) async throws -> Value {
        let opened = try await OpenCatalogue(said ?? HistorySource.defaultWarehouse, access)
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
    /// Nil where the database does nothing by itself.
    let scheduler: (any RefreshScheduler)?
    /// Its URL without any password.
    let label: String
    /// What keeps invariants from being looked at as they should be.
    let warning: String?

    /// Opens the warehouse at `url`, or at the usual place; nil where none is there.
    init?(ifThereAt url: String?) async throws {
        let url =
            url ?? ProcessInfo.processInfo.environment["WEIR_WAREHOUSE_URL"]
            ?? HistorySource.defaultWarehouse
        guard url != "memory:" else { return nil }
        if let location = SQLiteLocation(url: url),
            !FileManager.default.fileExists(atPath: location.path)
        {
            return nil
        }
        // A refresh of its own that a console makes is written there.
        try await self.init(url, .changing)
    }

    /// Opens the warehouse at `url` for `access`.
    ///
    /// - Throws: `StoreURLError`, `InputError` where there is none, or `StoreOpeningError` where it
    ///   cannot be opened.
    init(_ url: String, _ access: SQLiteAccess) async throws {
        do {
            if PostgreSQLLocation.isMeant(by: url) {
                let location = try PostgreSQLLocation(url: url)
                let opened = try await PostgreSQLWarehouse(location, notingIn: DamagedRows.all)
                (warehouse, catalogue, invariants, deployments) = (opened, opened, opened, opened)
                scheduler = opened
                label = location.label
                warning = try await opened.invariantWarning()
            } else if let location = SQLiteLocation(url: url) {
                try location.expectFile("warehouse")
                let opened = try SQLiteWarehouse(location, access, notingIn: DamagedRows.all)
                (warehouse, catalogue, invariants, deployments) = (opened, opened, opened, opened)
                scheduler = nil
                label = url
                warning = nil
            } else {
                // Only the scheme is shown: what stands behind it may be a password.
                throw StoreURLError(
                    description: "no catalogue is kept at \(StoreURLError.form(of: url)); "
                        + "expected sqlite:<path> or postgresql://…"
                )
            }
        } catch let error as StoreError {
            throw StoreOpeningError(error)
        }
    }
}
