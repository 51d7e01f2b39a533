import Datasets
import PostgreSQLStores
import SQLStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// The schedule that the database keeps to.
@Suite(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
struct PostgreSQLScheduleTests {
    private let server = PostgreSQLTestServer.given ?? PostgreSQLTestServer(url: "")

    /// Waits for the next full minute, which is as often as pg_cron runs a job.
    ///
    /// The second schedule is made right after the first, which pg_cron may be reading at that
    /// moment; where it keeps to the first, nothing is refreshed before the half-hour.
    @Test(.timeLimit(.minutes(4)))
    func `it is made, shown, changed, kept to and removed`() async throws {
        try #require(
            try server.query("SELECT count(*) FROM pg_extension WHERE extname = 'pg_cron'")
                == [["1"]],
            "the server has no pg_cron; infra/stack starts one that has"
        )
        try await server.withSchema { schema in
            let warehouse = try await server.warehouse(schema)
            try await CatalogueSample.fill(warehouse)
            #expect(try await warehouse.refreshSchedule() == nil)
            await #expect(throws: UnschedulableInterval.self) {
                try await warehouse.scheduleRefresh(every: .seconds(420))
            }
            try await warehouse.scheduleRefresh(every: .seconds(1800))
            #expect(
                try await warehouse.refreshSchedule()
                    == RefreshSchedule(
                        expression: "*/30 * * * *",
                        interval: .seconds(1800),
                        isActive: true,
                        lastRun: nil
                    )
            )
            try await warehouse.scheduleRefresh(every: .seconds(60))
            let (_, before) = try await warehouse.refresh(
                ShippedInvariants.set,
                timeout: .seconds(60),
                timeline: RealTimeline()
            )
            #expect(before.standings.allSatisfy { $0.count == 0 })
            try server.query(
                "SET search_path = \(schema); DELETE FROM dataset_references "
                    + "WHERE dataset_id = 'root/events'"
            )
            let timeline = RealTimeline()
            while try await count(warehouse) == 0 {
                try await timeline.sleep(until: timeline.now + .milliseconds(200))
            }
            #expect(try await count(warehouse) == 1)
            let snapshot = try await warehouse.snapshot()
            #expect(snapshot.anomalies.map(\.subject) == ["root/events"])
            #expect(snapshot.anomalies.allSatisfy { $0.firstSeen <= timeline.now })
            // The run is told of a moment after what it did.
            while try await warehouse.refreshSchedule()?.lastRun == nil {
                try await timeline.sleep(until: timeline.now + .milliseconds(50))
            }
            let last = try await warehouse.refreshSchedule()?.lastRun
            #expect(last?.hasSucceeded == true, "\(String(describing: last))")

            #expect(try await warehouse.unscheduleRefresh())
            #expect(try await !warehouse.unscheduleRefresh())
            #expect(try await warehouse.refreshSchedule() == nil)
            await warehouse.close()
        }
    }

    private func count(_ warehouse: PostgreSQLWarehouse) async throws -> Int64 {
        try await warehouse.standings().first { $0.invariant == "head-reference" }?.count ?? -1
    }

    @Test func `a database without pg_cron says so`() async throws {
        let name = PostgreSQLTestServer.newName()
        try server.query("CREATE DATABASE \(name)")
        let url =
            server.url.split(separator: "/").dropLast().joined(separator: "/")
            .replacing("postgresql:/", with: "postgresql://") + "/\(name)"
        let warehouse = try await PostgreSQLWarehouse(PostgreSQLLocation(url: url))
        let error = await #expect(throws: NoScheduler.self) {
            try await warehouse.scheduleRefresh(every: .seconds(1800))
        }
        #expect(error?.description.contains("pg_cron is not installed") == true)
        #expect(error?.description.contains("weir serve") == true)
        await warehouse.close()
        try server.query("DROP DATABASE \(name)")
    }
}
