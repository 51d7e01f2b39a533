import PostgreSQLStores
import Storage
import TestSupport
import Testing

extension StoreAdapter {
    /// The adapter to PostgreSQL, where there is a server.
    static let postgreSQL = PostgreSQLTestServer.given.map { [StoreAdapter($0)] } ?? []

    private init(_ server: PostgreSQLTestServer) {
        self.init(testDescription: "PostgreSQL") {
            let schema = PostgreSQLTestServer.newName()
            let location = try server.location(schema: schema)
            // There is no raw store in PostgreSQL.
            let raw = MemoryRawStore()
            let hasPlace = Locked(false)
            return StoreHome(
                raw: { raw },
                warehouse: {
                    // Several may open it at once, and it takes one place.
                    let isFirst = hasPlace.change { taken in
                        defer { taken = true }
                        return !taken
                    }
                    if isFirst {
                        await PostgreSQLTestServer.places.take()
                    }
                    return try await PostgreSQLWarehouse(location)
                },
                remove: {
                    guard hasPlace.value else { return }
                    server.drop(schema)
                    PostgreSQLTestServer.places.giveBack()
                }
            )
        }
    }
}

/// Shows as skipped where the contracts are not held against PostgreSQL.
struct PostgreSQLContractTests {
    @Test(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
    func `the contracts of the ports are held against PostgreSQL`() {
        #expect(StoreAdapter.all.contains { $0.testDescription == "PostgreSQL" })
    }
}
