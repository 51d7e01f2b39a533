import Foundation
import Subprocess
import Testing

extension Timed {
    /// `weir dead-letters replay` on what a run with too strict rules has given up.
    @Suite(.serialized, .timeLimit(.minutes(10)))
    struct ReplayCommandTests {
        private static let count: Int64 = 300

        /// A log of purchases of 5.00, each of an order of its own; all are refused, since they
        /// are too old.
        private func refusedRun() async throws -> TestFolder {
            let folder = try TestFolder()
            var log = ""
            for number in 1...Self.count {
                log += #"{"specversion":"1.0","id":"e-\#(number)","source":"/shop","#
                log += #""type":"purchase","time":"2024-01-01T00:00:00Z","data":{"#
                log += #""transaction_id":"o-\#(number)","user_id":"u-1","currency":"USD","#
                log += #""items":[{"item_id":"p1","price":5,"quantity":1}]}}"# + "\n"
            }
            let path = try folder.write("shop.ndjson", log)
            let ran = try await folder.run([
                Program.storefront, "--input", path,
                "--set", "spec.validation.earliest=2025-01-01T00:00:00Z",
            ])
            try #require(ran.exitCode == 0, "\(ran.errors)")
            return folder
        }

        private func replay(
            _ folder: TestFolder,
            _ arguments: [String],
            while body: (Running) async throws -> Void = { _ in }
        ) async throws -> Ending {
            try await Program.run(
                ["dead-letters", "replay", "--pipeline", Program.storefront] + arguments
                    + folder.storeOptions,
                while: body
            )
        }

        private func closed(_ folder: TestFolder) throws -> Int64 {
            try folder.warehouse.number(
                "SELECT count(*) FROM dead_letters WHERE decided_ns IS NOT NULL"
            )
        }

        private func expectAllReplayed(_ folder: TestFolder) throws {
            #expect(try closed(folder) == 2 * Self.count)
            #expect(try folder.raw.number("SELECT count(*) FROM events") == Self.count)
            let sales = try folder.warehouse.rows(
                """
                SELECT purchase, revenue FROM window_aggregates
                WHERE grain IN ('all', '1mo', '1d', '1h', '1m', '1s') AND category = ''
                """
            )
            #expect(sales == Array(repeating: "\(Self.count)|\(Self.count * 500)", count: 6))
        }

        @Test func `it says first what it does then, and asks or needs to be told`() async throws {
            let folder = try await refusedRun()
            let unasked = try await replay(folder, ["user=u-1"])
            #expect(unasked.exitCode == 64)
            #expect(unasked.errors.contains("replay needs --yes or --dry-run"))
            let said = try await replay(folder, ["user=u-1", "--dry-run"])
            #expect(said.exitCode == 0, "\(said.errors)")
            #expect(said.output.contains("would be stored"))
            #expect(said.output.contains("1500.00"))
            #expect(try closed(folder) == 0)
            let done = try await replay(folder, ["user=u-1", "--yes", "--by", "me"])
            #expect(done.exitCode == 0, "\(done.errors)")
            #expect(done.output.contains("600 letters replayed"))
            try expectAllReplayed(folder)
            let again = try await replay(folder, ["user=u-1", "--yes"])
            #expect(again.output.contains("no letter to replay with user=u-1"))
            try expectAllReplayed(folder)
            let checked = try await Program.run(
                ["invariants", "check", "--gate"] + folder.storeOptions
            )
            #expect(checked.exitCode == 0, "\(checked.output)\(checked.errors)")
            let traced = try await Program.run(["trace", "order=o-7"] + folder.storeOptions)
            #expect(traced.output.contains("counted, by replay-"))
            // A run that reads the log once more finds everything counted.
            let path = folder.path("shop.ndjson")
            let rerun = try await folder.run([Program.storefront, "--input", path])
            #expect(rerun.exitCode == 0, "\(rerun.errors)")
            try expectAllReplayed(folder)
        }

        /// One purchase of `order` at `time`, with the id `e-1`.
        private static func purchase(_ order: String, _ time: String) -> String {
            #"{"specversion":"1.0","id":"e-1","source":"/shop","type":"purchase","#
                + #""time":"\#(time)","data":{"transaction_id":"\#(order)","user_id":"u-1","#
                + #""currency":"USD","items":[{"item_id":"p1","price":5,"quantity":1}]}}"# + "\n"
        }

        @Test func `another event of the same id is no reason to close a letter`() async throws {
            let folder = try TestFolder()
            let old = try folder.write("old.ndjson", Self.purchase("a", "2024-01-01T00:00:00Z"))
            let new = try folder.write("new.ndjson", Self.purchase("b", "2026-01-01T00:00:00Z"))
            for path in [old, new] {
                let ran = try await folder.run([
                    Program.storefront, "--input", path,
                    "--set", "spec.validation.earliest=2025-01-01T00:00:00Z",
                ])
                try #require(ran.exitCode == 0, "\(ran.errors)")
            }
            let said = try await replay(folder, ["e-1", "subscription=ingest", "--dry-run"])
            #expect(said.output.contains("would fail again"))
            let done = try await replay(folder, ["e-1", "subscription=ingest", "--yes"])
            #expect(done.output.contains("1 of 1 letter failed again"), "\(done.output)")
            #expect(done.output.contains("id-conflict"))
            #expect(try closed(folder) == 0)
        }

        @Test func `without options both stores are those of the pipeline`() async throws {
            let folder = try await refusedRun()
            let own = try folder.write(
                "own.yaml",
                Pipelines.shop([
                    (
                        #"{name: raw, role: raw, url: "memory:"}"#,
                        #"{name: raw, role: raw, url: "sqlite:\#(folder.raw.path)"}"#
                    ),
                    (
                        #"{name: warehouse, role: warehouse, url: "memory:"}"#,
                        #"{name: warehouse, role: warehouse, url: "sqlite:"#
                            + #"\#(folder.warehouse.path)"}"#
                    ),
                ])
            )
            let done = try await Program.run([
                "dead-letters", "replay", "user=u-1", "--yes", "--pipeline", own,
            ])
            #expect(done.exitCode == 0, "\(done.errors)")
            #expect(done.output.contains("600 letters replayed"))
            #expect(try folder.raw.number("SELECT count(*) FROM events") == Self.count)
        }

        @Test func `killed in the middle it is resumed, and a second one waits outside`()
            async throws
        {
            let folder = try await refusedRun()
            let killed = try await replay(
                folder,
                ["user=u-1", "--yes", "--rate", "50", "--name", "mend"]
            ) { running in
                while try closed(folder) < 120 {
                    try await Task.sleep(for: .milliseconds(5))
                }
                let second = try await replay(folder, ["user=u-1", "--yes"])
                #expect(second.exitCode == 69, "\(second.output)\(second.errors)")
                try running.send(.kill)
            }
            #expect(killed.exitCode != 0)
            let before = try closed(folder)
            #expect(before >= 120 && before < 2 * Self.count)
            let unknown = try await replay(folder, ["--resume", "nothing", "--yes"])
            #expect(unknown.exitCode == 66)
            #expect(unknown.errors.contains("interrupted: mend"))
            let resumed = try await replay(folder, ["--resume", "mend", "--yes"])
            #expect(resumed.exitCode == 0, "\(resumed.errors)")
            try expectAllReplayed(folder)
            let checked = try await Program.run(
                ["invariants", "check", "--gate"] + folder.storeOptions
            )
            #expect(checked.exitCode == 0, "\(checked.output)\(checked.errors)")
        }

        @Test func `a position that a later run has given away is no obstacle`() async throws {
            let folder = try await refusedRun()
            let other =
                #"{"specversion":"1.0","id":"x-1","source":"/shop","type":"purchase","#
                + #""time":"2024-01-01T00:00:00Z","data":{"transaction_id":"o-x","user_id":"u-2","#
                + #""currency":"USD","items":[{"item_id":"p1","price":5,"quantity":1}]}}"# + "\n"
            let path = try folder.write("other.ndjson", other)
            let ran = try await folder.run([Program.storefront, "--input", path])
            try #require(ran.exitCode == 0, "\(ran.errors)")
            let done = try await replay(folder, ["user=u-1", "--yes"])
            #expect(done.exitCode == 0, "\(done.errors)")
            #expect(try folder.raw.number("SELECT count(*) FROM events") == Self.count + 1)
            let checked = try await Program.run(
                ["invariants", "check", "--gate"] + folder.storeOptions
            )
            #expect(checked.exitCode == 0, "\(checked.output)\(checked.errors)")
        }
    }
}
