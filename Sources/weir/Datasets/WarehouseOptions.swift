internal import ArgumentParser
internal import Commerce
internal import Datasets
internal import Foundation
internal import PostgreSQLStores
internal import Reports
internal import SQLiteStores
internal import Stages

/// `--warehouse`, for commands that read what a run has stored in one.
struct WarehouseOptions: ParsableArguments {
    @Option(
        help: """
            The warehouse: sqlite:<path> or postgresql://… (also WEIR_WAREHOUSE_URL; default: \
            sqlite:.weir/warehouse.sqlite).
            """
    )
    var warehouse: String?

    /// Opens the warehouse, which has to be there, lets `body` use it, and closes it.
    func open<Value>(
        _ body: (OpenCatalogue) async throws -> Value
    ) async throws -> Value {
        let said = warehouse ?? ProcessInfo.processInfo.environment["WEIR_WAREHOUSE_URL"]
        let opened = try await OpenCatalogue(
            said ?? HistorySource.defaultWarehouse,
            isStandard: said == nil
        )
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
    let census: any CensusStore
    /// Whether nobody has said which.
    let isStandard: Bool
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
        try await self.init(url, isStandard: false)
    }

    /// Opens the warehouse at `url`.
    ///
    /// - Throws: `StoreURLError`, `InputError` where there is none, or `StoreOpeningError` where it
    ///   cannot be opened.
    init(_ url: String, isStandard: Bool) async throws {
        self.isStandard = isStandard
        do {
            if PostgreSQLLocation.isMeant(by: url) {
                let location = try PostgreSQLLocation(url: url)
                let opened = try await PostgreSQLWarehouse(location)
                (warehouse, catalogue, invariants, deployments) = (opened, opened, opened, opened)
                census = opened
                scheduler = opened
                label = location.label
                warning = try await opened.invariantWarning()
            } else if let location = SQLiteLocation(url: url) {
                guard FileManager.default.fileExists(atPath: location.path) else {
                    throw InputError(
                        .notFound,
                        "there is no warehouse at \(location.path); expected one that 'weir run' "
                            + "has made"
                    )
                }
                // SQLite takes an empty file for a database, in which nothing could offend.
                let size = try FileManager.default.attributesOfItem(atPath: location.path)[.size]
                guard size as? Int != 0 else {
                    throw InputError(
                        .notFound,
                        "\(location.path) is empty; expected a warehouse that 'weir run' has made"
                    )
                }
                let opened = try SQLiteWarehouse(location)
                (warehouse, catalogue, invariants, deployments) = (opened, opened, opened, opened)
                census = opened
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

extension Terminal {
    /// `report` as JSON, with keys in `snake_case`.
    static func json(_ report: some Encodable) throws {
        try document(try JSONText.write(report))
    }
}
