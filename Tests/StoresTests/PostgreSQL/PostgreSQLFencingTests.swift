import PostgreSQLStores
import SQLStores
import Storage
import TestSupport
import Testing
import Timekeeping

@Suite(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
struct PostgreSQLFencingTests {
    private let server = PostgreSQLTestServer.given ?? PostgreSQLTestServer(url: "")

    private func commit(_ number: Int64, revenue: Int64 = 1) -> WarehouseCommit {
        var commit = WarehouseCommit()
        commit.number = number
        commit.add(.hour, Shop.epoch, .revenue(revenue))
        commit.consume("log", 1...number)
        return commit
    }

    private func revenue(_ warehouse: PostgreSQLWarehouse) async throws -> [Int64] {
        try await warehouse.windows(.hour, categories: .total).map(\.cell.revenue)
    }

    @Test func `a commit that is given again is stored once`() async throws {
        try await server.withSchema { schema in
            let warehouse = try await PostgreSQLWarehouse(server.location(schema: schema))
            #expect(try await warehouse.progress(of: "analytics").isEmpty)
            for number in 1...3 as ClosedRange<Int64> {
                for _ in 1...3 { try await warehouse.commit(commit(number)) }
            }
            #expect(try await revenue(warehouse) == [3])
            await warehouse.close()
        }
    }

    @Test func `a commit that comes after a later one is refused`() async throws {
        try await server.withSchema { schema in
            let warehouse = try await PostgreSQLWarehouse(server.location(schema: schema))
            try await warehouse.commit(commit(2))
            let error = await #expect(throws: StoreError.self) {
                try await warehouse.commit(commit(1))
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("commit 1 of subscription \"analytics\"") == true)
            #expect(try await revenue(warehouse) == [1])
            await warehouse.close()
        }
    }

    @Test func `of two runs at once the one that looked before the other wrote is refused`()
        async throws
    {
        try await server.withSchema { schema in
            let location = try server.location(schema: schema)
            let first = try await PostgreSQLWarehouse(location)
            let second = try await PostgreSQLWarehouse(location)
            _ = try await first.progress(of: "analytics")
            _ = try await second.progress(of: "analytics")
            try await first.commit(commit(1))
            for _ in 1...2 {
                let error = await #expect(throws: StoreError.self) {
                    try await second.commit(commit(1, revenue: 100))
                }
                #expect(error?.code == .refused)
                #expect(error?.message.contains("another run is writing") == true)
                #expect(error?.isTransient == false)
            }
            try await first.commit(commit(2))
            #expect(try await revenue(first) == [2])

            // It takes over once it has seen what the first one wrote; the first one is out.
            let progress = try await second.progress(of: "analytics")
            #expect(progress.map(\.consumed.intervals) == [[1...2]])
            try await second.commit(commit(1, revenue: 100))
            await #expect(throws: StoreError.self) { try await first.commit(commit(3)) }
            #expect(try await revenue(first) == [102])
            await first.close()
            await second.close()
        }
    }

    @Test func `another subscription is another run's to write`() async throws {
        try await server.withSchema { schema in
            let location = try server.location(schema: schema)
            let first = try await PostgreSQLWarehouse(location)
            let second = try await PostgreSQLWarehouse(location)
            for number in 1...3 as ClosedRange<Int64> {
                try await first.commit(commit(number))
                var other = commit(number)
                other.subscription = "other"
                try await second.commit(other)
            }
            #expect(try await revenue(first) == [6])
            await first.close()
            await second.close()
        }
    }

    @Test func `whoever asks for progress waits for a commit in flight`() async throws {
        try await server.withSchema { schema in
            let name = "application_name=\(schema)"
            let location = try server.location(schema: schema, options: name)
            let warehouse = try await PostgreSQLWarehouse(location)
            try await warehouse.commit(commit(1))
            // Something that a commit waits for while it holds the commits' lock.
            let held = try PostgreSQLSession(server.url)
            try held.query("BEGIN; LOCK TABLE \(schema).window_aggregates IN EXCLUSIVE MODE")
            let waiting = """
                SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
                WHERE NOT granted AND application_name = '\(schema)'
                """
            async let committed: Void = warehouse.commit(commit(2))
            try await held.waitUntil(waiting, is: "1")
            async let progress = warehouse.progress(of: "analytics")
            try await held.waitUntil(waiting, is: "2")
            try held.query("COMMIT")
            try await committed
            #expect(try await progress.map(\.consumed.intervals) == [[1...2]])
            await warehouse.close()
        }
    }
}
