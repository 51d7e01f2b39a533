import Foundation
import Subprocess
import Testing

extension Timed {
    /// `weir events replay` on what runs have stored.
    @Suite(.serialized, .timeLimit(.minutes(10)))
    struct EventReplayCommandTests {
        private static let count: Int64 = 300

        /// A run over a log of purchases of 5.00, each of an order of its own, a minute apart.
        private func storedRun(_ options: [String] = []) async throws -> TestFolder {
            let folder = try TestFolder()
            var log = ""
            for number in 1...Self.count {
                let minute = String(format: "%02d:%02d", number / 60, number % 60)
                log += #"{"specversion":"1.0","id":"e-\#(number)","source":"/shop","#
                log += #""type":"purchase","time":"2024-01-01T\#(minute):00Z","data":{"#
                log += #""transaction_id":"o-\#(number)","user_id":"u-\#(number % 3)","#
                log += #""currency":"USD","items":[{"item_id":"p1","price":5,"quantity":1}]}}"#
                log += "\n"
            }
            let path = try folder.write("shop.ndjson", log)
            let ran = try await folder.run([Program.storefront, "--input", path] + options)
            try #require(ran.exitCode == 0, "\(ran.errors)")
            return folder
        }

        private func replay(
            _ folder: TestFolder,
            _ arguments: [String],
            while body: (Running) async throws -> Void = { _ in }
        ) async throws -> Ending {
            try await Program.run(
                ["events", "replay", "--pipeline", Program.storefront] + arguments
                    + folder.storeOptions,
                while: body
            )
        }

        private func lose(_ store: StoreFile) throws {
            for end in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: store.path + end)
            }
            #expect(!FileManager.default.fileExists(atPath: store.path))
        }

        private func expectAllCounted(_ folder: TestFolder) async throws {
            let sales = try folder.warehouse.rows(
                """
                SELECT sum(purchase), sum(revenue) FROM window_aggregates
                WHERE category = '' GROUP BY grain ORDER BY grain
                """
            )
            #expect(sales.count > 3)
            #expect(Set(sales) == ["\(Self.count)|\(Self.count * 500)"])
            let checked = try await Program.run(
                ["invariants", "check", "--gate"] + folder.storeOptions
            )
            #expect(checked.exitCode == 0, "\(checked.output)\(checked.errors)")
        }

        @Test func `a warehouse that was lost is made anew from what is stored`() async throws {
            let folder = try await storedRun()
            let counted = try await replay(
                folder,
                ["--all", "--subscription", "analytics", "--dry-run"]
            )
            #expect(counted.output.contains("already counted"), "\(counted.output)")
            try lose(folder.warehouse)
            let said = try await replay(
                folder,
                ["--all", "--subscription", "analytics", "--dry-run"]
            )
            #expect(said.exitCode == 0, "\(said.errors)")
            #expect(said.output.contains("would be counted"), "\(said.output)")
            #expect(said.output.contains("1500.00"), "\(said.output)")
            #expect(!FileManager.default.fileExists(atPath: folder.warehouse.path))
            let unasked = try await replay(folder, ["--all", "--subscription", "analytics"])
            #expect(unasked.exitCode == 64)
            #expect(unasked.errors.contains("replay needs --yes or --dry-run"))
            let done = try await replay(
                folder,
                ["--all", "--subscription", "analytics", "--yes", "--by", "me", "--why", "lost"]
            )
            #expect(done.exitCode == 0, "\(done.errors)")
            #expect(done.output.contains("300 events replayed"), "\(done.output)")
            try await expectAllCounted(folder)
            let traced = try await Program.run(["trace", "order=o-7"] + folder.storeOptions)
            #expect(traced.output.contains("counted, by events-"), "\(traced.output)")
            let again = try await replay(folder, ["--all", "--subscription", "analytics", "--yes"])
            #expect(again.output.contains("already counted"), "\(again.output)")
            try await expectAllCounted(folder)
            // A run that reads the log once more finds everything counted.
            let path = folder.path("shop.ndjson")
            let rerun = try await folder.run([Program.storefront, "--input", path])
            #expect(rerun.exitCode == 0, "\(rerun.errors)")
            try await expectAllCounted(folder)
        }

        @Test func `a stream of the shopper model is known again after its warehouse was lost`()
            async throws
        {
            let folder = try TestFolder()
            let model = ["--events", "3000", "--rate", "max", "--seed", "7"]
            let ran = try await folder.run([Program.storefront] + model)
            try #require(ran.exitCode == 0, "\(ran.errors)")
            let total = """
                SELECT view_item, purchase, revenue FROM window_aggregates
                WHERE grain = 'all' AND category = '' ORDER BY currency
                """
            let before = try folder.warehouse.rows(total)
            try lose(folder.warehouse)
            let done = try await replay(folder, ["--all", "--subscription", "analytics", "--yes"])
            #expect(done.exitCode == 0, "\(done.errors)")
            #expect(try folder.warehouse.rows(total) == before)
            let checked = try await Program.run(
                ["invariants", "check", "--gate"] + folder.storeOptions
            )
            #expect(checked.exitCode == 0, "\(checked.output)\(checked.errors)")
            #expect(try folder.warehouse.number("SELECT count(*) FROM counted_events") == 0)
        }

        @Test func `a log of rows is recognised, and a raw store made from another`()
            async throws
        {
            let folder = try TestFolder()
            let log = try folder.write(
                "sales.txt",
                "00001 19970101 1 11.77\n00002 19970112 1 12.00\n00002 19970112 5 77.00\n"
            )
            let ran = try await folder.run([
                Program.storefront, "--input", log, "--input-format", "cdnow",
            ])
            try #require(ran.exitCode == 0, "\(ran.errors)")
            let counted = try await replay(
                folder,
                ["user=00002", "--subscription", "analytics", "--yes"]
            )
            #expect(counted.output.contains("already counted"), "\(counted.output)")
            #expect(!counted.output.contains("conflict"))
            let copy = ["--raw", "sqlite:\(folder.path("copy.sqlite"))"]
            let rest = ["--warehouse", "sqlite:\(folder.warehouse.path)"]
            let arguments =
                ["events", "replay", "--pipeline", Program.storefront, "--all"]
                + ["--subscription", "ingest", "--from-raw", "sqlite:\(folder.raw.path)"] + copy
                + rest
            let said = try await Program.run(arguments + ["--dry-run"])
            #expect(said.output.contains("would be stored"), "\(said.output)\(said.errors)")
            let done = try await Program.run(arguments + ["--yes"])
            #expect(done.exitCode == 0, "\(done.errors)")
            #expect(done.output.contains("3 events replayed"), "\(done.output)")
            let same = try await Program.run(arguments + ["--yes"])
            #expect(same.output.contains("already there"), "\(same.output)")
        }

        @Test func `killed in the middle it is resumed, and each event has one outcome`()
            async throws
        {
            let folder = try await storedRun()
            try lose(folder.warehouse)
            let all = ["--all", "--subscription", "analytics", "--yes"]
            let killed = try await replay(folder, all + ["--rate", "50", "--name", "anew"]) {
                running in
                while noted(folder) < 100 {
                    try await Task.sleep(for: .milliseconds(5))
                }
                let second = try await replay(folder, all)
                #expect(second.exitCode == 69, "\(second.output)\(second.errors)")
                try running.send(.kill)
            }
            #expect(killed.exitCode != 0)
            let before = noted(folder)
            #expect(before >= 100 && before < Self.count)
            let wrong = try await Program.run(
                ["dead-letters", "replay", "--pipeline", Program.storefront, "--resume", "anew"]
                    + ["--yes"] + folder.storeOptions
            )
            #expect(wrong.exitCode == 64)
            #expect(wrong.errors.contains("weir events replay --resume"), "\(wrong.errors)")
            let resumed = try await replay(folder, ["--resume", "anew", "--yes"])
            #expect(resumed.exitCode == 0, "\(resumed.errors)")
            #expect(noted(folder) == Self.count)
            try await expectAllCounted(folder)
            let ended = try await replay(folder, ["--resume", "anew", "--yes"])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            #expect(ended.output.contains("300 counted"), "\(ended.output)")
        }

        @Test func `what cannot be meant is said`() async throws {
            let folder = try await storedRun()
            func refused(_ arguments: [String], _ code: Int32, _ words: String) async throws {
                let ending = try await replay(folder, arguments)
                #expect(ending.exitCode == code, "\(arguments): \(ending.errors)")
                #expect(ending.errors.contains(words), "\(arguments): \(ending.errors)")
                #expect(ending.output == "")
            }
            let to = ["--subscription", "analytics", "--dry-run"]
            try await refused(["--dry-run"], 64, "Name the events")
            try await refused(["--all", "--dry-run"], 64, "--subscription")
            try await refused(["--all", "order=o-1"] + to, 64, "--all is every event")
            try await refused(["colour=red"] + to, 64, "there is no key \"colour\"")
            try await refused(["since=never"] + to, 64, "is no time")
            try await refused(
                ["--since", "2024-02-01T00:00:00Z", "--until", "2024-01-01T00:00:00Z"] + to,
                64,
                "nothing happened"
            )
            try await refused(
                ["--all", "--subscription", "analytcs", "--dry-run"],
                64,
                "did you mean \"analytics\"?"
            )
            try await refused(["--resume", "nothing", "--yes"], 66, "there is no replay")
            let none = try await replay(folder, ["order=o-1000"] + to)
            #expect(none.exitCode == 0)
            #expect(none.output.contains("no event to replay with order=o-1000"), "\(none.output)")
            let some = try await replay(
                folder,
                ["--since", "2024-01-01T01:00:00Z", "--until", "2024-01-01T02:00:00Z"] + to
                    + ["--format", "json"]
            )
            #expect(some.output.contains(#""count" : 60"#), "\(some.output)")
        }

        @Test func `stores say how far each subscription is, and what they cannot know`()
            async throws
        {
            let folder = try await storedRun()
            func list(_ arguments: [String]) async throws -> Ending {
                try await Program.run(["subscriptions", "list"] + arguments + folder.storeOptions)
            }
            let pipeline = ["--pipeline", Program.storefront]
            let said = try await list(pipeline)
            #expect(said.exitCode == 0, "\(said.errors)")
            #expect(said.output.contains("300 stored, up to position 300"), "\(said.output)")
            #expect(said.output.contains("300 counted, up to position 300"), "\(said.output)")
            let whole = try Listing.lines(of: try await list(pipeline + ["--format", "json"]))
            #expect(whole.map(\.subscription) == ["ingest", "analytics"])
            #expect(whole.map(\.backlog) == [nil, 0])
            #expect(whole.map(\.deadLettered) == [0, 0])
            #expect(whole.map(\.shed) == [0, 0])
            // What is stored behind what is counted is still to be counted.
            try folder.warehouse.change("UPDATE dataset_statistics SET last_position = 290")
            let behind = try Listing.lines(of: try await list(pipeline + ["--format", "json"]))
            #expect(behind.map(\.backlog) == [nil, 10])
            try lose(folder.warehouse)
            let away = try await list(pipeline + ["--format", "json"])
            #expect(away.exitCode == 66, "\(away.errors)")
            let rest = try Listing.lines(of: away)
            #expect(rest.map(\.backlog) == [nil, nil])
            #expect(rest.map(\.deadLettered) == [nil, nil])
            let text = try await list(pipeline)
            #expect(text.output.contains("unknown"), "\(text.output)")
            #expect(text.output.contains("300 stored"), "\(text.output)")
            let nothing = try await list([])
            #expect(nothing.exitCode == 64)
            #expect(nothing.errors.contains("--pipeline <file>"), "\(nothing.errors)")
        }

        /// How many events have an outcome of a replay.
        private func noted(_ folder: TestFolder) -> Int64 {
            guard FileManager.default.fileExists(atPath: folder.warehouse.path) else { return 0 }
            return
                (try? folder.warehouse.number(
                    "SELECT sum(last_position - first_position + 1) FROM replayed_events"
                )) ?? 0
        }
    }
}

/// What `weir subscriptions list --format json` says.
private struct Listing: Decodable {
    struct Line: Decodable {
        var subscription: String
        var backlog: Int64?
        var deadLettered: Int64?
        var shed: Int64?
    }

    var subscriptions: [Line]

    static func lines(of ending: Ending) throws -> [Line] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Listing.self, from: Data(ending.output.utf8)).subscriptions
    }
}
