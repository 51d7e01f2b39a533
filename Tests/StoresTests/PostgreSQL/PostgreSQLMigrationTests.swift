import PostgreSQLStores
import Storage
import TestSupport
import Testing

@Suite(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
struct PostgreSQLMigrationTests {
    private let server = PostgreSQLTestServer.given ?? PostgreSQLTestServer(url: "")

    @Test func `warehouses that are opened at once make the tables once`() async throws {
        try await server.withSchema { schema in
            let location = try server.location(schema: schema)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<6 as Range<Int64> {
                    group.addTask {
                        let warehouse = try await PostgreSQLWarehouse(location)
                        var commit = WarehouseCommit("subscription \(number)")
                        commit.add(.hour, Shop.epoch, .revenue(1))
                        try await warehouse.commit(commit)
                        await warehouse.close()
                    }
                }
                try await group.waitForAll()
            }
            #expect(
                try server.query("SELECT version, name FROM \(schema).migrations ORDER BY version")
                    == [
                        ["1", "aggregates and exceptions"], ["2", "slices of objectives"],
                        ["3", "datasets and invariants"], ["4", "refresh of the invariants"],
                        ["5", "deployments"], ["6", "census of raw events"],
                        ["7", "orders"], ["8", "owners of what is counted"],
                        ["9", "amounts of four decimals"], ["10", "decisions about dead letters"],
                        ["11", "replays of dead letters"], ["12", "messages that were dropped"],
                        ["13", "sums of dead letters"],
                        ["14", "edits of dead letters"],
                        ["15", "custom events"], ["16", "replays of stored events"],
                    ]
            )
            #expect(
                try server.query("SELECT revenue FROM \(schema).window_aggregates") == [["6"]]
            )
        }
    }

    @Test func `a schema that a newer program has made is refused`() async throws {
        try await server.withSchema { schema in
            let location = try server.location(schema: schema)
            await (try PostgreSQLWarehouse(location)).close()
            try server.query("INSERT INTO \(schema).migrations VALUES (1000, 'later')")
            let error = await #expect(throws: StoreError.self) {
                try await PostgreSQLWarehouse(location)
            }
            #expect(error?.code == .wrongFormat)
            #expect(error?.message.contains("version 1000") == true)
            #expect(error?.message.contains(schema) == true)
        }
    }

    @Test func `a schema of another program is refused and left alone`() async throws {
        try await server.withSchema { schema in
            try server.query("CREATE SCHEMA \(schema); CREATE TABLE \(schema).theirs (a int)")
            let location = try server.location(schema: schema)
            let error = await #expect(throws: StoreError.self) {
                try await PostgreSQLWarehouse(location)
            }
            #expect(error?.code == .wrongFormat)
            #expect(error?.message.contains("another program") == true)
            #expect(
                try server.query(
                    "SELECT relname FROM pg_class WHERE relnamespace = '\(schema)'::regnamespace"
                ) == [["theirs"]]
            )
        }
    }

    @Test func `an empty schema that is there already is taken`() async throws {
        try await server.withSchema { schema in
            try server.query("CREATE SCHEMA \(schema)")
            await (try PostgreSQLWarehouse(server.location(schema: schema))).close()
            let tables = try server.query(
                "SELECT count(*) FROM pg_tables WHERE schemaname = '\(schema)'"
            )
            #expect(tables == [["35"]])
        }
    }

    @Test func `every table and view says what it is`() async throws {
        try await server.withSchema { schema in
            await (try PostgreSQLWarehouse(server.location(schema: schema))).close()
            let silent = try server.query(
                """
                SELECT relname FROM pg_class
                WHERE relnamespace = '\(schema)'::regnamespace AND relkind IN ('r', 'v', 'm')
                    AND obj_description(oid, 'pg_class') IS NULL
                """
            )
            #expect(silent == [])
        }
    }
}
