import Commerce
import PostgreSQLStores
import SQLStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// Calls by the thousand, for a tool that looks for memory and handles that are not given back
/// (`--sanitize=address`, or valgrind on the test program).
@Suite(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
struct PostgreSQLHandleTests {
    private let server = PostgreSQLTestServer.given ?? PostgreSQLTestServer(url: "")

    @Test func `ten thousand calls, of which every tenth fails, are each answered`() async throws {
        try await server.withSchema { schema in
            let warehouse = try await PostgreSQLWarehouse(server.location(schema: schema))
            var (answered, refused) = (0, 0)
            for call in 0..<10_000 {
                let identity = IdentityDigest(high: 1, low: UInt64(call))
                switch call % 10 {
                case 0:
                    // Earlier than the one before, which is refused, or the first of all.
                    do throws(StoreError) {
                        try await warehouse.commit(commit(Int64(call == 0 ? 1_000_000 : call)))
                    } catch {
                        try #require(error.code == .refused, "\(error)")
                        refused += 1
                        continue
                    }
                case 1 where call % 100 == 1:
                    try await warehouse.commit(commit(Int64(1_000_000 + call)))
                default:
                    let question = CountedQuestion(events: [identity])
                    let counted = try await warehouse.alreadyCounted(question, by: "analytics")
                    try #require(counted.events.isEmpty)
                }
                answered += 1
            }
            #expect(answered == 9001 && refused == 999)
            let cells = try await warehouse.windows(.hour, categories: .total)
            #expect(cells.map(\.cell.revenue) == [101])
            await warehouse.close()
        }
    }

    @Test func `a warehouse that could not be opened leaves nothing behind`() async throws {
        let location = try PostgreSQLLocation(url: "postgresql://127.0.0.1:1/shop")
        for _ in 0..<50 {
            await #expect(throws: StoreError.self) { try await PostgreSQLWarehouse(location) }
        }
    }

    private func commit(_ number: Int64) -> WarehouseCommit {
        var commit = WarehouseCommit()
        commit.number = number
        commit.add(.hour, Shop.epoch, .revenue(1))
        commit.consume("log", 1...number)
        return commit
    }
}
