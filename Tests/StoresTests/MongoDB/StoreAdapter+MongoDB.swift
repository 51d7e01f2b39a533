import MongoDBStores
import Storage
import TestSupport
import Testing

extension StoreAdapter {
    /// The adapter to MongoDB, where there is a server.
    static let mongoDB = MongoDBTestServer.given.map { [StoreAdapter($0)] } ?? []

    private init(_ server: MongoDBTestServer) {
        self.init(testDescription: "MongoDB") {
            let database = MongoDBTestServer.newName()
            let location = try server.location(database: database)
            // There is no warehouse in MongoDB.
            let warehouse = MemoryWarehouse(windowLimit: 10_000, openWindows: 10_000)
            let hasPlace = Locked(false)
            return StoreHome(
                raw: {
                    // Several may open it at once, and it takes one place.
                    let isFirst = hasPlace.change { taken in
                        defer { taken = true }
                        return !taken
                    }
                    if isFirst {
                        await MongoDBTestServer.places.take()
                    }
                    return try await MongoDBRawStore(location)
                },
                warehouse: { warehouse },
                remove: {
                    guard hasPlace.value else { return }
                    server.drop(database)
                    MongoDBTestServer.places.giveBack()
                }
            )
        }
    }
}

/// Shows as skipped where the contract is not held against MongoDB.
struct MongoDBContractTests {
    @Test(.enabled(if: MongoDBTestServer.given != nil, MongoDBTestServer.skipped))
    func `the contract of the raw store is held against MongoDB`() {
        #expect(StoreAdapter.all.contains { $0.testDescription == "MongoDB" })
    }
}
