import Foundation
import Subprocess
import Testing

extension OnServers {
    @Suite(.timeLimit(.minutes(45)))
    struct ClientKilledTests {
        private static let kills = OnServers.kills ?? 5
        private static let count = 3_000

        /// A log of 14 days, of which each is replayed in a seventh of a second.
        private static let log = ShopLog(count: count) { $0 * 400 }.text
        private static let pace = ["--speed", "600000"]

        /// What was acknowledged before the kill is on the servers.
        private func expectNothingLost(_ stores: ServerStores, _ killed: Ending) throws {
            let acknowledged = try Acknowledgement.all(in: killed.errors)
            // A kill before the tables are made leaves nothing to be read.
            guard !acknowledged.isEmpty else { return }
            let ids = try stores.documents(
                #"{"find": "raw_events", "projection": {"id": 1}, "batchSize": 100000}"#
            )
            let stored = Set(ids.compactMap { $0["id"] as? String })
            var counted: Set<Int64> = []
            for delivery in acknowledged {
                if delivery.stage == "ingest" {
                    let missing = delivery.lines.filter { !stored.contains("e-\($0)") }
                    #expect(missing.isEmpty, "acknowledged, and not in MongoDB")
                } else {
                    counted.formUnion(delivery.lines)
                }
            }
            let kept = try stores.count(in: .warehouse)
            #expect(kept >= counted.count, "acknowledged, and not in PostgreSQL")
        }

        @Test func `after a kill and another run the servers lack nothing and count nothing twice`()
            async throws
        {
            let servers = try #require(Servers.given)
            let folder = try TestFolder()
            let log = try folder.write("shop.ndjson", ClientKilledTests.log)
            let arguments = [Program.storefront, "--input", log, "--log-level", "debug"]
            var (expected, took): (ServerState?, Double) = (nil, 0)
            try await servers.withStores { stores in
                let whole = try await stores.run(arguments + ClientKilledTests.pace)
                try #require(whole.exitCode == 0, "\(whole.errors.suffix(2000))")
                expected = try ServerState(stores, try whole.report)
                took = whole.took.inSeconds
            }
            let undisturbed = try #require(expected)
            #expect(undisturbed.events.count == ClientKilledTests.count)

            var dice = ShopLog.Dice(state: 55)
            var killed = 0
            var halfway: Set<StoreOption> = []
            for point in 0..<ClientKilledTests.kills {
                try await servers.withStores { stores in
                    // A moment at random in one of as many equal parts of the run.
                    let share = Double(point) + Double(dice.roll(1000)) / 1000
                    let moment = took * 0.9 * share / Double(ClientKilledTests.kills)
                    let broken = try await stores.run(arguments + ClientKilledTests.pace) {
                        try await ContinuousClock().sleep(for: .seconds(moment))
                        try? $0.send(.kill)
                    }
                    if broken.status == .signaled(Signal.kill.rawValue) { killed += 1 }
                    try expectNothingLost(stores, broken)
                    for store in StoreOption.allCases {
                        let count = (try? stores.count(in: store)) ?? 0
                        if count > 0, count < ClientKilledTests.count { halfway.insert(store) }
                    }
                    let again = try await stores.run(arguments)
                    #expect(again.exitCode == 0, "\(again.errors.suffix(2000))")
                    try ServerState(stores, try again.report)
                        .expectEqual(to: undisturbed, "killed after \(moment) s")
                }
            }
            #expect(killed >= ClientKilledTests.kills * 3 / 5, "\(killed) kills fell into the run")
            #expect(halfway.count == 2, "a kill left a part of the events on each server")
        }
    }
}
