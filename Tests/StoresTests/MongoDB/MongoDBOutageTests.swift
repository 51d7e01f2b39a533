import Commerce
import Foundation
import MongoDBStores
import Storage
import Synchronization
import TestSupport
import Testing
import Timekeeping

/// Servers that go away in the middle of everything, and come back.
@Suite(
    .enabled(if: MongoDBTestServer.given != nil, MongoDBTestServer.skipped),
    .serialized,
    .timeLimit(.minutes(20))
)
struct MongoDBOutageTests {
    private let shop = Shop()

    private func location(_ server: MongoDBOwnServer, _ options: String) throws -> MongoDBLocation {
        try #require(try MongoDBLocation(url: "\(server.url)&\(options)"))
    }

    /// How many events a call of these tests stores.
    private static let count = 60

    /// Stores the batch of that number as a stage does: again and again while it may help.
    private func store(
        _ number: Int,
        in store: MongoDBRawStore,
        _ failures: Locked<Int>
    ) async throws -> RawOutcome {
        let count = MongoDBOutageTests.count
        let first = number * count + 1
        let write = shop.views(count, from: first).write(at: Int64(first))
        while true {
            do throws(StoreError) {
                return try await store.store([write])
            } catch {
                failures.change { $0 += 1 }
                try #require(error.isTransient && failures.value < 1000, "\(error)")
            }
        }
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func `a server killed in mid-write loses nothing acknowledged and keeps nothing twice`(
        seed: UInt64
    ) async throws {
        try await withOwnMongoDB { server in
            // While the server is away, a call waits for it this long before it fails.
            let location = try location(server, "serverSelectionTimeoutMS=2000")
            let store = try await MongoDBRawStore(location)
            let (acknowledged, failures) = (Locked(0), Locked(0))
            let (batches, writers) = (300, 3)
            let total = try await withThrowingTaskGroup(of: RawOutcome.self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        var sum = RawOutcome(stored: 0, duplicates: 0)
                        for number in stride(from: writer, to: batches, by: writers) {
                            let outcome = try await self.store(number, in: store, failures)
                            sum.stored += outcome.stored
                            sum.duplicates += outcome.duplicates
                            acknowledged.change { $0 += 1 }
                        }
                        return sum
                    }
                }
                group.addTask {
                    var random = Randomness(seed: seed)
                    for _ in 0..<3 {
                        let point = acknowledged.value + 1 + Int(random.below(15))
                        while acknowledged.value < min(point, batches) {
                            try await ContinuousClock().sleep(for: .milliseconds(1))
                        }
                        try server.send(SIGKILL)
                        try await server.start()
                    }
                    return RawOutcome(stored: 0, duplicates: 0)
                }
                return try await group.reduce(into: RawOutcome(stored: 0, duplicates: 0)) {
                    $0.stored += $1.stored
                    $0.duplicates += $1.duplicates
                }
            }
            let events = batches * MongoDBOutageTests.count
            #expect(total == RawOutcome(stored: events, duplicates: 0))
            #expect(failures.value > 0)
            #expect(try await store.count() == Int64(events))
            #expect(try await store.nextPosition() == Int64(events) + 1)
            await store.close()
        }
    }

    @Test func `a server that stops answering is an error that may pass, and then it goes on`()
        async throws
    {
        try await withOwnMongoDB { server in
            let options = "socketTimeoutMS=500&serverSelectionTimeoutMS=500&connectTimeoutMS=500"
            let store = try await MongoDBRawStore(try location(server, options))
            #expect(try await store.store([shop.views(10).write(at: 1)]).stored == 10)
            try await server.suspend()
            let write = shop.views(10, from: 11).write(at: 11)
            for _ in 0..<3 {
                let error = await #expect(throws: StoreError.self) {
                    try await store.store([write])
                }
                #expect(error?.code == .unavailable)
                #expect(error?.message.contains("see that the server runs") == true)
            }
            // Nobody can say, and nobody waits for it longer than for a call.
            #expect(await store.connections()?.server == nil)
            try server.send(SIGCONT)
            let failures = Locked(0)
            var outcome: RawOutcome?
            while outcome == nil {
                do throws(StoreError) {
                    outcome = try await store.store([write])
                } catch {
                    failures.change { $0 += 1 }
                    try #require(error.isTransient && failures.value < 100, "\(error)")
                }
            }
            #expect(outcome == RawOutcome(stored: 10, duplicates: 0))
            #expect(try await store.count() == 20)
            await store.close()
        }
    }
}
