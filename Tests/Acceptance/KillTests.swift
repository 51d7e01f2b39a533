import Foundation
import Subprocess
import Testing

/// What the stores say, as far as it must be the same however often a run was broken off.
private struct StoredState: Equatable {
    var events: [String]
    var windows: [String]
    var products: [String]
    var shoppers: Int?

    init(_ folder: TestFolder, _ report: Report) throws {
        events = try folder.raw.rows("SELECT source, id, document FROM events ORDER BY 1, 2")
        windows = try folder.warehouse.rows("SELECT * FROM window_aggregates ORDER BY 1, 2, 3, 4")
        products = try folder.warehouse.rows("SELECT * FROM product_sales ORDER BY 1, 2, 3, 4")
        shoppers = report.warehouse?.totals.shoppers?.count
    }
}

extension Timed {
    @Suite(.serialized, .timeLimit(.minutes(45)))
    struct KillTests {
        private static let count = 16_000
        private static let kills = 20

        /// A log over 18 days, 200 events at a time: a window of its own for each event would make
        /// the runs long, and no kill any closer.
        private static let log = ShopLog(count: count) { $0 / 200 * 19_400 }.text

        /// A run whose events are counted by so many workers.
        private func run(
            _ folder: TestFolder,
            workers: Int = 1,
            while body: (Running) async throws -> Void = { _ in }
        ) async throws -> Ending {
            let log = folder.path("shop.ndjson")
            if !FileManager.default.fileExists(atPath: log) {
                try folder.write("shop.ndjson", KillTests.log)
            }
            return try await folder.run(
                [
                    Program.storefront, "--input", log, "--log-level", "debug",
                    "--set", "spec.stages.analytics.workers=\(workers)",
                ],
                while: body
            )
        }

        /// What was acknowledged before the kill is in the files, and they are sound.
        private func expectNothingLost(_ folder: TestFolder, _ killed: Ending) throws {
            let acknowledged = try Acknowledgement.all(in: killed.errors)
            guard FileManager.default.fileExists(atPath: folder.raw.path),
                FileManager.default.fileExists(atPath: folder.warehouse.path)
            else {
                #expect(acknowledged.isEmpty)
                return
            }
            #expect(try folder.raw.integrity() == ["ok"])
            #expect(try folder.warehouse.integrity() == ["ok"])
            // A kill between making a file and its tables leaves a file without tables.
            guard !acknowledged.isEmpty else { return }
            let stored = Set(try folder.raw.rows("SELECT id FROM events"))
            var counted: Set<Int> = []
            for delivery in acknowledged {
                if delivery.stage == "ingest" {
                    let missing = delivery.lines.filter { !stored.contains("e-\($0)") }
                    #expect(missing.isEmpty, "acknowledged, and not in the raw store")
                } else {
                    counted.formUnion(delivery.lines.map(Int.init))
                }
            }
            let kept = try folder.warehouse.number("SELECT count(*) FROM counted_events")
            #expect(kept >= counted.count, "acknowledged, and not in the warehouse")
        }

        /// The warehouse says what a fold of the raw documents says.
        private func expectFold(_ folder: TestFolder) throws {
            let names = ["view_item", "add_to_cart", "purchase", "refund"]
            let counts = names.map { "sum(type = '\($0)')" }.joined(separator: ", ")
            let folded = try folder.raw.rows(
                """
                SELECT substr(time, 1, 10), currency, \(counts),
                    CAST(sum((type = 'purchase') * round(value * 100)) AS INTEGER),
                    CAST(sum((type = 'refund') * round(value * 100)) AS INTEGER)
                FROM events GROUP BY 1, 2 ORDER BY 1, 2
                """
            )
            let counted = try folder.warehouse.rows(
                """
                SELECT date(start_ns / 1000000000, 'unixepoch'), currency,
                    \(names.joined(separator: ", ")), revenue, refunded
                FROM window_aggregates WHERE grain = '1d' AND category = '' ORDER BY 1, 2
                """
            )
            #expect(folded.count > 10)
            #expect(counted == folded)
        }

        /// The index of the raw store names every event of some shoppers.
        private func expectFound(_ folder: TestFolder) async throws {
            let held = try folder.raw.rows(
                "SELECT user_id, count(*) FROM events GROUP BY 1 ORDER BY 1 LIMIT 8"
            )
            for row in held {
                let parts = row.split(separator: "|")
                let found = try await Program.run([
                    "events", "find", "user=\(parts[0])", "--limit", "10000",
                    "--raw", "sqlite:\(folder.raw.path)", "--format", "json",
                ])
                #expect(found.exitCode == 0, "\(found.errors)")
                let events = found.output.split(separator: "\"position\"").count - 1
                #expect("\(events)" == parts[1], "user=\(parts[0])")
            }
        }

        /// The catalogue says what the stores say, and its chains are whole.
        private func expectCatalogue(_ folder: TestFolder) async throws {
            let statistics = try folder.warehouse.rows(
                "SELECT dataset_id, num_records FROM dataset_statistics ORDER BY 1"
            )
            #expect(
                statistics == [
                    "derivative/analytics|\(KillTests.count)", "root/events|\(KillTests.count)",
                ]
            )
            let url = "sqlite:\(folder.warehouse.path)"
            for dataset in ["events", "analytics"] {
                let shown = try await Program.run(
                    ["datasets", "show", dataset, "--verify", "--warehouse", url]
                )
                #expect(shown.exitCode == 0, "\(shown.output)\(shown.errors)")
            }
            let invariants = Program.packageRoot.appending(path: "slo/invariants").path
            // The log's refunds are of any order, bought or not.
            let files = try FileManager.default.contentsOfDirectory(atPath: invariants).filter {
                $0.hasSuffix(".sql") && $0 != "refunds-within-purchase.sql"
            }
            let stores = ["--raw", "sqlite:\(folder.raw.path)", "--warehouse", url]
            let checked = try await Program.run(
                ["invariants", "check", "--gate"] + stores
                    + files.flatMap { ["--invariants", "\(invariants)/\($0)"] }
            )
            #expect(checked.exitCode == 0, "\(checked.output)\(checked.errors)")
        }

        @Test func `after a kill and another run nothing is missing and nothing counts twice`()
            async throws
        {
            let undisturbed = try TestFolder()
            let whole = try await run(undisturbed)
            try #require(whole.exitCode == 0, "\(whole.errors.suffix(2000))")
            let expected = try StoredState(undisturbed, try whole.report)
            #expect(expected.events.count == KillTests.count)
            try expectFold(undisturbed)

            var dice = ShopLog.Dice(state: 20)
            var killed = 0
            var halfway = 0
            // How long a run takes; the first one may have shared the machine with other tests.
            var length = whole.took.inSeconds
            for point in 0..<KillTests.kills {
                let folder = try TestFolder()
                // A moment at random in one of as many equal parts of the run.
                let share =
                    (Double(point) + Double(dice.roll(1000)) / 1000) / Double(KillTests.kills)
                let moment = Duration.seconds(length * share)
                // What one worker has counted, two go on with.
                let workers = [1, 2, 4][point % 3]
                let broken = try await run(folder, workers: workers) { program in
                    try await ContinuousClock().sleep(for: moment)
                    try? program.send(.kill)
                }
                if broken.status == .signaled(Signal.kill.rawValue) {
                    killed += 1
                } else {
                    length = min(length, broken.took.inSeconds)
                }
                try expectNothingLost(folder, broken)
                let stored = (try? folder.raw.number("SELECT count(*) FROM raw_events")) ?? 0
                if stored > 0, stored < KillTests.count { halfway += 1 }

                let again = try await run(folder, workers: [2, 4, 1][point % 3])
                #expect(again.exitCode == 0, "\(again.errors.suffix(2000))")
                #expect(try StoredState(folder, try again.report) == expected, "\(moment)")
                try expectFold(folder)
                try await expectCatalogue(folder)
                if point.isMultiple(of: 5) { try await expectFound(folder) }
                #expect(try folder.raw.integrity() == ["ok"])
                #expect(try folder.warehouse.integrity() == ["ok"])
            }
            #expect(killed >= KillTests.kills / 2, "\(killed) kills fell into the run")
            #expect(halfway >= KillTests.kills / 3, "\(halfway) kills left a part of the events")
        }

        @Test func `kills one after the other on the same files lose and double nothing`()
            async throws
        {
            let folder = try TestFolder()
            let undisturbed = try TestFolder()
            let whole = try await run(undisturbed)
            let expected = try StoredState(undisturbed, try whole.report)
            var dice = ShopLog.Dice(state: 5)
            for _ in 0..<5 {
                let share = 0.3 + Double(dice.roll(500)) / 1000
                let broken = try await run(folder) { program in
                    try await ContinuousClock().sleep(
                        for: .seconds(whole.took.inSeconds * share)
                    )
                    try? program.send(.kill)
                }
                try expectNothingLost(folder, broken)
            }
            let again = try await run(folder)
            #expect(again.exitCode == 0, "\(again.errors.suffix(2000))")
            #expect(try StoredState(folder, try again.report) == expected)
            try expectFold(folder)
            try await expectCatalogue(folder)
            try await expectFound(folder)
        }
    }
}
