import Foundation
import Subprocess
import Testing

extension OnServers {
    @Suite(.timeLimit(.minutes(45)))
    struct ServerKilledTests {
        /// How often each server is killed.
        private static let kills = OnServers.kills ?? 3

        /// Five events a second, of which 300 a second are replayed: the log ends after all kills.
        private static let log = ShopLog(count: 300 * 20 * (kills + 1)) { $0 / 5 }.text

        /// Kills the server at random points of a run, and ends the run with an interrupt.
        ///
        /// - Returns: The run's ending, and the longest time that the server was away.
        private func run(
            _ arguments: [String],
            on stores: ServerStores,
            killing own: OwnServer,
            of store: StoreOption
        ) async throws -> (Ending, longest: Duration) {
            let clock = ContinuousClock()
            var dice = ShopLog.Dice(state: store == .raw ? 1 : 2)
            var (longest, count) = (Duration.zero, 0)
            let ending = try await stores.run(arguments + ["--speed", "60"]) { program in
                for _ in 0..<ServerKilledTests.kills {
                    count = try await stores.waitForMore(than: count, in: store)
                    try await clock.sleep(for: .milliseconds(dice.roll(1000)))
                    try own.kill()
                    let outage = Duration.milliseconds(1000 + dice.roll(4000))
                    longest = max(longest, outage)
                    try await clock.sleep(for: outage)
                    try await own.up()
                }
                _ = try await stores.waitForMore(than: count, in: store)
                try program.send(.interrupt)
            }
            return (ending, longest)
        }

        @Test(arguments: StoreOption.allCases)
        func `a server that is killed and comes back loses nothing and doubles nothing`(
            store: StoreOption
        ) async throws {
            let folder = try TestFolder()
            let log = try folder.write("shop.ndjson", ServerKilledTests.log)
            let arguments = [Program.storefront, "--input", log]
            try await OwnServer.visit(for: store) { own, servers in
                try await servers.withStores { stores in
                    let (ending, longest) = try await run(
                        arguments,
                        on: stores,
                        killing: own,
                        of: store
                    )
                    try #require(ending.exitCode == 130, "\(ending.errors.suffix(2000))")
                    let report = try ending.report
                    #expect(report.isConserved)
                    #expect(report.subscriptions.allSatisfy { $0.acked == report.published })
                    // The outage shows: events waited for it to end, and calls failed and were
                    // repeated; in a short one MongoDB's driver does so by itself.
                    let stage = try #require(report.stage(store.stage))
                    #expect(try #require(stage.latency.maxMs) > longest.inSeconds * 900)
                    #expect(stage.storeRetries > 0 || store == .raw)
                    // The other stage knew nothing of it.
                    #expect(report.stage(store.other.stage)?.storeRetries == 0)

                    try await servers.withStores { others in
                        let whole = try await others.run(
                            arguments + ["--events", "\(report.published)"]
                        )
                        try #require(whole.exitCode == 0, "\(whole.errors.suffix(2000))")
                        let expected = try ServerState(others, try whole.report)
                        #expect(expected.counted.count == report.published)
                        try ServerState(stores, report).expectEqual(to: expected, "\(store)")
                    }
                }
            }
        }
    }
}
