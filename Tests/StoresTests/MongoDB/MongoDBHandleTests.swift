import Commerce
import MongoDBStores
import Storage
import Synchronization
import TestSupport
import Testing

/// Calls by the thousand, for a tool that looks for memory and handles that are not given back
/// (`--sanitize=address`, or valgrind on the test program).
struct MongoDBHandleTests {
    private let shop = Shop()

    @Test func `ten thousand calls, of which every tenth fails, are each answered`() async throws {
        let inserts = Atomic<Int>(0)
        let server = try MongoWireServer { command in
            guard command == "insert",
                inserts.wrappingAdd(1, ordering: .relaxed).newValue.isMultiple(of: 10)
            else { return nil }
            return .failure(262, "operation exceeded time limit")
        }
        server.start()
        defer { server.close() }
        let url = "mongodb://127.0.0.1:\(server.port)/shop?maxPoolSize=2"
        let location = try #require(try MongoDBLocation(url: url))
        var (stored, failed) = (0, 0)
        for round in 0..<20 {
            let store = try await MongoDBRawStore(location)
            for call in 0..<500 {
                let number = round * 500 + call + 1
                do throws(StoreError) {
                    let batch = shop.batch([shop.event(number, .purchase)])
                    stored += try await store.store([batch.write(at: Int64(number))]).stored
                } catch {
                    try #require(error.code == .unavailable, "\(error)")
                    failed += 1
                }
            }
            #expect(try await store.nextPosition() == 1)
            #expect(await store.connections()?.open == 1)
            await store.close()
        }
        #expect(stored == 9000 && failed == 1000)
    }

    @Test func `a store that could not be opened leaves nothing behind`() async throws {
        for _ in 0..<50 {
            let location = try #require(try MongoDBLocation(url: "mongodb://127.0.0.1:1/shop"))
            await #expect(throws: StoreError.self) { try await MongoDBRawStore(location) }
        }
    }
}
