import Foundation
import Testing

extension OnServers {
    @Suite(.timeLimit(.minutes(20)))
    struct SlowServerTests {
        private static let standstill = 15
        private static let rate = 500
        /// So many that the standstill falls into their midst.
        private static let events = rate * (standstill + 5)
        /// How many events may be on their way to a stage.
        private static let room = 2000

        /// The shop, with little room before each stage.
        private static func pipeline(_ whenFull: String) -> String {
            let flow = "flowControl: {maxOutstandingMessages: \(room), whenFull: \(whenFull)}"
            return Pipelines.shop([
                ("ackDeadlineSeconds: 60", flow),
                ("{name: analytics, topic: events}", "{name: analytics, topic: events, \(flow)}"),
                ("rate: 1000", "rate: \(rate)"),
            ])
        }

        private func run(_ stores: ServerStores, whenFull: String) async throws -> Report {
            let folder = try TestFolder()
            let path = try folder.write("shop.yaml", SlowServerTests.pipeline(whenFull))
            let ending = try await stores.run([path, "--events", "\(SlowServerTests.events)"])
            try #require(ending.exitCode == 0, "\(whenFull): \(ending.errors.suffix(2000))")
            return try ending.report
        }

        /// What holds of both policies.
        private func expectBounded(
            _ report: Report,
            _ stores: ServerStores,
            _ store: StoreOption
        ) throws {
            #expect(report.isConserved)
            #expect(report.published == SlowServerTests.events)
            for subscription in report.subscriptions {
                let rest = subscription.backlog + subscription.outstanding
                #expect(rest + subscription.waitingToRetry == 0, "all has drained")
                #expect(subscription.acked + subscription.shed == SlowServerTests.events)
                let stage = try #require(report.stage(subscription.name))
                #expect(stage.processed == subscription.acked)
                #expect(stage.duplicates == 0)
            }
            // The room before the stage was used up, and never more than that.
            let most = report.samples.compactMap { $0.backlog[store.stage] }.max() ?? 0
            #expect(most > SlowServerTests.room / 2)
            #expect(most <= SlowServerTests.room)
            let ingest = try #require(report.subscriptions.first { $0.name == "ingest" })
            #expect(try stores.count(in: .raw) == ingest.acked)
            let analytics = try #require(report.subscriptions.first { $0.name == "analytics" })
            #expect(report.warehouse?.totals.events.values.reduce(0, +) == analytics.acked)
        }

        @Test(arguments: StoreOption.allCases)
        func `a server that stands still holds the producer up, or has events shed`(
            store: StoreOption
        ) async throws {
            try await OwnServer.visit(for: store) { own, servers in
                try await servers.withStores { blocking in
                    try await servers.withStores { shedding in
                        async let blocked = run(blocking, whenFull: "block")
                        async let shed = run(shedding, whenFull: "shed")
                        try await blocking.waitUntilUnderWay()
                        try await shedding.waitUntilUnderWay()
                        try own.suspend()
                        try await ContinuousClock().sleep(
                            for: .seconds(SlowServerTests.standstill)
                        )
                        try own.resume()

                        try expectBounded(try await blocked, blocking, store)
                        try expectBounded(try await shed, shedding, store)
                        let none = try await blocked.subscriptions.map(\.shed)
                        #expect(none == [0, 0])
                        let stoodStill = try await blocked.samples.contains {
                            $0.publishedRate == 0
                        }
                        #expect(stoodStill)
                        // The other server may be slow by itself, but not for so long.
                        let counts = try await shed.subscriptions
                        let troubled = try #require(counts.first { $0.name == store.stage })
                        let other = try #require(counts.first { $0.name != store.stage })
                        #expect(troubled.shed > other.shed)
                    }
                }
            }
        }
    }
}
