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

        @Test func `interrupted it ends with the letters at hand, and says how to go on`()
            async throws
        {
            let folder = try await refusedRun()
            let stopped = try await replay(
                folder,
                ["user=u-1", "--yes", "--rate", "50", "--name", "mend"]
            ) { running in
                while try closed(folder) < 100 {
                    try await Task.sleep(for: .milliseconds(5))
                }
                try running.send(.interrupt)
            }
            #expect(stopped.exitCode == 130, "\(stopped.errors)")
            #expect(stopped.output.contains("--resume mend goes on"), "\(stopped.output)")
            let before = try closed(folder)
            #expect(before >= 100 && before < 2 * Self.count)
            let taken = try await replay(folder, ["user=u-1", "--yes", "--name", "mend"])
            #expect(taken.exitCode == 64)
            #expect(taken.output == "")
            #expect(taken.errors.contains("was interrupted: --resume mend goes on"))
            let useless = try await replay(folder, ["--resume", "mend", "--why", "x", "--yes"])
            #expect(useless.exitCode == 64)
            let resumed = try await replay(folder, ["--resume", "mend", "--yes"])
            #expect(resumed.exitCode == 0, "\(resumed.errors)")
            try expectAllReplayed(folder)
            let ended = try await replay(folder, ["--resume", "mend", "--yes"])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            #expect(ended.output.contains("mend has ended at"))
            #expect(ended.output.contains("300 counted, 300 stored"), "\(ended.output)")
        }

        @Test func `letters that are no events by themselves are said to be left out`()
            async throws
        {
            let folder = try TestFolder()
            let log = try folder.write(
                "sales.txt",
                "00001 19970101 1 11.77\n00002 19970112 1 12.00\n00002 19970112 5 77.00\n"
            )
            let ran = try await folder.run([
                Program.storefront, "--input", log, "--input-format", "cdnow",
                "--set", "spec.validation.earliest=2025-01-01T00:00:00Z",
            ])
            try #require(ran.exitCode == 0, "\(ran.errors)")
            func weir(_ arguments: [String]) async throws -> Ending {
                try await Program.run(
                    arguments + ["--warehouse", "sqlite:\(folder.warehouse.path)"]
                )
            }
            let shown = try await weir(["dead-letters", "show", "user=00002"])
            #expect(shown.output.contains("6 letters were left out"), "\(shown.output)")
            let one = try await weir(["dead-letters", "show", "message-id=2"])
            #expect(one.output.contains("2 letters"), "\(one.output)")
            let rehearsed = try await replay(folder, ["user=00002", "--dry-run"])
            #expect(rehearsed.output.contains("6 letters were left out"), "\(rehearsed.output)")
            let traced = try await Program.run(
                ["trace", "message-id=2"] + folder.storeOptions
            )
            #expect(traced.output.contains("gave up message 2"), "\(traced.output)")
        }

        @Test func `a letter is edited, replayed to its stage, and closed with its successor`()
            async throws
        {
            let folder = try await refusedRun()
            func edit(_ arguments: [String]) async throws -> Ending {
                try await Program.run(
                    ["dead-letters", "edit", "--pipeline", Program.storefront] + arguments
                        + folder.storeOptions
                )
            }
            func show(_ arguments: [String]) async throws -> Ending {
                try await Program.run(
                    ["dead-letters", "show"] + arguments
                        + ["--warehouse", "sqlite:\(folder.warehouse.path)"]
                )
            }
            let two = try await edit(["e-1", "--set", "data.user_id=u-9"])
            #expect(two.exitCode == 64)
            #expect(two.errors.contains("names 2 letters"), "\(two.errors)")
            let one = ["e-1", "subscription=ingest"]
            let wrong = try await edit(one + ["--set", "data.transaction_id="])
            #expect(wrong.exitCode == 65, "\(wrong.errors)")
            #expect(wrong.errors.contains("data.transaction_id is empty"))
            let said = try await edit(one + ["--set", "data.user_id=u-9"])
            #expect(said.exitCode == 0, "\(said.errors)")
            #expect(said.output.contains("would be stored"))
            #expect(said.errors.contains("nothing was changed: --yes does it"))
            #expect(try closed(folder) == 0)
            #expect(try folder.raw.number("SELECT count(*) FROM events") == 0)

            let done = try await edit(
                one + ["--set", "data.user_id=u-9", "--by", "Zoë", "--why", "a typo", "--yes"]
            )
            #expect(done.exitCode == 0, "\(done.errors)")
            #expect(done.output.contains(#""u-9""#), "\(done.output)")
            // The original and its successor; the letter of analytics is another one.
            #expect(try closed(folder) == 2)
            #expect(try folder.raw.number("SELECT count(*) FROM events") == 1)
            let successor = try folder.warehouse.rows(
                "SELECT id FROM dead_letters WHERE edited_from = 'e-1'"
            )
            let hint = try await show(one)
            #expect(hint.output.contains("1 letter is closed"), "\(hint.output)")
            let original = try await show(one + ["--discarded"])
            #expect(original.output.contains(successor[0]), "\(original.output)")
            let made = try await show([successor[0], "--discarded"])
            #expect(made.output.contains("e-1"))
            #expect(made.output.contains("by Zoë: a typo"), "\(made.output)")
            let found = try await Program.run(
                ["events", "find", "user=u-9", "--format", "json"]
                    + ["--raw", "sqlite:\(folder.raw.path)"]
            )
            #expect(found.output.contains(#""causation" : "e-1""#), "\(found.output)")
            let again = try await edit(one + ["--set", "data.user_id=u-9", "--yes"])
            #expect(again.exitCode == 66, "\(again.errors)")
            // The same edit for analytics is the same event: what is stored is counted.
            let counted = try await edit(
                ["e-1", "subscription=analytics", "--set", "data.user_id=u-9", "--yes"]
            )
            #expect(counted.exitCode == 0, "\(counted.errors)")
            #expect(counted.output.contains(successor[0]), "\(counted.output)")
            let traced = try await Program.run(["trace", "user=u-9"] + folder.storeOptions)
            #expect(traced.output.contains("counted, by edit-"), "\(traced.output)")
            let checked = try await Program.run(
                ["invariants", "check", "--gate"] + folder.storeOptions
            )
            #expect(checked.exitCode == 0, "\(checked.output)\(checked.errors)")
        }

        @Test func `letters are given to another subscription, which must fit`() async throws {
            let folder = try await refusedRun()
            func redirect(_ arguments: [String]) async throws -> Ending {
                try await Program.run(
                    ["dead-letters", "redirect", "--pipeline", Program.storefront] + arguments
                        + folder.storeOptions
                )
            }
            let unknown = try await redirect(["subscription=ingest", "--to", "analytcs"])
            #expect(unknown.exitCode == 64)
            #expect(unknown.errors.contains("did you mean \"analytics\"?"), "\(unknown.errors)")
            let own = try await redirect(["subscription=ingest", "--to", "ingest", "--yes"])
            #expect(own.output.contains("no letter"), "\(own.output)")
            let said = try await redirect(["subscription=ingest", "--to", "analytics"])
            #expect(said.output.contains("would be counted"), "\(said.output)")
            #expect(try closed(folder) == 0)
            let done = try await redirect(["subscription=ingest", "--to", "analytics", "--yes"])
            #expect(done.exitCode == 0, "\(done.errors)")
            #expect(done.output.contains("redirected to"), "\(done.output)")
            #expect(try closed(folder) == Self.count)
            #expect(try folder.raw.number("SELECT count(*) FROM events") == 0)
            let sales =
                "SELECT revenue FROM window_aggregates WHERE grain = 'all' AND category = ''"
            #expect(try folder.warehouse.rows(sales) == ["\(Self.count * 500)"])
            // What was counted for ingest is not counted once more for analytics.
            let rest = try await replay(folder, ["subscription=analytics", "--yes"])
            #expect(rest.output.contains("already-there"), "\(rest.output)")
            #expect(try folder.warehouse.rows(sales) == ["\(Self.count * 500)"])
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
