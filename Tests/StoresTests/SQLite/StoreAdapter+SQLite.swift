import SQLiteStores

extension StoreAdapter {
    static let sqlite = StoreAdapter(testDescription: "SQLite") {
        let folder = try TemporaryFolder()
        return StoreHome(
            raw: { try SQLiteRawStore(SQLiteLocation(path: folder.path("raw.sqlite"))) },
            warehouse: { try SQLiteWarehouse(SQLiteLocation(path: folder.path("w.sqlite"))) },
            remove: { folder.remove() }
        )
    }
}
