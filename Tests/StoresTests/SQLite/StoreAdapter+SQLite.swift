import SQLiteStores

extension StoreAdapter {
    static let sqlite = StoreAdapter(testDescription: "SQLite") {
        let folder = try TemporaryFolder()
        return StoreHome(
            raw: { try SQLiteRawStore(SQLiteLocation(path: folder.path("raw.sqlite"))) },
            warehouse: { try sqliteWarehouse(in: folder) },
            remove: { folder.remove() }
        )
    }

    /// Opens the warehouse that lies in `folder`.
    static func sqliteWarehouse(in folder: TemporaryFolder) throws -> SQLiteWarehouse {
        try SQLiteWarehouse(SQLiteLocation(path: folder.path("w.sqlite")))
    }
}
