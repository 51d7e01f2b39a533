import Foundation
import MongoDBStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// Inserts whose line is cut: the one who gives such a call again cannot know what was stored.
@Suite(.enabled(if: MongoDBTestServer.given != nil, MongoDBTestServer.skipped), .serialized)
struct MongoDBCutTests {
    private let server = MongoDBTestServer.given ?? MongoDBTestServer(url: "")
    private let shop = Shop()

    @Test(arguments: [CuttingProxy.Direction.toServer, .toClient])
    func `what a call stored before its line was cut is no duplicate when it is given again`(
        direction: CuttingProxy.Direction
    ) async throws {
        await MongoDBTestServer.places.take()
        let database = MongoDBTestServer.newName()
        defer {
            server.drop(database)
            MongoDBTestServer.places.giveBack()
        }
        // The driver must not go round the proxy to the address that the server gives as its own.
        let direct = try server.url(database: database, options: "directConnection=true")
        var parts = try #require(URLComponents(string: direct))
        let proxy = try CuttingProxy(to: parts.port ?? 27017)
        defer { proxy.close() }
        parts.port = proxy.port
        let url = try #require(parts.string)
        let location = try #require(try MongoDBLocation(url: url))
        let store = try await MongoDBRawStore(location)
        _ = try await store.store([shop.views(20).write(at: 1)])
        proxy.measure()
        _ = try await store.store([shop.views(20, from: 21).write(at: 21)])
        let bytes = direction == .toServer ? proxy.passed.toServer : proxy.passed.toClient
        try #require(bytes > 100)

        var random = Randomness(seed: 7)
        for round in 2..<12 {
            // The first and the last byte, and some between.
            let place =
                switch round {
                case 2: 0
                case 3: bytes - 1
                default: Int(random.below(UInt64(bytes)))
                }
            let first = round * 20 + 1
            // Half of another call's events are known: those are duplicates, cut or not.
            let writes = [
                shop.views(20, from: first).write(at: Int64(first)),
                shop.views(5, from: 1).write(at: Int64(first) + 1_000_000),
            ]
            proxy.cut(direction, after: place)
            var outcome: RawOutcome?
            for _ in 0..<5 where outcome == nil {
                do throws(StoreError) {
                    outcome = try await store.store(writes)
                } catch {
                    try #require(error.isTransient, "cut at \(place): \(error)")
                }
            }
            #expect(outcome == RawOutcome(stored: 20, duplicates: 5), "cut at \(place)")
            if proxy.isArmed { proxy.cut(direction, after: .max) }
            // Given once more, as after a lost acknowledgement, all of it is known.
            #expect(try await store.store(writes) == RawOutcome(stored: 0, duplicates: 25))
            #expect(try await store.count() == Int64(first) + 19)
        }
        await store.close()
    }
}
