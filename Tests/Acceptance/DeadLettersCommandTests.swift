import Foundation
import Testing

/// `weir dead-letters` on what a run gave up.
@Suite struct DeadLettersCommandTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func weir(_ arguments: [String]) async throws -> Ending {
        try await Program.run(
            ["dead-letters"] + arguments + ["--warehouse", "sqlite:\(folder.warehouse.path)"]
        )
    }

    /// A log of ten purchases, of which four have no order, and one no items.
    private func run() async throws {
        var log = ""
        for number in 1...10 {
            let order = number <= 4 ? "" : #""transaction_id":"o-\#(number)","#
            let items = number == 10 ? "" : #"{"item_id":"p1","price":5,"quantity":1}"#
            log += #"{"specversion":"1.0","id":"e-\#(number)","source":"/shop","type":"purchase","#
            log += #""time":"2024-01-01T00:00:00Z","data":{\#(order)"user_id":"u-\#(number)","#
            log += #""currency":"USD","items":[\#(items)]}}"# + "\n"
        }
        let path = try folder.write("shop.ndjson", log)
        let ran = try await folder.run([Program.storefront, "--input", path])
        try #require(ran.exitCode == 0, "\(ran.errors)")
    }

    private static func json(_ ending: Ending) throws -> [String: Any] {
        let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
        return try #require(json as? [String: Any], "\(ending.output)\(ending.errors)")
    }

    @Test func `letters are listed by cause, shown with their bytes, and discarded with a reason`()
        async throws
    {
        try await run()
        let listed = try Self.json(try await weir(["list", "--format", "json"]))
        let groups = try #require(listed["groups"] as? [[String: Any]])
        let counts = groups.map {
            "\($0["subscription"] ?? "") \($0["reason"] ?? "") \($0["count"] ?? "")"
        }
        #expect(
            counts == [
                "analytics transaction-id-missing 4", "ingest transaction-id-missing 4",
                "analytics items-missing 1", "ingest items-missing 1",
            ]
        )
        #expect(groups.allSatisfy { $0["would_pass"] as? Int == 0 })

        let shown = try await weir(["show", "e-10"])
        #expect(shown.exitCode == 0)
        #expect(shown.output.contains("2 letters"))
        #expect(shown.output.contains("would fail again: items-missing"))
        #expect(shown.output.contains(#""user_id":"u-10""#))

        let unasked = try await weir(["discard", "user=u-1", "--why", "a test"])
        #expect(unasked.exitCode == 64)
        #expect(unasked.errors.contains("discard needs --yes"))
        let discarded = try await weir([
            "discard", "user=u-1", "subscription=ingest", "--why", "a test", "--by", "me", "--yes",
        ])
        #expect(discarded.exitCode == 0, "\(discarded.errors)")
        #expect(discarded.output.hasSuffix(": 1 letter discarded\n"))
        let again = try await weir([
            "discard", "user=u-1", "subscription=ingest", "--why", "a test", "--yes",
        ])
        #expect(again.output.contains("no open letter with user=u-1 subscription=ingest"))
        let kept = try await weir(["show", "e-1", "subscription=ingest"])
        #expect(kept.output.contains("no such dead letter"))
        let history = try await weir(["show", "e-1", "subscription=ingest", "--discarded"])
        #expect(history.output.contains("by me (a test)"))
        let rest = try Self.json(try await weir(["list", "--format", "json"]))
        #expect((rest["groups"] as? [[String: Any]])?[1]["count"] as? Int == 3)

        // Other messages of the same events are letters of their own.
        try await run()
        let both = try Self.json(try await weir(["list", "--format", "json"]))
        #expect((both["groups"] as? [[String: Any]])?[1]["count"] as? Int == 3 + 4)
    }

    @Test func `two messages of one id are two letters, as the report says`() async throws {
        var log = ""
        for user in ["u-1", "u-2", "u-2"] {
            log += #"{"specversion":"1.0","id":"e-1","source":"/shop","type":"purchase","#
            log += #""time":"2024-01-01T00:00:00Z","data":{"user_id":"\#(user)","#
            log += #""currency":"USD","items":[{"item_id":"p1","price":5,"quantity":1}]}}"# + "\n"
        }
        let path = try folder.write("shop.ndjson", log)
        let report = folder.path("report.json")
        let ran = try await folder.run([Program.storefront, "--input", path, "--report", report])
        try #require(ran.exitCode == 0, "\(ran.errors)")
        let listed = try Self.json(try await weir(["list", "--format", "json"]))
        let groups = try #require(listed["groups"] as? [[String: Any]])
        #expect(groups.map { $0["count"] as? Int } == [3, 3])
        let shown = try await weir(["show", "e-1", "subscription=ingest"])
        #expect(shown.output.contains("3 letters"), "\(shown.output)")
        for user in ["u-1", "u-2"] {
            #expect(shown.output.contains(#""user_id":"\#(user)""#), "\(shown.output)")
        }
        let one = try await weir(["show", "message-id=2", "subscription=ingest"])
        #expect(one.output.contains("1 letter"), "\(one.output)")
    }

    @Test func `on a terminal it is said what would be done, to which stores, before it is asked`()
        async throws
    {
        try await run()
        let warehouse = "--warehouse sqlite:\(folder.warehouse.path)"
        func asked(_ command: String) async throws -> String {
            let ending = try await Program.run(
                ["-c", "echo no | script -qec 'weir dead-letters \(command)' /dev/null"],
                through: "sh"
            )
            #expect(ending.exitCode == 0, "\(ending.output)")
            return ending.output
        }
        let discard = try await asked("discard user=u-1 --why test \(warehouse)")
        for said in [
            "1 of analytics: transaction-id-missing", "1 of ingest: transaction-id-missing",
            "Discard 2 letters of", "It cannot be undone", "nothing was discarded",
        ] {
            #expect(discard.contains(said), "\(said): \(discard)")
        }
        let stores = "\(warehouse) --raw sqlite:\(folder.raw.path)"
        let replay = try await asked(
            "replay user=u-1 --pipeline \(Program.storefront) \(stores)"
        )
        for said in [
            "would fail again", "Replay 2 letters into", folder.warehouse.path, folder.raw.path,
            "nothing was replayed",
        ] {
            #expect(replay.contains(said), "\(said): \(replay)")
        }
        let open = try folder.warehouse.number(
            "SELECT count(*) FROM dead_letters WHERE decided_ns IS NULL"
        )
        #expect(open == 10)
    }

    @Test func `a directory given as a store is named, with what to do`() async throws {
        let ending = try await Program.run([
            "dead-letters", "list", "--warehouse", "sqlite:\(folder.path("."))",
        ])
        #expect(ending.exitCode == 69)
        #expect(ending.errors.contains("is a directory; name a file in it"), "\(ending.errors)")
    }

    @Test func `a warehouse that is not there ends with 66`() async throws {
        let ending = try await weir(["list"])
        #expect(ending.exitCode == 66)
        let wrong = try await weir(["show", "reson=x"])
        #expect(wrong.exitCode == 64)
        #expect(wrong.errors.contains("did you mean \"reason\"?"))
    }
}
