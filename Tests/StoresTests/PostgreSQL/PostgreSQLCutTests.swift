import Commerce
import Foundation
import PostgreSQLStores
import SQLStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// Commits whose line is cut on the way: who gives such a commit again cannot know whether it was
/// stored.
///
/// At every byte of them where WEIR_TEST_EVERY_BYTE is set, which takes minutes.
@Suite(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
struct PostgreSQLCutTests {
    private let server = PostgreSQLTestServer.given ?? PostgreSQLTestServer(url: "")

    private func commit(_ number: Int64) -> WarehouseCommit {
        var commit = WarehouseCommit()
        commit.number = number
        commit.add(.hour, Shop.epoch, .revenue(1))
        commit.add(product: "p1", ProductCell(revenue: 1))
        commit.add(.sessions, .hour, Shop.epoch, hashes: [UInt64(number) << 32])
        commit.count([IdentityDigest(high: UInt64(number), low: 0)])
        commit.consume("log", 1...number)
        return commit
    }

    /// Places all over a commit of so many bytes, and all of its end.
    private func places(_ bytes: Int) -> [Int] {
        let isEvery = ProcessInfo.processInfo.environment["WEIR_TEST_EVERY_BYTE"] != nil
        return (0..<bytes).filter { isEvery || $0.isMultiple(of: 17) || $0 >= bytes - 30 }
    }

    @Test(arguments: [CuttingProxy.Direction.toServer, .toClient])
    func `a commit whose line is cut at any byte is stored once when it is given again`(
        direction: CuttingProxy.Direction
    ) async throws {
        var parts = try #require(URLComponents(string: server.url))
        let proxy = try CuttingProxy(to: parts.port ?? 5432)
        defer { proxy.close() }
        parts.port = proxy.port
        try await server.withSchema { schema in
            parts.query = "schema=\(schema)"
            let location = try PostgreSQLLocation(url: try #require(parts.string))
            let warehouse = try await PostgreSQLWarehouse(location)
            let watch = try PostgreSQLSession(server.url)
            try watch.query("SET search_path TO \(schema)")
            _ = try await warehouse.progress(of: "analytics")
            try await warehouse.commit(commit(1))
            proxy.measure()
            try await warehouse.commit(commit(2))
            let bytes = direction == .toServer ? proxy.passed.toServer : proxy.passed.toClient
            try #require(bytes > 200 && bytes < 10_000)

            var number: Int64 = 2
            for place in places(bytes) {
                number += 1
                proxy.cut(direction, after: place)
                var attempts = 0
                while true {
                    attempts += 1
                    do throws(StoreError) {
                        try await warehouse.commit(commit(number))
                        break
                    } catch {
                        try #require(error.isTransient && attempts < 5, "\(place): \(error)")
                    }
                }
                // Every connection is another one, so a shorter talk is not cut at the last bytes.
                if proxy.isArmed { proxy.cut(direction, after: .max) }
                let sums = try watch.query(
                    """
                    SELECT (SELECT revenue FROM window_aggregates),
                        (SELECT revenue FROM product_sales), (SELECT number FROM writers),
                        (SELECT count(*) FROM counted_events), (SELECT last_offset FROM progress)
                    """
                )
                try #require(sums == [Array(repeating: "\(number)", count: 5)], "cut at \(place)")
            }
            let rows = try await warehouse.windows(.hour, categories: .total)
            #expect(rows.map { $0.distinct[.sessions]?.count } == [number])
            await warehouse.close()
        }
    }
}
