internal import PostgreSQLStores
internal import SLO
internal import SQLiteStores
internal import Storage

/// A warehouse that was opened for the history in it.
struct OpenHistory {
    let warehouse: any Warehouse
    let history: any SLIHistory
    /// Its URL without any password.
    let label: String

    /// Opens the warehouse at `url`.
    ///
    /// - Throws: `StoreURLError`, or `StoreOpeningError` where it cannot be opened.
    init(_ url: String) async throws {
        do {
            if PostgreSQLLocation.isMeant(by: url) {
                let location = try StoreURLError.locating { () throws(StoreError) in
                    try PostgreSQLLocation(url: url)
                }
                let opened = try await PostgreSQLWarehouse(location, notingIn: DamagedRows.all)
                self.init(opened, opened, location.label)
            } else if let location = SQLiteLocation(url: url) {
                try location.expectFile("warehouse")
                let opened = try SQLiteWarehouse(location, .reading, notingIn: DamagedRows.all)
                self.init(opened, opened, url)
            } else {
                // Only the scheme is shown: what stands behind it may be a password.
                throw StoreURLError(
                    description: "no history is kept at \(StoreURLError.form(of: url)); "
                        + "expected sqlite:<path> or postgresql://…"
                )
            }
        } catch let error as StoreError {
            throw StoreOpeningError(error)
        }
    }

    private init(_ warehouse: any Warehouse, _ history: any SLIHistory, _ label: String) {
        self.warehouse = warehouse
        self.history = history
        self.label = label
    }
}
