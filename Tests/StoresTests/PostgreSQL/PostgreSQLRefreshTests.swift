import Datasets
import PostgreSQLStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// The lock on a schema's snapshot.
struct PostgreSQLRefreshTests {
    @Test(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
    func `while another client refreshes a schema, this one does not`() async throws {
        let server = try #require(PostgreSQLTestServer.given)
        try await server.withSchema { schema in
            let warehouse = try await server.warehouse(schema)
            try await CatalogueSample.fill(warehouse)
            let other = try PostgreSQLSession(server.url)
            let key =
                "hashtextextended('weir invariants ' || current_database() || '.\(schema)', 0)"
            try other.query("SELECT pg_advisory_lock(\(key))")
            func refresh() async throws {
                _ = try await warehouse.refresh(
                    ShippedInvariants.set,
                    timeout: .seconds(60),
                    timeline: RealTimeline()
                )
            }
            await #expect(throws: RefreshUnderWay.self) { try await refresh() }
            try other.query("SELECT pg_advisory_unlock(\(key))")
            try await refresh()
            #expect(
                try server.query(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
                        + "AND pid <> pg_backend_pid() AND objid::bigint = (\(key) & 4294967295)"
                )
                    == [["0"]]
            )
            await warehouse.close()
        }
    }
}
