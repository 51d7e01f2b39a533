import Datasets
import PostgreSQLStores
import SQLStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// Servers that are killed while they refresh.
@Suite(.enabled(if: PostgreSQLOwnServer.isPossible, PostgreSQLOwnServer.skipped))
struct PostgreSQLRefreshOutageTests {
    @Test(.timeLimit(.minutes(20)))
    func `a server that is killed in mid-refresh keeps the snapshot and no lock`() async throws {
        try await PostgreSQLOwnServer.visit { own, server in
            let warehouse = try await server.warehouse("shop")
            try await CatalogueSample.fill(warehouse)
            let session = try PostgreSQLSession(server.url)
            try session.query(
                "SET search_path = shop; DELETE FROM dataset_statistics; "
                    + "UPDATE dataset_entries SET created_ns = 0"
            )
            @Sendable func refresh(_ set: InvariantSet) async throws -> InvariantSnapshot {
                try await warehouse.refresh(
                    set,
                    timeout: .seconds(60),
                    timeline: RealTimeline()
                ).after
            }
            let before = try await refresh(ShippedInvariants.set)
            #expect(before.anomalies.count == 3)
            var set = ShippedInvariants.set
            set.invariants +=
                ShippedInvariants.invariant(
                    "SELECT pg_sleep(3600)::text AS subject, '' AS detail"
                ).invariants
            try await withThrowingTaskGroup { group in
                let slow = set
                group.addTask {
                    await #expect(throws: StoreError.self) { _ = try await refresh(slow) }
                }
                try await session.waitUntil(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
                    is: "1"
                )
                try await own.kill()
                try await group.waitForAll()
            }
            try await own.up()
            #expect(try await warehouse.snapshot() == before)
            let after = try await refresh(ShippedInvariants.set)
            #expect(after.anomalies.map(\.firstSeen) == before.anomalies.map(\.firstSeen))
            #expect(after.standings.allSatisfy { $0.failure == nil })
            await warehouse.close()
        }
    }
}
